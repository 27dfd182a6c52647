#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_agent_service
short_description: Run the Amazon ECS container agent now and at every boot
version_added: 0.1.0
description:
  - Enables C(ecs.service), starts or restarts it, and waits until the agent has registered with its cluster, all in one
    run on the host. Where it does not start or register, it fails with the last lines of the agent's log and of the
    service's journal.
  - The service is that of Amazon's package or one that runs the agent's container. In check mode it need not be there.
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.host
options:
  state:
    description:
      - V(started) starts the service where it does not run. V(restarted) restarts it, which is a change in every run.
    type: str
    choices: [started, restarted]
    default: started
  stop_at_exit_5:
    description:
      - Whether to have systemd leave an agent stopped that exits with 5, its word for a state in which it can never
        work, such as another cluster than the one that it has saved. Amazon's .deb would start it again for ever, its
        RPM does not.
      - The drop-in that says so counts at the next exit, so an agent that runs is not restarted for it. V(false) leaves
        what is there.
    type: bool
    default: false
  wait_timeout:
    description: How many seconds to wait at most until a started agent has registered.
    type: int
    default: 120
attributes:
  idempotent:
    support: partial
    details: V(restarted) restarts the service in every run.
seealso:
  - module: fleetkit.ecs.ecs_agent_config
  - module: fleetkit.ecs.ecs_agent_info
  - name: systemd.service
    description: RestartPreventExitStatus and the other settings of a service.
    link: https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Run the agent now and at every boot
  fleetkit.ecs.ecs_agent_service:

- name: Let it stop for good where it says that it can never work
  fleetkit.ecs.ecs_agent_service:
    stop_at_exit_5: true

- name: Restart it, and go on once it has registered
  fleetkit.ecs.ecs_agent_service:
    state: restarted
    wait_timeout: 60
"""

RETURN = r"""
changes:
  description: What was changed, or in check mode would be.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: C(create) or C(update) of the drop-in, C(start) or C(restart) of the service.
      type: str
    kind:
      description: C(drop_in) or C(service).
      type: str
    name:
      description: Path of the drop-in, or name of the service.
      type: str
  sample:
    - action: restart
      kind: service
      name: ecs.service
"""

from functools import partial

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.service import (
    Request,
    Service,
    plan_service,
    read_service,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import converge

SPEC = {
    "state": {"type": "str", "choices": ["started", "restarted"], "default": "started"},
    "stop_at_exit_5": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 120},
}


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    timeout = module.params.pop("wait_timeout")
    converge(
        module,
        read=partial(read_service, module),
        plan=partial(plan_service, request=Request(**module.params)),
        apply=Service(module, timeout).apply,
    )


if __name__ == "__main__":
    main()
