# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What the checks need to know of a host. Nothing is changed."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.checks import (
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

_ROUTE_LOCALNET = Path("/proc/sys/net/ipv4/conf/all/route_localnet")
_SECONDS = 2


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
