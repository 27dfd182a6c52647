# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Failure, Plan
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import ManagedPolicy, Role
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.schedule import Scheduler, dependencies
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.write import Patience

P, Q = "arn:aws:iam::123456789012:policy/p", "arn:aws:iam::123456789012:policy/q"


def new_policy(arn):
    name = arn.rsplit("/", 1)[-1]
    return Change("create", "managed_policy", name, after=ManagedPolicy(name, arn=arn))


def new_role(name, trusts=()):
    principals = {"AWS": [f"arn:aws:iam::123456789012:role/{one}" for one in trusts]}
    return Change("create", "role", name, after=Role(name, trust={"Statement": [{"Principal": principals}]}))


def attach(role, arn):
    return Change("create", "role_policy_attachment", arn, role, after=arn)


def detach(role, arn):
    return Change("delete", "role_policy_attachment", arn, role)


def inline(role, name):
    return Change("create", "inline_policy", name, role)


def new_profile(name):
    return Change("create", "instance_profile", name)


def held(profile, role, action="create"):
    return Change(action, "instance_profile_role", role, profile)


def gone(kind, name):
    return Change("delete", kind, name)


CASES = {
    "strangers": ([new_role("a"), new_role("b"), new_policy(P), new_profile("x")], [set()] * 4),
    "a role's own changes follow one another": ([new_role("a"), attach("a", P), inline("a", "i")], [set(), {0}, {1}]),
    "two roles attach a new policy at once": (
        [new_policy(P), new_role("a"), new_role("b"), attach("a", P), attach("b", P)],
        [set(), set(), set(), {0, 1}, {0, 2}],
    ),
    "a trusted role comes first": ([new_role("b"), new_role("a", trusts=["b"])], [set(), {0}]),
    "a role and its profile": (
        [new_role("a"), new_profile("x"), held("x", "a")],
        [set(), set(), {0, 1}],
    ),
    "a role goes when it has left its profile": (
        [held("x", "a", "delete"), detach("a", P), gone("role", "a"), gone("instance_profile", "x")],
        [set(), {0}, {1}, {0}],
    ),
    "a policy goes when no role has it any more": (
        [detach("a", P), detach("b", P), gone("managed_policy", P)],
        [set(), set(), {0, 1}],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_depends_on_what(case):
    changes, expected = CASES[case]
    assert dependencies(changes) == expected


def run(changes, failing=(), concurrency=4):
    """What was made, in order, and what was not and why."""

    def make(change):
        if change in failing:
            raise OSError("refused")

    outcomes = list(Scheduler(make, (OSError,), concurrency)(Plan(tuple(changes))))
    failures = [one for one in outcomes if isinstance(one, Failure)]
    return [one for one in outcomes if isinstance(one, Change)], [(one.change, str(one.error)) for one in failures]


def test_one_at_a_time_is_the_plans_own_order():
    changes = [new_policy(P), new_role("a"), attach("a", P), new_role("b"), attach("b", P), new_profile("x")]
    assert run(changes, concurrency=1) == (changes, [])


def test_independent_changes_are_made_at_the_same_time_and_never_more_than_allowed():
    together = threading.Barrier(3, timeout=5)
    scheduler = Scheduler(lambda change: together.wait(), (), concurrency=3)
    assert len(list(scheduler(Plan(tuple(new_role(name) for name in "abcdef"))))) == 6


def test_what_could_not_be_created_holds_back_what_needs_it_and_nothing_else():
    broken, lone = new_role("a"), new_role("c")
    needing = [attach("a", P), new_role("b", trusts=["a"]), held("x", "a")]
    made, failures = run([broken, *needing, new_profile("x"), lone], failing=[broken])
    assert set(map(str, made)) == {str(new_profile("x")), str(lone)}
    assert failures[0] == (broken, "refused")
    assert {str(change) for change, _why in failures[1:]} == set(map(str, needing))
    assert {why for _change, why in failures[1:]} == {"not tried, because it was not possible to create role a"}


def test_a_failed_change_holds_back_deletions_about_the_same_thing_but_not_the_rest():
    failing = attach("a", P)
    changes = [failing, inline("a", "i"), detach("a", Q), detach("b", Q)]
    made, failures = run(changes, failing=[failing])
    assert set(map(str, made)) == {str(changes[1]), str(changes[3])}
    assert [why for _change, why in failures] == [
        "refused",
        f"not tried, because it was not possible to create role policy attachment {P} of a",
    ]


def test_a_role_does_not_leave_its_profile_for_one_that_could_not_be_created():
    successor = new_role("new")
    leaves = Change("delete", "instance_profile_role", "old", "x", before="old", after="new")
    made, failures = run([successor, leaves, held("x", "new")], failing=[successor])
    assert (made, len(failures)) == ([], 3)


def test_a_bug_is_not_a_failure():
    with pytest.raises(OSError, match="bug"):
        list(Scheduler(lambda change: (nothing for nothing in ()).throw(OSError("bug")), (), 1)(Plan((new_role("a"),))))


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.mark.parametrize("timeout", [0, 1, 7, 120])
def test_waiting_is_bounded_for_each_reason_and_told_once(timeout):
    told = []
    patience = Patience(timeout, told.append, clock=Clock())
    while patience.wait("one"):
        pass
    assert patience.waited == pytest.approx(timeout)
    assert patience.wait("one") is False
    assert patience.wait("other") is (timeout > 0)
    assert [line.rpartition(" ")[2] for line in told] == ["one", "other"]
