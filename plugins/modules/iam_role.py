#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_role
short_description: An IAM role with everything that hangs on it
version_added: 0.1.0
description:
  - Creates, changes and deletes an IAM role together with its trust policy, managed and inline policies, permissions
    boundary, tags and instance profile.
  - A role that is as asked for costs at most five API calls, one of them for each inline policy that is declared.
  - Parameters that are left out are left alone on an existing role.
  - Documents are compared by meaning, so the order, the case of actions, single items written as lists and the like
    are no change. See U(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
extends_documentation_fragment:
  - fleetkit.ecs._iam.role
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
- name: The role of ECS container instances, as Amazon documents it
  fleetkit.ecs.iam_role:
    name: ecsInstanceRole
    trust: "{{ lookup('fleetkit.ecs.policy', 'trust_ec2') }}"
    managed_policies:
      - AmazonEC2ContainerServiceforEC2Role
    instance_profile: ecsInstanceRole-profile
    tags:
      owner: platform

- name: A role that may also pull images, by an inline policy
  fleetkit.ecs.iam_role:
    name: ecsInstanceRole
    trust: "{{ lookup('fleetkit.ecs.policy', 'trust_ec2') }}"
    inline_policies:
      ecr-pull: "{{ lookup('fleetkit.ecs.policy', 'ecr_pull') }}"

- name: The role is gone, with its instance profile
  fleetkit.ecs.iam_role:
    name: ecsInstanceRole
    instance_profile: ecsInstanceRole-profile
    state: absent
"""

RETURN = r"""
iam_role:
  description:
    - The role as it is after the run, or in check mode as it would be. Null when it is absent.
    - Policies that the task has no opinion on are not read and not returned.
  returned: success
  type: dict
  contains:
    arn:
      description: ARN of the role.
      type: str
      sample: arn:aws:iam::123456789012:role/ecsInstanceRole
    role_name:
      description: Name of the role.
      type: str
      sample: ecsInstanceRole
    path:
      description: Path of the role.
      type: str
      sample: /
    description:
      description: What the role is for.
      type: str
      sample: ""
    assume_role_policy_document:
      description: The trust policy.
      type: dict
      sample: {"Version": "2012-10-17", "Statement": []}
    max_session_duration:
      description: Longest session in seconds.
      type: int
      sample: 3600
    permissions_boundary:
      description: ARN of the permissions boundary, or an empty string.
      type: str
      sample: ""
    tags:
      description: Tags of the role.
      type: dict
      sample: {"owner": "platform"}
    attached_policies:
      description: The managed policies attached to the role.
      returned: when O(managed_policies) is given
      type: list
      elements: dict
      sample:
        - policy_arn: arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role
          policy_name: AmazonEC2ContainerServiceforEC2Role
    inline_policies:
      description: Document by name. Null for a policy that is neither declared nor purged and so was not read.
      returned: when O(inline_policies) is given
      type: dict
      sample: {}
    instance_profile:
      description: The instance profile, as M(fleetkit.ecs.iam_instance_profile) returns it.
      returned: when O(instance_profile) is given
      type: dict
changes:
  description: What was changed, or in check mode what would be.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      kind: role
      name: ecsInstanceRole
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
  sample: {"GetRole": 1, "ListAttachedRolePolicies": 1, "ListRolePolicies": 1}
"""

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import engine, options, parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import Declaration


def main():
    module = AwsModule(argument_spec={**options.ROLE, **options.WAIT})
    with module.refusing():
        request = parse.role(module.params)
    engine.run(module, Declaration(roles=(request,)))


if __name__ == "__main__":
    main()
