#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: netfilter_rules
short_description: Own a named set of iptables rules, in force now and after every boot
version_added: 0.1.0
description:
  - Places, orders, prunes and persists a set of C(iptables) rules in one call.
  - The set owns its rules by their comment, C(fleetkit.ecs:NAME). Only rules with exactly this comment are ever
    deleted, from whichever table or chain they are in.
  - A declared rule that is already there without a comment, placed by hand or by Amazon's instructions, is adopted.
    It is replaced by the set's own rule in one transaction.
  - Each table is changed in one transaction of C(iptables-restore --noflush), after all of them were tried with
    C(--test). No chain is flushed and no other rule is touched.
  - Everything that is wrong with the arguments is refused in one message before anything is read.
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.host
options:
  name:
    description:
      - The set's name. A lower-case letter and at most 30 more of C(a-z), C(0-9), C(_) and C(-).
    type: str
    required: true
  rules:
    description:
      - All rules of the set. Those of the set that are no longer declared are deleted.
      - Required with O(state=present).
      - The options are those of M(ansible.builtin.iptables). A leading V(!) negates O(rules[].source),
        O(rules[].destination), O(rules[].in_interface), O(rules[].out_interface), O(rules[].protocol),
        O(rules[].destination_port) and O(rules[].ctstate).
      - Where C(ecs.service) runs, do not declare the rules that C(ecs-init) makes itself.
        It would add a second copy of each.
    type: list
    elements: dict
    suboptions:
      table:
        description: The table.
        type: str
        choices: [filter, nat, raw, mangle]
        default: filter
      chain:
        description:
          - The chain, which must exist. In check mode a chain that does not exist yet is predicted, with a warning.
        type: str
        required: true
      ip_version:
        description:
          - Whether C(iptables) or C(ip6tables) gets the rule.
          - On a host without IPv6 the rules for V(ipv6) are skipped with a warning.
        type: str
        choices: [ipv4, ipv6]
        default: ipv4
      position:
        description:
          - The number that the rule has in its chain. A rule that is not at its position is moved there, and back again
            whenever another program has inserted something above it.
          - Rules of one chain with the same position follow each other in the order in which they are declared.
            A position beyond the chain's end is its end.
          - Without it the rule is appended if it is missing, and only its presence and its order among the appended
            rules of the set matter.
          - Two sets must not want the same position of one chain.
        type: int
      protocol:
        description: V(tcp), V(udp), V(icmp), or for IPv6 V(icmpv6). All when left out.
        type: str
      source:
        description: The address or network from which packets come.
        type: str
      destination:
        description: The address or network to which packets go.
        type: str
      in_interface:
        description: The interface on which packets come in. A V(+) at the end matches any interface that begins so.
        type: str
      out_interface:
        description: The interface on which packets go out. A V(+) at the end matches any interface that begins so.
        type: str
      destination_port:
        description: The port to which packets go, or a range such as V(8000:8080). Needs protocol V(tcp) or V(udp).
        type: str
      ctstate:
        description:
          - Connection states, of V(INVALID), V(NEW), V(RELATED), V(ESTABLISHED), V(UNTRACKED), V(SNAT), V(DNAT).
          - A V(!) before the first negates the whole list.
        type: list
        elements: str
      jump:
        description:
          - What to do with a packet that matches. V(ACCEPT), V(DROP), V(REJECT), V(RETURN), V(DNAT) or V(REDIRECT).
        type: str
        required: true
      to_destination:
        description: Where V(DNAT) sends a packet, C(ADDRESS) or C(ADDRESS:PORT).
        type: str
      to_ports:
        description: The port, or a range such as V(8000-8080), to which V(REDIRECT) sends a packet.
        type: str
      reject_with:
        description:
          - How V(REJECT) answers, for example V(icmp-admin-prohibited) or V(tcp-reset).
          - V(icmp-port-unreachable), or V(icmp6-port-unreachable) for IPv6, when left out.
        type: str
  persist:
    description:
      - Bring the set back at every boot, Docker start and restart or reload of a firewall service.
      - Writes the set's rules (not a snapshot of what other programs have set) to
        C(/etc/fleetkit-ecs/netfilter.d/NAME.rules), a loader that all sets share to
        C(/usr/local/sbin/fleetkit-ecs-netfilter), and enables and starts C(fleetkit-ecs-netfilter-NAME.service),
        with C(fleetkit-ecs-netfilter-NAME.again.service) to run it again after a firewall has started.
      - A set with rules in Docker's chains is loaded right after Docker has started and before C(ecs.service).
        Any other set is loaded before Docker, so that it is in force before the first container.
        Use two sets where both are needed.
      - With V(false) the set lasts until the next boot, and what persisted it is removed.
    type: bool
    default: true
  state:
    description:
      - V(absent) deletes the set's rules, its files and its unit, and the loader with the last set.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Works on the C(iptables) found on the host's C(PATH), whichever backend it is. It has to be Docker's.
  - systemd does not see C(firewall-cmd --reload). Run C(systemctl reload firewalld) instead, or reload the set's unit.
  - A firewall service that is stopped takes the rules away until it is started again, or the set's unit is.
  - Should the loader fail, the set's unit is failed and C(systemctl status) says which rule it was.
