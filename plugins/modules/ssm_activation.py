#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_activation
short_description: A hybrid activation of Systems Manager, with which servers register
version_added: 0.1.0
description:
  - Creates an activation, keeps its code, uses it again while it is of use, replaces it in time, and deletes it.
  - Amazon shows the code of an activation once, when it is created. This module puts it into a store (O(code_file) or
    O(code_parameter)) and finds it there again. With C(no_log) on the task, the registered result has it as well, from
    the store too. Without C(no_log) it is in no result, and neither is the id, as both together register a server.
  - Without a store nothing can be found again, so each run creates an activation. Run it then only where a server needs
    one, once per play. It refuses to do so without C(no_log), as the code would be either lost or shown.
  - An activation is found by its tags, which must be exactly these. It is used again while its code is in the store, it
    does not expire within O(rotate_before), enough registrations are left, and its role and O(default_instance_name)
    are as asked for. Systems Manager lets nothing of an activation be changed, so otherwise there is a new one.
  - A new one has the store. Then those of these tags are deleted that have expired, are used up, or have another role
    or O(default_instance_name). One that merely expires soon is left to servers that are about to register.
  - Deleting an activation leaves the servers that have registered with it.
  - A server that registers again must use another activation than it did before, so give such a server one without a
    store.
  - What this costs in API calls, with a code to use again. One with O(code_file), two with O(code_parameter). A new
    activation costs one more for each 50 activations in the region, one to create it, one to put the code into
    O(code_parameter), and one for each that is deleted.
  - The caller needs C(ssm:CreateActivation), C(ssm:DescribeActivations) and C(ssm:DeleteActivation) on C(*), and
    C(iam:PassRole) on the role. O(code_parameter) takes C(ssm:GetParameter), C(ssm:PutParameter) and
    C(ssm:DeleteParameter) on the parameter.
  - See U(https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-activation-managed-nodes.html) and
    U(https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateActivation.html).
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.aws
  - fleetkit.ecs._assume_role
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  idempotent:
    support: partial
    details: With a store. Without one each run creates an activation.
