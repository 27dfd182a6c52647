# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Install a package file by the distribution's own tool, which brings what it depends on from its repositories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change
from ansible_collections.fleetkit.ecs.plugins.module_utils._signed_package.model import State
from ansible_collections.fleetkit.ecs.plugins.module_utils._signed_package.plan import PackagePlan

# Another apt may hold the lock for a while after a boot (seconds). The host's own files stay, as with Ansible's module.
APT_OPTIONS = ("DPkg::Lock::Timeout=120", "Dpkg::Options::=--force-confdef", "Dpkg::Options::=--force-confold")
APT = ["apt-get", "--yes", *(f"--option={option}" for option in APT_OPTIONS), "install"]
# The file was verified with a keyring of ours. What it depends on is checked as its repository says.
DNF = ["dnf", "--assumeyes", "--setopt=localpkg_gpgcheck=False"]
ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


class Apply:
    def __init__(self, module: Any) -> None:
        self._module = module

    def __call__(self, plan: PackagePlan) -> Iterator[Change]:
        for change in plan.changes:
            words = command(plan.state)
            code, stdout, stderr = self._module.run_command(words, environ_update=ENVIRONMENT)
            if code:
                raise OSError(f"{words[0]}: {stderr.strip() or stdout.strip()}")
            yield change


def command(state: State) -> list[str]:
    if state.fetched.kind.name == "deb":
        return [*APT, *([] if state.newer else ["--allow-downgrades"]), state.fetched.path]
    return [*DNF, "install" if state.newer else "downgrade", state.fetched.path]
