#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_anywhere_info
short_description: What an on-premises host has, and lacks, for Amazon ECS Anywhere
version_added: 0.1.0
description:
  - Looks for Docker, for the agent of AWS Systems Manager (the SSM agent), at its registration, and for credentials
    that would keep the ECS agent from registering. It changes nothing.
  - Whether the host is registered is read from the SSM agent's own vault, C(/var/lib/amazon/ssm/Vault), as that is all
    that the agent itself goes by. A managed instance that was deregistered at AWS is still V(registered) here.
extends_documentation_fragment:
  - fleetkit.ecs._attributes.read_only
  - fleetkit.ecs._attributes.host
options:
  credential_profile:
    description: The profile of C(/root/.aws/credentials) that the SSM agent is to write to.
    type: str
    default: default
seealso:
  - module: fleetkit.ecs.ssm_registration
  - name: External instances (Amazon ECS Anywhere)
    description: What Amazon asks of an on-premises host.
    link: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html
notes:
  - Run it as C(root), as the vault is readable by C(root) alone.
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Look at the host
  fleetkit.ecs.ecs_anywhere_info:
  register: host

- name: Say what it is
  ansible.builtin.debug:
    msg: "{{ host.managed_instance_id if host.registration == 'registered' else host.notes }}"
"""

RETURN = r"""
families:
  description: The distribution by its names in C(os-release), first its C(ID), then those of C(ID_LIKE).
  returned: success
  type: list
  elements: str
  sample: [ubuntu, debian]
distribution_version:
  description: The distribution's C(VERSION_ID). Empty where it has none.
  returned: success
  type: str
  sample: "24.04"
architecture:
  description: The architecture by the kernel's name for it.
  returned: success
  type: str
  sample: x86_64
docker:
  description: Whether there is a Docker.
  returned: success
  type: bool
  sample: true
ecs_exec:
  description: Whether what ECS Exec puts into containers is where the ECS agent looks for it.
  returned: success
  type: bool
  sample: true
ca_bundle:
  description: The file with the certificates of the authorities that the host trusts. Null where none is known.
  returned: success
  type: str
  sample: /etc/ssl/certs/ca-certificates.crt
gpg:
  description: Whether there is C(gpg), which checks the signatures of packages.
  returned: success
  type: bool
  sample: true
ssm_agent:
  description: What the SSM agent was installed from, V(package) or V(snap). Null where it is not installed.
  returned: success
  type: str
  sample: package
ssm_agent_version:
  description: Version of the SSM agent's package. Null where it is not from one.
  returned: success
  type: str
  sample: 3.3.1142.0-1
service:
  description: Whether the SSM agent runs, and whether it starts at boot.
  returned: success
  type: dict
  contains:
    running:
      description: Whether it runs.
      type: bool
    enabled:
      description: Whether it starts at boot.
      type: bool
  sample: {"running": true, "enabled": true}
registration:
  description:
    - V(registered) has a managed instance in the SSM agent's vault.
    - V(unregistered) has none.
    - V(cloned) has one that another machine registered, as RV(notes) explain.
    - V(interrupted) was left by a run of M(fleetkit.ecs.ssm_registration) that did not end. The next run puts it right.
  returned: success
  type: str
  sample: registered
managed_instance_id:
  description:
    - The managed instance that the host is, or (V(cloned)) takes itself for, or (V(interrupted)) will be again.
    - Null where there is none.
  returned: success
  type: str
  sample: mi-0123456789abcdef0
region:
  description: The region of the managed instance.
  returned: success
  type: str
  sample: us-west-2
notes:
  description: What looks like a registration and is none, and why, in sentences.
  returned: success
  type: list
  elements: str
  sample: []
earlier_credentials:
  description:
    - Credentials that the ECS agent would find before those of the managed instance, or that the SSM agent would
      overwrite, each with what to do about it.
    - They are looked for only where the host is not V(registered).
  returned: success
  type: list
  elements: str
  sample: []
"""

import os
import shlex
import shutil
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.apply import runner
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.credential_sources import (
    earlier_sources,
    instance_role,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.model import REGISTERED
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.read import Places, read_host

NAME = "amazon-ssm-agent"
# Of Debian, Red Hat and Amazon Linux, and SUSE.
CA_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")
EXEC = Path("/var/lib/ecs/deps/execute-command")
PACKAGE_QUERIES = {
    "dpkg-query": ["--show", "--showformat=${db:Status-Status} ${Version}", NAME],
    "rpm": ["--query", "--queryformat", "installed %{VERSION}-%{RELEASE}", NAME],
}


def package_version(module: AnsibleModule) -> str | None:
    """The version of the package, by whichever package manager has it."""
    for program, arguments in PACKAGE_QUERIES.items():
        if shutil.which(program):
            code, out, _err = module.run_command([program, *arguments])
            status, _space, version = out.partition(" ")
            if code == 0 and status == "installed":
                return version.strip()
    return None


def os_release() -> dict[str, str]:
    """See C(man os-release): assignments as a shell takes them."""
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    return dict(pair.split("=", 1) for pair in shlex.split(text, comments=True))


def has_ecs_exec() -> bool:
    """The programs of some version, and the certificates."""
    versions = [path.parent for path in EXEC.glob("bin/*/ssm-session-worker")]
    programs = [all((version / name).exists() for name in (NAME, "ssm-agent-worker")) for version in versions]
    return any(programs) and (EXEC / "certs" / "tls-ca-bundle.pem").exists()


def main() -> None:
    module = AnsibleModule(
        {"credential_profile": {"type": "str", "default": "default"}},
        supports_check_mode=True,
    )
    places = Places()
    try:
        host, distribution = read_host(runner(module), places), os_release()
    except OSError as error:
        module.fail_json(msg=f"Could not read the present state: {error}")
    settled, known = host.status == REGISTERED, host.identity or host.former
    sources = [] if settled else earlier_sources(module.params["credential_profile"], places, instance_role)
    module.exit_json(
        changed=False,
        families=f"{distribution['ID']} {distribution.get('ID_LIKE', '')}".split(),
        distribution_version=distribution.get("VERSION_ID", ""),
        architecture=os.uname().machine,
        docker=bool(shutil.which("docker")),
        ecs_exec=has_ecs_exec(),
        ca_bundle=next((path for path in CA_BUNDLES if Path(path).exists()), None),
        gpg=bool(shutil.which("gpg")),
        ssm_agent=host.agent.source,
        ssm_agent_version=package_version(module) if host.agent.source == "package" else None,
        service={"running": host.agent.running, "enabled": host.agent.enabled},
        registration=host.status,
        managed_instance_id=known.instance_id if known else None,
        region=known.region if known else None,
        notes=[*([host.cloned] if host.cloned else []), *host.notes],
        earlier_credentials=list(sources),
    )


if __name__ == "__main__":
    main()
