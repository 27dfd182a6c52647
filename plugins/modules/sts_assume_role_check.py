#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sts_assume_role_check
short_description: Say whether one role can assume another, and which link between them is broken
version_added: 0.1.0
description:
  - STS answers a refused C(AssumeRole) with C(AccessDenied) and no reason. This module looks at what makes the answer,
    and says which part of it is wrong and how to mend it.
  - Looks and changes nothing. What is wrong does not fail the task. Assert on RV(ok) for that.
  - Each account is asked with credentials of that account, so two accounts take two tasks with different O(checks).
  - The credentials that STS gives stay in the process of the module.
  - Policies are read as documents. Service control policies, resource control policies, session policies and policies
    of VPC endpoints cannot be seen from here. Only V(assume_role) has them in its answer.
  - A check that is not about policies costs two API calls. V(permission) reads each policy of the source role.
  - See U(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html).
extends_documentation_fragment:
  - fleetkit.ecs._role_access
  - fleetkit.ecs._attributes.read_only
  - fleetkit.ecs._attributes.aws
  - fleetkit.ecs._assume_role
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  checks:
    description:
      - What to look at.
      - V(source_role) is whether the source role exists. It takes credentials of the source role's account.
      - V(permission) is whether the policies of the source role, and its permissions boundary, allow C(sts:AssumeRole)
        on the destination role. It takes the same credentials.
      - V(destination_role) is whether the destination role exists. It takes credentials of the destination role's
        account.
      - V(trust) is whether the trust policy of the destination role lets the source role in, with its conditions. It
        takes the same credentials.
      - V(assume_role) asks STS. Credentials that are not a session of the source role are first used to assume the
        source role. Where that is not allowed, which is usual for a task role, its status is V(unknown).
    type: list
    elements: str
    choices: [source_role, permission, destination_role, trust, assume_role]
    required: true
  wait_timeout:
    description:
      - For how many seconds V(assume_role) asks again while STS refuses, as IAM takes some seconds to spread a change.
    type: int
    default: 0
seealso:
  - module: fleetkit.ecs.ecs_task_role_check
  - module: fleetkit.ecs.iam_trust_statement
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Look at the source account, with its credentials
  fleetkit.ecs.sts_assume_role_check:
    source_role_arn: arn:aws:iam::123456789012:role/ecsTaskRole
    role_arn: arn:aws:iam::210987654321:role/reports
    external_id: fleet-1
    checks: [source_role, permission, assume_role]
  register: source

- name: Say what is broken there
  ansible.builtin.debug:
    msg: "{{ source.checks | selectattr('status', 'eq', 'wrong') | map(attribute='found') }}"
"""

RETURN = r"""
ok:
  description: Whether no check has the status V(wrong).
  returned: success
  type: bool
  sample: false
checks:
  description: One entry for each of O(checks), in their order, and one for O(call).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The check.
      type: str
    status:
      description: V(ok), V(wrong), or V(unknown) where it cannot be told with these credentials.
      type: str
    fault:
      description:
        - Which link is broken. V(endpoint_unreachable), V(wrong_account) (the credentials are of another account than
          the role), V(role_missing), V(wrong_path) (the role's ARN has another path), V(permission_missing),
          V(trust_missing), V(condition_not_met) (such as the external id), V(explicit_deny), V(access_denied) (the
          answer of STS), or V(call_refused).
        - Empty where nothing is wrong.
      type: str
    found:
      description: What was found.
      type: str
    remedy:
      description: What mends it. Empty where nothing has to be mended.
      type: str
  sample:
    - name: trust
      status: wrong
      fault: condition_not_met
      found: "a condition is not met: the Allow fleet of the trust policy (StringEquals sts:ExternalId = fleet-1, and
        the request has none)"
      remedy: send what the condition asks for, or change the condition
caller:
  description: ARN of whose credentials the module has. Empty where STS could not be reached.
  returned: success
  type: str
  sample: arn:aws:iam::123456789012:user/administrator
identity_before:
  description: ARN of the session of the source role that asked for the destination role. Empty where none did.
  returned: success
  type: str
  sample: arn:aws:sts::123456789012:assumed-role/ecsTaskRole/fleetkit-ecs-check
identity_after:
  description: ARN of the session of the destination role. Empty where it could not be assumed.
  returned: success
  type: str
  sample: arn:aws:sts::210987654321:assumed-role/reports/fleetkit-ecs-check
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"GetCallerIdentity": 1, "GetRole": 1}
"""

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule, BotoCoreError, ClientError
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import CHECKS as LINKS
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import report
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.parse import OPTIONS, parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.read import read

CHECKS = {
    "type": "list",
    "elements": "str",
    "choices": ["source_role", "permission", "destination_role", "trust", "assume_role"],
    "required": True,
}


def main():
    module = AwsModule(argument_spec={**OPTIONS, "checks": CHECKS, "wait_timeout": {"type": "int", "default": 0}})
    with module.refusing():
        asked = parse(module.params)
    call = module.params["call"]
    checks = [*module.params["checks"], *(["call"] if call else [])]
    try:
        facts = read(module.client, checks, asked, call, module.params["wait_timeout"])
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, "Could not look at the roles", api_calls=dict(module.api_calls))
    module.exit_json(
        changed=False,
        **report(checks, facts, LINKS),
        caller=facts.caller.arn,
        identity_before=facts.before.arn,
        identity_after=facts.assumed.arn,
        api_calls=dict(module.api_calls),
    )


if __name__ == "__main__":
    main()
