# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Send packets from a place like that of a task on Docker's default bridge, and from the host itself.

The place is a network namespace without a name, in a child process, with one end of a veth pair; the other end is on
the bridge. Its packets take the way of a container's: in by the bridge, through PREROUTING, and INPUT or FORWARD. No
container is made and no image is needed; Docker and the agent see nothing of it. When the child ends, even killed, the
kernel removes the namespace and with it the pair. The address is the highest of the bridge's subnet that is free, where
Docker, which gives out the lowest, would come last.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import ipaddress
import json
import os
import signal
import socket
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.engine import Bridge
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.model import Packets
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.read import CommandError, Commands

CREDENTIALS = "169.254.170.2"
IMDS = ("169.254.169.254", "fd00:ec2::254")
SECONDS = 1.0  # both answer from the host or its hypervisor, in milliseconds
TRIES, TRY_SECONDS = 2, 0.6  # one packet that is lost must not make what is open look closed
LONGEST = 10.0  # seconds that the child may take
NEW_NETWORK = 0x40000000  # CLONE_NEWNET


class ProbeError(Exception):
    """Why no packet could be sent."""


def send(commands: Commands, bridge: Bridge | None, external: bool) -> Packets:
    """Send them all, and say what answered. An external host has no IMDS to be asked for."""
    targets = () if external else IMDS
    host_imds = _reached(targets)
    if bridge is None:
        return Packets("", host_imds=host_imds)
    try:
        answers = _from_bridge(
            commands, bridge, [address for address in targets if host_imds[address] and _speaks(bridge, address)]
        )
    except (OSError, CommandError, ProbeError, ValueError) as error:
        return Packets(bridge.interface, problem=str(error), host_imds=host_imds)
    return Packets(bridge.interface, "", answers["credentials"], answers["imds"], host_imds)


def places(bridge: Bridge) -> Iterable[tuple[str, str]]:
    """The address (with its prefix) and the gateway that the place gets, of each IP version. Pure.

    Docker 20.10 tells the gateway only after its first restart. It is the first address then, as nobody chose another.
    """
    for subnet, known in bridge.networks:
        network = ipaddress.ip_network(subnet)
        gateway = known or str(network.network_address + 1)
        last = int(network.broadcast_address) - (1 if network.version == 4 else 0)
        for number in range(last, int(network.network_address), -1):
            address = str(ipaddress.ip_address(number))
            if address not in bridge.taken and address != gateway:
                yield f"{address}/{network.prefixlen}", gateway
                break


def _speaks(bridge: Bridge, address: str) -> bool:
    """Whether the bridge has a network of the address's IP version: a container could not even ask without."""
    return any((":" in subnet) == (":" in address) for subnet, _gateway in bridge.networks)


def _from_bridge(commands: Commands, bridge: Bridge, targets: list[str]) -> Any:
    """In a child process, which reports through one pipe and waits at another until the host has made the pair."""
    answered, answer = os.pipe()
    waiting, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(answered)
        os.close(go)
        _live(commands, answer, waiting, bridge, targets)
    os.close(answer)
    os.close(waiting)
    interface = f"vethfk{child % 10**8}"
    try:
        with os.fdopen(answered) as stream:
            _expect(stream.readline())
            _ip(
                commands,
                f"link add {interface} type veth peer name eth0 netns {child}",
                f"link set {interface} master {bridge.interface} up",
            )
            os.write(go, b"go")
            return _expect(stream.readline())
    finally:
        os.close(go)
        os.waitpid(child, 0)
        # The kernel would remove it too, but a moment later.
        with contextlib.suppress(CommandError):
            commands.run("ip", "link", "delete", interface)


def _expect(line: str) -> Any:
    told = json.loads(line or '{"error": "the child process ended"}')
    if "error" in told:
        raise ProbeError(told["error"])
    return told


def _live(commands: Commands, answer: int, waiting: int, bridge: Bridge, targets: list[str]) -> None:
    """The child's life. It never returns, and never runs longer than it may, whatever becomes of its parent."""
    try:
        signal.alarm(int(LONGEST))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(NEW_NETWORK):
            raise ProbeError(f"no network namespace: {os.strerror(ctypes.get_errno())}")
        os.write(answer, b"{}\n")
        if os.read(waiting, 2) != b"go":
            raise ProbeError("the host could not make a veth pair")
        words = ["link set lo up", "link set eth0 up"]
        free = list(places(bridge))
        if not free:  # from nowhere, what is open would look closed
            raise ProbeError(f"{bridge.interface} has no address that is free")
        for address, gateway in free:
            nodad, everywhere = (" nodad", "::/0") if ":" in gateway else ("", "0.0.0.0/0")
            words += [f"addr add {address} dev eth0{nodad}", f"route add {everywhere} via {gateway}"]
        _ip(commands, *words)
        told: Mapping[str, Any] = {"imds": _reached(targets), "credentials": _status(CREDENTIALS)}
    except (OSError, CommandError, ProbeError, ValueError) as error:
        told = {"error": str(error)}
    os.write(answer, json.dumps(told).encode() + b"\n")
    os._exit(0)


def _ip(commands: Commands, *words: str) -> None:
    commands.run("ip", "-batch", "-", data="\n".join(words))


def _reached(addresses: Iterable[str]) -> dict[str, bool]:
    """Whether each accepts a connection, all of them at the same time."""
    wanted = list(addresses)
    with ThreadPoolExecutor(len(wanted) or 1) as pool:
        return dict(zip(wanted, pool.map(_connects, wanted)))


def _connects(address: str) -> bool:
    for _try in range(TRIES):
        with contextlib.suppress(OSError):
            socket.create_connection((address, 80), timeout=TRY_SECONDS).close()
            return True
    return False


def _status(address: str) -> int | None:
    """The status that / is answered with; what is in the answer is not looked at."""
    connection = http.client.HTTPConnection(address, timeout=SECONDS)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
