# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what a host has and a set says to the changes between them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter import persist
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import (
    Host,
    Place,
    Rule,
    RuleSet,
    slots,
    unmarked,
)


@dataclass(frozen=True)
class RulesPlan(Plan):
    """A Plan with the transaction that makes the changes of each table, by their owner."""

    transactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Slot:
    """One rule of a chain as it should be: the line it is now, if it is there, and ours, if it is ours."""

    source: int | None
    rule: Rule | None = None


class Chain:
    """One chain: the lines it has, the rules it should have, and the way from one to the other."""

    def __init__(self, place: Place, lines: Sequence[str], rules: Sequence[Rule], name: str) -> None:
        self.place, self.lines, self.rules, self._name = place, lines, rules, name
        stripped = [unmarked(line, name) for line in lines]
        self._specs = [spec for spec, _owned in stripped]
        self._owned = [owned for _spec, owned in stripped]
        declared = {rule.spec for rule in rules}
        # An equal rule without an owner is adopted: it counts as ours, and its copies go.
        self.ours = [owned or spec in declared for spec, owned in zip(self._specs, self._owned)]
        self.wanted = self._arrange()

    def _arrange(self) -> list[Slot]:
        """Rules with a position at theirs; the others where they are if their order is right, else at the end."""
        kept: dict[int, Rule] = {}
        appended = [rule for rule in self.rules if rule.position is None]
        for rule in appended:
            found = self._find(rule, max(kept, default=-1) + 1)
            if found is None:
                break
            kept[found] = rule
        rest = [Slot(i, kept.get(i)) for i, ours in enumerate(self.ours) if not ours or i in kept]
        rest += [Slot(self._find(rule), rule) for rule in appended[len(kept) :]]
        chain: list[Slot] = []
        for position, rule in slots(self.rules):
            while rest and len(chain) < position - 1:
                chain.append(rest.pop(0))
            chain.append(Slot(self._find(rule), rule))
        return chain + rest

    def _find(self, rule: Rule, start: int = 0) -> int | None:
        return next((i for i in range(start, len(self._specs)) if self._specs[i] == rule.spec), None)

    def changes(self) -> Iterator[Change]:
        for index, slot in enumerate(self.wanted):
            if slot.rule is None:
                continue
            after = self._shown(slot.rule.marked(self._name))
            if slot.source is None:
                yield Change("create", "rule", after, self.place.owner)
            elif not self._owned[slot.source] or self._moves(index):
                yield Change("update", "rule", after, self.place.owner)
        sources = {slot.source for slot in self.wanted}
        for index, line in enumerate(self.lines):
            if self.ours[index] and index not in sources:
                yield Change("delete", "rule", self._shown(line), self.place.owner)

    def _moves(self, index: int) -> bool:
        """Whether a rule passes another that stays: positions alone also shift when something above it goes."""
        stays = [(i, slot.source) for i, slot in enumerate(self.wanted) if slot.source is not None]
        source = dict(stays)[index]
        return any((i < index) != (other < source) for i, other in stays if i != index)

    def transaction(self) -> Iterator[str]:
        """Lines for iptables-restore that make all the changes.

        Ours are deleted by their text, never by their number: should another program change the chain
        in between, then a foreign rule is safe whatever happens. Then ours go in from the top down.
        """
        for line, ours in zip(self.lines, self.ours):
            if ours:
                yield f"-D {self.place.chain} {line}"
        for number, slot in enumerate(self.wanted, 1):
            if slot.rule:
                yield f"-I {self.place.chain} {number} {slot.rule.marked(self._name)}"

    def before(self) -> Iterator[tuple[int, str]]:
        return ((i, self._shown(line)) for i, line in enumerate(self.lines, 1) if self.ours[i - 1])

    def after(self) -> Iterator[tuple[int, str]]:
        return ((i, self._shown(slot.rule.marked(self._name))) for i, slot in enumerate(self.wanted, 1) if slot.rule)

    def _shown(self, text: str) -> str:
        return f"-A {self.place.chain} {text}"


