# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts as a try, a leak, a request and a loss in the guard's proof (tests/guard), and what its verdict says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "guard"))

import evaluate
import events
import report

SOURCES = ["docker0 imds4"]


def witness(start=0.0, end=20.0, imds="1", agent="1"):
    """Lines of a witness that looks ten times a second and always sees the same."""
    looks = round((end - start) * 10)
    return [f"host witness {start + n / 10} {start + n / 10 + 0.01} {imds} {imds} {agent}" for n in range(looks)]


def told(*lines, windows=((0, 20),), event="reboot"):
    """The tally of an event over these windows."""
    occurrences = [evaluate.Window(event, *window) for window in windows]
    return evaluate.tally(evaluate.parse(lines), occurrences)[event]


def counted(tally):
    return tuple(counter.total() for counter in (tally.tries, tally.leaks, tally.requests, tally.losses))


SHUT = "docker0 imds4 5.0 5.2 0"
THROUGH = "docker0 imds4 5.0 5.01 1"
SERVED = "docker0 credentials 5.0 5.01 1 0"
UNSERVED = "docker0 credentials 5.0 13.0 0 0"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([*witness(), SHUT], (1, 0, 0, 0), id="a try while the host reaches IMDS counts"),
        pytest.param([*witness(imds="0"), SHUT], (0, 0, 0, 0), id="one while the host does not proves nothing"),
        pytest.param([SHUT], (0, 0, 0, 0), id="without a witness nothing is proven"),
        pytest.param([*witness(end=5.1), SHUT], (0, 0, 0, 0), id="the witness must be heard after it"),
        pytest.param([*witness(start=5.1), SHUT], (0, 0, 0, 0), id="the witness must be heard before it"),
        pytest.param(
            [*witness(end=5.1), *witness(start=5.1, end=5.2, imds="0"), *witness(start=5.2), SHUT],
            (0, 0, 0, 0),
            id="one look in between that failed is enough to doubt it",
        ),
        pytest.param(
            [*witness(end=4.8), *witness(start=5.4), SHUT], (0, 0, 0, 0), id="a witness silent for long knows not"
        ),
        pytest.param([*witness(end=4.9), *witness(start=5.2), SHUT], (1, 0, 0, 0), id="a short silence is no doubt"),
        pytest.param([*witness(), THROUGH], (1, 1, 0, 0), id="a try that gets through is a leak"),
        pytest.param([*witness(imds="0"), THROUGH], (1, 1, 0, 0), id="a leak is one whatever the witness saw"),
        pytest.param([THROUGH], (1, 1, 0, 0), id="a leak needs no witness"),
        pytest.param([*witness(), SERVED], (0, 0, 1, 0), id="an answered request counts"),
        pytest.param([*witness(), UNSERVED], (0, 0, 1, 1), id="one that fails while the agent runs is a loss"),
        pytest.param([*witness(agent="0"), UNSERVED], (0, 0, 0, 0), id="one that fails while it does not run is none"),
        pytest.param(
            [*witness(end=9), *witness(start=9, end=9.1, agent="0"), *witness(start=9.1), UNSERVED],
            (0, 0, 0, 0),
            id="the agent has to run for the whole of the request",
        ),
        pytest.param([*witness(), "docker0 imds4 5.0"], (0, 0, 0, 0), id="a line that was cut is none"),
    ],
)
def test_what_counts(lines, expected):
    assert counted(told(*lines)) == expected


def test_ipv6_counts_by_what_the_host_reaches_over_ipv6():
    only_ipv4 = [line.replace(" 1 1 1", " 1 0 1") for line in witness()]
    assert counted(told(*only_ipv4, "user imds6 5.0 5.2 0", "user imds4 5.0 5.2 0")) == (1, 0, 0, 0)


def test_a_request_belongs_to_the_event_in_which_it_began():
    lines = evaluate.parse([*witness(), UNSERVED])
    windows = [evaluate.Window("reboot", 0, 6), evaluate.Window("Docker restart", 6, 20)]
    tallies = evaluate.tally(lines, windows)
    assert tallies["reboot"].losses.total() == 1
    assert tallies["Docker restart"].requests.total() == 0


def test_the_times_of_an_event_are_told_together():
    later = "docker0 imds4 15.0 15.2 0"
    both = told(*witness(), SHUT, later, windows=((0, 10), (10, 20)))
    assert (both.times, both.tries.total()) == (2, 2)


