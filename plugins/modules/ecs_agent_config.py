#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_agent_config
short_description: Declare the variables of the Amazon ECS container agent in ecs.config
version_added: 0.1.0
author:
  - fleetkit.ecs contributors (@fleetkit)
description:
  - Keeps the variables of the Amazon ECS container agent and of ecs-init in their configuration file, as they are
    declared.
  - Every value is checked before anything is read or written, and all problems are reported at once. The agent itself
    is no help there. It replaces most values that it cannot use by a default, with a line in its log at best, and
    others make it exit for ever.
  - Only what this module wrote is ever removed. Its variables are in a block between the lines C(# BEGIN
    fleetkit.ecs) and C(# END fleetkit.ecs); all other lines are kept byte for byte, but for those that set a declared
    variable, which the block takes over.
  - The file is replaced at once and is never readable by anybody but its owner, which is C(root) where the module
    runs as C(root).
  - The agent reads the file when it starts, so restart C(ecs.service) when this module reports a change.
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.host
options:
  variables:
    description:
      - The variables and their values. This is the whole of what is declared. A variable that an earlier run wrote
        and that is not here any more is removed, and an empty dictionary removes all of them. A line that somebody
        else wrote stays.
      - A variable with no value (V(null) or an empty string) must not be in the file at all. It is removed whoever
        wrote it.
      - An unknown name is refused, with the nearest known ones, unless O(allow_unknown). Case matters.
      - B(Booleans) are YAML booleans, or one of the strings V(1), V(t), V(T), V(TRUE), V(true), V(True) and V(0),
        V(f), V(F), V(FALSE), V(false), V(False), which is what the agent understands. They are written as V(true) and
        V(false), because ecs-init knows no other spelling. The strings V(yes), V(no), V(on) and V(off) are refused.
      - B(Durations) are numbers with units, such as V(10m), V(1h30m), V(1.5h) or V(500ms). A number without a unit,
        zero, and a duration that the agent would replace by another one are refused.
      - B(Numbers) must be within the range that the agent takes, such as 0 to 65535 for C(ECS_RESERVED_MEMORY).
      - B(JSON objects and arrays) are dictionaries and lists, or strings with JSON in them. They are written as JSON
        on one line with sorted keys. Where the agent wants strings, as in C(ECS_INSTANCE_ATTRIBUTES), quote numbers
        and booleans.
      - B(Words), such as the log level, must be among those that the agent knows. Where it does not mind their case,
        they are written in lower case.
      - A value is refused that has a line break, a space at an end, a quote at the start or a backslash anywhere in
        it. Both ecs-init and systemd read the file, and they would read such a value differently. A line that somebody
        else wrote in such a way is kept, with a warning.
      - The values of C(ECS_ENGINE_AUTH_DATA), C(ECS_LOG_OPTS) and C(HTTP_PROXY), which are or may hold credentials,
        are never shown or logged, and neither are those of variables which this module does not know and finds in the
        file. A difference shows only that they change. In C(ECS_ENGINE_AUTH_DATA) a password that needs a backslash
        in JSON can be given in base64, with V(dockercfg) as C(ECS_ENGINE_AUTH_TYPE).
      - A few variables are accepted with a warning. They do nothing on Linux or with the agent on this host (see
        O(agent_version)), or are ecs-init's own. So are a list of reserved ports that leaves out the agent's own, a
        proxy without the exceptions that the agent needs, and an external agent without a region.
    type: dict
    required: true
  allow_unknown:
    description:
      - Whether names are taken that this module does not know, such as that of a variable of a newer agent.
      - Their values are written as they are given, and treated as secrets.
    type: bool
    default: false
  path:
    description:
      - The absolute path of the file. A directory or a symbolic link is refused; a missing parent directory is made,
        with mode C(0755).
      - ecs-init reads C(/var/lib/ecs/ecs.config) first and then C(/etc/ecs/ecs.config), whose values win. With either
        path the other file is read too, and a warning says which declared variables it keeps from being what they are
        declared to be.
      - C(/etc/ecs/ecs.config) is refused on a host that fetches it from S3 (M(fleetkit.ecs.ecs_config_fetch)).
    type: path
    default: /etc/ecs/ecs.config
  backup:
    description:
      - Whether to keep the former file next to it, with the ending C(.fleetkit.ecs~), whenever its text changes. There
        is one, which the next change replaces.
    type: bool
    default: false
  agent_version:
    description:
      - The version of the agent that will read the file, such as V(1.80.0) or, as that of a package, V(1.80.0-1). A
        warning names every variable that needs a later one, such as C(ECS_ENABLE_TASK_IAM_ROLE) with 1.11.0.
      - Left out, it is that of the image in C(/var/cache/ecs) or of the agent that runs, whichever is newer. Where
        neither is there nothing is said.
    type: str
  move_cluster:
    description:
      - What happens where C(ECS_CLUSTER) is not the cluster that the agent has saved (in
        C(/var/lib/ecs/data/agent.db)). The agent compares the two as text, so a name and an ARN of the same cluster
        differ, and would exit for good.
      - V(false) refuses that, before anything is changed, and says what to do.
      - V(true) does what Amazon documents. It stops C(ecs.service), removes the saved state, writes the file and starts
        C(ecs.service), which registers the host as a new container instance. The old one stays in its cluster until it
        is deregistered (M(fleetkit.ecs.ecs_container_instance)).
    type: bool
    default: false
notes:
  - Run it as C(root), in check mode too, as the file is readable by C(root) alone.
seealso:
  - module: fleetkit.ecs.ecs_agent_info
  - name: Amazon ECS container agent configuration
    description: Amazon's description of the variables.
    link: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
  - name: The agent's own list of variables
    description: The README of amazon-ecs-agent.
    link: https://github.com/aws/amazon-ecs-agent/blob/master/README.md
"""

EXAMPLES = r"""
- name: Join a cluster, with task roles for all network modes and no instance metadata for awsvpc tasks
  fleetkit.ecs.ecs_agent_config:
    variables:
      ECS_CLUSTER: production
      ECS_ENABLE_TASK_IAM_ROLE: true
      ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST: true
      ECS_AWSVPC_BLOCK_IMDS: true
      ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION: 1h
      ECS_RESERVED_MEMORY: 256
      ECS_INSTANCE_ATTRIBUTES:
        rack: "7"
      ECS_RESERVED_PORTS: [22, 2375, 2376, 51678, 51679, 9100]

- name: Keep the registry's credentials out of every log
  fleetkit.ecs.ecs_agent_config:
    backup: true
    variables:
      ECS_CLUSTER: production
      ECS_ENGINE_AUTH_TYPE: docker
      ECS_ENGINE_AUTH_DATA:
        https://registry.example.com:
          username: puller
          password: "{{ registry_password | default('a-password-from-a-vault') }}"

- name: Move the host to another cluster, once its container instance in the present one is drained and deregistered
  fleetkit.ecs.ecs_agent_config:
    move_cluster: true
    variables:
      ECS_CLUSTER: staging

- name: A variable of an agent that is newer than this collection
  fleetkit.ecs.ecs_agent_config:
    allow_unknown: true
    variables:
      ECS_CLUSTER: staging
      ECS_SOMETHING_NEW: true

- name: Leave nothing of ours, and no cluster set by anybody
  fleetkit.ecs.ecs_agent_config:
    variables:
      ECS_CLUSTER: null
"""

RETURN = r"""
file:
  description: The path of the file.
  returned: success
  type: str
  sample: /etc/ecs/ecs.config
variables:
  description:
    - The variables that the file has after the run, as ecs-init reads them, whoever wrote them.
    - Values that are or may hold credentials, and those of unknown variables, are masked.
  returned: success
  type: dict
  sample:
    ECS_CLUSTER: production
    ECS_AWSVPC_BLOCK_IMDS: "true"
    ECS_ENGINE_AUTH_DATA: "********"
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
        - V(file_attributes) (owner and mode) is what is around the text.
        - V(agent_variable) is a variable. It is also updated when its line is taken over into the block.
        - V(block) is the block where all variables are right and only its form is not.
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
backup_file:
  description: The path of the former file's copy, or in check mode what it would be. Null where none was made.
  returned: success
  type: str
  sample: /etc/ecs/ecs.config.fleetkit.ecs~
"""

from functools import partial

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.apply import ConfigWriter, right_attributes
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.plan import plan_config
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.read import read_host
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.secrets import texts_to_mask, without_secrets
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.state import declared_version
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.validate import validated
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.read import refuse_fetched
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal, converge


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            # no_log keeps the values out of the journal and out of a complaint about the other arguments.
            "variables": {"type": "dict", "required": True, "no_log": True},
            "allow_unknown": {"type": "bool", "default": False},
            "path": {"type": "path", "default": "/etc/ecs/ecs.config"},
            "backup": {"type": "bool", "default": False},
            "agent_version": {"type": "str"},
            "move_cluster": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    path, variables = module.params["path"], module.params["variables"]
    # From here on only the secret ones are hidden: with all of them a result would be stars where it says "true".
    module.no_log_values = texts_to_mask(variables, path)
    module.params["variables"] = without_secrets(variables)
    try:
        refuse_fetched(path)
        desired = validated(variables, module.params["allow_unknown"])
        version = declared_version(module.params["agent_version"])
    except Refusal as refusal:
        module.fail_json(msg=str(refusal), changed=False, changes=[])
    options = {name: module.params[name] for name in ("move_cluster", "backup")}
    converge(
        module,
        read=partial(read_host, path, desired, version),
        plan=partial(plan_config, desired=desired, right=right_attributes(), **options),
        apply=ConfigWriter(module, path).apply,
    )


if __name__ == "__main__":
    main()
