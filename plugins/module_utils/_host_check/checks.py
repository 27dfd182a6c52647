# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The checks by name, and what each looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check import host, network
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.model import (
    WRONG,
    Finding,
    Host,
    NotApplicable,
    judged,
)

# Those that look at tables and units, and cost no packet and no look at Docker.
OF_THE_NETWORK: Mapping[str, Callable[[network.Facts], Iterator[Finding]]] = {
    "credential_path": network.credential_path,
    "imds_guard": network.imds_guard,
}
OF_THE_HOST: Mapping[str, Callable[[Host], Iterator[Finding]]] = {
    "agent": host.agent,
    "agent_version": host.agent_version,
    "cluster": host.cluster,
    "variables": host.variables,
    "task_credentials": host.task_credentials,
    "imds_closed": host.imds_closed,
    "imds_open": host.imds_open,
    "conflicts": host.conflicts,
    "clock": host.clock,
    "disk": host.disk,
    "docker": host.docker,
    "ssm": host.ssm,
}
# In the order in which they are read.
NAMES = (
    "agent",
    "agent_version",
    "cluster",
    "variables",
    "credential_path",
    "task_credentials",
    "imds_guard",
    "imds_closed",
    "imds_open",
    "conflicts",
    "clock",
    "disk",
    "docker",
    "ssm",
)


def report(names: Sequence[str], facts: network.Facts | None = None, there: Host | None = None) -> dict[str, object]:
    """What the module returns of the checks."""
    checks = []
    for name in names:
        if name == "imds_guard" and there and not there.guarded:
            checks.append(judged(name, iter([NotApplicable(host.UNGUARDED)])))
        elif name in OF_THE_NETWORK:
            checks.append(judged(name, OF_THE_NETWORK[name](facts or network.Facts())))
        else:
            checks.append(judged(name, OF_THE_HOST[name](there or Host())))
    return {"ok": all(check["status"] != WRONG for check in checks), "checks": checks}
