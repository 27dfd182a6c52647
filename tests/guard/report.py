# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table, the figures and the verdict: pure."""

from __future__ import annotations

import re

from evaluate import Tally
from events import BY_NAME

# Fewer counted tries of a prober than this, each time an event happens, prove nothing.
TRIES_EACH_TIME = 20
PAGE_COVERS = "docker0 imds4"
HEAD = ("event", "times", "tries", "leaks", "requests", "losses")
RECIPE_HEAD = ("recipe: tries", "leaks", "of them docker0, IPv4", "requests", "losses")

Tallies = dict[str, Tally]


def rows(ours: dict[str, Tallies], recipe: Tallies) -> list[tuple[str, ...]]:
    """A block for each host of ours, the recipe beside the first."""
    table = []
    for title, tallies in ours.items():
        beside = recipe if not table else {}
        table += [(title, *HEAD[1:], *(RECIPE_HEAD if beside else [""] * len(RECIPE_HEAD)))]
        table += [(name, *cells(told), *recipe_cells(beside.get(name))) for name, told in tallies.items()]
        table += [("all but the unguarded", *cells(total(tallies)), *recipe_cells(total(beside) if beside else None))]
        table += [("",) * len(table[0])]
    return table[:-1]


def cells(told: Tally) -> tuple[str, ...]:
    counters = (told.tries, told.leaks, told.requests, told.losses)
    return (str(told.times), *(str(counter.total()) for counter in counters))


def recipe_cells(told: Tally | None) -> tuple[str, ...]:
    if not told:
        return ("",) * len(RECIPE_HEAD)
    _times, tries, leaks, requests, losses = cells(told)
    return tries, leaks, str(told.leaks[PAGE_COVERS]), requests, losses


def total(tallies: Tallies) -> Tally:
    """Everything that happened while something should have guarded."""
    whole = Tally("total")
    for told in guarded(tallies):
        whole.times += told.times
        whole.tries += told.tries
        whole.leaks += told.leaks
        whole.requests += told.requests
        whole.losses += told.losses
    return whole


def guarded(tallies: Tallies) -> list[Tally]:
    return [told for name, told in tallies.items() if not BY_NAME[name].open]


def figures(ours: dict[str, Tallies], recipe: Tallies) -> dict[str, int]:
    """A flat map: the sums, then each host's, then each event's of the first host and of the recipe."""
    sums = {name: count(total(tallies)) for name, tallies in ours.items()}
    flat = {key: sum(one[key] for one in sums.values()) for key in ("tries", "leaks", "requests", "losses")}
    if recipe:
        flat |= prefixed("recipe", count(total(recipe)))
        flat["recipe_leaks_docker0_ipv4"] = total(recipe).leaks[PAGE_COVERS]
    for name, one in sums.items():
        flat |= prefixed(slug(name), one)
    first = next(iter(ours.values()), {})
    for prefix, tallies in (("event", first), ("recipe_event", recipe)):
        for told in guarded(tallies):
            flat |= prefixed(f"{prefix}_{slug(told.event)}", {"times": told.times, **count(told)})
    return flat


def count(told: Tally) -> dict[str, int]:
    counters = {"tries": told.tries, "leaks": told.leaks, "requests": told.requests, "losses": told.losses}
    return {name: counter.total() for name, counter in counters.items()}


def prefixed(prefix: str, values: dict[str, int]) -> dict[str, int]:
    return {f"{prefix}_{name}": value for name, value in values.items()}


def slug(text: str) -> str:
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def wrong(host: str, tallies: Tallies, expected: dict[str, int], sources: list[str]) -> list[str]:
    """Why the guard is not proven on a host; nothing when it is."""
    times = {name: tallies[name].times if name in tallies else 0 for name in expected}
    found = [
        f"{host}, {name}: happened {times[name]} times of {wanted}"
        for name, wanted in expected.items()
        if times[name] != wanted
    ]
    for told in tallies.values():
        found += [f"{host}, {told.event}: {what}" for what in wrong_event(told, sources)]
    return found


def blind(recipe: Tallies) -> list[str]:
    """The recipe is known to leak: probers that do not see it prove nothing."""
    return [] if total(recipe).leaks.total() else ["the recipe did not leak once: the probers see nothing"]


def wrong_event(told: Tally, sources: list[str]) -> list[str]:
    """What speaks against the guard, or against the proof, in one event."""
    if BY_NAME[told.event].open:
        return [
            f"{source} saw nothing although nothing guards: it is blind" for source in sources if not told.leaks[source]
        ]
    found = [f"{source}: {leaks} leaks" for source, leaks in told.leaks.items() if leaks]
    found += [f"{source}: {losses} losses" for source, losses in told.losses.items() if losses]
    least = told.times * TRIES_EACH_TIME
    found += [
        f"{source}: only {told.tries[source]} of {least} tries" for source in sources if told.tries[source] < least
    ]
    if told.requests.total() < told.times:
        found.append(f"only {told.requests.total()} requests for credentials")
    if told.unsettled:
        found.append(f"{told.unsettled} times the path of credentials did not come back by itself")
    return found
