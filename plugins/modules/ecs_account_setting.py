#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_account_setting
short_description: An account setting of Amazon ECS, of one role or user or of everyone
version_added: 0.1.0
description:
  - Sets an account setting such as C(awsvpcTrunking) in one region, and reads it back.
  - A role or user without a setting of its own has the default of the account. This module sets its own, even where the
    default has the same value, because somebody may change the default. The default itself is changed only with
    O(account_default=true).
  - ECS lets nobody but the root user and the role or user itself see or change its setting, not even an administrator.
    A session of an assumed role counts as the role. Anybody else is refused before the first change, with the ways out.
  - A container instance's role sets its own with C(agent_account_settings) of role P(fleetkit.ecs.agent#role).
  - It costs one API call where nothing has to change, four where something has.
  - See U(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutAccountSetting.html) and
    U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html).
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.aws
  - fleetkit.ecs._assume_role
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  name:
    description:
      - Name of the setting, as the installed botocore knows it. Case matters.
      - C(guardDutyActivate) can only be read, so it is refused.
    type: str
    required: true
  value:
    description:
      - What the setting is to be. Needed unless O(state=absent).
      - V(enabled) or V(disabled) for most of them. C(containerInsights) also takes V(enhanced),
        C(defaultLogDriverMode) takes V(blocking) or V(non-blocking), C(fargateTaskRetirementWaitPeriod) takes V(0),
        V(7) or V(14) days.
      - C(tagResourceAuthorization) takes V(on) or V(off), in quotes, as YAML reads them as booleans otherwise.
    type: str
  principal_arn:
    description:
      - ARN of the role or user whose setting it is. Left out, it is the caller's own.
      - Needed only by the root user. For anybody else it can only be the caller's own role or user.
    type: str
  account_default:
    description:
      - Whether to change the default of everyone in the account and region who has no setting of their own.
      - C(fargateTaskRetirementWaitPeriod) and C(fargateEventWindows) are settings of the account only.
      - ECS shows the default only to a caller who has no such setting of its own. Another one is refused.
    type: bool
    default: false
  state:
    description:
      - V(absent) removes the setting of the role or user, which then has the default of the account.
      - The default itself cannot be removed, only set to the value that ECS has without it.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetkit.ecs.ecs_host_account_settings
  - name: Increasing Amazon ECS Linux container instance network interfaces
    description: What C(awsvpcTrunking) does, and for which instances.
    link: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: More network interfaces for the container instances whose role this is run with
  fleetkit.ecs.ecs_account_setting:
    name: awsvpcTrunking
    value: enabled

- name: The role has the default of the account again
  fleetkit.ecs.ecs_account_setting:
    name: awsvpcTrunking
    state: absent

- name: Container Insights for new clusters of everyone in the account and region
  fleetkit.ecs.ecs_account_setting:
    name: containerInsights
    value: enhanced
    account_default: true
"""

RETURN = r"""
account_setting:
  description:
    - What is in force after the run, or in check mode would be. Null with O(state=absent), as the default that is in
      force then cannot be known beforehand.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the setting.
      type: str
      sample: awsvpcTrunking
    value:
      description: Its value.
      type: str
      sample: enabled
    principal_arn:
      description: Who has it. The root user's is the default of the account.
      type: str
      sample: arn:aws:iam::123456789012:role/ecsInstanceRole-trunking
changes:
  description: What was changed, or in check mode what would be.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      kind: account_setting
      name: awsvpcTrunking
      owner: arn:aws:iam::123456789012:role/ecsInstanceRole-trunking
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"ListAccountSettings": 1}
"""

from functools import partial

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule, ClientError
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.apply import Writer
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.plan import plan_account_setting
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.read import Reader


def main():
    module = AwsModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "value": {"type": "str"},
            "principal_arn": {"type": "str"},
            "account_default": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["value"])],
    )
    ecs = module.client("ecs")
    with module.refusing():
        request = parse.request(module.params, ecs.meta.service_model.shape_for("SettingName").enum)
    reader = Reader(ecs, partial(module.client, "sts"), ClientError)
    writer = Writer(ecs, reader, request, module.warn)
    module.converge(
        read=partial(reader.facts, request),
        plan=partial(plan_account_setting, request=request),
        apply=writer.apply,
        extras=lambda: writer.read_back,
    )


if __name__ == "__main__":
    main()
