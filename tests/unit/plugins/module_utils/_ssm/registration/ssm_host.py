# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A directory that is a host with an SSM agent, as far as its files go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.read import Places

MACHINE = "0123456789abcdef0123456789abcdef"
# As the real one: the vault is written before AWS is asked, and an exit code says no more than that it failed.
PROGRAM = """#!/bin/sh
echo "$@" >> {root}/arguments
store={root}/var/lib/amazon/ssm/Vault/Store
mkdir -p $store
echo '{{"instanceID": "", "region": "", "privateKey": "new"}}' > $store/RegistrationKey
echo '{{"RegistrationKey": "/var/lib/amazon/ssm/Vault/Store/RegistrationKey"}}' > $store/../Manifest
echo 'Error occurred fetching the seelog config file path'
if [ -n "{error}" ]; then
  echo "13:00:00 ERROR Registration failed due to {error}: $*"
  exit 1
fi
echo '{{"instanceID": "{instance}", "region": "us-west-2", "privateKey": "new"}}' > $store/RegistrationKey
echo '{{"ManagedInstanceID": "{instance}", "Region": "us-west-2"}}' > {root}/var/lib/amazon/ssm/registration
echo "13:00:00 INFO Successfully registered the instance with AWS SSM using Managed instance-id: {instance}"
"""


class SsmHost:
    """The directory, and what tests put there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.places = Places(root)
        self.write("etc/machine-id", f"{MACHINE}\n")

    def write(self, name: str, content: Any) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def install(self, instance: str = "mi-00000000000000001", error: str = "", path: str = "usr/bin/amazon-ssm-agent"):
        program = PROGRAM.format(root=self.root, instance=instance, error=error)
        self.write(path, program).chmod(0o755)

    def vault(self, instance="mi-0123456789abcdef0", region="us-west-2", key="old", listed=True, machine=MACHINE):
        store = "var/lib/amazon/ssm/Vault/Store"
        self.write(f"{store}/RegistrationKey", {"instanceID": instance, "region": region, "privateKey": key})
        self.write(f"{store}/InstanceFingerprint", {"fingerprint": "f", "hardwareHash": {"machine-id": f"{machine}\n"}})
        manifest = {"RegistrationKey": f"/{store}/RegistrationKey"} if listed else {}
        self.write("var/lib/amazon/ssm/Vault/Manifest", manifest)

    def files(self) -> dict[str, str]:
        """Everything of the agent's data, by name."""
        data = self.root / "var/lib/amazon"
        return {str(path.relative_to(data)): path.read_text() for path in data.rglob("*") if path.is_file()}


class Module:
    """As much of AnsibleModule as is needed: systemctl, as systemd would answer."""

    def __init__(self, active: str = "active", enabled: str = "enabled") -> None:
        self.commands: list[str] = []
        self.shown = f"ActiveState={active}\nUnitFileState={enabled}\n"

    def run_command(self, command: list[str]) -> tuple[int, str, str]:
        self.commands.append(" ".join(command[1:]))
        return 0, self.shown if command[1] == "show" else "", ""
