#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_container_instance
short_description: Drain a container instance of Amazon ECS, return it, deregister it, and set its attributes
version_added: 0.1.0
description:
  - Waits until a host is a container instance of a cluster, drains it and waits until no task is left, returns it, sets
    its custom attributes, and deregisters it. It does not create one, as only the agent on the host can register.
  - One that is as asked for costs one API call when named by O(container_instance), and two by O(ec2_instance_id).
  - A module cannot write to the terminal while it runs. While it waits, each change of the number of tasks that are
    left goes to the log of the system that the task runs on, for
    C(journalctl -f -t ansible-fleetkit.ecs.ecs_container_instance).
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.aws
  - fleetkit.ecs._assume_role
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  cluster:
    description:
      - The cluster, by name or ARN. Left out, it is the one in the ARN in O(container_instance), or V(default).
    type: str
  container_instance:
    description: The container instance, by ARN or id, as M(fleetkit.ecs.ecs_agent_info) returns it.
    type: str
  ec2_instance_id:
    description:
      - The container instance, by the host that it is, V(i-...) for an EC2 instance and V(mi-...) for an external one.
      - Where a host has registered more than once, it is the one whose agent is connected.
    type: str
  state:
    description:
      - V(present) is registered, whatever its status. A host in O(ec2_instance_id) that has not registered yet is
        waited for, with V(active) and V(draining) too.
      - V(active) takes new tasks.
      - V(draining) takes no new tasks, and none is left. Amazon ECS stops the tasks of services, as their deployment
        configuration allows and once others can run elsewhere. Any other task is left to end by itself. When the time
        is up the task fails and says which ones are left; the container instance stays in this state.
      - V(absent) is deregistered. Stop its agent first, or it may register again.
    type: str
    choices: [present, active, draining, absent]
    default: present
  attributes:
    description:
      - Custom attributes, as a map of strings. An empty string or V(null) is an attribute without a value.
      - A container instance has at most 10. Those whose names begin with C(ecs.) or C(com.amazonaws.) are Amazon's own
        and refused.
      - C(ECS_INSTANCE_ATTRIBUTES) of M(fleetkit.ecs.ecs_agent_config) sets them too, when the host first registers.
    type: dict
  purge_attributes:
    description: Whether custom attributes that O(attributes) does not name are removed, when it is given.
    type: bool
    default: false
  force:
    description:
      - With O(state=absent), whether a container instance that has tasks is deregistered too. They go on running on the
        host, and Amazon ECS no longer knows of them.
    type: bool
    default: false
  wait:
    description: Whether to wait until a host has registered, and until no task is left.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait at most, for both together.
    type: int
    default: 600
seealso:
  - module: fleetkit.ecs.ecs_agent_info
  - name: Draining Amazon ECS container instances
    description: What Amazon ECS does with which tasks.
    link: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
  - name: Attribute
    description: What attributes may be called and say.
    link: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Attribute.html
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Wait until the host has registered
  fleetkit.ecs.ecs_container_instance:
    cluster: production
    ec2_instance_id: i-0123456789abcdef0
    attributes:
      rack: "7"
  register: instance

- name: Let no task run on it
  fleetkit.ecs.ecs_container_instance:
    container_instance: "{{ instance.container_instance.container_instance_arn }}"
    state: draining
    wait_timeout: 900

- name: Give it back
  fleetkit.ecs.ecs_container_instance:
    container_instance: "{{ instance.container_instance.container_instance_arn }}"
    state: active

- name: Deregister it, once its agent is stopped
  fleetkit.ecs.ecs_container_instance:
    cluster: production
    ec2_instance_id: i-0123456789abcdef0
    state: absent
"""

RETURN = r"""
container_instance:
  description:
    - The container instance as it is after the run, or in check mode as it would be.
    - Null when it is absent, and in check mode when the host has not registered yet.
  returned: success
  type: dict
  contains:
    container_instance_arn:
      description: ARN of the container instance.
      type: str
    ec2_instance_id:
      description: The host, V(i-...) or (external) V(mi-...).
      type: str
    agent_connected:
      description: Whether Amazon ECS hears from the agent.
      type: bool
    running_tasks_count:
      description: How many tasks run on it.
      type: int
    pending_tasks_count:
      description: How many tasks are about to run on it.
      type: int
    status:
      description: V(ACTIVE) or V(DRAINING).
      type: str
    attributes:
      description: Its custom attributes.
      type: dict
  sample:
    container_instance_arn: >-
      arn:aws:ecs:us-west-2:123456789012:container-instance/production/39baec737bb841f5b599585d13e906b8
    ec2_instance_id: i-0123456789abcdef0
    agent_connected: true
    running_tasks_count: 0
    pending_tasks_count: 0
    status: DRAINING
    attributes: {"rack": "7"}
changes:
  description: What was changed, or in check mode what would be.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: One of V(create), V(update) and V(delete).
      type: str
    kind:
      description: One of V(container_instance), V(container_instance_status) and V(attribute).
      type: str
    name:
      description: ARN of the container instance, or name of the attribute.
      type: str
    owner:
      description: ARN of the container instance that has the attribute.
      type: str
  sample:
    - action: update
      kind: container_instance_status
      name: arn:aws:ecs:us-west-2:123456789012:container-instance/production/39baec737bb841f5b599585d13e906b8
waited:
  description: Seconds that it waited.
  returned: always
  type: float
  sample: 41.5
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"DescribeContainerInstances": 1}
"""

from functools import partial

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.apply import Writer
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.plan import plan_instance
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.read import Reader
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.wait import Deadline

SPEC = {
    "cluster": {"type": "str"},
    "container_instance": {"type": "str"},
    "ec2_instance_id": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "active", "draining", "absent"], "default": "present"},
    "attributes": {"type": "dict"},
    "purge_attributes": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
}


def main():
    named = ("container_instance", "ec2_instance_id")
    module = AwsModule(argument_spec=SPEC, required_one_of=[named], mutually_exclusive=[named])
    with module.refusing():
        request = parse.request(module.params)
    ecs = module.client("ecs")
    reader, deadline = Reader(ecs, request), Deadline(module.params["wait_timeout"], module.log)
    waits = request.wait and request.state != "absent" and not module.check_mode
    module.converge(
        read=partial(reader.find_registered, deadline) if waits else reader.find,
        plan=partial(plan_instance, request=request, check_mode=module.check_mode),
        apply=partial(Writer(ecs, reader, deadline), request),
        extras=lambda: {"waited": round(deadline.waited, 1)},
    )


if __name__ == "__main__":
    main()