def plan_set(host: Host, wanted: RuleSet, foresee: bool = False) -> RulesPlan:
    """Args:
    foresee: take a chain that does not exist yet for an empty one (check mode), where else it is refused.
    """
    rules = [rule for rule in wanted.rules if rule.place.ip_version in host.ip_versions]
    warnings = [*_skipped(wanted, rules), *_missing(host, rules, foresee), *_unreached(host, rules)]
    places = sorted({*host.chains, *(rule.place for rule in rules)})
    chains = [
        Chain(place, host.chains.get(place, ()), [rule for rule in rules if rule.place == place], wanted.name)
        for place in places
    ]
    changes = {chain.place: tuple(chain.changes()) for chain in chains}
    transactions: dict[str, tuple[str, ...]] = {}
    for chain in chains:
        # Check mode does not even try what a chain or table would have to be created for.
        if changes[chain.place] and (chain.place in host.chains or not foresee):
            transactions[chain.place.owner] = (*transactions.get(chain.place.owner, ()), *chain.transaction())
    units, files = persist.changes(host, wanted)
    in_kernel = [change for place in places for change in changes[place]]
    # A set that goes is unhooked first, one that comes is in force first.
    ordered = [*in_kernel, *files, *units] if wanted.persist else [*units, *in_kernel, *files]
    return RulesPlan(
        changes=tuple(ordered),
        before="".join([*(_text(chain.place, chain.before()) for chain in chains), persist.describe_present(host)]),
        after="".join(
            [*(_text(chain.place, chain.after()) for chain in chains), persist.describe_wanted(host, wanted)]
        ),
        result={"name": wanted.name, "rules": _result(chains), "persisted": wanted.persist},
        warnings=tuple(warnings),
        diff_title=f"netfilter rules {wanted.name}",
        transactions=transactions,
    )


def _skipped(wanted: RuleSet, rules: Sequence[Rule]) -> Iterator[str]:
    left_out = len(wanted.rules) - len(rules)
    if left_out:
        yield f"{left_out} IPv6 rule(s) of {wanted.name} were skipped: this host has no IPv6 (/proc/sys/net/ipv6)"


def _missing(host: Host, rules: Sequence[Rule], foresee: bool) -> Iterator[str]:
    for place in sorted({rule.place for rule in rules if not host.has(rule.place)}):
        sentence = f"chain {place.chain} does not exist in table {place.table} ({place.ip_version})"
        if place.made_by_docker:
            sentence += (
                ": Docker creates it when it starts, for IPv6 only with its option ip6tables (the default since"
                " Docker 27). Start Docker first, with the same iptables backend (nft or legacy) as on this PATH"
            )
        else:
            sentence += ": this module places rules in chains, it does not create them"
        if not foresee:
            raise Refusal(sentence)
        yield sentence


def _unreached(host: Host, rules: Sequence[Rule]) -> Iterator[str]:
    for ip_version in sorted({rule.place.ip_version for rule in rules if rule.place.chain == "DOCKER-USER"}):
        docker_user = Place(ip_version, "filter", "DOCKER-USER")
        jumps = "-j DOCKER-USER" in host.chains.get(Place(ip_version, "filter", "FORWARD"), ())
        if docker_user in host.chains and not jumps:
            yield f"FORWARD does not jump to DOCKER-USER ({ip_version}): its rules do nothing until Docker restarts"


def _text(place: Place, numbered: Iterator[tuple[int, str]]) -> str:
    lines = [f"{number}: {line}\n" for number, line in numbered]
    return "".join([f"# {place.owner} {place.chain}\n", *lines]) if lines else ""


def _result(chains: Sequence[Chain]) -> list[dict[str, str]]:
    return [
        {"ip_version": chain.place.ip_version, "table": chain.place.table, "rule": line}
        for chain in chains
        for _number, line in chain.after()
    ]
