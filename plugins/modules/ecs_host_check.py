#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_host_check
short_description: Say what is right and what is wrong on an ECS host, and how to mend it
version_added: 0.1.0
description:
  - Looks at the host and changes nothing. A host that is wrong does not fail the task. Assert on RV(ok) for that.
  - It never restores the rules of C(ecs-init). A rule that is added before C(ecs.service) starts would be doubled.
extends_documentation_fragment:
  - fleetkit.ecs._attributes.read_only
  - fleetkit.ecs._attributes.host
options:
  checks:
    description:
      - What to look at.
      - V(credential_path) is the way of a task's request for credentials to the agent. While C(ecs.service) is active,
        or a set of M(fleetkit.ecs.netfilter_rules) makes the path, its rules are there exactly once,
        C(net.ipv4.conf.all.route_localnet) is V(1), and the agent answers on C(127.0.0.1:51679) and
        C(127.0.0.1:51678), each within two seconds.
      - V(imds_guard) is what keeps bridge tasks away from the instance metadata service. Amazon's rule is the first
        in C(DOCKER-USER), and C(FORWARD) jumps there before it accepts anything. Where sets of
        M(fleetkit.ecs.netfilter_rules) are persisted, the unit that keeps them is enabled and active, Docker starts
        after it, and the routing rules that they want are there and come first. Docker's chains are in the backend
        that C(iptables) on the host is.
    type: list
    elements: str
    choices: [credential_path, imds_guard]
    required: true
seealso:
  - module: fleetkit.ecs.netfilter_rules
  - name: IAM roles for Amazon ECS tasks
    description: Amazon's rules for task credentials and the instance metadata service.
    link: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
  - name: Packet filtering and firewalls
    description: Docker's chain DOCKER-USER.
    link: https://docs.docker.com/engine/network/packet-filtering-firewalls/
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Look at the host
  fleetkit.ecs.ecs_host_check:
    checks: [credential_path, imds_guard]
  register: host

- name: Fail where something is wrong, saying how to mend it
  ansible.builtin.assert:
    that: host.ok
    fail_msg: "{{ host.checks | selectattr('status', 'equalto', 'wrong') | map(attribute='remedy') | join('; ') }}"
"""

RETURN = r"""
ok:
  description: Whether no check has the status V(wrong).
  returned: success
  type: bool
  sample: false
checks:
  description: One entry for each of O(checks), in their order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The check.
      type: str
    status:
      description:
        - V(ok), V(wrong), or V(pending) where it cannot be right yet because a service has not been started.
      type: str
    found:
      description: What was found.
      type: str
    remedy:
      description: What mends it. Empty where nothing has to be mended.
      type: str
  sample:
    - name: imds_guard
      status: wrong
      found: the rule -A DOCKER-USER -d 169.254.169.254/32 -i docker+ -j DROP is at position 2
      remedy: >-
        place it at position 1 with fleetkit.ecs.netfilter_rules, or run systemctl reload fleetkit-ecs-netfilter.service
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.checks import report
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.read import read_facts
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.read import CommandError, Commands

SPEC = {
    "checks": {"type": "list", "elements": "str", "choices": ["credential_path", "imds_guard"], "required": True},
}


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    try:
        facts = read_facts(Commands(module))
    except (OSError, CommandError) as error:
        module.fail_json(msg=f"Could not look at the host: {error}")
    module.exit_json(changed=False, **report(module.params["checks"], facts))


if __name__ == "__main__":
    main()
