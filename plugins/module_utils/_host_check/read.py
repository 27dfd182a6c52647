# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What the checks need to know of a host, and no more. Nothing is changed."""

from __future__ import annotations

import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent import introspection
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import effective
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.read import FILES
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.state import SERVICE
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check import engine, probe
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.model import (
    Host,
    Packets,
    Registration,
    Space,
    Wanted,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.network import (
    CREDENTIALS,
    DOCKER_USER,
    METADATA,
    Facts,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter import ecs_init, persist
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.read import (
    Commands,
    read_chains,
    read_docker,
    read_ip_versions,
    read_routing_rules,
    read_sets,
    read_units,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.read import PROGRAMS, Places, identity_of

_ROUTE_LOCALNET = Path("/proc/sys/net/ipv4/conf/all/route_localnet")
_SECONDS = 2
_SAVED_RULES = (
    "/etc/iptables/rules.v4",
    "/etc/iptables/rules.v6",
    "/etc/sysconfig/iptables",
    "/etc/sysconfig/ip6tables",
)
_PACKETS = {"task_credentials", "imds_closed", "imds_open"}
# The places of instance ids that ask nobody: Nitro's firmware, and cloud-init.
_INSTANCE_ID = ("/sys/class/dmi/id/board_asset_tag", "/var/lib/cloud/data/instance-id")


def read_facts(commands: Commands) -> Facts:
    units = read_units(commands, "ecs.service", "docker.service", persist.UNIT)
    ip_versions = read_ip_versions(commands)
    chains, sets = read_chains(commands, ip_versions), read_sets()
    prohibited = {ip_version for each in sets.values() for ip_version, _address in each.prohibited}
    docker_active = units.get("docker.service", {}).get("ActiveState") == "active"
    facts = Facts(
        chains=chains,
        units=units,
        docker=read_docker(commands, docker_active, docker_active and DOCKER_USER not in chains),
        sets=sets,
        routing_rules={version: read_routing_rules(commands, version) for version in prohibited & {*ip_versions}},
        route_localnet=_ROUTE_LOCALNET.read_text(encoding="ascii").strip(),
        ecs_init=Path(ecs_init.PROGRAM).exists(),
    )
    agent = facts.state("ecs.service") == "active" or facts.managed_path
    return replace(facts, answers={url: _status(url) for url in (CREDENTIALS, METADATA)} if agent else {})


def _status(url: str) -> int | None:
    """The status of whatever answers; None for nobody within the time. No proxy: the address is this host's."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_SECONDS) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def read_host(commands: Commands, checks: Sequence[str], wanted: Wanted) -> Host:
    """All but the network's tables. Packets are sent only for checks that are about them."""
    now = time.time()
    docker = engine.look()
    host = Host(
        units=read_units(commands, SERVICE, *PROGRAMS.values()),
        agent=introspection.look(),
        config=_config(),
        environment=docker.environment,
        wanted=wanted,
        clock=None if wanted.time is None else now - wanted.time,
        spaces=[_space(path) for path in _paths(docker.root)],
        engine=docker.engine,
        registration=registration_of(Places()),
        persisted=bool(read_sets()),
        leftovers=[*_saved_rules(), *_persisted_sysctl()],
    )
    registration = replace(host.registration, state=_ssm_state(host))
    packets = probe.send(commands, docker.bridge, host.external) if _PACKETS & {*checks} else Packets()
    return replace(host, registration=registration, packets=packets)


def identity(host: Host) -> dict[str, str | bool | None]:
    """Who the host is, for whoever asks AWS about it."""
    return {
        "cluster": host.agent.cluster or host.wanted.variables.get("ECS_CLUSTER") or host.config.get("ECS_CLUSTER"),
        "container_instance_arn": host.agent.container_instance_arn,
        "instance_id": host.registration.instance_id if host.external else _instance_id(),
        "external": host.external,
        "agent_version": host.agent.agent_version,
    }


def _config() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in FILES:
        try:
            found.update(effective(Path(path).read_bytes().decode("utf-8", "surrogateescape")))
        except FileNotFoundError:
            continue
    return found


def _paths(root: str) -> list[str]:
    """Docker's directory first; others that are there."""
    return [path for path in (root, "/var/lib/ecs", "/var/log/ecs") if Path(path).is_dir()]


def _space(path: str) -> Space:
    state = os.statvfs(path)
    return Space(path, state.f_bavail * state.f_frsize, state.f_favail / state.f_files if state.f_files else 1.0)


def _ssm_state(host: Host) -> str:
    states = [host.state(unit) for unit in PROGRAMS.values()]
    return "active" if "active" in states else states[0]


def registration_of(places: Places) -> Registration:
    """Who the host is by the SSM agent's own vault, and how old the credentials are that the agent writes."""
    identity = identity_of(places.vault, places)
    try:
        age = time.time() - places.credentials.stat().st_mtime
    except OSError:
        age = None
    return Registration(identity.instance_id if identity else "", age=age)


def _instance_id() -> str | None:
    for path in _INSTANCE_ID:
        try:
            found = re.fullmatch(r"i-[0-9a-f]{8,17}", Path(path).read_text(encoding="ascii", errors="replace").strip())
        except OSError:
            continue
        if found:
            return found[0]
    return None


def _saved_rules() -> Iterator[tuple[str, str]]:
    """Snapshots of rules that are not theirs to bring back."""
    for path in _SAVED_RULES:
        try:
            text = Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        owners = {"Docker": re.search(r"^:DOCKER", text, re.MULTILINE), "ecs-init": probe.CREDENTIALS in text}
        whose = " and ".join(name for name, found in owners.items() if found)
        if whose:
            yield (
                f"{path} has rules of {whose}, which come back stale and doubled at boot",
                f"remove them from {path}: Docker and ecs-init make their own",
            )


def _persisted_sysctl() -> Iterator[tuple[str, str]]:
    """With ecs-init the sysctl is in force only together with its INPUT filter."""
    if not Path(ecs_init.PROGRAM).exists():
        return
    for path in [Path("/etc/sysctl.conf"), *sorted(Path("/etc/sysctl.d").glob("*.conf"))]:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if re.search(r"^\s*net[./]ipv4[./]conf[./]all[./]route_localnet\s*=\s*1", text, re.MULTILINE):
            yield (
                f"{path} persists route_localnet, which opens services on the loopback before ecs-init filters",
                f"remove the line from {path}: ecs-init sets it when ecs.service starts",
            )
