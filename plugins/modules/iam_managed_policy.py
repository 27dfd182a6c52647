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
options:
  name:
    description: Name of the policy. IAM names are unique in the account, whatever the path and ignoring case.
    type: str
    required: true
    aliases: [policy_name]
  document:
    description:
      - The policy, as a mapping or its JSON text, of at most 6144 characters without white space.
      - Needed to create the policy.
    type: json
    aliases: [policy, policy_json]
  description:
    description:
      - What the policy is for, at most 1000 characters.
      - IAM cannot change it. Another description than the existing policy's is a warning.
    type: str
    aliases: [policy_description]
  path:
    description:
      - Path of a policy that is created, V(/) if left out.
      - IAM cannot move a policy. Another path than the existing policy's is a warning.
    type: str
    aliases: [prefix, path_prefix]
  tags:
    description: Tags of the policy, as a map of strings.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that O(tags) does not name are removed, when it is given. Tags of C(aws:) always stay.
    type: bool
    default: true
  state:
    description: V(absent) detaches the policy from every role, user and group and deletes it with all its versions.
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
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"GetCallerIdentity": 1, "GetPolicy": 1, "GetPolicyVersion": 1}
"""

from functools import partial

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.apply import make
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan import plan_managed_policy
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.read import Reader

SPEC = {
    "name": {"type": "str", "required": True, "aliases": ["policy_name"]},
    "document": {"type": "json", "aliases": ["policy", "policy_json"]},
    "description": {"type": "str", "aliases": ["policy_description"]},
    "path": {"type": "str", "aliases": ["prefix", "path_prefix"]},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main():
    module = AwsModule(argument_spec=SPEC)
    absent = module.params["state"] == "absent"
    with module.refusing():
        desired = parse.managed_policy(module.params)
    iam = module.client("iam")
    reader = Reader(iam, partial(module.client, "sts"))
    module.converge(
        read=partial(reader.managed_policy_facts, desired, absent),
        plan=partial(plan_managed_policy, desired=desired, purge_tags=module.params["purge_tags"], absent=absent),
        make=partial(make, iam),
    )


if __name__ == "__main__":
    main()
