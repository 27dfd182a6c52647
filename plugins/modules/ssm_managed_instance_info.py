#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_managed_instance_info
short_description: Which servers have registered with Systems Manager
version_added: 0.1.0
description:
  - Lists managed instances, all or those that filters let through, and what Systems Manager knows of them. EC2
    instances are not among them.
  - It costs one API call for each 50 of them. Tags are not listed, as that would be one call for each, but can be
    filtered by.
  - See U(https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html).
extends_documentation_fragment:
  - fleetkit.ecs._attributes.read_only
  - fleetkit.ecs._attributes.aws
  - fleetkit.ecs._assume_role
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  filters:
    description:
      - Which ones, as a map of a key to a value or a list of up to 100, of which one must match. All keys must match.
      - The keys are C(ActivationIds), C(AgentVersion), C(IamRole), C(InstanceIds), C(PingStatus), C(PlatformTypes),
        C(tag-key) and C(tag:KEY). C(PingStatus) is C(Online) or C(ConnectionLost), C(IamRole) is a name or an ARN.
      - Systems Manager does not take filters by tag together with others. Then this module applies the others to what
        the tags let through.
      - An id in C(InstanceIds) that is not registered is an error of Systems Manager.
    type: dict
    default: {}
seealso:
  - module: fleetkit.ecs.ssm_managed_instance
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Servers of the shops that Systems Manager hears nothing of
  fleetkit.ecs.ssm_managed_instance_info:
    filters:
      tag:fleet: shops
      PingStatus: ConnectionLost
  register: lost
"""

RETURN = r"""
managed_instances:
  description:
    - They, in the order of their ids, with what Systems Manager tells of them. What the agent has not said yet is not
      there. The id of the activation is left out, as it is half of what registers a server.
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: Its id.
      type: str
    name:
      description: Name that the activation gave it.
      type: str
    iam_role:
      description: Name of its role.
      type: str
    ping_status:
      description: V(Online) or V(ConnectionLost).
      type: str
    last_ping_date_time:
      description: When its agent was last heard of.
      type: str
    registration_date:
      description: When it registered.
      type: str
    agent_version:
      description: Version of its agent.
      type: str
    platform_name:
      description: Name of its operating system.
      type: str
    platform_version:
      description: Version of its operating system.
      type: str
    computer_name:
      description: Its host name.
      type: str
    ip_address:
      description: Its address.
      type: str
  sample:
    - instance_id: mi-0123456789abcdef0
      name: shop
      iam_role: ecsAnywhereRole
      ping_status: Online
      last_ping_date_time: "2026-11-24T09:30:00+00:00"
      registration_date: "2026-11-01T08:00:00+00:00"
      agent_version: 3.3.1142.0
      platform_name: Debian GNU/Linux
      platform_version: "13"
      computer_name: shop-7
      ip_address: 192.0.2.7
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"DescribeInstanceInformation": 1}
"""

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Plan
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.managed_instance import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.managed_instance.read import described, shown


def main():
    module = AwsModule(argument_spec={"filters": {"type": "dict", "default": {}}})
    with module.refusing():
        filters = parse.filters(module.params["filters"])
    ssm = module.client("ssm")
    module.converge(
        read=lambda: sorted(described(ssm, filters), key=lambda one: one["InstanceId"]),
        plan=lambda found: Plan(result={"managed_instances": [shown(one) for one in found]}),
        apply=lambda _plan: (),
    )


if __name__ == "__main__":
    main()
