# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what a host has and a set says to the changes between them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter import ecs_init, persist
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.beside import Difference
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
        """Rules with a position at theirs; the others where they are if their order is right, else at head or end."""
        inserted = [rule for rule in self.rules if rule.position is None and rule.head]
        appended = [rule for rule in self.rules if rule.position is None and not rule.head]
        # Of those at the head the last ones stay, of those at the end the first ones: new ones go around them.
        kept: dict[int, Rule] = {}
        for rule in reversed(inserted):
            found = self._find_last(rule, min(kept, default=len(self._specs)))
            if found is None:
                break
            kept[found] = rule
        heads = [Slot(self._find(rule), rule) for rule in inserted[: len(inserted) - len(kept)]]
        ends: dict[int, Rule] = {}
        for rule in appended:
            found = self._find(rule, max(ends, default=-1) + 1)
            if found is None:
                break
            ends[found] = rule
        kept |= ends
        rest = [*heads, *(Slot(i, kept.get(i)) for i, ours in enumerate(self.ours) if not ours or i in kept)]
        rest += [Slot(self._find(rule), rule) for rule in appended[len(ends) :]]
        chain: list[Slot] = []
        for position, rule in slots(self.rules):
            while rest and len(chain) < position - 1:
                chain.append(rest.pop(0))
            chain.append(Slot(self._find(rule), rule))
        return chain + rest

    def _find(self, rule: Rule, start: int = 0) -> int | None:
        return next((i for i in range(start, len(self._specs)) if self._specs[i] == rule.spec), None)

    def _find_last(self, rule: Rule, end: int) -> int | None:
        return next((i for i in range(end - 1, -1, -1) if self._specs[i] == rule.spec), None)

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
    spoken = [rule for rule in wanted.rules if rule.place.ip_version in host.ip_versions]
    _refuse_what_would_be_doubled(host, spoken)
    _refuse_a_mix(host, spoken)
    # The unit places rules in Docker's chains as soon as Docker has made them.
    deferred = [rule for rule in spoken if wanted.persist and rule.place.made_by_docker and not host.has(rule.place)]
    rules = [rule for rule in spoken if rule not in deferred]
    warnings = [
        *_skipped(host, wanted),
        *_missing(host, rules, foresee),
        *_unreached(host, () if wanted.persist else rules),
        *_for_ever(host, deferred),
    ]
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
    beside = Difference(host, wanted)
    return RulesPlan(
        changes=tuple(_ordered(host, wanted, changes, beside)),
        before="".join(
            [*(_text(chain.place, chain.before()) for chain in chains), beside.before(), persist.describe_present(host)]
        ),
        after="".join(
            [
                *(_text(chain.place, chain.after()) for chain in chains),
                beside.after(),
                persist.describe_wanted(host, wanted),
            ]
        ),
        result={
            "name": wanted.name,
            "rules": _result(chains),
            "deferred": [_shown(rule.place, f"-A {rule.place.chain} {rule.marked(wanted.name)}") for rule in deferred],
            "persisted": wanted.persist,
        },
        warnings=tuple(warnings),
        diff_title=f"netfilter rules {wanted.name}",
        transactions=transactions,
    )


def _ordered(
    host: Host, wanted: RuleSet, changes: Mapping[Place, Sequence[Change]], beside: Difference
) -> Iterator[Change]:
    """A sysctl opens what rules of other tables close, and rules in nat lead packets there: up in this order, down
    in the other. A set that goes is unhooked first, one that comes is in force first."""
    units, files = persist.changes(host, wanted)
    nat = [change for place, made in changes.items() for change in made if place.table == "nat"]
    rest = [change for place, made in changes.items() for change in made if place.table != "nat"]
    yield from () if wanted.persist else units
    yield from beside.new_routing()
    if wanted.beside.sysctls:
        yield from (*rest, *beside.new_sysctls(), *beside.new_routes(), *nat, *beside.old_sysctls())
    else:
        yield from (*nat, *beside.old_sysctls(), *rest, *beside.new_routes())
    yield from (*beside.old_routes(), *beside.old_routing(), *files)
    yield from units if wanted.persist else ()


def _refuse_what_would_be_doubled(host: Host, rules: Sequence[Rule]) -> None:
    made_by_ecs_init = {*ecs_init.CREDENTIAL_RULES, *ecs_init.INTROSPECTION_RULES}
    doubled = [rule for rule in rules if host.ecs_init and (rule.place, rule.spec) in made_by_ecs_init]
    if doubled:
        shown = "; ".join(f"-t {rule.place.table} -A {rule.place.chain} {rule.spec}" for rule in doubled)
        raise Refusal(
            f"ecs-init, which is installed here, makes these rules itself and would double them: {shown}. Leave them"
            " out (restore_ecs_init puts them back when a flush has taken them)"
        )


def _refuse_a_mix(host: Host, rules: Sequence[Rule]) -> None:
    if not (host.docker.elsewhere and rules):
        return
    other, here = host.docker.elsewhere, "legacy" if host.docker.elsewhere == "nft" else "nft"
    if any(place.made_by_docker for place in host.chains):
        raise Refusal(
            f"both backends of iptables hold Docker's chains: iptables on this host is {here}, and"
            f" iptables-{other}-save shows some too. A packet would meet both. Empty iptables-{other}: a reboot does"
        )
    raise Refusal(
        f"Docker's chains are in iptables-{other}, but iptables on this host is {here}: rules would not be where Docker"
        f" looks. Choose one for both (update-alternatives --set iptables /usr/sbin/iptables-{other})"
    )


def _for_ever(host: Host, deferred: Sequence[Rule]) -> Iterator[str]:
    if deferred and host.docker.nftables:
        yield (
            f"Docker keeps its rules in nftables itself, where there is no {deferred[0].place.chain}: the rule waits"
            " for ever. What prohibit_forwarding_to refuses does not depend on it"
        )


def _skipped(host: Host, wanted: RuleSet) -> Iterator[str]:
    versions = [rule.place.ip_version for rule in wanted.rules] + [
        version for version, _address in wanted.beside.prohibited
    ]
    left_out = len([version for version in versions if version not in host.ip_versions])
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
    return [_shown(chain.place, line) for chain in chains for _number, line in chain.after()]


def _shown(place: Place, line: str) -> dict[str, str]:
    return {"ip_version": place.ip_version, "table": place.table, "rule": line}
