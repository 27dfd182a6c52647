# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.wait import Deadline


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_it_waits_shortly_at_first_then_longer_and_never_past_the_timeout():
    clock = Clock()
    deadline = Deadline(60, lambda _line: None, clock)
    while deadline.wait("tasks are left"):
        pass
    assert sum(clock.slept) == 60
    assert clock.slept[0] == 0.25
    assert max(clock.slept) == 5
    assert deadline.waited == 60


def test_the_time_is_one_for_all_that_is_waited_for():
    clock = Clock()
    deadline = Deadline(10, lambda _line: None, clock)
    while deadline.wait("not registered"):
        pass
    assert not deadline.wait("tasks are left")
    assert sum(clock.slept) == 10


def test_progress_is_told_when_there_is_some():
    lines: list[str] = []
    deadline = Deadline(600, lines.append, Clock())
    for left in (3, 3, 3, 2):
        deadline.wait(f"{left} tasks are left on it")
    assert [line.partition(";")[0] for line in lines] == ["3 tasks are left on it", "2 tasks are left on it"]
    assert "of at most 600 seconds" in lines[0]


def test_no_time_is_no_wait():
    clock = Clock()
    assert not Deadline(0, lambda _line: None, clock).wait("tasks are left")
    assert clock.slept == []
