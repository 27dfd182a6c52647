#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_exec_check
short_description: Say whether ECS Exec gets into a container of a task, and how
version_added: 0.1.0
description:
  - C(aws ecs execute-command) fails with one sentence for many causes. This module looks at them before, and gives the
    command to type. It does not open the session, which takes a terminal and the Session Manager plugin.
  - Looks and changes nothing. What is wrong does not fail the task. Assert on RV(ok) for that.
  - On Fargate this is the way to prove from inside a task that it can work in another account. On hosts
    M(fleetkit.ecs.ecs_task_role_check) does it by itself.
  - Costs two API calls of ECS, and reads each policy of the task role. Policies are read as documents, see
    M(fleetkit.ecs.sts_assume_role_check).
  - See U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html).
extends_documentation_fragment:
  - fleetkit.ecs._attributes.read_only
  - fleetkit.ecs._attributes.aws
  - fleetkit.ecs._assume_role
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  cluster:
    description: Name or ARN of the cluster.
    type: str
    default: default
  task:
    description: Id or ARN of the task.
    type: str
    required: true
  container:
    description: Name of the container, the task's first one if left out.
    type: str
seealso:
  - module: fleetkit.ecs.ecs_task_role_check
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: How to get into a container
  fleetkit.ecs.ecs_exec_check:
    task: 0123456789abcdef0123456789abcdef
  register: exec

- name: Say the command, or what is wrong
  ansible.builtin.debug:
    msg: "{{ exec.command if exec.ok else exec.checks | map(attribute='found') }}"
"""

RETURN = r"""
ok:
  description: Whether no check has the status V(wrong).
  returned: success
  type: bool
  sample: true
checks:
  description:
    - The checks V(task) (it runs, with C(enableExecuteCommand)), V(managed_agent) (C(ExecuteCommandAgent) runs in the
      container) and V(permission) (the task role may open the channels).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The check.
      type: str
    status:
      description: V(ok), V(wrong), or V(unknown) where it cannot be told.
      type: str
    fault:
      description:
        - Which link is broken. V(not_running), V(not_enabled), V(agent_not_running), V(role_missing),
          V(permission_missing), V(condition_not_met) or V(explicit_deny). Empty where nothing is wrong.
      type: str
    found:
      description: What was found.
      type: str
    remedy:
      description: What mends it. Empty where nothing has to be mended.
      type: str
  sample:
    - name: task
      status: wrong
      fault: not_enabled
      found: task 0123456789abcdef0123456789abcdef was run without ECS Exec
      remedy: run another with --enable-execute-command; a task that runs cannot be changed
command:
  description: What to type in a terminal.
  returned: success
  type: str
  sample: >-
    aws ecs execute-command --region us-west-2 --cluster default --task 0123456789abcdef0123456789abcdef --container app
    --interactive --command /bin/sh
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"DescribeTasks": 1, "DescribeTaskDefinition": 1, "GetRole": 1}
"""

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule, BotoCoreError, ClientError
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import report
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.ecs_exec import CHECKS, command
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.read import read_task_for_exec

SPEC = {
    "cluster": {"type": "str", "default": "default"},
    "task": {"type": "str", "required": True},
    "container": {"type": "str"},
}


def main():
    module = AwsModule(argument_spec=SPEC)
    asked = module.params
    try:
        facts = read_task_for_exec(module.client, asked["cluster"], asked["task"], asked["container"])
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, "Could not look at the task", api_calls=dict(module.api_calls))
    module.exit_json(
        changed=False,
        **report(list(CHECKS), facts, CHECKS),
        command=command(facts, module.region),
        api_calls=dict(module.api_calls),
    )


if __name__ == "__main__":
    main()