seealso:
  - module: ansible.builtin.iptables
  - module: fleetkit.ecs.ecs_host_check
  - name: iptables(8)
    description: Tables, chains, matches and targets.
    link: https://man7.org/linux/man-pages/man8/iptables.8.html
  - name: iptables-restore(8)
    description: The transaction with which rules are changed.
    link: https://man7.org/linux/man-pages/man8/iptables-restore.8.html
  - name: Packet filtering and firewalls
    description: Docker's chain DOCKER-USER.
    link: https://docs.docker.com/engine/network/packet-filtering-firewalls/
  - name: IAM roles for Amazon ECS tasks
    description: Amazon's rules for task credentials and the instance metadata service.
    link: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Keep bridge tasks away from the instance metadata service
  fleetkit.ecs.netfilter_rules:
    name: imds-docker-user
    rules:
      - chain: DOCKER-USER
        position: 1
        in_interface: docker+
        destination: 169.254.169.254/32
        jump: DROP

- name: The same for IPv4 and IPv6, in force before Docker starts
  fleetkit.ecs.netfilter_rules:
    name: imds-raw
    rules:
      - table: raw
        chain: PREROUTING
        position: 1
        in_interface: docker+
        destination: 169.254.169.254/32
        jump: DROP
      - ip_version: ipv6
        table: raw
        chain: PREROUTING
        position: 1
        in_interface: docker+
        destination: fd00:ec2::254/128
        jump: DROP

- name: Let task credential requests in where the policy of INPUT is DROP
  fleetkit.ecs.netfilter_rules:
    name: task-credentials
    rules:
      - chain: INPUT
        position: 1
        protocol: tcp
        destination: 127.0.0.1
        destination_port: "51679"
        ctstate: [DNAT]
        jump: ACCEPT

- name: Remove a set without a trace
  fleetkit.ecs.netfilter_rules:
    name: task-credentials
    state: absent
"""

RETURN = r"""
name:
  description: The set's name.
  returned: success
  type: str
  sample: imds-guard
rules:
  description: The set's rules in force, by IP version, table and chain, in the order of the chain.
  returned: success
  type: list
  elements: dict
  contains:
    ip_version:
      description: C(ipv4) or C(ipv6).
      type: str
    table:
      description: The table.
      type: str
    rule:
      description: The rule as C(iptables -S) prints it.
      type: str
  sample:
    - ip_version: ipv4
      table: filter
      rule: -A DOCKER-USER -d 169.254.169.254/32 -i docker+ -m comment --comment "fleetkit.ecs:imds-guard" -j DROP
persisted:
  description: Whether the set comes back after a boot.
  returned: success
  type: bool
  sample: true
changes:
  description: What was changed, or in check mode would be. C(rule), C(rule_file), C(loader), C(trigger) or C(unit).
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: C(create), C(update) or C(delete).
      type: str
    kind:
      description: What kind of thing.
      type: str
    name:
      description: The rule as C(iptables -S) prints it, or the path of the file.
      type: str
    owner:
      description: IP version and table of a rule, or the set of a file.
      type: str
  sample:
    - action: create
      kind: rule
      name: -A DOCKER-USER -d 169.254.169.254/32 -i docker+ -m comment --comment "fleetkit.ecs:imds-guard" -j DROP
      owner: ipv4 filter
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal, converge
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.apply import Apply
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.parse import parse_set
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.plan import plan_set
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.read import CommandError, Commands, read_host

RULE = {
    "table": {"type": "str", "choices": ["filter", "nat", "raw", "mangle"], "default": "filter"},
    "chain": {"type": "str", "required": True},
    "ip_version": {"type": "str", "choices": ["ipv4", "ipv6"], "default": "ipv4"},
    "position": {"type": "int"},
    "action": {"type": "str", "choices": ["append", "insert"], "default": "append"},
    "protocol": {"type": "str"},
    "source": {"type": "str"},
    "destination": {"type": "str"},
    "in_interface": {"type": "str"},
    "out_interface": {"type": "str"},
    "destination_port": {"type": "str"},
    "ctstate": {"type": "list", "elements": "str"},
    "jump": {"type": "str", "required": True},
    "to_destination": {"type": "str"},
    "to_ports": {"type": "str"},
    "reject_with": {"type": "str"},
}

SPEC = {
    "name": {"type": "str", "required": True},
    "rules": {"type": "list", "elements": "dict", "options": RULE},
    "prohibit_forwarding_to": {"type": "list", "elements": "str"},
    "sysctls": {"type": "dict"},
    "loopback_routes": {"type": "list", "elements": "str"},
    "restore_ecs_init": {"type": "bool", "default": False},
    "persist": {"type": "bool", "default": True},
    "required_by_docker": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    try:
        wanted = parse_set(module.params)
    except Refusal as refusal:
        module.fail_json(msg=str(refusal))
    commands = Commands(module)
    apply = Apply(module, commands)
    if not module.check_mode:
        apply.lock()
    converge(
        module,
        read=lambda: read_host(commands, wanted),
        plan=lambda host: apply.rehearse(plan_set(host, wanted, foresee=module.check_mode)),
        apply=apply,
        errors=(OSError, CommandError),
    )


if __name__ == "__main__":
    main()
