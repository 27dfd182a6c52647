# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What a host has: its tables, what stands beside them, the persisted sets and their unit. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter import beside, ecs_init, persist
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import (
    Beside,
    Docker,
    File,
    Host,
    Kernel,
    Place,
    RuleSet,
    Unit,
)

TOOLS = {"ipv4": "iptables", "ipv6": "ip6tables"}
FAMILIES = {"ipv4": "-4", "ipv6": "-6"}


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
    declared = {rule.place.ip_version for rule in wanted.rules}
    ip_versions = read_ip_versions(commands, declared)
    chains = read_chains(commands, ip_versions)
    files = {path: file for path in persist.paths(wanted.name).values() if (file := _file(Path(path)))}
    others = read_sets()
    had = others.pop(wanted.name, Beside())
    units = read_units(commands, persist.UNIT, "docker.service", "systemd-networkd.service")
    docker_active = _active(units, "docker.service")
    lacks = not all(place in chains for place in {rule.place for rule in wanted.rules} if place.made_by_docker)
    return Host(
        chains=chains,
        ip_versions=frozenset(ip_versions),
        kernel=_kernel(commands, ip_versions, (had, wanted.beside)),
        files=files,
        unit=_unit(units[persist.UNIT]) if units else None,
        had=had,
        others=others,
        docker=read_docker(commands, docker_active, look_for_nftables=docker_active and lacks),
        ecs_init=Path(ecs_init.PROGRAM).exists(),
        networkd=_active(units, "systemd-networkd.service") or _enabled(units, "systemd-networkd.service"),
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


def read_ip_versions(commands: Commands, declared: Iterable[str] = ()) -> list[str]:
    """The IP versions to look at: the host's own, whether rules for them are declared or left over."""
    kernel = [version for version in TOOLS if version == "ipv4" or Path("/proc/sys/net/ipv6").is_dir()]
    tools = {version: commands.find(f"{TOOLS[version]}-save") for version in kernel}
    for version in {*declared} & {*kernel}:
        if tools[version] is None:
            raise Refusal(f"{TOOLS[version]} is not installed on this host: install the package iptables")
    return [version for version in kernel if tools[version]]


def read_docker(commands: Commands, active: bool, look_for_nftables: bool) -> Docker:
    """What Docker has in the backend that iptables on this host is not, and in nftables itself."""
    program = commands.find("iptables")
    other = "legacy" if program and "nft" in Path(program).resolve().name else "nft"
    elsewhere = False
    if commands.find(f"iptables-{other}-save") and (other == "nft" or _has_legacy_tables()):
        saved = parse_save("ipv4", commands.run(f"iptables-{other}-save"))
        elsewhere = any(place.made_by_docker for place in saved)
    nftables = False
    if look_for_nftables and commands.find("nft"):
        nftables = "docker-bridges" in commands.run("nft", "list", "tables")
    return Docker(active, other if elsewhere else "", nftables)


def _has_legacy_tables() -> bool:
    """The kernel says so for nothing: the program would load its modules."""
    names = Path("/proc/net/ip_tables_names")
    return names.exists() and bool(names.read_text(encoding="ascii").strip())


def _kernel(commands: Commands, ip_versions: Iterable[str], besides: Iterable[Beside]) -> Kernel:
    """No process for what no set asks for."""
    besides = tuple(besides)
    prohibited = {ip_version for each in besides for ip_version, _address in each.prohibited}
    names = {name for each in besides for name, _value in each.sysctls}
    routes = any(each.loopback_routes for each in besides)
    return Kernel(
        routing_rules={version: read_routing_rules(commands, version) for version in prohibited & {*ip_versions}},
        sysctls={name: _sysctl(name) for name in names},
        defaults={name: _sysctl(_default_of(name)) or "0" for name in names},
        routes=tuple(line.split()[0] for line in commands.run("ip", "-4", "route", "show").splitlines())
        if routes
        else (),
    )


def read_routing_rules(commands: Commands, ip_version: str) -> tuple[str, ...]:
    """Priority and words of each, as they are given to C(ip rule add pref)."""
    lines = commands.run("ip", FAMILIES[ip_version], "rule", "show").replace(" [unresolved]", "").splitlines()
    return tuple(" ".join(line.replace(":\tfrom all", "", 1).split()) for line in lines)


def _sysctl(name: str) -> str | None:
    try:
        return Path("/proc/sys", *name.split(".")).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None


def _default_of(name: str) -> str:
    net, family, conf, _interface, key = name.split(".")
    return ".".join((net, family, conf, "default", key))


def _file(path: Path) -> File | None:
    try:
        state = path.stat()
        return File(path.read_text(encoding="utf-8", errors="replace"), state.st_mode & 0o7777, state.st_uid)
    except FileNotFoundError:
        return None


def read_sets() -> dict[str, Beside]:
    """What every persisted set has beside its rules."""
    files = sorted(Path(persist.RULES_DIRECTORY).glob("*.rules"))
    return {path.stem: beside.from_text(path.read_text(encoding="utf-8", errors="replace")) for path in files}


def read_units(commands: Commands, *names: str) -> dict[str, dict[str, str]]:
    """What systemd knows of units, in one call; nothing where it does not run."""
    if not Path("/run/systemd/system").is_dir():
        return {}
    properties = "--property=Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,After"
    shown = commands.run("systemctl", "show", properties, *names)
    blocks = [dict(line.split("=", 1) for line in block.splitlines()) for block in shown.strip().split("\n\n")]
    return {block["Id"]: block for block in blocks}


def _active(units: Mapping[str, Mapping[str, str]], name: str) -> bool:
    return units.get(name, {}).get("ActiveState") == "active"


def _enabled(units: Mapping[str, Mapping[str, str]], name: str) -> bool:
    return units.get(name, {}).get("UnitFileState") == "enabled"


def _unit(state: Mapping[str, str]) -> Unit:
    return Unit(
        enabled=state["UnitFileState"] == "enabled",
        active=state["ActiveState"] == "active",
        stale=state["NeedDaemonReload"] == "yes",
    )
