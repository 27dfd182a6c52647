#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_registration
short_description: Register a host with AWS Systems Manager as a managed instance, and never lose its identity
version_added: 0.1.0
description:
  - Registers an on-premises host with a hybrid activation, and lets the agent of AWS Systems Manager (the SSM agent)
    run with that registration, now and after a boot.
  - Whether the host is registered is read from the agent's own vault. A host that is registered in O(region) is left as
    it is, and takes no activation.
  - The agent writes an empty identity before it asks AWS for another one. So a registration that is there is copied
    aside first, readable by C(root) alone, and put back when the new one fails. If the run itself is cut off, the next
    one puts it back.
  - A host that was cloned from a registered one, or whose C(/etc/machine-id) was made anew, is recognised and refused
    with that reason, as AWS refuses its agent. Files that name another registration than the agent's are reported.
  - A SSM agent from a snap is recognised and used.
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.host
options:
  region:
    description:
      - Region of the managed instance, such as V(us-west-2). It must be that of the activation.
      - Needed unless O(state=absent).
    type: str
  activation_id:
    description:
      - Id of a hybrid activation with registrations left, from M(fleetkit.ecs.ssm_activation).
      - Needed where the host is to be registered. In check mode it may be left out, as it may not exist yet.
      - Amazon asks for another activation than the host was registered with before, see
        U(https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeregisterManagedInstance.html).
    type: str
  activation_code:
    description:
      - Code of that activation. Nothing that this module says, writes or logs has it in it.
      - The SSM agent takes it as an argument only, so for the seconds of a registration it is in the host's list of
        processes.
    type: str
  move:
    description:
      - Whether a host that is registered in another region is registered in O(region). If not, it is refused.
      - RV(left) is then to be deregistered.
    type: bool
    default: false
  force:
    description:
      - Whether to register the host whatever it is. Each run then uses up a registration, so set it for a single run.
      - It is the way for a clone to become itself, and for a host to change its account, or to get rid of a managed
        instance that was deregistered at AWS.
    type: bool
    default: false
  state:
    description:
      - V(absent) stops the agent, now and at boot, and removes the registration from the host, also what a clone or a
        run that did not end left, and the credentials that the agent wrote.
      - The managed instance stays at AWS until it is deregistered (M(fleetkit.ecs.ssm_managed_instance)). Do that
        first, as its id is then only in RV(left).
    type: str
    choices: [present, absent]
    default: present
  credential_profile:
    description:
      - With O(state=absent), the profile of C(/root/.aws/credentials) that the agent wrote to. It is removed only where
        it has temporary credentials, as the agent writes them; other profiles stay.
    type: str
    default: default
notes:
  - Run it as C(root), in check mode too, as the vault is readable by C(root) alone.
  - A proxy that M(fleetkit.ecs.ssm_agent_config) gave to the agent is used for the registration too.
seealso:
  - module: fleetkit.ecs.ecs_anywhere_info
  - module: fleetkit.ecs.ssm_agent_config
  - name: Register a managed node
    description: Amazon's description of the registration.
    link: https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-multicloud-ssm-agent-install-linux.html
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Register the host, once
  fleetkit.ecs.ssm_registration:
    region: us-west-2
    activation_id: "{{ activation_id }}"
    activation_code: "{{ activation_code }}"
  register: registration

- name: Say who it is
  ansible.builtin.debug:
    msg: "{{ registration.managed_instance_id }}"

- name: Move it to another region, or leave it where it is there already
  fleetkit.ecs.ssm_registration:
    region: us-west-2
    activation_id: "{{ activation_id }}"
    activation_code: "{{ activation_code }}"
    move: true

- name: The host is no managed instance any more
  fleetkit.ecs.ssm_registration:
    state: absent
"""

RETURN = r"""
managed_instance_id:
  description:
    - The managed instance that the host is. In check mode the one that it is before the run, if any, as a new one is
      given by AWS.
  returned: success
  type: str
  sample: mi-0123456789abcdef0
region:
  description: The region of the managed instance. Null with O(state=absent).
  returned: success
  type: str
  sample: us-west-2
registered:
  description: Whether the host is registered after the run, or in check mode would be.
  returned: success
  type: bool
  sample: true
left:
  description:
    - The managed instance that the host was before it was registered again, or before it was removed. It stays at AWS
      until it is deregistered.
    - Null where there is none, and for a clone, as it is another machine's.
  returned: success
  type: dict
  contains:
    managed_instance_id:
      description: Its id.
      type: str
    region:
      description: Its region.
      type: str
  sample: null
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
      description:
        - V(registration) is a registration in the region RV(changes[].name).
        - V(former_registration) and V(registration_copy) are what a run left that was cut off. It is put back, and the
          copy removed.
        - V(service) is the agent's service.
        - V(credentials) are those that the agent wrote.
      type: str
    name:
      description: The region, the managed instance or the service.
      type: str
  sample:
    - action: create
      kind: registration
      name: us-west-2
    - action: update
      kind: service
      name: amazon-ssm-agent.service
"""

from functools import partial

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal, converge
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.apply import Writer
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.plan import plan_registration

SPEC = {
    "region": {"type": "str"},
    "activation_id": {"type": "str", "no_log": True},
    "activation_code": {"type": "str", "no_log": True},
    "move": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "credential_profile": {"type": "str", "default": "default"},
}


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True, required_if=[("state", "present", ["region"])])
    try:
        request = parse.request(module.params)
    except Refusal as refusal:
        module.fail_json(msg=str(refusal), changed=False, changes=[])
    writer = Writer(module, request)
    converge(
        module,
        read=writer.read,
        plan=partial(plan_registration, request=request, check_mode=module.check_mode),
        apply=writer.apply,
        extras=lambda: {"managed_instance_id": writer.managed_instance_id()},
    )


if __name__ == "__main__":
    main()
