#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_config_fetch
short_description: Fetch ecs.config from an object in S3, now and at every boot
version_added: 0.1.0
author:
  - fleetkit.ecs contributors (@fleetkit)
description:
  - Makes C(/etc/ecs/ecs.config) what an object in S3 is, and leaves a program and a unit on the host that do the same
    at every boot, before C(ecs.service) starts. M(fleetkit.ecs.ecs_config_object) publishes the object.
  - The file is the object's as a whole. What is particular to a host goes to C(/var/lib/ecs/ecs.config), which ecs-init
    reads first and whose values the object's win over; M(fleetkit.ecs.ecs_agent_config) writes it.
  - The object is fetched by the AWS CLI of the host, with the credentials of the host's own role. A run that changes
    nothing is one request, as it asks for the object only if it is another one than the file was made from.
  - Nothing but a good object takes the place of the file. It has at most 64 KiB, all of its bytes, and the SHA-256 that
    its publisher put in its metadata; it is UTF-8 with one variable in a line, each of which the agent knows and takes,
    and names a cluster (so does C(/var/lib/ecs/ecs.config), or it must be C(ECS_CLUSTER=default)). Names that this
    collection does not know are taken only from an object with such a SHA-256, whose publisher has checked them.
  - At boot, a file that names a cluster stays in force whatever fails, within 30 seconds, and the agent starts.
    Without one the unit tries for five minutes and then fails, and C(ecs.service), which requires it, does not start.
    The journal of C(fleetkit-ecs-config-fetch.service) says why.
  - The agent reads the file when it starts, so restart C(ecs.service) when RV(file_changed) is true.
  - >-
    See U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html) and, for the permissions,
    V(s3_object) of P(fleetkit.ecs.policy#lookup).
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.host
options:
  s3_uri:
    description:
      - The object, such as V(s3://my-bucket/ecs.config).
      - Needed with O(state=present) unless O(content) is given.
    type: str
  region:
    description: The region of the bucket. Needed with O(s3_uri).
    type: str
  endpoint_url:
    description: URL of S3, where it is not Amazon's own in that region.
    type: str
  external:
    description:
      - Whether the host is an external instance (ECS Anywhere). Its credentials are those that the SSM agent keeps in
        C(/root/.aws/credentials), and the unit waits for them, within its bounds. Other hosts ask IMDS.
    type: bool
    default: false
  profile:
    description:
      - The profile in that file under which the SSM agent keeps them (C(ShareProfile) in its configuration). It is
        V(default) if left out. Only with O(external).
    type: str
  content:
    description:
      - The content of the file, where the controller has fetched it because hosts cannot. It is checked like an object.
        Nothing is fetched at boot then, and what an earlier O(s3_uri) left for that is removed.
    type: str
  move_cluster:
    description:
      - What happens where the object's C(ECS_CLUSTER) is not the cluster that the agent has saved, see
        O(fleetkit.ecs.ecs_agent_config#module:move_cluster). V(false) refuses it and V(true) moves the host. At boot
        it is always refused, and the present file stays.
    type: bool
    default: false
  state:
    description:
      - V(absent) removes the program, its settings and the unit. C(ecs.config) and the agent that runs stay as they
        are. Then M(fleetkit.ecs.ecs_agent_config) can own the file.
    type: str
    choices:
      - present
      - absent
    default: present
requirements:
  - The AWS CLI on the host, version 1 or 2, of the distribution or Amazon's own. On Debian it is the package C(awscli).
  - C(/usr/bin/python3), 3.9 or newer, for the program.
  - C(s3:GetObject) on the key for the role of the host, and C(kms:Decrypt) on the key that encrypts it, if any.
notes:
  - Without the permission to list the bucket S3 answers 403 for a key that does not exist as well.
  - In check mode on a host that has no AWS CLI yet the file is told as one change, with a warning.
seealso:
  - module: fleetkit.ecs.ecs_config_object
  - module: fleetkit.ecs.ecs_agent_config
  - plugin: fleetkit.ecs.user_data
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: The file that the fleet shares, now and at every boot
  fleetkit.ecs.ecs_config_fetch:
    s3_uri: s3://fleet-config/ecs.config
    region: us-west-2

- name: What the controller has at hand, for hosts that must not reach S3
  fleetkit.ecs.ecs_config_fetch:
    content: |
      ECS_CLUSTER=production
      ECS_ENABLE_TASK_IAM_ROLE=true

- name: No fetch at boot any more; the file stays as it is
  fleetkit.ecs.ecs_config_fetch:
    state: absent
"""

RETURN = r"""
file:
  description: The path of the file.
  returned: success
  type: str
  sample: /etc/ecs/ecs.config
file_changed:
  description:
    - Whether the text of the file changes, so that the agent has to be restarted. It is false where only what fetches
      the file changed.
  returned: success
  type: bool
variables:
  description:
    - The variables that the file has after the run, as ecs-init reads them.
    - Values that are or may hold credentials, and those of unknown variables, are masked.
  returned: success
  type: dict
  sample:
    ECS_CLUSTER: production
    ECS_ENGINE_AUTH_DATA: "********"
cli_missing:
  description: True when it failed for no other reason than that the host has no AWS CLI.
  returned: always
  type: bool
changes:
  description: What was changed, or in check mode what would be, in this order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: One of V(create), V(update) and V(delete).
      type: str
    kind:
      description:
        - V(program), V(settings) and V(unit) are what fetches the file at boot.
        - V(file_attributes) (owner and mode) is what is around the file's text.
        - V(agent_variable) is a variable, and V(text) the file where no variable differs.
        - V(agent_state) and V(service) are the saved state that is removed and the service that is started again with
          O(move_cluster).
      type: str
    name:
      description: The name of the variable, or the path.
      type: str
  sample:
    - action: update
      kind: agent_variable
      name: ECS_CLUSTER
"""

from functools import partial

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.apply import right_attributes
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch import parse, program
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.apply import Apply
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.plan import plan_fetch
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.read import lacks_cli, read_host
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal, converge


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "s3_uri": {"type": "str"},
            "region": {"type": "str"},
            "endpoint_url": {"type": "str"},
            "external": {"type": "bool", "default": False},
            "profile": {"type": "str"},
            "content": {"type": "str", "no_log": True},
            "move_cluster": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ("s3_uri", "content"), True)],
        mutually_exclusive=[("s3_uri", "content")],
        supports_check_mode=True,
    )
    try:
        wanted = parse.wanted(module.params)
    except Refusal as refusal:
        module.fail_json(msg=str(refusal), changed=False, changes=[], cli_missing=False)
    # The whole text is no secret, and as one it would blot out nothing that a result has; its secrets are masked below.
    module.no_log_values = parse.texts_to_mask(wanted)
    module.params["content"] = None
    converge(
        module,
        read=partial(read_host, wanted, foresee=module.check_mode),
        plan=partial(plan_fetch, wanted=wanted, right=right_attributes(), move_cluster=module.params["move_cluster"]),
        apply=Apply(module),
        errors=(OSError, program.Failed),
        extras=lambda: {"cli_missing": lacks_cli(wanted)},
    )


if __name__ == "__main__":
    main()
