# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What a set has beside its rules: routing rules, sysctls and routes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import Beside, Host, RuleSet

# Before all rules but the one of the host's own addresses. What the host itself sends jumps over the prohibition and
# goes on as if none of these were there, whatever tables the host uses.
GO_ON, PROHIBIT, LANDING = 1, 2, 3


def routing_rules(prohibited: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """IP version and the words for C(ip rule), in the order in which the host is never cut off while they are made."""
    rules: list[tuple[str, str]] = []
    for ip_version, address in prohibited:
        rules += [
            (ip_version, f"{LANDING} nop"),
            (ip_version, f"{GO_ON} to {address} iif lo goto {LANDING}"),
            (ip_version, f"{PROHIBIT} to {address} prohibit"),
        ]
    return list(dict.fromkeys(rules))


def route(address: str) -> str:
    return f"{address} dev lo scope link"


class Difference:
    """The changes between what stands beside the rules of a host's set and what should."""

    def __init__(self, host: Host, wanted: RuleSet) -> None:
        self._host, self._name = host, wanted.name
        self._wanted, self._others = wanted.beside, list(host.others.values())

    @property
    def _here(self) -> list[tuple[str, str]]:
        return [pair for pair in self._wanted.prohibited if pair[0] in self._host.ip_versions]

    def _stale(self, of: str) -> list[str | tuple[str, str]]:
        """What the set's file still has, and neither the set nor another one wants."""
        needed = {thing for beside in (self._wanted, *self._others) for thing in getattr(beside, of)}
        return [thing for thing in getattr(self._host.had, of) if thing not in needed]

    def new_routing(self) -> Iterator[Change]:
        for ip_version, words in routing_rules(self._here):
            if words not in self._host.kernel.routing_rules.get(ip_version, ()):
                yield Change("create", "routing_rule", f"pref {words}", ip_version, None, words)

    def old_routing(self) -> Iterator[Change]:
        needed = {rule for beside in (self._wanted, *self._others) for rule in routing_rules(beside.prohibited)}
        for ip_version, words in reversed(routing_rules(self._host.had.prohibited)):
            copies = self._host.kernel.routing_rules.get(ip_version, ()).count(words)
            for _copy in range(copies if (ip_version, words) not in needed else 0):
                yield Change("delete", "routing_rule", f"pref {words}", ip_version, words)

    def new_sysctls(self) -> Iterator[Change]:
        for name, value in self._wanted.sysctls:
            present = self._host.kernel.sysctls.get(name)
            if present not in (None, value):
                yield Change("update", "sysctl", name, self._name, present, value)

    def old_sysctls(self) -> Iterator[Change]:
        """A sysctl goes back to what the host gives to new interfaces, which is what ecs-init does."""
        needed = {name for beside in (self._wanted, *self._others) for name, _value in beside.sysctls}
        for name, _value in self._host.had.sysctls:
            present, default = self._host.kernel.sysctls.get(name), self._host.kernel.defaults.get(name)
            if name not in needed and present is not None and present != default:
                yield Change("update", "sysctl", name, self._name, present, default)

    def new_routes(self) -> Iterator[Change]:
        if "default" not in self._host.kernel.routes:
            for address in self._wanted.loopback_routes:
                if address not in self._host.kernel.routes:
                    yield Change("create", "route", route(address), self._name, None, address)

    def old_routes(self) -> Iterator[Change]:
        for address in self._stale("loopback_routes"):
            if address in self._host.kernel.routes:
                yield Change("delete", "route", route(str(address)), self._name, address)

    def before(self) -> str:
        """What is there of what the set has or wants."""
        kernel, both = self._host.kernel, (self._host.had, self._wanted)
        rules = dict.fromkeys(rule for beside in both for rule in routing_rules(beside.prohibited))
        lines = [_rule(*rule) for rule in rules if rule[1] in kernel.routing_rules.get(rule[0], ())]
        names = dict.fromkeys(name for beside in both for name, _value in beside.sysctls)
        lines += [f"{name} = {kernel.sysctls[name]}" for name in names if kernel.sysctls.get(name) is not None]
        routes = dict.fromkeys(address for beside in both for address in beside.loopback_routes)
        return _text([*lines, *(f"route {route(address)}" for address in routes if address in kernel.routes)])

    def after(self) -> str:
        kernel = self._host.kernel
        lines = [_rule(*rule) for rule in routing_rules(self._here)]
        lines += [f"{name} = {value}" for name, value in self._wanted.sysctls if kernel.sysctls.get(name) is not None]
        lines += [f"{change.name} = {change.after}" for change in self.old_sysctls()]
        made = {change.after for change in self.new_routes()}
        routes = [address for address in self._wanted.loopback_routes if address in kernel.routes or address in made]
        return _text([*lines, *(f"route {route(address)}" for address in routes)])


def _rule(ip_version: str, words: str) -> str:
    return f"{ip_version} routing rule, pref {words}"


def _text(lines: list[str]) -> str:
    return "".join(["# beside the rules\n", *(f"{line}\n" for line in lines)]) if lines else ""


def to_lines(beside: Beside, nat: list[str], rest: list[str]) -> Iterator[str]:
    """A set's file, in the order in which it is safe to put it into force.

    A sysctl opens what the rules close, so it comes after them; and what leads packets there comes last.
    """
    yield from (f"prohibit {ip_version} {address}" for ip_version, address in beside.prohibited)
    yield from rest
    yield from (f"sysctl {name} {value}" for name, value in beside.sysctls)
    yield from (f"route {address}" for address in beside.loopback_routes)
    yield from nat


def from_text(text: str) -> Beside:
    """The same read back from a set's file; lines that are not right say nothing."""
    words = [line.split() for line in text.splitlines()]
    return Beside(
        prohibited=tuple((line[1], line[2]) for line in words if len(line) == 3 and line[0] == "prohibit"),
        sysctls=tuple((line[1], line[2]) for line in words if len(line) == 3 and line[0] == "sysctl"),
        loopback_routes=tuple(line[1] for line in words if len(line) == 2 and line[0] == "route"),
    )
