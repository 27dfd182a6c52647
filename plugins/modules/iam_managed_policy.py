#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_managed_policy
short_description: A customer managed IAM policy
version_added: 0.1.0
description:
  - Creates, changes and deletes a managed policy of the account.
  - A changed document becomes a new default version. IAM keeps five versions, so the oldest one that is not in force
    is deleted when a sixth is needed.
  - A policy that is as asked for costs three API calls.
  - Documents are compared by meaning, so the order, the case of actions, single items written as lists and the like
    are no change. See U(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
extends_documentation_fragment:
  - fleetkit.ecs._iam.managed_policy
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
- name: The policy that Amazon's guide calls cwlogspolicy
  fleetkit.ecs.iam_managed_policy:
    name: cwlogspolicy
    document: "{{ lookup('fleetkit.ecs.policy', 'cloudwatch_logs') }}"
    description: Container instances write to CloudWatch Logs
    tags:
      owner: platform

- name: The policy is gone
  fleetkit.ecs.iam_managed_policy:
    name: cwlogspolicy
    state: absent
"""

RETURN = r"""
policy:
  description: The policy as it is after the run, or in check mode as it would be. Null when it is absent.
  returned: success
  type: dict
  contains:
    arn:
      description: ARN of the policy.
      type: str
      sample: arn:aws:iam::123456789012:policy/cwlogspolicy
    policy_name:
      description: Name of the policy.
      type: str
      sample: cwlogspolicy
    path:
      description: Path of the policy.
      type: str
      sample: /
    description:
      description: What the policy is for.
      type: str
      sample: Container instances write to CloudWatch Logs
    document:
      description: The document of the version in force.
      type: dict
      sample: {"Version": "2012-10-17", "Statement": []}
    tags:
      description: Tags of the policy.
      type: dict
      sample: {"owner": "platform"}
changes:
  description: What was changed, or in check mode what would be.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      kind: managed_policy
      name: cwlogspolicy
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
  sample: {"GetCallerIdentity": 1, "GetPolicy": 1, "GetPolicyVersion": 1}
"""

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import engine, options, parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import Declaration


def main():
    module = AwsModule(argument_spec={**options.MANAGED_POLICY, **options.WAIT})
    with module.refusing():
        request = parse.managed_policy(module.params)
    engine.run(module, Declaration(policies=(request,)))


if __name__ == "__main__":
    main()
