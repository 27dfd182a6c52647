# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What a check says, and what the checks of a host look at, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.introspection import Report

OK, WRONG, PENDING, NOT_APPLICABLE = "ok", "wrong", "pending", "not_applicable"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and what mends it."""

    found: str
    remedy: str


@dataclass(frozen=True)
class Pending(Fault):
    """Something that cannot be right, or be told, until something else is; and what that takes."""


@dataclass(frozen=True)
class Seen:
    """What was looked at and is right."""

    found: str


@dataclass(frozen=True)
class NotApplicable:
    """Why there is nothing to be right or wrong on this host."""

    found: str


Finding = Any  # a Fault, Seen or NotApplicable


def judged(name: str, findings: Iterable[Finding]) -> dict[str, str]:
    """A check's findings as one entry of the report: the worst of them decides."""
    found = list(findings)
    faults = [each for each in found if isinstance(each, Fault)]
    apart = [each for each in found if isinstance(each, NotApplicable)]
    if faults:
        status = PENDING if all(isinstance(fault, Pending) for fault in faults) else WRONG
    else:
        status = NOT_APPLICABLE if apart else OK
    told = faults or apart or found
    return {
        "name": name,
        "status": status,
        "found": "; ".join(each.found for each in told) or "all as it should be",
        "remedy": "; ".join(dict.fromkeys(fault.remedy for fault in faults)),
    }


@dataclass(frozen=True)
class Wanted:
    """What the caller says of the host.

    Attributes:
        variables: the declared variables; None for one that must not be there.
        imds_guard: whether tasks on bridges must be kept from IMDS; None for what the kind of host makes usual.
        time: the controller's clock when the host was asked, in seconds since 1970; None where it is not told.
    """

    variables: Mapping[str, str | None] = field(default_factory=dict)
    imds_guard: bool | None = None
    time: float | None = None


@dataclass(frozen=True)
class Space:
    """What is free where a path is."""

    path: str
    free: int
    files_free: float


@dataclass(frozen=True)
class Engine:
    """What Docker says of itself; C(version) is empty where it does not answer."""

    version: str = ""
    cgroup: str = ""
    firewall: str = ""
    other_agents: Sequence[str] = ()


@dataclass(frozen=True)
class Packets:
    """What answered packets that were sent from a place like a bridge task's, and from the host.

    Attributes:
        bridge: the bridge that they were sent from; empty where Docker has no default bridge.
        problem: why none could be sent; empty where they could.
        credentials: the status that 169.254.170.2 answers with; None for no answer.
        imds: whether the addresses of IMDS answer, from the bridge; without those that cannot be tried.
        host_imds: whether they answer the host itself.
    """

    bridge: str = "docker0"
    problem: str = ""
    credentials: int | None = None
    imds: Mapping[str, bool] = field(default_factory=dict)
    host_imds: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Registration:
    """What the SSM agent left on an external host; C(age) is that of its credentials in seconds, None for none."""

    instance_id: str = ""
    state: str = "unknown"
    age: float | None = None


@dataclass(frozen=True)
class Host:
    """What a host has, apart from its network.

    Attributes:
        units: what systemd knows of them.
        agent: what the agent says of itself.
        config: the variables of both files, as they count.
        environment: that of the agent's container; None where it does not run.
        wanted: what the caller says.
        clock: by how many seconds the host's clock is ahead of the controller's.
        persisted: whether a set of netfilter_rules is, which is what keeps the guard through a reboot.
        leftovers: what else is there that undoes or doubles what we or ecs-init do: what, and what mends it.
    """

    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    agent: Report = field(default_factory=lambda: Report("absent"))
    config: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] | None = None
    wanted: Wanted = field(default_factory=Wanted)
    clock: float | None = None
    spaces: Sequence[Space] = ()
    engine: Engine = field(default_factory=Engine)
    packets: Packets = field(default_factory=Packets)
    registration: Registration = field(default_factory=Registration)
    persisted: bool = True
    leftovers: Sequence[tuple[str, str]] = ()

    @property
    def external(self) -> bool:
        return (self.wanted.variables.get("ECS_EXTERNAL") or self.config.get("ECS_EXTERNAL")) == "true"

    @property
    def guarded(self) -> bool:
        return not self.external if self.wanted.imds_guard is None else self.wanted.imds_guard

    def state(self, unit: str) -> str:
        return self.units.get(unit, {}).get("ActiveState", "unknown")
