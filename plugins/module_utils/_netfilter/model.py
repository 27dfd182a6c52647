# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Rules, chains and the files that persist them, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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
        return self.chain.startswith("DOCKER")


@dataclass(frozen=True)
class Rule:
    """One declared rule; match and target read exactly as C(iptables -S) prints them."""

    place: Place
    match: str
    target: str
    position: int | None = None

    @property
    def spec(self) -> str:
        return f"{self.match} {self.target}".strip()

    def marked(self, name: str) -> str:
        """The rule with its owner's name in the comment, which is where ownership is written."""
        return f'{self.match} -m comment --comment "{mark(name)}" {self.target}'.strip()


@dataclass(frozen=True)
class RuleSet:
    """All that a task says. C(state=absent) is the set that has no rules and is not persisted."""

    name: str
    rules: tuple[Rule, ...] = ()
    persist: bool = False


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
class Host:
    """What a host has.

    Attributes:
        chains: every chain that iptables-save prints, with its rules in order.
        ip_versions: those that the host's kernel speaks and has the tools for.
        files: those of the set that exist, by path.
        unit: the set's unit; None where systemd does not run.
        other_sets: the names of the other persisted sets.
    """

    chains: Mapping[Place, tuple[str, ...]]
    ip_versions: frozenset[str] = frozenset({"ipv4", "ipv6"})
    files: Mapping[str, File] | None = None
    unit: Unit | None = None
    other_sets: frozenset[str] = frozenset()

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
