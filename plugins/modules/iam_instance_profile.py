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
extends_documentation_fragment:
  - fleetkit.ecs._iam.instance_profile
  - fleetkit.ecs._iam.wait
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.aws
  - fleetkit.ecs._assume_role
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
waited:
  description: Seconds that the longest wait for IAM took, see O(wait_timeout).
  returned: always
  type: float
  sample: 0.0
failures:
  description: What could not be done and why. All that does not depend on it has been done.
  returned: when a change could not be made
  type: list
  elements: dict
  sample: []
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"GetInstanceProfile": 1}
"""

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import engine, options, parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import Declaration


def main():
    module = AwsModule(argument_spec={**options.INSTANCE_PROFILE, **options.WAIT})
    with module.refusing():
        request = parse.instance_profile(module.params)
    engine.run(module, Declaration(profiles=(request,)))


if __name__ == "__main__":
    main()
