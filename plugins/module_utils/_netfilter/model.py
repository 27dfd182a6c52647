# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Rules, chains, what stands beside them and the files that persist them, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# The chains every kernel has; iptables-save prints none of a table that nobody has used yet.
BUILT_IN = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
}


@dataclass(frozen=True, order=True)
class Place:
    """A chain of a table of an IP version."""

    ip_version: str
    table: str
    chain: str

    @property
    def owner(self) -> str:
        """What one transaction changes: a table of an IP version."""
        return f"{self.ip_version} {self.table}"

    @property
    def built_in(self) -> bool:
        return self.chain in BUILT_IN[self.table]

    @property
    def made_by_docker(self) -> bool:
        """DOCKER_... (with the other line) are of the embedded DNS, and of no firewall."""
        return self.chain == "DOCKER" or self.chain.startswith("DOCKER-")


@dataclass(frozen=True)
class Rule:
    """One declared rule; match and target read exactly as C(iptables -S) prints them.

    Attributes:
        position: its number in the chain; without one it may be anywhere.
        head: where a rule without a position goes while it is missing: to the chain's head, or else to its end.
    """

    place: Place
    match: str
    target: str
    position: int | None = None
    head: bool = False

    @property
    def spec(self) -> str:
        return f"{self.match} {self.target}".strip()

    def marked(self, name: str) -> str:
        """The rule with its owner's name in the comment, which is where ownership is written."""
        return f'{self.match} -m comment --comment "{mark(name)}" {self.target}'.strip()


@dataclass(frozen=True)
class Beside:
    """What a set has beside its rules.

    Attributes:
        prohibited: IP version and address of what only the host itself may send to.
        sysctls: values by name.
        loopback_routes: what is routed to lo while the host has no default route.
    """

    prohibited: tuple[tuple[str, str], ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()
    loopback_routes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.prohibited or self.sysctls or self.loopback_routes)


@dataclass(frozen=True)
class RuleSet:
    """All that a task says. C(state=absent) is the set that has no rules and is not persisted."""

    name: str
    rules: tuple[Rule, ...] = ()
    persist: bool = False
    beside: Beside = field(default_factory=Beside)
    required_by_docker: bool = False
    restore_ecs_init: bool = False


@dataclass(frozen=True)
class File:
    """A file's text, mode and owner's id: a loader that root runs must be nobody else's."""

    text: str
    mode: int = 0o644
    uid: int = 0


@dataclass(frozen=True)
class Unit:
    """What systemd knows about a unit."""

    enabled: bool = False
    active: bool = False
    stale: bool = False


@dataclass(frozen=True)
class Docker:
    """What Docker has to do with the tables.

    Attributes:
        active: whether docker.service is.
        elsewhere: the other backend of iptables, where that one holds Docker's chains.
        nftables: whether Docker keeps its rules in nftables itself, where there is no DOCKER-USER.
    """

    active: bool = False
    elsewhere: str = ""
    nftables: bool = False


@dataclass(frozen=True)
class Kernel:
    """What a host has beside its rules.

    Attributes:
        routing_rules: by IP version, as C(ip rule) prints them.
        sysctls: the values of those that were asked for; None for one that does not exist (yet).
        defaults: what each of them goes back to.
        routes: IPv4 destinations of the main table.
    """

    routing_rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sysctls: Mapping[str, str | None] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    routes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Host:
    """What a host has.

    Attributes:
        chains: every chain that iptables-save prints, with its rules in order.
        ip_versions: those that the host's kernel speaks and has the tools for.
        kernel: what stands beside the rules.
        files: those of the set that exist, by path.
        unit: the unit that all sets share; None where systemd does not run.
        had: what the set's file says that it has beside its rules.
        others: the same of the other persisted sets.
        docker: what Docker has to do with the tables.
        ecs_init: whether amazon-ecs-init is installed.
        networkd: whether systemd-networkd is in use.
    """

    chains: Mapping[Place, tuple[str, ...]]
    ip_versions: frozenset[str] = frozenset({"ipv4", "ipv6"})
    kernel: Kernel = field(default_factory=Kernel)
    files: Mapping[str, File] | None = None
    unit: Unit | None = None
    had: Beside = field(default_factory=Beside)
    others: Mapping[str, Beside] = field(default_factory=dict)
    docker: Docker = field(default_factory=Docker)
    ecs_init: bool = False
    networkd: bool = False

    def has(self, place: Place) -> bool:
        return place.built_in or place in self.chains


def mark(name: str) -> str:
    return f"fleetkit.ecs:{name}"


def unmarked(text: str, name: str) -> tuple[str, bool]:
    """A rule as iptables prints it, without this set's comment; and whether it had it."""
    comment = re.escape(mark(name))
    spec, found = re.subn(rf'(^| )-m comment --comment (?:"{comment}"|{comment})(?= |$)', "", text)
    return spec.strip(), bool(found)


def slots(rules: Iterable[Rule]) -> list[tuple[int, Rule]]:
    """Where those of one chain's rules go that have a position: rules that want the same one follow each other."""
    placed: list[tuple[int, Rule]] = []
    for position, rule in sorted(
        ((rule.position, rule) for rule in rules if rule.position is not None), key=lambda pair: pair[0]
    ):
        after_last = placed[-1][0] + 1 if placed else 1
        placed.append((max(position, after_last), rule))
    return placed
