#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: netfilter_rules
short_description: Own a named set of iptables rules, in force now, after every boot and after every flush
version_added: 0.1.0
description:
  - Places, orders, prunes and persists a set of C(iptables) rules in one call.
  - The set owns its rules by their comment, C(fleetkit.ecs:NAME). Only rules with exactly this comment are ever
    deleted, from whichever table or chain they are in.
  - A declared rule that is already there without a comment, placed by hand or by Amazon's instructions, is adopted.
    It is replaced by the set's own rule in one transaction.
  - Each table is changed in one transaction of C(iptables-restore --noflush), after all of them were tried with
    C(--test). No chain is flushed and no other rule is touched.
  - A set can have routing rules, sysctls and routes beside its rules, put into force and taken back in a safe order.
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
      - With O(state=present) there must be at least one, or something in O(prohibit_forwarding_to), O(sysctls) or
        O(loopback_routes).
      - The options are those of M(ansible.builtin.iptables). A leading V(!) negates O(rules[].source),
        O(rules[].destination), O(rules[].in_interface), O(rules[].out_interface), O(rules[].protocol),
        O(rules[].destination_port) and O(rules[].ctstate).
      - Where C(ecs-init) is installed, the rules that it makes itself are refused. It would add a second copy of each.
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
          - A rule for one of Docker's chains (C(DOCKER...)) that does not exist yet is written down by a persisted set,
            and placed as soon as Docker has made the chain. It is then in RV(deferred) and not in RV(rules).
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
          - Without it only the rule's presence matters, and its order among the rules of the set with the same
            O(rules[].action).
          - Two sets must not want the same position of one chain.
        type: int
      action:
        description:
          - Where a rule without a O(rules[].position) goes while it is missing. V(insert) puts it at the head of its
            chain, V(append) at the end.
        type: str
        choices: [append, insert]
        default: append
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
  prohibit_forwarding_to:
    description:
      - Addresses, such as V(169.254.169.254), to which only the host itself may send. What the host forwards, from
        whichever bridge, gets C(No route to host).
      - This is policy routing (C(ip rule), priorities 1 to 3) and not netfilter. No flush of any table touches it, and
        what the host itself sends is looked up as before.
      - Where C(systemd-networkd) is in use, it is told to leave the rules alone when it starts
        (C(/etc/systemd/networkd.conf.d/fleetkit-ecs-netfilter.conf)).
      - On a host without IPv6 IPv6 addresses are skipped with a warning.
    type: list
    elements: str
  sysctls:
    description:
      - Values of C(net.ipv4.conf.INTERFACE.KEY) or C(net.ipv6.conf.INTERFACE.KEY), in force only while the set's rules
        are. They are set after the rules of every table but C(nat), and go back to the value of
        C(conf.default) before these are removed, or when these cannot be put into force.
      - One whose interface does not exist yet is set when it does.
    type: dict
  loopback_routes:
    description:
      - IPv4 addresses to route to C(lo) while the host has no IPv4 default route, as C(ecs-init) does with
        V(169.254.170.2). Without any route the host's own packets to them would not reach the rules of C(OUTPUT).
    type: list
    elements: str
  restore_ecs_init:
    description:
      - Put C(ecs-init)'s own rules back when something has flushed them while C(ecs.service) is active, exactly as it
        made them, so that it removes them when it stops. Never while it is stopped, starts or stops.
    type: bool
    default: false
  persist:
    description:
      - Keep the set in force, after a boot and whatever flushes it.
      - Writes what the set says (not a snapshot of what other programs have set) to
        C(/etc/fleetkit-ecs/netfilter.d/NAME.rules), and enables and starts C(fleetkit-ecs-netfilter.service), which all
        sets share. It loads every set before Docker and C(ecs.service) start, and again within about a second when
        anything has changed the tables, by C(/usr/local/sbin/fleetkit-ecs-netfilter).
      - A drop-in of C(docker.service) loads every set once more before each start of Docker.
      - With V(false) the set lasts until the next boot, and what persisted it is removed.
      - Required by O(prohibit_forwarding_to), O(sysctls), O(loopback_routes), O(restore_ecs_init) and
        O(required_by_docker).
    type: bool
    default: true
  required_by_docker:
    description:
      - Do not let Docker start while the set cannot be put into force. Rules in Docker's own chains do not count.
    type: bool
    default: false
  state:
    description:
      - V(absent) deletes the set's rules and its file, and with the last set the loader, its unit and its drop-ins.
    type: str
    choices: [present, absent]
    default: present
notes:
  - Works on the C(iptables) found on the host's C(PATH). It is refused if Docker's chains are in the other backend (nft
    or legacy), or in both.
  - With Docker's own backend C(nftables) there is no C(DOCKER-USER), and rules for it wait with a warning.
    O(prohibit_forwarding_to) holds all the same.
  - C(systemctl status fleetkit-ecs-netfilter) says what was put into force, when, and what could not be.
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
    name: imds-guard
    rules:
      - chain: DOCKER-USER
        position: 1
        in_interface: docker+
        destination: 169.254.169.254/32
        jump: DROP

- name: The same, and for every bridge and IPv6, whatever happens to the tables
  fleetkit.ecs.netfilter_rules:
    name: imds-guard
    rules:
      - chain: DOCKER-USER
        position: 1
        in_interface: docker+
        destination: 169.254.169.254/32
        jump: DROP
    prohibit_forwarding_to:
      - 169.254.169.254
      - fd00:ec2::254
    required_by_docker: true

- name: Let task credential requests in where the policy of INPUT is DROP
  fleetkit.ecs.netfilter_rules:
    name: task-credentials
    rules:
      - chain: INPUT
        action: insert
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
deferred:
  description: The set's rules that are placed as soon as Docker has made their chain, as in RV(rules).
  returned: success
  type: list
  elements: dict
  sample: []
persisted:
  description: Whether the set is kept in force.
  returned: success
  type: bool
  sample: true
changes:
  description:
    - What was changed, or in check mode would be. C(rule), C(routing_rule), C(sysctl), C(route), C(rule_file),
      C(loader), C(docker), C(networkd) or C(unit).
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
      description: The rule as C(iptables -S) prints it, the routing rule, sysctl or route, or the path of the file.
      type: str
    owner:
      description: IP version and table of a rule, IP version of a routing rule, or the set.
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
