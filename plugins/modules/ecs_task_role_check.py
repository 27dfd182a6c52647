#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_task_role_check
short_description: Let a running task show who it is in AWS, and whom it can become
version_added: 0.1.0
description:
  - Runs the AWS CLI in a container of the task, on its host. The container asks STS who it is with the credentials that
    the agent gives it, assumes the destination role by an AWS profile with C(credential_source = EcsContainer), and
    asks again. This is what Amazon's page does by hand, and the only proof that has everything in it.
  - Looks and changes nothing. What is wrong does not fail the task. Assert on RV(ok) for that.
  - No credentials leave the container. The profile and what the AWS CLI keeps are in a directory in memory that is gone
    when the command ends.
  - The image needs C(aws) and C(sh). For tasks on Fargate, which have no host, use ECS Exec.
  - See U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html) and
    U(https://docs.aws.amazon.com/cli/latest/topic/config-vars.html) (C(credential_source)).
extends_documentation_fragment:
  - fleetkit.ecs._role_access
  - fleetkit.ecs._attributes.read_only
  - fleetkit.ecs._attributes.host
options:
  family:
    description: Family of the task definition, one of whose running containers is asked.
    type: str
  container:
    description: Name or id of the container that is asked. One of O(family) and O(container) is needed.
    type: str
seealso:
  - module: fleetkit.ecs.sts_assume_role_check
  - module: fleetkit.ecs.ecs_host_check
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Let a task of the family app become the role reports of another account
  fleetkit.ecs.ecs_task_role_check:
    family: app
    source_role_arn: arn:aws:iam::123456789012:role/ecsTaskRole
    role_arn: arn:aws:iam::210987654321:role/reports
  register: task

- name: Say who it was and who it became, or what is broken
  ansible.builtin.debug:
    msg: "{{ task.checks | map(attribute='found') }}"
"""

RETURN = r"""
ok:
  description: Whether no check has the status V(wrong).
  returned: success
  type: bool
  sample: true
checks:
  description: The checks V(container), V(source_role) and V(assume_role) in this order, and V(call) for O(call).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The check.
      type: str
    status:
      description: V(ok), V(wrong), or V(unknown) where an earlier check that is wrong is in the way.
      type: str
    fault:
      description:
        - Which link is broken. V(not_running), V(no_aws_cli), V(role_missing) (the container has no task role, or
          another), V(wrong_account), V(endpoint_unreachable), V(access_denied) (the answer of STS, which
          M(fleetkit.ecs.sts_assume_role_check) explains), V(call_refused), or V(aws_cli_failed).
        - Empty where nothing is wrong.
      type: str
    found:
      description: What was found.
      type: str
    remedy:
      description: What mends it. Empty where nothing has to be mended.
      type: str
  sample:
    - name: assume_role
      status: ok
      fault: ""
      found: arn:aws:sts::123456789012:assumed-role/ecsTaskRole/0123 became
        arn:aws:sts::210987654321:assumed-role/reports/fleetkit-ecs-check
      remedy: ""
identity_before:
  description: ARN of the container's own identity. Empty where it has none.
  returned: success
  type: str
  sample: arn:aws:sts::123456789012:assumed-role/ecsTaskRole/0123
identity_after:
  description: ARN of what it became. Empty where it did not.
  returned: success
  type: str
  sample: arn:aws:sts::210987654321:assumed-role/reports/fleetkit-ecs-check
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import report
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.in_task import CHECKS, Outcome
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.parse import OPTIONS, parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.run_in_task import read_task

SPEC = {**OPTIONS, "family": {"type": "str"}, "container": {"type": "str"}}


def main() -> None:
    one_of = [("family", "container")]
    module = AnsibleModule(SPEC, supports_check_mode=True, mutually_exclusive=one_of, required_one_of=one_of)
    path = module.get_bin_path("docker", required=True)

    def docker(*arguments: str, data: str | None = None) -> Outcome:
        code, out, err = module.run_command([path, *arguments], data=data)
        return Outcome(code, out.strip(), err or out)

    try:
        asked = parse(module.params)
    except Refusal as refusal:
        module.fail_json(msg=str(refusal))
    call = module.params["call"]
    facts = read_task(docker, asked, module.params["family"], module.params["container"], call)
    checks = ["container", "source_role", "assume_role", *(["call"] if call else [])]
    module.exit_json(
        changed=False,
        **report(checks, facts, CHECKS),
        identity_before="" if facts.before.code else facts.before.output,
        identity_after="" if facts.after.code else facts.after.output,
    )


if __name__ == "__main__":
    main()
