# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what a host has to what is right and wrong about it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import Place

CREDENTIALS = "http://127.0.0.1:51679/"
METADATA = "http://127.0.0.1:51678/v1/metadata"

PREROUTING, OUTPUT = Place("ipv4", "nat", "PREROUTING"), Place("ipv4", "nat", "OUTPUT")
INPUT, FORWARD = Place("ipv4", "filter", "INPUT"), Place("ipv4", "filter", "FORWARD")
DOCKER_USER = Place("ipv4", "filter", "DOCKER-USER")

# What ecs-init makes when ecs.service starts, as iptables -S prints it (amazon-ecs-agent, ecs-init/exec/iptables).
_TO_THE_AGENT = "-d 169.254.170.2/32 -p tcp -m tcp --dport 80"
ECS_INIT_RULES = (
    (PREROUTING, f"{_TO_THE_AGENT} -j DNAT --to-destination 127.0.0.1:51679"),
    (OUTPUT, f"{_TO_THE_AGENT} -j REDIRECT --to-ports 51679"),
    (INPUT, "! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP"),
)
GUARD = "-d 169.254.169.254/32 -i docker+ -j DROP"


@dataclass(frozen=True)
class Facts:
    """What a host has.

    Attributes:
        chains: every IPv4 chain with its rules in order.
        units: the state of ecs.service and docker.service in systemd's words; empty where systemd does not run.
        route_localnet: the value of net.ipv4.conf.all.route_localnet.
        answers: the HTTP status that each of the agent's addresses answers with; None for no answer.
    """

    chains: Mapping[Place, Sequence[str]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    route_localnet: str = "0"
    answers: Mapping[str, int | None] = field(default_factory=dict)

    def rules(self, place: Place) -> list[str]:
        """A chain's rules without their comments: who made a rule does not matter here."""
        return [
            re.sub(r'-m comment --comment (?:"(?:\\.|[^"])*"|\S+) ', "", rule) for rule in self.chains.get(place, ())
        ]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and what mends it."""

    found: str
    remedy: str


@dataclass(frozen=True)
class Pending(Fault):
    """Something that cannot be right yet, and what makes it so."""


def report(names: Sequence[str], facts: Facts) -> dict[str, object]:
    """What the module returns."""
    checks = [_judged(name, list(CHECKS[name](facts))) for name in names]
    return {"ok": all(check["status"] != "wrong" for check in checks), "checks": checks}


def _judged(name: str, faults: Sequence[Fault]) -> dict[str, str]:
    status = "ok" if not faults else "pending" if all(isinstance(fault, Pending) for fault in faults) else "wrong"
    return {
        "name": name,
        "status": status,
        "found": "; ".join(fault.found for fault in faults) or "all as it should be",
        "remedy": "; ".join(dict.fromkeys(fault.remedy for fault in faults)),
    }


def credential_path(facts: Facts) -> Iterator[Fault]:
    """Whether a task's request to 169.254.170.2 reaches the agent. ecs-init owns the rules: look, never add."""
    state = facts.units.get("ecs.service", "unknown")
    if state != "active":
        yield Pending(f"ecs.service is {state}", "start ecs.service: ecs-init makes these rules when it starts")
        return
    for place, rule in ECS_INIT_RULES:
        yield from _once(place, rule, facts.rules(place).count(rule))
    if facts.route_localnet != "1":
        yield Fault(f"net.ipv4.conf.all.route_localnet is {facts.route_localnet}", _RESTART)
    if facts.answers.get(CREDENTIALS) is None:
        yield Fault(f"nothing answers at {CREDENTIALS}", _LOOK)
    if facts.answers.get(METADATA) != 200:
        yield Fault(f"{METADATA} answers {facts.answers.get(METADATA) or 'nothing'}", _LOOK)


_RESTART = "run systemctl restart ecs: ecs-init sets it again; set by hand, it would be doubled or undone"
_LOOK = "look at /var/log/ecs/ecs-agent.log and at docker ps --all --filter name=ecs-agent"


def _once(place: Place, rule: str, count: int) -> Iterator[Fault]:
    shown = f"-t {place.table} -A {place.chain} {rule}"
    if count == 0:
        filtered = " (and ECS_SKIP_LOCALHOST_TRAFFIC_FILTER must not be true)" if place == INPUT else ""
        yield Fault(f"rule missing: {shown}", f"{_RESTART}{filtered}")
    if count > 1:
        deletion = f"iptables -w -t {place.table} -D {place.chain} {rule}"
        yield Fault(f"rule there {count} times: {shown}", f"run {count - 1} time(s): {deletion}")


def imds_guard(facts: Facts) -> Iterator[Fault]:
    """Whether a bridge task's packet to the instance metadata service meets the DROP before anything accepts it."""
    if DOCKER_USER not in facts.chains:
        state = facts.units.get("docker.service", "unknown")
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
            "place it at position 1 with fleetkit.ecs.netfilter_rules, or restart the unit of its set",
        )
    jump = forward.index("-j DOCKER-USER") if "-j DOCKER-USER" in forward else None
    if jump is None:
        yield Fault("FORWARD does not jump to DOCKER-USER", "restart docker: it makes the jump")
    elif any(rule.endswith("-j ACCEPT") for rule in forward[:jump]):
        yield Fault("FORWARD accepts packets before it jumps to DOCKER-USER", "restart docker: it moves the jump up")


CHECKS: Mapping[str, Callable[[Facts], Iterator[Fault]]] = {
    "credential_path": credential_path,
    "imds_guard": imds_guard,
}
