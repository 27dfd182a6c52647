#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_agent_info
short_description: What the Amazon ECS container agent on a host says of itself
version_added: 0.1.0
description:
  - Asks the agent's introspection endpoint, C(127.0.0.1:51678), and changes nothing.
  - A host without an agent, or with one that does not work, does not fail the task unless O(wait) asks for a registered
    one. RV(status) tells them apart.
  - Each look takes a few seconds at most, whatever is at the other end. No proxy of the environment is used.
extends_documentation_fragment:
  - fleetkit.ecs._attributes.read_only
  - fleetkit.ecs._attributes.host
options:
  wait:
    description:
      - Whether to look again, once a second, until the agent has registered with its cluster, and to fail where it has
        not within O(wait_timeout).
      - In check mode it looks once and does not fail, as what it would wait for may not have been started.
    type: bool
    default: false
  wait_timeout:
    description: How many seconds to wait at most.
    type: int
    default: 120
seealso:
  - module: fleetkit.ecs.ecs_agent_config
  - module: fleetkit.ecs.ecs_container_instance
  - name: Amazon ECS container introspection
    description: Amazon's description of the endpoint.
    link: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-introspection.html
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Ask the agent for its container instance
  fleetkit.ecs.ecs_agent_info:
  register: agent

- name: Say what it is
  ansible.builtin.debug:
    msg: "{{ agent.container_instance_arn if agent.status == 'registered' else agent.reason }}"

- name: Wait until the agent has registered, where there is one
  fleetkit.ecs.ecs_agent_info:
    wait: true
    wait_timeout: 60
  when: agent.status != 'absent'
"""

RETURN = r"""
status:
  description:
    - V(registered) is an agent that works and is a container instance of its cluster.
    - V(unregistered) is an agent that answers and has no container instance.
    - V(broken) is something that listens and does not answer as the agent does. It says nothing in time, or answers
      with an error or with something else.
    - V(absent) is nothing that listens. The agent is not installed, does not run, or has not registered yet, as it
      listens only once it has.
  returned: always
  type: str
  sample: registered
reason:
  description: What is wrong. Empty where nothing is.
  returned: always
  type: str
  sample: ""
cluster:
  description: The cluster, by name or ARN as the agent was told. Null where the agent does not say it.
  returned: always
  type: str
  sample: production
container_instance_arn:
  description: ARN of the container instance that this host is. Null where it is none.
  returned: always
  type: str
  sample: arn:aws:ecs:us-west-2:123456789012:container-instance/production/39baec737bb841f5b599585d13e906b8
agent_version:
  description: Version of the agent that runs. Null where the agent does not say it.
  returned: always
  type: str
  sample: 1.105.1
tasks:
  description:
    - The tasks that the agent knows of. One that has stopped is among them until the agent cleans up after it, three
      hours later by default.
  returned: always
  type: list
  elements: dict
  contains:
    arn:
      description: ARN of the task.
      type: str
    family:
      description: Family of its task definition.
      type: str
    revision:
      description: Revision of its task definition.
      type: str
    desired_status:
      description: What Amazon ECS wants it to be, such as V(RUNNING).
      type: str
    known_status:
      description: What it is, such as V(RUNNING) or V(STOPPED).
      type: str
    containers:
      description: Its containers, each with C(name), C(docker_id) and C(docker_name).
      type: list
      elements: dict
  sample:
    - arn: arn:aws:ecs:us-west-2:123456789012:task/production/0b69d5c0d6554d6581a5e6d5d3b0a1f2
      family: web
      revision: "7"
      desired_status: RUNNING
      known_status: RUNNING
      containers:
        - name: nginx
          docker_id: 9581a69a761a557fbfce1d0f6745e4af5b9dbfb86b6b2c5c4df156f1a5932ff1
          docker_name: ecs-web-7-nginx-b2a4d1f0c9e6aa8d1d00
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.introspection import (
    REGISTERED,
    look,
    wait_until_registered,
)

SPEC = {
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 120},
}


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    wait, timeout = module.params["wait"] and not module.check_mode, module.params["wait_timeout"]
    report = wait_until_registered(timeout) if wait else look()
    if wait and report.status != REGISTERED:
        module.fail_json(
            msg=f"The agent has not registered within {timeout} seconds: {report.reason}", **report.result()
        )
    module.exit_json(changed=False, **report.result())


if __name__ == "__main__":
    main()
