# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: policy
short_description: The policy documents that Amazon documents for ECS hosts and tasks
version_added: 0.1.0
description:
  - Gives a policy document by name, as a mapping, with the account, regions and partition filled in.
  - Nothing is asked of AWS. A malformed account id or ARN and an option that the document does not take are refused.
  - >-
    Trust policies: V(trust_ec2) (container instance role), V(trust_ssm) (ECS Anywhere role; with O(account_id) it gets
    the conditions against a confused deputy), V(trust_ecs_tasks) (task and task execution roles),
    V(trust_cross_account_destination) (a role in another account that a task role may assume).
  - >-
    Permissions: V(ecr_pull), V(cloudwatch_logs), V(ecs_exec), V(task_s3_read) (objects of one bucket),
    V(assume_destination_role) (the task role's side of cross-account access).
options:
  _terms:
    description: Names of the documents.
    type: list
    elements: str
    required: true
  account_id:
    description:
      - Account that a service must be acting for, 12 digits, quoted.
      - V(trust_ecs_tasks) needs it, V(trust_ssm) takes it.
      - >-
        V(task_s3_read) takes it to give the form that Amazon's page shows. That form grants nothing, because a task
        that calls S3 sends no C(aws:SourceArn) or C(aws:SourceAccount), so the lookup warns.
    type: str
  region:
    description:
      - Regions that a service must be acting in, one or a list, beside O(account_id). All of them if left out.
      - IAM roles are global, so name every region in which the role is used.
    type: raw
  partition:
    description: Partition of the ARNs in the document, V(aws), V(aws-cn) or V(aws-us-gov). It is V(aws) if left out.
    type: str
  role_arn:
    description:
      - The destination role for V(assume_destination_role), the task role for V(trust_cross_account_destination).
    type: str
  external_id:
    description: The external id that V(trust_cross_account_destination) asks for.
    type: str
  bucket:
    description: Name of the bucket for V(task_s3_read).
    type: str
seealso:
  - name: Amazon ECS IAM roles
    description: The pages these documents come from.
    link: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-ecs-iam-role-overview.html
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Show the trust policy of container instances
  ansible.builtin.debug:
    msg: "{{ lookup('fleetkit.ecs.policy', 'trust_ec2') }}"

- name: Show the trust policy of tasks in two regions
  ansible.builtin.debug:
    msg: >-
      {{ lookup('fleetkit.ecs.policy', 'trust_ecs_tasks', account_id='111122223333',
                region=['us-west-2', 'eu-west-1']) }}

- name: Show what a task role needs to assume a role in another account
  ansible.builtin.debug:
    msg: >-
      {{ lookup('fleetkit.ecs.policy', 'assume_destination_role',
                role_arn='arn:aws:iam::555566667777:role/destination-account-role') }}
"""

RETURN = r"""
_raw:
  description: The documents, one for each name.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies import build

OPTIONS = ("account_id", "region", "partition", "role_arn", "external_id", "bucket")


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        options = {name: self.get_option(name) for name in OPTIONS if self.get_option(name) is not None}
        if "task_s3_read" in terms and "account_id" in options:
            Display().warning(
                "policy: task_s3_read with account_id grants nothing to a task that calls S3 itself, because its "
                "requests carry neither aws:SourceArn nor aws:SourceAccount."
            )
        try:
            return [build(name, options) for name in terms]
        except Refusal as refusal:
            raise AnsibleLookupError(str(refusal)) from refusal
