#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_trust_statement
short_description: One statement in the trust policy of an IAM role that exists
version_added: 0.1.0
description:
  - Adds, changes and removes one statement, known by its C(Sid), in the trust policy of a role that somebody else may
    manage. Every other statement stays as it is.
  - A statement that is as asked for costs one API call, a change three. Statements are compared by meaning.
  - IAM takes a trust policy as a whole and cannot refuse one that is based on an older state. So the module writes
    right after it has read, reads again and, where somebody else has overwritten the statement, merges once more, up
    to five writes in all. With O(wait=false) it does not look.
  - What somebody else writes between the module's read and its write, a fraction of a second, is overwritten, and
    nobody can tell. The next run of theirs mends that.
  - A principal of another statement that has been deleted (IAM shows its id, such as C(AROA...)) makes IAM refuse the
    whole policy. It is named before anything is written.
extends_documentation_fragment:
  - fleetkit.ecs._iam.trust_statement
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
- name: The role that is to trust others exists
  fleetkit.ecs.iam_role:
    name: destination-account-role
    trust: "{{ lookup('fleetkit.ecs.policy', 'trust_ec2') }}"

- name: The account's own roles may assume it, with an external id
  fleetkit.ecs.iam_trust_statement:
    role: destination-account-role
    sid: SourceAccount
    statement:
      Effect: Allow
      Principal:
        AWS: arn:aws:iam::123456789012:root
      Action: sts:AssumeRole
      Condition:
        StringEquals:
          sts:ExternalId: sesame

- name: They may not any more
  fleetkit.ecs.iam_trust_statement:
    role: arn:aws:iam::123456789012:role/destination-account-role
    sid: SourceAccount
    state: absent
"""

RETURN = r"""
iam_role:
  description:
    - The role's trust policy as it is after the run, or in check mode as it would be. Null when there is no role and
      O(state=absent).
    - What somebody else writes at the same time is not in it.
  returned: success
  type: dict
  contains:
    arn:
      description: ARN of the role.
      type: str
      sample: arn:aws:iam::123456789012:role/destination-account-role
    role_name:
      description: Name of the role.
      type: str
      sample: destination-account-role
    assume_role_policy_document:
      description: The whole trust policy.
      type: dict
      sample: {"Version": "2012-10-17", "Statement": []}
changes:
  description: What was changed, or in check mode what would be.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      kind: trust_statement
      name: SourceAccount
      owner: destination-account-role
waited:
  description: Seconds that the longest wait for IAM took, see O(wait_timeout).
  returned: always
  type: float
  sample: 0.0
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"GetRole": 1}
"""

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import options, parse, trust_engine


def main():
    module = AwsModule(argument_spec={**options.TRUST_STATEMENT, **options.WAIT})
    with module.refusing():
        request = parse.trust_statement(module.params)
    trust_engine.run(module, request)


if __name__ == "__main__":
    main()
