# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What a host has: the tables of both IP versions, the persisted set's files and its unit. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter import persist
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import File, Host, Place, RuleSet, Unit

TOOLS = {"ipv4": "iptables", "ipv6": "ip6tables"}


class CommandError(Exception):
    """A program of the host failed; the sentence is the program's own."""


class Commands:
    """Runs programs of the host through an AnsibleModule, in English."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def find(self, program: str) -> str | None:
        found: str | None = self._module.get_bin_path(program)
        return found

    def run(self, program: str, *arguments: str, data: str | None = None) -> str:
        path = self.find(program)
        if path is None:
            raise CommandError(f"{program} is not installed")
        english = {"LC_ALL": "C", "LANG": "C"}
        rc, out, err = self._module.run_command(
            [path, *arguments], data=data, environ_update=english, handle_exceptions=False
        )
        if rc:
            raise CommandError((err or out).strip() or f"{program} ended with {rc}")
        return str(out)


def read_host(commands: Commands, wanted: RuleSet) -> Host:
    ip_versions = _ip_versions(commands, {rule.place.ip_version for rule in wanted.rules})
    return Host(
        chains=read_chains(commands, ip_versions),
        ip_versions=frozenset(ip_versions),
        files={path: file for path in persist.paths(wanted.name).values() if (file := _file(Path(path)))},
        unit=read_unit(commands, persist.unit_name(wanted.name)),
        other_sets=frozenset(path.stem for path in Path(persist.RULES_DIRECTORY).glob("*.rules")) - {wanted.name},
    )


def read_chains(commands: Commands, ip_versions: Iterable[str]) -> dict[Place, tuple[str, ...]]:
    """One process for each IP version gives all of its tables."""
    chains: dict[Place, tuple[str, ...]] = {}
    for ip_version in ip_versions:
        chains.update(parse_save(ip_version, commands.run(f"{TOOLS[ip_version]}-save")))
    return chains


def parse_save(ip_version: str, text: str) -> Mapping[Place, tuple[str, ...]]:
    """What iptables-save prints, as rules by chain. Pure."""
    chains: dict[Place, tuple[str, ...]] = {}
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":"):
            chains[Place(ip_version, table, line[1:].split()[0])] = ()
        elif line.startswith("-A "):
            _option, chain, *rule = line.split(" ", 2)
            chains[Place(ip_version, table, chain)] += (" ".join(rule),)
    return chains


def _ip_versions(commands: Commands, declared: set[str]) -> list[str]:
    """The IP versions to look at: the host's own, whether rules for them are declared or left over."""
    kernel = [version for version in TOOLS if version == "ipv4" or Path("/proc/sys/net/ipv6").is_dir()]
    tools = {version: commands.find(f"{TOOLS[version]}-save") for version in kernel}
    for version in declared.intersection(kernel):
        if tools[version] is None:
            raise Refusal(f"{TOOLS[version]} is not installed on this host: install the package iptables")
    return [version for version in kernel if tools[version]]


def _file(path: Path) -> File | None:
    try:
        state = path.stat()
        return File(path.read_text(encoding="utf-8", errors="replace"), state.st_mode & 0o7777, state.st_uid)
    except FileNotFoundError:
        return None


def read_unit(commands: Commands, name: str) -> Unit | None:
    if not Path("/run/systemd/system").is_dir():
        return None
    shown = commands.run("systemctl", "show", "--property=UnitFileState,ActiveState,NeedDaemonReload", name)
    state = dict(line.split("=", 1) for line in shown.splitlines())
    return Unit(
        enabled=state["UnitFileState"] == "enabled",
        active=state["ActiveState"] == "active",
        stale=state["NeedDaemonReload"] == "yes",
    )
