#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_agent_config
short_description: Settings and proxy of the agent of AWS Systems Manager on a host
version_added: 0.1.0
description:
  - Merges settings into C(/etc/amazon/ssm/amazon-ssm-agent.json), the file of the agent of AWS Systems Manager (the SSM
    agent). What is not named stays. A file that is right is left byte for byte.
  - Sets the proxy of the agent in a drop-in of its systemd unit, which is this module's own and readable by C(root)
    alone.
  - The agent reads both when it starts, so restart it when this module reports a change.
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.host
options:
  settings:
    description:
      - Sections, and in each the settings that must be as they are named here. A setting that is V(null) must not be
        there.
      - C(Ssm.Endpoint), C(Mds.Endpoint), C(Mgs.Endpoint), C(S3.Endpoint) and C(Kms.Endpoint) are other endpoints, such
        as those of a VPC. C(Ssm.Endpoint) is also used to register.
      - C(Profile.ShareProfile) is the profile of C(/root/.aws/credentials) that the credentials of the managed instance
        are written to, C(default) unless said. The ECS agent is told of another one by
        C(ECS_ALTERNATE_CREDENTIAL_PROFILE). C(Profile.ShareCreds) must stay true for Amazon ECS.
    type: dict
    default: {}
  proxy:
    description:
      - The variables of the agent's environment that name a proxy. A variable that is empty is not set, and without any
        the drop-in is removed.
      - Left out, what is there stays.
      - A user and a password in a URL are never shown or logged.
    type: dict
    suboptions:
      http_proxy:
        description: URL of the proxy for HTTP, such as V(http://proxy.example.com:3128).
        type: str
      https_proxy:
        description: URL of the proxy for HTTPS.
        type: str
      no_proxy:
        description: Hosts that are asked without the proxy, with commas between them.
        type: str
seealso:
  - module: fleetkit.ecs.ssm_registration
  - name: Configure SSM Agent to use a proxy
    description: Amazon's description of the drop-in.
    link: https://docs.aws.amazon.com/systems-manager/latest/userguide/configure-proxy-ssm-agent.html
  - name: The agent's own list of settings
    description: The README of amazon-ssm-agent.
    link: https://github.com/aws/amazon-ssm-agent/blob/mainline/README.md
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: An endpoint in a VPC, and a profile of its own for the credentials
  fleetkit.ecs.ssm_agent_config:
    settings:
      Ssm:
        Endpoint: https://vpce-0123456789abcdef0.ssm.us-west-2.vpce.amazonaws.com
      Profile:
        ShareProfile: ecs
    proxy:
      https_proxy: http://proxy.example.com:3128
      no_proxy: 169.254.169.254

- name: Amazon's own endpoint and the usual profile again, and no proxy
  fleetkit.ecs.ssm_agent_config:
    settings:
      Ssm:
        Endpoint: null
      Profile:
        ShareProfile: null
    proxy: {}
"""

RETURN = r"""
file:
  description: The path of the agent's file.
  returned: success
  type: str
  sample: /etc/amazon/ssm/amazon-ssm-agent.json
settings:
  description: All settings of the file after the run, whoever wrote them.
  returned: success
  type: dict
  sample: {"Profile": {"ShareProfile": "ecs"}}
changes:
  description: What was changed, or in check mode what would be.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: One of V(create), V(update) and V(delete).
      type: str
    kind:
      description: V(setting) or V(proxy).
      type: str
    name:
      description: The section and name of the setting, or the path of the drop-in.
      type: str
  sample:
    - action: create
      kind: setting
      name: Profile.ShareProfile
"""

from functools import partial

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal, converge
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.apply import Writer
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.plan import plan_config
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.read import read_config
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.read import Places

PROXY = {name: {"type": "str"} for name in ("http_proxy", "https_proxy", "no_proxy")}
SPEC = {
    "settings": {"type": "dict", "default": {}},
    # no_log keeps a password out of the journal and out of a complaint about the other arguments.
    "proxy": {"type": "dict", "options": PROXY, "no_log": True},
}


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    places, proxy = Places(), module.params["proxy"] or {}
    try:
        request = parse.request(module.params)
    except Refusal as refusal:
        module.fail_json(msg=str(refusal), changed=False, changes=[])
    # From here on only what is secret is hidden: with all of it, addresses would be stars wherever they stand.
    module.no_log_values = parse.secrets(proxy)
    module.params["proxy"] = {name: value and parse.without_users(value) for name, value in proxy.items()}
    converge(
        module,
        read=partial(read_config, places),
        plan=partial(plan_config, request=request),
        apply=Writer(module, places).apply,
    )


if __name__ == "__main__":
    main()
