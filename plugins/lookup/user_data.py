# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: user_data
short_description: Launch user data for instances that fetch ecs.config from S3
version_added: 0.1.0
description:
  - Gives the user data of a launch template for container instances, as a text. An instance that is launched with it
    fetches C(ecs.config) from an object in S3 before the agent starts, at launch and at every boot, and needs neither
    SSH nor Ansible for that.
  - At launch it writes the program, its settings and the unit that M(fleetkit.ecs.ecs_config_fetch) would write, so
    that a later run of that module changes nothing. It installs the AWS CLI where it is missing, and starts the unit.
  - If the file is there then, it enables C(ecs.service) and starts it without waiting for it, because Amazon Linux'
    unit itself waits for cloud-init, of which user data is the last part. If not, the agent is not started, neither now
    nor at the next boot unless the object can be fetched by then; C(cloud-init status --long) and the journal say why.
  - The image must not start the agent before user data runs. Amazon Linux' own package, which ECS-optimised AMIs have,
    waits for cloud-init. In another image leave C(ecs.service) disabled; user data enables it. Or run the role
    P(fleetkit.ecs.agent#role) with C(agent_config_s3_uri) while the image is made, which needs no user data at all.
  - Nothing is asked of AWS. Malformed input is refused. The text has no secret in it and stays below the 16 KiB that
    EC2 takes.
  - See U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bootstrap_container_instance.html).
options:
  _terms:
    description: URIs of objects, such as V(s3://my-bucket/ecs.config).
    type: list
    elements: str
    required: true
  region:
    description: The region of the bucket.
    type: str
    required: true
  endpoint_url:
    description: URL of S3, where it is not Amazon's own in that region.
    type: str
  format:
    description:
      - V(shell) is a shell script, which C(cloud-init) runs once, at the first boot.
      - V(cloud-config) is the same as C(#cloud-config), to be merged with another one or be a part of MIME multi-part
        user data.
    type: str
    choices:
      - shell
      - cloud-config
    default: shell
seealso:
  - module: fleetkit.ecs.ecs_config_fetch
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Show what to put into a launch template
  ansible.builtin.debug:
    msg: "{{ lookup('fleetkit.ecs.user_data', 's3://fleet-config/ecs.config', region='us-west-2') }}"

- name: The same as cloud-config, as amazon.aws.ec2_launch_template takes it
  ansible.builtin.set_fact:
    user_data: >-
      {{ lookup('fleetkit.ecs.user_data', 's3://fleet-config/ecs.config', region='us-west-2', format='cloud-config')
      | b64encode }}
"""

RETURN = r"""
_raw:
  description: The user data, one text for each object.
  type: list
  elements: str
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.parse import source
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.plugin_utils import _user_data


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        region, endpoint_url = self.get_option("region"), self.get_option("endpoint_url")
        render = _user_data.FORMATS[self.get_option("format")]
        try:
            return [render(source(term, region, endpoint_url)) for term in terms]
        except Refusal as refusal:
            raise AnsibleLookupError(str(refusal)) from refusal
