# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the logs of the probers and of the witness say: pure, lines and windows in, a tally for each event out.

A try counts only if the host itself reached IMDS all the while; a try that got through is a leak, whatever the witness
saw. A request counts if it was answered, or if the agent ran all the while; then, unanswered, it is a loss.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

IMDS = ("imds4", "imds6")
# Where the witness' lines say it.
FACTS = {"imds4": 0, "imds6": 1, "agent": 2}
# The witness looks every 50 ms. Where it says nothing for longer than this, nobody knows.
LONGEST_SILENCE = 0.5


@dataclass(frozen=True)
class Observation:
    """One line of a log."""

    stream: str
    kind: str
    start: float
    end: float
    seen: tuple[bool, ...]

    @property
    def source(self) -> str:
        """Where it was seen from and by which family: the unit in which blindness is told."""
        return f"{self.stream} {self.kind}"


@dataclass(frozen=True)
class Window:
    """One occurrence of an event on a host; the next one begins where it ends."""

    event: str
    start: float
    end: float
    settled: bool = True
    remark: str = ""


@dataclass
class Tally:
    """An event on a host, all its occurrences together."""

    event: str
    times: int = 0
    unsettled: int = 0
    tries: Counter = field(default_factory=Counter)
    leaks: Counter = field(default_factory=Counter)
    requests: Counter = field(default_factory=Counter)
    losses: Counter = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)


def parse(lines: Iterable[str]) -> list[Observation]:
    """The observations in order of their start; a line that is not whole is none."""
    found = []
    for line in lines:
        words = line.split()
        if len(words) >= 5:
            found.append(Observation(words[0], words[1], float(words[2]), float(words[3]), flags(words[4:])))
    return sorted(found, key=lambda one: one.start)


def flags(words: list[str]) -> tuple[bool, ...]:
    return tuple(word == "1" for word in words)


class Witness:
    """Was something true for the whole of a time?"""

    def __init__(self, observations: Iterable[Observation]) -> None:
        self.samples = [one for one in observations if one.kind == "witness"]
        self.starts = [sample.start for sample in self.samples]

    def held(self, fact: str, start: float, end: float) -> bool:
        """Every look from the last one before to the first one after agreed, and none was long in coming."""
        first = bisect_right(self.starts, start) - 1
        last = bisect_left(self.starts, end)
        if first < 0 or last >= len(self.samples):
            return False
        looks = self.samples[first : last + 1]
        silences = [after.start - before.start for before, after in zip(looks, looks[1:])]
        return all(look.seen[FACTS[fact]] for look in looks) and max(silences, default=0) <= LONGEST_SILENCE


def counts(one: Observation, witness: Witness) -> bool:
    """Does this observation prove anything?"""
    answered = one.seen[0]
    return answered or witness.held(one.kind if one.kind in IMDS else "agent", one.start, one.end)


def tally(observations: list[Observation], windows: list[Window]) -> dict[str, Tally]:
    """What was seen in the windows of each event; an observation belongs to the window in which it began."""
    witness = Witness(observations)
    probes = [one for one in observations if one.kind != "witness"]
    starts = [one.start for one in probes]
    tallies: dict[str, Tally] = {}
    for window in windows:
        told = tallies.setdefault(window.event, Tally(window.event))
        told.times += 1
        told.unsettled += not window.settled
        told.remarks += [window.remark] if window.remark else []
        for one in probes[bisect_left(starts, window.start) : bisect_left(starts, window.end)]:
            if counts(one, witness):
                add(told, one)
    return tallies


def add(told: Tally, one: Observation) -> None:
    """A try that got through is a leak, a request that did not is a loss."""
    got_through = one.seen[0]
    if one.kind in IMDS:
        told.tries[one.source] += 1
        told.leaks[one.source] += got_through
    else:
        told.requests[one.source] += 1
        told.losses[one.source] += not got_through


def agent_runs(observations: list[Observation]) -> bool:
    """Does the last look of the witness say so?"""
    looks = [one for one in observations if one.kind == "witness"]
    return bool(looks) and looks[-1].seen[FACTS["agent"]]


def settled(observations: list[Observation], sources: list[str], since: float, needed: int, agent: bool) -> bool:
    """Has every source been heard often enough, does the agent serve every stream, and is no older request open?"""
    witness = Witness(observations)
    later = [one for one in observations if one.start >= since]
    heard = Counter(one.source for one in later if one.kind in IMDS and counts(one, witness))
    served = {one.stream for one in later if one.kind == "credentials" and one.seen == (True, False)}
    if any(heard[source] < needed for source in sources):
        return False
    return not agent or (agent_runs(observations) and served >= {source.split()[0] for source in sources})
