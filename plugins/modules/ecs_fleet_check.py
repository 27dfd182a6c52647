#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_fleet_check
short_description: Judge a fleet of ECS hosts by what they said and by what AWS says of them
version_added: 0.1.0
description:
  - Takes what M(fleetkit.ecs.ecs_host_check) said on each host, asks AWS about all of them together, and gives one
    report. It changes nothing. A host that is wrong does not fail the task. Assert on RV(ok) for that.
  - Runs on the controller, once for all hosts, as the role
    R(fleetkit.ecs.verify,ansible_collections.fleetkit.ecs.verify_role) does.
  - It adds these checks to those of each host.
  - C(reachable) is that the host could be looked at.
  - C(container_instance) is that Amazon ECS has the host as a container instance of its cluster, once, and hears from
    its agent.
  - C(instance_role) is that an instance profile with a role is attached, or that the managed instance has a role.
  - C(role_policies) is that the role's policies allow every call that the agent makes in any case, on this cluster and
    this container instance. A condition that cannot be known is taken to be met.
  - C(metadata_options) is that IMDS of an EC2 instance answers requests with a token only (C(HttpTokens) is
    V(required)), and that tokens do not pass a hop (C(HttpPutResponseHopLimit) is V(1)).
  - C(ssm_online) is that Systems Manager hears from an external host.
  - Requests are one for a hundred container instances of the clusters to be listed and one for a hundred to be
    described, one for two hundred EC2 instances, one for fifty managed instances, one for each instance profile, and
    for each role three, one for each inline policy and two for each managed policy.
  - Where the credentials may not make a request, the checks that need it are V(pending) and say which.
extends_documentation_fragment:
  - amazon.aws.boto3
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - fleetkit.ecs._assume_role
  - fleetkit.ecs._attributes.read_only
  - fleetkit.ecs._attributes.aws
options:
  hosts:
    description:
      - The registered result of M(fleetkit.ecs.ecs_host_check) by the name of each host. One that has no checks,
        because the host was unreachable or the module failed, is reported as such with its message.
    type: dict
    required: true
  report:
    description:
      - Absolute path of two files on the controller, without C(.json) and C(.html), to which the report is written, for
        programs and for people. Its directory is there. They are written in check mode too, readable by the group.
      - A report is what this module gives, not something that it manages, so the files are no change.
    type: path
  page:
    description: The page in HTML. Where it has C(@report@), the JSON is put, in which no C(<) is left.
    type: str
seealso:
  - module: fleetkit.ecs.ecs_host_check
  - name: Configure the instance metadata options
    description: What tokens and the hop limit are.
    link: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Judge a host that could not be reached
  fleetkit.ecs.ecs_fleet_check:
    hosts:
      10.0.1.11:
        unreachable: true
        msg: Connection timed out
  register: fleet

- name: Say what is wrong
  ansible.builtin.debug:
    msg: "{{ fleet.hosts | rejectattr('status', 'equalto', 'ok') | map(attribute='name') }}"
"""

RETURN = r"""
ok:
  description: Whether every host was reached and has no check that is V(wrong).
  returned: success
  type: bool
  sample: false
summary:
  description: How many hosts there are, how many of each status, and how many checks of each status.
  returned: success
  type: dict
  sample:
    hosts: 1
    ok: 0
    wrong: 0
    unreachable: 1
    checks: {"ok": 0, "wrong": 1, "pending": 0, "not_applicable": 0}
hosts:
  description: One entry for each of O(hosts), in their order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The host.
      type: str
    status:
      description: V(ok), V(wrong) or V(unreachable).
      type: str
    cluster:
      description: Its cluster. Empty where nothing says it.
      type: str
    instance_id:
      description: Its instance id. Empty where nothing says it.
      type: str
    checks:
      description: Its checks, each with C(name), C(status), C(found) and C(remedy).
      type: list
      elements: dict
  sample:
    - name: 10.0.1.11
      status: unreachable
      cluster: ""
      instance_id: ""
      checks:
        - name: reachable
          status: wrong
          found: Connection timed out
          remedy: look at the host's power, its address in the inventory, and SSH
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"DescribeContainerInstances": 1}
"""

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule, BotoCoreError, ClientError
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet.checks import report
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet.files import files, write
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet.look import ask
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet.model import Look


def main():
    module = AwsModule(
        argument_spec={
            "hosts": {"type": "dict", "required": True},
            "report": {"type": "path"},
            "page": {"type": "str"},
        },
        required_together=[("report", "page")],
    )
    looks = [Look.of(name, result) for name, result in module.params["hosts"].items()]
    try:
        aws = ask(module.client, looks)
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg="AWS could not be asked about the hosts")
    found = report(looks, aws)
    if module.params["report"]:
        write(module, module.params["report"], files(found, module.params["page"]))
    module.exit_json(changed=False, **found, api_calls=dict(module.api_calls))


if __name__ == "__main__":
    main()
