# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The rules of the credential path and of the guard: what is right and wrong about them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.model import Fault, Pending
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.beside import routing_rules
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.ecs_init import (
    CREDENTIAL_RULES,
    INPUT,
    INTROSPECTION_RULES,
    OUTPUT,
    PREROUTING,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import Beside, Docker, Place
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.persist import UNIT

__all__ = ["CREDENTIAL_RULES", "INPUT", "OUTPUT", "PREROUTING", "Facts", "credential_path", "imds_guard"]

CREDENTIALS = "http://127.0.0.1:51679/"
METADATA = "http://127.0.0.1:51678/v1/metadata"

FORWARD = Place("ipv4", "filter", "FORWARD")
DOCKER_USER = Place("ipv4", "filter", "DOCKER-USER")

GUARD = "-d 169.254.169.254/32 -i docker+ -j DROP"
ROUTE_LOCALNET = "net.ipv4.conf.all.route_localnet"


@dataclass(frozen=True)
class Facts:
    """What a host has.

    Attributes:
        chains: every chain with its rules in order.
        units: what systemd knows of ecs.service, docker.service and our unit; empty where systemd does not run.
        docker: what Docker has to do with the tables.
        sets: what each persisted set has beside its rules, by name.
        routing_rules: by IP version, as C(ip rule) prints them; none of an IP version that the host does not speak.
        route_localnet: the value of net.ipv4.conf.all.route_localnet.
        ecs_init: whether amazon-ecs-init is installed.
        answers: the HTTP status that each of the agent's addresses answers with; None for no answer.
    """

    chains: Mapping[Place, Sequence[str]] = field(default_factory=dict)
    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    docker: Docker = field(default_factory=Docker)
    sets: Mapping[str, Beside] = field(default_factory=dict)
    routing_rules: Mapping[str, Sequence[str]] = field(default_factory=dict)
    route_localnet: str = "0"
    ecs_init: bool = True
    answers: Mapping[str, int | None] = field(default_factory=dict)

    def rules(self, place: Place) -> list[str]:
        """A chain's rules without their comments: who made a rule does not matter here."""
        return [
            re.sub(r'-m comment --comment (?:"(?:\\.|[^"])*"|\S+) ', "", rule) for rule in self.chains.get(place, ())
        ]

    def state(self, unit: str) -> str:
        return self.units.get(unit, {}).get("ActiveState", "unknown")

    @property
    def managed_path(self) -> bool:
        """Whether a set of ours makes the credential path, and not ecs-init."""
        return any(name == ROUTE_LOCALNET for each in self.sets.values() for name, _value in each.sysctls)


def credential_path(facts: Facts) -> Iterator[Fault]:
    """Whether a task's request to 169.254.170.2 reaches the agent. ecs-init's own rules: look, never add."""
    managed, state = facts.managed_path, facts.state("ecs.service")
    if managed and facts.ecs_init:
        yield Fault(
            "ecs-init is installed, and a set of ours makes the credential path as well",
            "set task_network_credential_path to ecs_init",
        )
    if not managed and state != "active":
        yield Pending(f"ecs.service is {state}", "start ecs.service: ecs-init makes these rules when it starts")
        return
    mend = _RELOAD if managed else _RESTART
    for place, rule in CREDENTIAL_RULES:
        yield from _once(place, rule, facts.rules(place).count(rule), mend)
    for place, rule in INTROSPECTION_RULES:
        yield from _once(place, rule, max(1, facts.rules(place).count(rule)), mend)
    if facts.route_localnet != "1":
        yield Fault(f"{ROUTE_LOCALNET} is {facts.route_localnet}", mend)
    # Nothing tells whether an agent that was started by hand should run.
    kind, look = (Pending, "start the agent") if managed else (Fault, _LOOK)
    if facts.answers.get(CREDENTIALS) is None:
        yield kind(f"nothing answers at {CREDENTIALS}", look)
    if facts.answers.get(METADATA) != 200:
        yield kind(f"{METADATA} answers {facts.answers.get(METADATA) or 'nothing'}", look)


_RELOAD = f"run systemctl reload {UNIT} and read systemctl status {UNIT}"
_RESTART = "run systemctl restart ecs: ecs-init sets it again; set by hand, it would be doubled or undone"
_LOOK = "look at /var/log/ecs/ecs-agent.log and at docker ps --all --filter name=ecs-agent"


def _once(place: Place, rule: str, count: int, mend: str) -> Iterator[Fault]:
    shown = f"-t {place.table} -A {place.chain} {rule}"
    if count == 0:
        filtered = " (and ECS_SKIP_LOCALHOST_TRAFFIC_FILTER must not be true)" if place == INPUT else ""
        yield Fault(f"rule missing: {shown}", f"{mend}{filtered}")
    if count > 1:
        tool = "iptables" if place.ip_version == "ipv4" else "ip6tables"
        deletion = f"{tool} -w -t {place.table} -D {place.chain} {rule}"
        yield Fault(f"rule there {count} times: {shown}", f"run {count - 1} time(s): {deletion}")


def imds_guard(facts: Facts) -> Iterator[Fault]:
    """Whether a bridge task's packet to the instance metadata service is stopped, now and after the next boot."""
    if facts.docker.elsewhere:
        yield Fault(
            f"Docker's chains are in iptables-{facts.docker.elsewhere}, which iptables on this host is not",
            "choose one backend for both (update-alternatives --config iptables) and reboot",
        )
    prohibited = [pair for each in facts.sets.values() for pair in each.prohibited]
    if facts.sets:
        yield from _kept(facts)
    yield from _routing(facts, prohibited)
    if not (facts.docker.nftables and prohibited):  # Docker's own nftables has no such chain, and routing holds alone
        yield from _docker_user(facts)


def _kept(facts: Facts) -> Iterator[Fault]:
    unit, docker = facts.units.get(UNIT, {}), facts.units.get("docker.service", {})
    if unit.get("UnitFileState") != "enabled" or unit.get("ActiveState") != "active":
        yield Fault(f"{UNIT} is not both enabled and active", f"run systemctl enable --now {UNIT}")
    elif docker.get("LoadState") == "loaded" and UNIT not in docker.get("After", "").split():
        yield Fault(
            f"docker.service does not start after {UNIT}",
            "run systemctl daemon-reload, or the role task_network again: a drop-in of docker.service says so",
        )


def _routing(facts: Facts, prohibited: Sequence[tuple[str, str]]) -> Iterator[Fault]:
    wanted = [rule for rule in routing_rules(prohibited) if rule[0] in facts.routing_rules]
    for ip_version, words in wanted:
        if words not in facts.routing_rules[ip_version]:
            yield Fault(f"{ip_version} routing rule missing: pref {words}", _RELOAD)
    for ip_version in dict.fromkeys(version for version, _words in wanted):
        rules = list(facts.routing_rules[ip_version])
        ours = [rules.index(words) for version, words in wanted if version == ip_version and words in rules]
        foreign = [
            rule for i, rule in enumerate(rules) if i < max(ours, default=0) and (ip_version, rule) not in wanted
        ]
        for rule in foreign:
            if rule != "0 lookup local":
                yield Fault(
                    f"an {ip_version} routing rule stands before the guard's: {rule}", "give it a priority above 3"
                )


def _docker_user(facts: Facts) -> Iterator[Fault]:
    if DOCKER_USER not in facts.chains:
        state = facts.state("docker.service")
        kind, remedy = (Fault, "restart docker") if state == "active" else (Pending, "start docker.service")
        yield kind(
            f"chain DOCKER-USER does not exist and docker.service is {state}", f"{remedy}: Docker makes the chain"
        )
        return
    guard, forward = facts.rules(DOCKER_USER), facts.rules(FORWARD)
    if GUARD not in guard[:1]:
        at = f"at position {guard.index(GUARD) + 1}" if GUARD in guard else "missing"
        yield Fault(
            f"the rule -A DOCKER-USER {GUARD} is {at}",
            f"place it at position 1 with fleetkit.ecs.netfilter_rules, or run systemctl reload {UNIT}",
        )
    jump = forward.index("-j DOCKER-USER") if "-j DOCKER-USER" in forward else None
    if jump is None:
        yield Fault("FORWARD does not jump to DOCKER-USER", "restart docker: it makes the jump")
    elif any(rule.endswith("-j ACCEPT") for rule in forward[:jump]):
        yield Fault("FORWARD accepts packets before it jumps to DOCKER-USER", "restart docker: it moves the jump up")
