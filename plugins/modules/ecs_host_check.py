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
  - It is safe on hosts in production. It starts no container, writes no file and changes no rule.
extends_documentation_fragment:
  - fleetkit.ecs._attributes.read_only
  - fleetkit.ecs._attributes.host
options:
  checks:
    description:
      - What to look at, all of it if left out.
      - V(agent) is that C(ecs.service) is active and starts at boot, and the agent is a container instance.
      - V(agent_version) is that the agent knows every variable that is set or declared.
      - V(cluster) is that the agent is in the cluster that O(variables) or C(ecs.config) names.
      - V(variables) is that C(ecs.config) says what O(variables) declares, and that the agent was started with what
        C(ecs.config) says. The values of secret ones are not shown.
      - V(credential_path) is the way of a task's request for credentials to the agent. While C(ecs.service) is active,
        or a set of M(fleetkit.ecs.netfilter_rules) makes the path, its rules are there exactly once,
        C(net.ipv4.conf.all.route_localnet) is V(1), and the agent answers on C(127.0.0.1:51679) and
        C(127.0.0.1:51678), each within two seconds.
      - V(task_credentials) is that 169.254.170.2 answers a packet from Docker's default bridge.
      - V(imds_guard) is what keeps bridge tasks away from the instance metadata service. Amazon's rule is the first
        in C(DOCKER-USER), and C(FORWARD) jumps there before it accepts anything. Where sets of
        M(fleetkit.ecs.netfilter_rules) are persisted, the unit that keeps them is enabled and active, Docker starts
        after it, and the routing rules that they want are there and come first. Docker's chains are in the backend
        that C(iptables) on the host is.
      - V(imds_closed) is that 169.254.169.254 and fd00:ec2::254 do not answer a packet from Docker's default bridge
        while they answer the host itself, and that a set of M(fleetkit.ecs.netfilter_rules) is persisted.
      - V(imds_open) is that the host itself reaches 169.254.169.254, where its agent's credentials come from.
      - V(conflicts) is that there is no second agent, no snapshot of rules that would bring those of Docker or
        C(ecs-init) back at boot, and no persisted C(route_localnet) beside C(ecs-init).
      - V(clock) is that the host's clock is within 60 seconds of O(reference_time).
      - V(disk) is that there is 1 GiB left for images, 64 MiB for the agent's state and logs, and inodes.
      - V(docker) is that Docker answers, and is 20.10 or later.
      - V(ssm) is that the SSM agent of an external host is registered and active, and that it has renewed its
        credentials within an hour.
      - For the packets a network namespace without a name exists for a moment, with a veth pair to the bridge. No
        container is made. The kernel removes it with the process, however that ends.
    type: list
    elements: str
    choices:
      - agent
      - agent_version
      - cluster
      - variables
      - credential_path
      - task_credentials
      - imds_guard
      - imds_closed
      - imds_open
      - conflicts
      - clock
      - disk
      - docker
      - ssm
  variables:
    description:
      - The variables that are declared for the host, as M(fleetkit.ecs.ecs_agent_config) takes them.
      - Without it only C(ecs.config) says what should be in force.
    type: dict
    default: {}
  imds_guard:
    description:
      - Whether tasks on bridges must be kept from IMDS.
      - V(true) if left out, and V(false) on an external host.
    type: bool
  reference_time:
    description: The right time when the task is sent, in seconds since 1970, such as that of the controller.
    type: float
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
- name: Look at the network of tasks only
  fleetkit.ecs.ecs_host_check:
    checks: [credential_path, imds_guard]

- name: Look at everything
  fleetkit.ecs.ecs_host_check:
    reference_time: "{{ now().timestamp() }}"
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
        - V(ok), V(wrong), V(not_applicable) where there is nothing to be right or wrong on this host, or V(pending)
          where it cannot be right yet, or be told, because a service is not running.
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
host:
  description: Who the host is.
  returned: when checks beside V(credential_path) and V(imds_guard) are asked for
  type: dict
  contains:
    cluster:
      description: Its cluster, by name or ARN.
      type: str
    container_instance_arn:
      description: ARN of the container instance that it is. Null where its agent does not say it.
      type: str
    instance_id:
      description: Its instance id, where something on the host says it.
      type: str
    external:
      description: Whether it is an external host.
      type: bool
    agent_version:
      description: Version of the agent that runs.
      type: str
  sample:
    cluster: production
    container_instance_arn: >-
      arn:aws:ecs:us-west-2:123456789012:container-instance/production/39baec737bb841f5b599585d13e906b8
    instance_id: i-0123456789abcdef0
    external: false
    agent_version: 1.105.1
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.secrets import texts_to_mask, without_secrets
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.validate import validated
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.checks import NAMES, OF_THE_NETWORK, report
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.model import Wanted
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.read import identity, read_facts, read_host
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.read import CommandError, Commands

SPEC = {
    "checks": {"type": "list", "elements": "str", "choices": list(NAMES)},
    # no_log keeps the values out of the journal; only the secret ones are hidden from then on.
    "variables": {"type": "dict", "default": {}, "no_log": True},
    "imds_guard": {"type": "bool"},
    "reference_time": {"type": "float"},
}


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    names, variables = module.params["checks"] or list(NAMES), module.params["variables"]
    module.no_log_values = texts_to_mask(variables, "")
    module.params["variables"] = without_secrets(variables)
    commands, result = Commands(module), {}
    facts = host = None
    try:
        wanted = Wanted(validated(variables), module.params["imds_guard"], module.params["reference_time"])
        if set(names) & set(OF_THE_NETWORK):
            facts = read_facts(commands)
        if set(names) - set(OF_THE_NETWORK):
            host = read_host(commands, names, wanted)
            result["host"] = identity(host)
    except Refusal as refusal:
        module.fail_json(msg=str(refusal))
    except (OSError, CommandError) as error:
        module.fail_json(msg=f"Could not look at the host: {error}")
    module.exit_json(changed=False, **report(names, facts, host), **result)


if __name__ == "__main__":
    main()
