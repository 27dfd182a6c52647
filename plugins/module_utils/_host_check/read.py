# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What the checks need to know of a host. Nothing is changed."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.checks import CREDENTIALS, METADATA, Facts
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.read import Commands, read_chains

_ROUTE_LOCALNET = Path("/proc/sys/net/ipv4/conf/all/route_localnet")
_SECONDS = 2


def read_facts(commands: Commands) -> Facts:
    units = _unit_states(commands, "ecs.service", "docker.service")
    agent = units.get("ecs.service") == "active"
    return Facts(
        chains=read_chains(commands, ["ipv4"]),
        units=units,
        route_localnet=_ROUTE_LOCALNET.read_text(encoding="ascii").strip(),
        answers={url: _status(url) for url in (CREDENTIALS, METADATA)} if agent else {},
    )


def _unit_states(commands: Commands, *units: str) -> dict[str, str]:
    if not Path("/run/systemd/system").is_dir():
        return {}
    shown = commands.run("systemctl", "show", "--property=Id,ActiveState", *units)
    blocks = [dict(line.split("=", 1) for line in block.splitlines()) for block in shown.strip().split("\n\n")]
    return {block["Id"]: block["ActiveState"] for block in blocks}


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
