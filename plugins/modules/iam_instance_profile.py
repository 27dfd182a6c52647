#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_instance_profile
short_description: An IAM instance profile and the role in it
version_added: 0.1.0
description:
  - Creates, changes and deletes an instance profile, which is how an EC2 instance gets the credentials of a role.
  - A profile that is as asked for costs one API call.
  - See U(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html).
options:
  name:
    description: Name of the instance profile. IAM names are unique in the account, whatever the path and ignoring case.
    type: str
    required: true
    aliases: [instance_profile_name]
  role:
    description:
      - Name of the role that the profile holds. A profile holds one role, so another one in it is taken out first.
      - V("") empties the profile. Left out, the role in it is left alone.
    type: str
  path:
    description:
      - Path of a profile that is created, V(/) if left out.
      - IAM cannot move a profile. Another path than the existing profile's is a warning.
    type: str
    aliases: [prefix, path_prefix]
  tags:
    description: Tags of the profile, as a map of strings.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that O(tags) does not name are removed, when it is given. Tags of C(aws:) always stay.
    type: bool
    default: true
  state:
    description: V(absent) takes the role out and deletes the profile.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: A role that EC2 instances may have
  fleetkit.ecs.iam_role:
    name: ecsInstanceRole
    trust: "{{ lookup('fleetkit.ecs.policy', 'trust_ec2') }}"

- name: The instance profile of ECS container instances
  fleetkit.ecs.iam_instance_profile:
    name: ecsInstanceRole-profile
    role: ecsInstanceRole
    tags:
      owner: platform

- name: The profile is gone
  fleetkit.ecs.iam_instance_profile:
    name: ecsInstanceRole-profile
    state: absent
"""

RETURN = r"""
iam_instance_profile:
  description: The profile as it is after the run, or in check mode as it would be. Null when it is absent.
  returned: success
  type: dict
  contains:
    arn:
      description: ARN of the profile.
      type: str
      sample: arn:aws:iam::123456789012:instance-profile/ecsInstanceRole-profile
    instance_profile_name:
      description: Name of the profile.
      type: str
      sample: ecsInstanceRole-profile
    path:
      description: Path of the profile.
      type: str
      sample: /
    role:
      description: Name of the role in it, or an empty string.
      type: str
      sample: ecsInstanceRole
    tags:
      description: Tags of the profile.
      type: dict
      sample: {"owner": "platform"}
changes:
  description: What was changed, or in check mode what would be.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      kind: instance_profile
      name: ecsInstanceRole-profile
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"GetInstanceProfile": 1}
"""

from functools import partial

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.apply import make
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan import plan_instance_profile
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.read import Reader

SPEC = {
    "name": {"type": "str", "required": True, "aliases": ["instance_profile_name"]},
    "role": {"type": "str"},
    "path": {"type": "str", "aliases": ["prefix", "path_prefix"]},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main():
    module = AwsModule(argument_spec=SPEC)
    with module.refusing():
        desired = parse.instance_profile(module.params)
    iam = module.client("iam")
    reader = Reader(iam, partial(module.client, "sts"))
    module.converge(
        read=partial(reader.instance_profile_facts, desired.name),
        plan=partial(
            plan_instance_profile,
            desired=desired,
            purge_tags=module.params["purge_tags"],
            absent=module.params["state"] == "absent",
        ),
        make=partial(make, iam),
    )


if __name__ == "__main__":
    main()
