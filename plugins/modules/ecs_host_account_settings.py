#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_host_account_settings
short_description: Account settings of Amazon ECS for the role that a host has
version_added: 0.1.0
description:
  - Runs on a host and sets account settings such as C(awsvpcTrunking) for the role of that host, with the role's own
    credentials. No administrator can set them for a role, see M(fleetkit.ecs.ecs_account_setting).
  - The credentials are those of the instance profile, from the instance metadata service, or with O(external) those
    that the SSM agent keeps in C(/root/.aws/credentials). Others on the host, or in the environment, do not count, and
    none leave the host.
  - A setting that only equals the default of the account is set all the same, because somebody may change the default.
  - Role P(fleetkit.ecs.agent#role) runs it before the agent starts, with C(agent_account_settings).
  - It runs the AWS CLI once where nothing has to change, for all settings together.
  - >-
    In check mode on a host that has no AWS CLI yet, all settings are told as changes, with a warning, although another
    host with the same role may have set them.
  - See U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html).
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.host
options:
  settings:
    description:
      - The settings, as a map from name to value, as O(fleetkit.ecs.ecs_account_setting#module:name) and
        O(fleetkit.ecs.ecs_account_setting#module:value) take them. Settings of the account as a whole are refused.
    type: dict
    required: true
  region:
    description: The region in which they are set. Settings are per region.
    type: str
    required: true
  endpoint_url:
    description: URL of ECS, where it is not Amazon's own in that region.
    type: str
  external:
    description: Whether the host is an external instance (ECS Anywhere), which has no instance profile.
    type: bool
    default: false
requirements:
  - The AWS CLI on the host, of the distribution or Amazon's own. Amazon Linux 2023 has it, on Debian it is the package
    C(awscli).
  - C(ecs:PutAccountSetting) and C(ecs:ListAccountSettings) for the role of the host. For C(awsvpcTrunking) both are in
    V(awsvpc_trunking) of P(fleetkit.ecs.policy#lookup).
seealso:
  - module: fleetkit.ecs.ecs_account_setting
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: More network interfaces for the container instances that have the role of this host
  fleetkit.ecs.ecs_host_account_settings:
    region: us-west-2
    settings:
      awsvpcTrunking: enabled
"""

RETURN = r"""
account_settings:
  description: What the role has after the run, or in check mode would have, for each of O(settings).
  returned: success
  type: dict
  sample: {"awsvpcTrunking": "enabled"}
changes:
  description: What was changed, or in check mode what would be.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      kind: account_setting
      name: awsvpcTrunking
"""

from functools import partial

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal, converge
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.host import (
    Cli,
    CliError,
    plan_host,
    requests,
)


def main():
    module = AnsibleModule(
        argument_spec={
            "settings": {"type": "dict", "required": True},
            "region": {"type": "str", "required": True},
            "endpoint_url": {"type": "str"},
            "external": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        wanted = requests(module.params["settings"])
    except Refusal as refusal:
        module.fail_json(msg=str(refusal), changed=False, changes=[])
    cli = Cli(module, module.params["region"], module.params["endpoint_url"], module.params["external"])
    converge(
        module,
        read=cli.facts,
        plan=partial(plan_host, wanted=wanted),
        apply=cli.apply,
        errors=(OSError, CliError),
    )


if __name__ == "__main__":
    main()