@pytest.mark.parametrize(
    ("lines", "agent", "expected"),
    [
        pytest.param([SHUT, SERVED], True, True, id="heard and served"),
        pytest.param([SHUT], True, False, id="no credentials yet"),
        pytest.param([SHUT], False, True, id="none expected"),
        pytest.param([SERVED], True, False, id="not heard yet"),
        pytest.param([SHUT, SERVED[:-1] + "1"], True, False, id="an older request is still open"),
        pytest.param([SHUT, UNSERVED], True, False, id="not served"),
    ],
)
def test_an_event_is_over_when_every_prober_is_heard_and_served_again(lines, agent, expected):
    assert evaluate.settled(evaluate.parse([*witness(), *lines]), SOURCES, 4.0, 1, agent) is expected


def test_an_event_is_not_over_by_what_was_seen_before_its_end():
    assert not evaluate.settled(evaluate.parse([*witness(), SHUT, SERVED]), SOURCES, 6.0, 1, True)


def test_an_event_is_not_over_while_the_agent_does_not_run():
    assert not evaluate.settled(evaluate.parse([*witness(agent="0"), SHUT, SERVED]), SOURCES, 4.0, 1, True)


def proven(event="reboot", tries=20, leaks=0, requests=4, losses=0, **more):
    """A tally in which nothing is wrong, unless told otherwise."""
    one = evaluate.Tally(event, times=1, **more)
    one.tries["docker0 imds4"], one.leaks["docker0 imds4"] = tries, leaks
    one.requests["docker0 credentials"], one.losses["docker0 credentials"] = requests, losses
    return {event: one}


@pytest.mark.parametrize(
    ("tallies", "expected"),
    [
        (proven(), []),
        (proven(leaks=1), ["here, reboot: docker0 imds4: 1 leaks"]),
        (proven(losses=2), ["here, reboot: docker0 credentials: 2 losses"]),
        (proven(tries=19), ["here, reboot: docker0 imds4: only 19 of 20 tries"]),
        (proven(requests=0), ["here, reboot: only 0 requests for credentials"]),
        (proven(unsettled=1), ["here, reboot: 1 times the path of credentials did not come back by itself"]),
        ({}, ["here, reboot: happened 0 times of 1"]),
    ],
)
def test_the_verdict_says_what_is_wrong(tallies, expected):
    assert report.wrong("here", tallies, {"reboot": 1}, SOURCES) == expected


def test_a_prober_that_sees_nothing_while_nothing_guards_is_blind():
    assert report.wrong("here", proven("no guard yet", leaks=20), {"no guard yet": 1}, SOURCES) == []
    (problem,) = report.wrong("here", proven("no guard yet", leaks=0), {"no guard yet": 1}, SOURCES)
    assert "blind" in problem


def test_a_recipe_that_does_not_leak_is_not_believed():
    assert report.blind(proven(leaks=1)) == []
    assert report.blind(proven(leaks=0))


def test_what_leaks_while_nothing_guards_is_in_no_sum():
    figures = report.figures({"Debian 13": proven() | proven("no guard yet", leaks=20)}, proven(leaks=3))
    assert (figures["tries"], figures["leaks"], figures["losses"]) == (20, 0, 0)
    assert (figures["recipe_tries"], figures["recipe_leaks"], figures["recipe_losses"]) == (20, 3, 0)
    assert figures["event_reboot_tries"] == 20
    assert all(isinstance(figure, int) for figure in figures.values())


def test_the_table_has_the_recipe_beside_the_first_host():
    rows = report.rows({"Debian 13": proven(), "Debian 12": proven()}, proven(leaks=3))
    assert rows[1] == ("reboot", "1", "20", "0", "4", "0", "20", "3", "3", "4", "0")
    assert [row[6] for row in rows if row[0] == "reboot"] == ["20", ""]
    assert len({len(row) for row in rows}) == 1


def test_the_whole_list_is_what_was_promised():
    whole, short = events.listed(short=False), events.listed(short=True)
    assert whole["reboot"] == 10
    assert whole["Docker restart"] == 20
    assert set(short) < set(whole)


def test_what_comes_before_and_after_an_event_belongs_to_its_first_and_last_time():
    event = events.Event("x", ("step",), times=2, short=1, before=("before",), after=("after",))
    assert event.occurrences(short=False) == [("before", "step"), ("step", "after")]
    assert event.occurrences(short=True) == [("before", "step", "after")]
