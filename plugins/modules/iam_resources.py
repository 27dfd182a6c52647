#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_resources
short_description: Many IAM policies, roles and instance profiles in one call
version_added: 0.1.0
description:
  - Creates, changes and deletes any number of managed policies, roles and instance profiles. What each of them takes is
    exactly what M(fleetkit.ecs.iam_managed_policy), M(fleetkit.ecs.iam_role) and M(fleetkit.ecs.iam_instance_profile)
    take.
  - Reads the account in bulk where that takes fewer requests than asking for one thing after the other, and one by one
    where it does not or where C(iam:GetAccountAuthorizationDetails), C(iam:ListRoles) or C(iam:ListInstanceProfiles) is
    denied. A hundred roles that are as asked for cost three requests in an account of up to a thousand. Tags of
    managed policies and instance profiles are in no list, so each one whose tags are declared costs one more.
  - Writes one request for each difference, in the order that their dependencies ask for. What is independent is written
    at the same time, and slower as soon as IAM says that it is too fast.
  - Contradictions and what cannot be right are refused before the first change. After that, one failure does not keep
    the rest from being done; the run fails at the end with RV(failures), and the next run finishes.
  - A module cannot write to the terminal while it runs. Progress goes to the log of the system that the task runs on
    (the controller, usually), a line for each hundred changes and one for each wait, for
    C(journalctl -f -t ansible-fleetkit.ecs.iam_resources). Where there is no such log, as in a container, loop over the
    C(batch) filter with a hundred roles a turn to see each hundred on the terminal.
extends_documentation_fragment:
  - fleetkit.ecs._iam.resources
  - fleetkit.ecs._iam.wait
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.aws
  - fleetkit.ecs._assume_role
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  concurrency:
    description: How many requests may be under way at a time, from 1 to 32.
    type: int
    default: 8
  ownership_tag:
    description:
      - A tag that everything declared gets, instance profiles of O(roles[].instance_profile) included.
      - Where tags are not declared, the others stay as they are.
    type: dict
    suboptions:
      key:
        description: Key of the tag.
        type: str
        required: true
      value:
        description: Value of the tag.
        type: str
        required: true
  prune:
    description:
      - Whether everything in the account that carries O(ownership_tag), key and value, and is not declared is deleted.
        Check mode lists it.
      - Nothing that lacks the tag is deleted or changed. What carries the tag and is still used by something that lacks
        it is left, with a warning.
      - One request for each managed policy and instance profile that is not declared, to read its tags.
    type: bool
    default: false
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: The IAM of a small platform
  fleetkit.ecs.iam_resources:
    policies:
      - name: cwlogspolicy
        document: "{{ lookup('fleetkit.ecs.policy', 'cloudwatch_logs') }}"
    roles:
      - name: ecsInstanceRole
        trust: "{{ lookup('fleetkit.ecs.policy', 'trust_ec2') }}"
        managed_policies: [AmazonEC2ContainerServiceforEC2Role, cwlogspolicy]
        instance_profile: ecsInstanceRole-profile
      - name: ecsAnywhereRole
        trust: "{{ lookup('fleetkit.ecs.policy', 'trust_ssm') }}"
        managed_policies: [AmazonEC2ContainerServiceforEC2Role, AmazonSSMManagedInstanceCore]
    ownership_tag:
      key: managed-by
      value: platform-iam

- name: The same platform without hosts on premises, whose role goes
  fleetkit.ecs.iam_resources:
    policies:
      - name: cwlogspolicy
        document: "{{ lookup('fleetkit.ecs.policy', 'cloudwatch_logs') }}"
    roles:
      - name: ecsInstanceRole
        trust: "{{ lookup('fleetkit.ecs.policy', 'trust_ec2') }}"
        managed_policies: [AmazonEC2ContainerServiceforEC2Role, cwlogspolicy]
        instance_profile: ecsInstanceRole-profile
    ownership_tag:
      key: managed-by
      value: platform-iam
    prune: true
"""

RETURN = r"""
policies:
  description:
    - The policies as they are after the run, or in check mode as they would be, in the order of O(policies) and as
      M(fleetkit.ecs.iam_managed_policy) returns them. Null for one that is absent.
    - C(tags) is missing where the policies were read in bulk and the tags are not declared.
  returned: success
  type: list
  elements: dict
  sample: []
roles:
  description: The roles, in the order of O(roles) and as M(fleetkit.ecs.iam_role) returns them. Null for an absent one.
  returned: success
  type: list
  elements: dict
  sample: []
instance_profiles:
  description:
    - The instance profiles, in the order of O(instance_profiles) and as M(fleetkit.ecs.iam_instance_profile) returns
      them. Null for one that is absent. With O(ownership_tag), those of O(roles) follow.
    - C(tags) is missing where the profiles were read in bulk and the tags are not declared.
  returned: success
  type: list
  elements: dict
  sample: []
changes:
  description: What was changed, or in check mode what would be.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      kind: role
      name: ecsInstanceRole
failures:
  description: What could not be done and why. All that does not depend on it has been done.
  returned: when a change could not be made
  type: list
  elements: dict
  sample:
    - action: create
      kind: role
      name: ecsInstanceRole
      error: "An error occurred (LimitExceeded) when calling the CreateRole operation: Cannot exceed quota"
waited:
  description: Seconds that the longest wait for IAM took, see O(wait_timeout).
  returned: always
  type: float
  sample: 0.0
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"GetAccountAuthorizationDetails": 1, "ListRoles": 1, "ListInstanceProfiles": 1}
"""

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import engine, options, parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.graph import plan_all

SPEC = {
    "policies": options.many(options.MANAGED_POLICY),
    "roles": options.many(options.ROLE),
    "instance_profiles": options.many(options.INSTANCE_PROFILE),
    "concurrency": {"type": "int", "default": 8},
    "ownership_tag": {
        "type": "dict",
        "options": {
            "key": {"type": "str", "required": True, "no_log": False},
            "value": {"type": "str", "required": True},
        },
    },
    "prune": {"type": "bool", "default": False},
    **options.WAIT,
}


def main():
    module = AwsModule(
        argument_spec=SPEC,
        required_one_of=[("policies", "roles", "instance_profiles")],
        required_if=[("prune", True, ["ownership_tag"])],
    )
    with module.refusing():
        declaration = parse.declaration(module.params)
        concurrency = parse.concurrency(module.params["concurrency"])
    engine.run(module, declaration, plan_all, concurrency)


if __name__ == "__main__":
    main()
