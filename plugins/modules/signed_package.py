#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: signed_package
short_description: Installs a package from a URL if a trusted key has signed it
version_added: 0.1.0
description:
  - Fetches a C(.deb) or an RPM and its detached signature, as Amazon publishes them for the agents of Amazon ECS and
    AWS Systems Manager, verifies the signature, and installs the package with what it depends on.
  - The signature must be good and unexpired, by a key at one of O(signing_key_urls), whose fingerprint is among
    O(fingerprints). The keyring is the run's own, so no other key on the host can vouch for the package.
  - What was verified is what is installed. Nothing of what was fetched stays on the host.
  - Each run fetches the package, in check mode too. Where the version is known beforehand, ask the host for it first.
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.host
options:
  name:
    description: Name of the package. A URL that holds another one is refused.
    type: str
    required: true
  url:
    description: Where the package is.
    type: str
    required: true
  signature_suffix:
    description: What the URL of the signature has more than that of the package.
    type: str
    default: .asc
  signing_key_urls:
    description: Where the public keys are, as text or binary. All of them are read.
    type: list
    elements: str
    required: true
  fingerprints:
    description:
      - Fingerprints of the keys that are trusted, each 40 hexadecimal digits in capitals.
      - Keys are replaced from time to time. List the old and the new one for a while.
    type: list
    elements: str
    required: true
  version:
    description:
      - Version that the URL must hold, with its release (V(1.105.1-1)) or without (V(1.105.1)). It is installed even
        where the host has a newer one.
      - Left out, whatever the URL holds is installed unless the host has it or a newer one.
    type: str
    default: ""
requirements:
  - C(gpg) on the host. Check mode goes on without it, with a warning.
seealso:
  - module: ansible.builtin.apt
  - module: ansible.builtin.dnf
  - name: Installing the Amazon ECS container agent
    description: Amazon's description of the package and its signature.
    link: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-install.html
  - name: Verifying the signature of the SSM agent
    description: Amazon's description of the other one.
    link: https://docs.aws.amazon.com/systems-manager/latest/userguide/verify-agent-signature.html
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Install the agent of Amazon ECS as the role agent would
  fleetkit.ecs.signed_package:
    name: amazon-ecs-init
    # Amazon's is https://s3.REGION.amazonaws.com/amazon-ecs-agent-REGION/amazon-ecs-init-VERSION.ARCHITECTURE.deb
    url: "{{ agent_package_url }}"
    signing_key_urls: "{{ agent_signing_key_urls }}"
    fingerprints: "{{ agent_signing_key_fingerprints }}"

- name: Have this version, whether the host has an older or a newer one
  fleetkit.ecs.signed_package:
    name: amazon-ecs-init
    version: 1.105.1-1
    url: "{{ agent_package_url }}"
    signing_key_urls: "{{ agent_signing_key_urls }}"
    fingerprints: "{{ agent_signing_key_fingerprints }}"
"""

RETURN = r"""
name:
  description: Name of the package.
  returned: success
  type: str
  sample: amazon-ecs-init
version:
  description: The version that the host has after the run.
  returned: success
  type: str
  sample: 1.105.1-1
changes:
  description: What was changed, or in check mode what would be.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: V(create) for one that was not installed, V(update) for another version.
      type: str
    kind:
      description: Always V(package).
      type: str
    name:
      description: Name of the package.
      type: str
  sample:
    - action: create
      kind: package
      name: amazon-ecs-init
"""

import re
import tempfile
from functools import partial
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import converge
from ansible_collections.fleetkit.ecs.plugins.module_utils._signed_package.apply import Apply
from ansible_collections.fleetkit.ecs.plugins.module_utils._signed_package.model import Request
from ansible_collections.fleetkit.ecs.plugins.module_utils._signed_package.plan import plan_package
from ansible_collections.fleetkit.ecs.plugins.module_utils._signed_package.read import read_state

FINGERPRINT = re.compile("^[0-9A-F]{40}$")
LIST = {"type": "list", "elements": "str", "required": True}
SPEC = {
    "name": {"type": "str", "required": True},
    "url": {"type": "str", "required": True},
    "signature_suffix": {"type": "str", "default": ".asc"},
    "signing_key_urls": {**LIST, "no_log": False},
    "fingerprints": LIST,
    "version": {"type": "str", "default": ""},
}


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in module.params.items()}
    request = Request(**given)
    wrong = [fingerprint for fingerprint in request.fingerprints if not FINGERPRINT.match(fingerprint)]
    if wrong:
        module.fail_json(
            msg="fingerprints: a fingerprint is 40 hexadecimal digits in capitals, without spaces; "
            f"got {', '.join(wrong)}.",
            changed=False,
            changes=[],
        )
    with tempfile.TemporaryDirectory(prefix="fleetkit-ecs-") as scratch:
        converge(
            module,
            read=partial(read_state, module.run_command, request, Path(scratch), foresee=module.check_mode),
            plan=partial(plan_package, request=request),
            apply=Apply(module),
        )


if __name__ == "__main__":
    main()