options:
  tags:
    description:
      - All tags of the activation, as a map of strings, at least one. They say which activation it is.
      - Servers that register with it get them, too.
    type: dict
    required: true
  role:
    description:
      - The role that registered servers get, by name or ARN. It must trust C(ssm.amazonaws.com), as C(ecsAnywhereRole)
        of role P(fleetkit.ecs.iam#role) does. A service-linked role is refused.
      - Needed unless O(state=absent).
    type: str
  registration_limit:
    description:
      - How many servers may register with a new activation, from 1 to 1000. Deregistering a server does not give its
        registration back.
    type: int
    default: 1
  registrations_needed:
    description:
      - How many registrations must be left. An activation with fewer is replaced.
      - In a play this is the number of hosts that have yet to register.
    type: int
    default: 1
  expires_in:
    description: Hours after which a new activation expires, from 1 to 720, which is Amazon's limit of 30 days.
    type: int
    default: 24
  rotate_before:
    description: Hours before its expiry from which an activation is replaced. Less than O(expires_in).
    type: int
    default: 1
  default_instance_name:
    description:
      - Name that servers have in Systems Manager once they have registered, at most 256 letters, digits, spaces and
        characters of C(_.:/=+-@).
    type: str
    default: ""
  description:
    description: Text that a new activation has in Systems Manager, at most 256 characters.
    type: str
    default: ""
  code_file:
    description:
      - Absolute path of a file that keeps id and code, on the system that the task runs on, in a directory that is
        there. It is written in one step, with mode 0600 and the task's user as its owner. A file that others may read
        is put right.
      - It has a JSON object of two members, C(activation_id) and C(activation_code). A file that has something else is
        refused.
    type: path
  code_parameter:
    description:
      - Name of a parameter of Systems Manager that keeps them, as the same JSON in a C(SecureString) of the account's
        key C(alias/aws/ssm), in the region of the activation.
      - A parameter that has something else is refused.
    type: str
  state:
    description:
      - V(absent) deletes all activations that have exactly these tags, and what is in the store.
    type: str
    choices: [present, absent]
    default: present
  wait_timeout:
    description:
      - How many seconds to wait at most until Systems Manager can assume a role that has just been created.
      - A role that does not exist, or does not trust Systems Manager, looks the same, and is an error after it.
    type: int
    default: 60
seealso:
  - module: fleetkit.ecs.ssm_managed_instance
  - module: fleetkit.ecs.ssm_managed_instance_info
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: The role that servers get
  fleetkit.ecs.iam_role:
    name: ecsAnywhereRole
    trust: "{{ lookup('fleetkit.ecs.policy', 'trust_ssm', account_id='123456789012', region='us-west-2') }}"
    inline_policies:
      ecs-least-privilege: "{{ lookup('fleetkit.ecs.policy', 'external_instance', clusters=['production']) }}"

- name: An activation for the servers of the shops, whose code is in an encrypted parameter
  fleetkit.ecs.ssm_activation:
    role: ecsAnywhereRole
    tags:
      fleet: shops
    registration_limit: 20
    expires_in: 168
    rotate_before: 24
    code_parameter: /fleetkit/activations/shops

- name: The same, with the code for the tasks to come and in no output
  fleetkit.ecs.ssm_activation:
    role: arn:aws:iam::123456789012:role/ecsAnywhereRole
    tags:
      fleet: shops
    code_parameter: /fleetkit/activations/shops
  register: activation
  no_log: true

- name: One for this play alone, kept nowhere
  fleetkit.ecs.ssm_activation:
    role: ecsAnywhereRole
    tags:
      fleet: depots
    expires_in: 2
  register: once
  no_log: true

- name: Nobody registers with them any more
  fleetkit.ecs.ssm_activation:
    tags:
      fleet: shops
    code_parameter: /fleetkit/activations/shops
    state: absent
"""

RETURN = r"""
activation:
  description:
    - The activation as it is after the run, or in check mode as it would be. Null with O(state=absent).
    - Without its id, which is half of what registers a server.
  returned: success
  type: dict
  contains:
    role:
      description: Name of the role that servers get.
      type: str
    registration_limit:
      description: How many servers may register with it.
      type: int
    registrations_count:
      description: How many have.
      type: int
    default_instance_name:
      description: Name that servers get.
      type: str
    description:
      description: Text.
      type: str
    tags:
      description: All of its tags.
      type: dict
  sample:
    role: ecsAnywhereRole
    registration_limit: 20
    registrations_count: 3
    default_instance_name: ""
    description: ""
    tags: {"fleet": "shops"}
reason:
  description: Why there is a new activation. Null when there is none.
  returned: success
  type: str
  sample: it expires within 24 hours (rotate_before)
expiration_date:
  description: When it expires. Null in check mode for an activation that is not there yet.
  returned: success
  type: str
  sample: "2026-12-01T09:30:00Z"
activation_id:
  description: Its id. Null in check mode for an activation that is not there yet, as only Amazon knows.
  returned: when the task has C(no_log=true)
  type: str
activation_code:
  description: Its code. Null in check mode for an activation that is not there yet, as only Amazon knows.
  returned: when the task has C(no_log=true)
  type: str
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
      description: One of V(activation) and V(activation_code).
      type: str
    name:
      description:
        - Tags of the activation, and of one that is deleted when it was created. Of a code the file or parameter.
      type: str
  sample:
    - action: create
      kind: activation
      name: fleet=shops
    - action: update
      kind: activation_code
      name: /fleetkit/activations/shops
    - action: delete
      kind: activation
      name: fleet=shops of 2026-11-24T09:30:00Z
waited:
  description: Seconds that it waited.
  returned: always
  type: float
  sample: 0.0
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"GetParameter": 1, "DescribeActivations": 1}
"""

import time
from functools import partial

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.write import Patience
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.apply import Writer
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.plan import plan_activation
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.read import Reader
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.store import store_of

SPEC = {
    "tags": {"type": "dict", "required": True},
    "role": {"type": "str"},
    "registration_limit": {"type": "int", "default": 1},
    "registrations_needed": {"type": "int", "default": 1},
    "expires_in": {"type": "int", "default": 24},
    "rotate_before": {"type": "int", "default": 1},
    "default_instance_name": {"type": "str", "default": ""},
    "description": {"type": "str", "default": ""},
    "code_file": {"type": "path"},
    "code_parameter": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "wait_timeout": {"type": "int", "default": 60},
}


def main():
    module = AwsModule(
        argument_spec=SPEC,
        required_if=[("state", "present", ["role"])],
        mutually_exclusive=[("code_file", "code_parameter")],
    )
    with module.refusing():
        request = parse.request(module.params, module.is_no_log)

    def hide(secret):
        if not module.is_no_log:
            module.hide(secret.activation_id, secret.activation_code)

    ssm = module.client("ssm")
    reader = Reader(ssm, store_of(module.params, ssm), time.time, hide)
    writer = Writer(reader, Patience(module.params["wait_timeout"], module.log), hide)
    module.converge(
        read=partial(reader.facts, request),
        plan=partial(plan_activation, request=request),
        apply=writer.apply,
        extras=lambda: {**writer.learned(request, module.is_no_log), "waited": round(writer.patience.waited, 1)},
    )


if __name__ == "__main__":
    main()
