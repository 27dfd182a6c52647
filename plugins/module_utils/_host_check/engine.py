# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Ask Docker by its socket. Only GET is ever sent, and no process is started."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.model import Engine

SOCKET = "/var/run/docker.sock"
SECONDS = 5.0
AGENT = "ecs-agent"
AGENT_IMAGE = "amazon-ecs-agent"


@dataclass(frozen=True)
class Bridge:
    """Docker's default bridge; C(taken) are the addresses that containers have on it."""

    interface: str
    networks: tuple[tuple[str, str], ...] = ()  # subnet and gateway, by IP version; Docker may not tell the latter
    taken: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Look:
    """What Docker says; C(environment) is that of the agent's container, where it runs."""

    engine: Engine = field(default_factory=Engine)
    root: str = "/var/lib/docker"
    environment: dict[str, str] | None = None
    bridge: Bridge | None = None


def look() -> Look:
    """Ask it all; an empty look where nobody answers."""
    try:
        info, running = _get("/info"), _get("/containers/json") or []
        if not info:
            return Look()
        agent, bridge = _get(f"/containers/{AGENT}/json"), _get("/networks/bridge")
    except (OSError, ValueError, http.client.HTTPException):
        return Look()
    engine = Engine(
        version=info.get("ServerVersion", ""),
        cgroup=info.get("CgroupVersion", ""),
        firewall=(info.get("FirewallBackend") or {}).get("Driver", "").partition("+")[0],
        other_agents=[
            name for one in running if AGENT_IMAGE in one.get("Image", "") and (name := one["Names"][0][1:]) != AGENT
        ],
    )
    environment = None
    if agent and agent["State"]["Running"]:
        environment = dict(pair.split("=", 1) for pair in agent["Config"].get("Env") or [] if "=" in pair)
    return Look(engine, info.get("DockerRootDir") or Look.root, environment, bridge_of(bridge) if bridge else None)


def bridge_of(network: dict[str, Any]) -> Bridge:
    """The default bridge out of Docker's description of its network. Pure."""
    subnets = [one for one in (network.get("IPAM") or {}).get("Config") or [] if one.get("Subnet")]
    used = [
        one.get(key, "") for one in (network.get("Containers") or {}).values() for key in ("IPv4Address", "IPv6Address")
    ]
    name = (network.get("Options") or {}).get("com.docker.network.bridge.name", "docker0")
    pairs = tuple((one["Subnet"], one.get("Gateway") or "") for one in subnets)
    return Bridge(name, pairs, frozenset(text.partition("/")[0] for text in used))


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(SECONDS)
        self.sock.connect(SOCKET)


def _get(path: str) -> Any:
    """The answer; None where there is no such thing."""
    connection = _Connection("docker")
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    return json.loads(body) if answer.status == 200 else None
