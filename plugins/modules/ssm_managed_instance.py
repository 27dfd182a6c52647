#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_managed_instance
short_description: Tags, role and end of a server that has registered with Systems Manager
version_added: 0.1.0
description:
  - Sets the tags and the role of a managed instance, and deregisters it. It does not create one, as only the agent on
    the server can register, with an activation of M(fleetkit.ecs.ssm_activation).
  - It costs one API call where nothing has to change, two where O(tags) are given, and one more for each of these that
    is needed - the role, the tags that come or change, the tags that go, the end.
  - A change of role needs C(iam:PassRole) on the new one, besides C(ssm:UpdateManagedInstanceRole).
  - See U(https://docs.aws.amazon.com/systems-manager/latest/userguide/fleet-manager-deregister-hybrid-nodes.html) and
    U(https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateManagedInstanceRole.html).
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.aws
  - fleetkit.ecs._assume_role
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  instance_id:
    description: The managed instance, V(mi-) and 17 hexadecimal digits.
    type: str
    required: true
  role:
    description:
      - The role that its agent gets credentials of, by name or ARN. It must trust C(ssm.amazonaws.com).
      - The agent has the credentials of the former role until they expire, for up to an hour.
    type: str
  tags:
    description: Tags, as a map of strings. Left out, they are neither read nor changed.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that O(tags) does not name are removed, when it is given.
    type: bool
    default: true
  state:
    description:
      - V(absent) is deregistered. Its agent gets no further credentials; those that it has are good until they expire.
        On the server nothing changes. A container instance of Amazon ECS is deregistered by
        M(fleetkit.ecs.ecs_container_instance), first.
      - Amazon says that a server which registers again needs another activation than the one it had.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetkit.ecs.ssm_managed_instance_info
  - module: fleetkit.ecs.ssm_activation
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Another role and more tags for a server
  fleetkit.ecs.ssm_managed_instance:
    instance_id: mi-0123456789abcdef0
    role: ecsAnywhereRole
    tags:
      rack: "7"
    purge_tags: false

- name: It is no longer registered
  fleetkit.ecs.ssm_managed_instance:
    instance_id: mi-0123456789abcdef0
    state: absent
"""

RETURN = r"""
managed_instance:
  description:
    - What can be changed of it, as it is after the run, or in check mode as it would be. Null when it is absent.
  returned: success
  type: dict
  contains:
    instance_id:
      description: Its id.
      type: str
    name:
      description: Name that the activation gave it, or an empty string.
      type: str
    role:
      description: Name of its role.
      type: str
    tags:
      description: Its tags.
      returned: when O(tags) are given
      type: dict
  sample:
    instance_id: mi-0123456789abcdef0
    name: shop
    role: ecsAnywhereRole
    tags: {"fleet": "shops", "rack": "7"}
changes:
  description: What was changed, or in check mode what would be.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: One of V(update) and V(delete).
      type: str
    kind:
      description: One of V(managed_instance), V(managed_instance_role) and V(managed_instance_tags).
      type: str
    name:
      description: Id of the managed instance.
      type: str
  sample:
    - action: update
      kind: managed_instance_role
      name: mi-0123456789abcdef0
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"DescribeInstanceInformation": 1}
"""

from functools import partial

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.managed_instance import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.managed_instance.apply import apply_instance
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.managed_instance.plan import plan_instance
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.managed_instance.read import read_instance

SPEC = {
    "instance_id": {"type": "str", "required": True},
    "role": {"type": "str"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main():
    module = AwsModule(argument_spec=SPEC)
    with module.refusing():
        request = parse.request(module.params)
    ssm = module.client("ssm")
    module.converge(
        read=partial(read_instance, ssm, request),
        plan=partial(plan_instance, request=request),
        apply=partial(apply_instance, ssm),
    )


if __name__ == "__main__":
    main()
