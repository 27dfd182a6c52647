# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import (
    Change,
    Failure,
    Plan,
    Refusal,
    converge,
)

ONE = Change("create", "thing", "one", after=1)
TWO = Change("update", "thing", "two", owner="box", before=1, after=2)
PLAN = Plan((ONE, TWO), before={"x": 1}, after={"x": 2}, result={"thing": {"x": 2}}, warnings=("look out",))


class Left(Exception):
    """A module ended."""


class Module:
    """What converge uses of an AnsibleModule."""

    def __init__(self, check_mode=False, diff=True):
        self.check_mode, self._diff = check_mode, diff
        self.warnings, self.result = [], None

    def warn(self, warning):
        self.warnings.append(warning)

    def exit_json(self, **result):
        self.result = {"failed": False, **result}
        raise Left

    def fail_json(self, **result):
        self.result = {"failed": True, **result}
        raise Left


def one_by_one(make):
    """The simplest apply: one write for each change, in order."""

    def apply(plan):
        for change in plan.changes:
            make(change)
            yield change

    return apply


def run(plan=PLAN, make=lambda change: None, module=None, read=lambda: None, **more):
    module = module or Module()
    with pytest.raises(Left):
        converge(module, read, lambda actual: plan, one_by_one(make), **more)
    return module


def test_changes_are_made_in_order_and_returned():
    made = []
    result = run(make=made.append).result
    assert made == [ONE, TWO]
    assert result["changes"] == [
        {"action": "create", "kind": "thing", "name": "one"},
        {"action": "update", "kind": "thing", "name": "two", "owner": "box"},
    ]


def test_check_mode_makes_nothing_and_returns_what_a_real_run_returns():
    made = []
    predicted = run(make=made.append, module=Module(check_mode=True)).result
    assert made == []
    assert predicted == run().result


def test_the_diff_is_returned_only_when_asked_for_and_only_with_a_change():
    assert run().result["diff"] == {"before": {"x": 1}, "after": {"x": 2}}
    assert "diff" not in run(module=Module(diff=False)).result
    assert "diff" not in run(Plan()).result


def test_a_diff_of_a_text_is_titled():
    titled = Plan((ONE,), before="a", after="b", diff_title="/etc/x")
    assert run(titled).result["diff"] == {
        "before": "a",
        "after": "b",
        "before_header": "/etc/x",
        "after_header": "/etc/x",
    }


def test_no_change_is_no_change():
    assert run(Plan(result={"thing": 1})).result == {"failed": False, "thing": 1, "changed": False, "changes": []}


def test_a_failed_change_is_named_and_only_what_was_done_is_reported():
    def make(change):
        if change is TWO:
            raise OSError("disk full")

    result = run(make=make).result
    assert result["failed"]
    assert result["msg"] == "Could not update thing two of box: disk full"
    assert (result["changed"], result["changes"]) == (True, [ONE.summary()])


@pytest.mark.parametrize("error", [OSError("disk full"), Refusal("it is full")])
def test_a_failure_in_a_changes_place_lets_the_others_go_on_and_fails_the_run(error):
    module = Module()
    with pytest.raises(Left):
        converge(module, lambda: None, lambda actual: PLAN, lambda plan: [Failure(ONE, error), TWO])
    assert module.result == {
        "failed": True,
        "msg": f"Could not create thing one: {error}",
        "changed": True,
        "changes": [TWO.summary()],
        "failures": [{**ONE.summary(), "error": str(error)}],
    }


def test_several_failures_are_counted_in_the_sentence():
    module = Module()
    with pytest.raises(Left):
        converge(
            module,
            lambda: None,
            lambda actual: PLAN,
            lambda plan: [Failure(change, OSError("disk full")) for change in (ONE, TWO)],
        )
    assert module.result["msg"] == "Could not create thing one (and 1 more, see failures): disk full"
    assert (module.result["changed"], len(module.result["failures"])) == (False, 2)


def test_a_failed_read_says_so():
    def read():
        raise OSError("no such host")

    assert run(read=read).result["msg"] == "Could not read the present state: no such host"


def test_a_refusal_by_the_plan_is_one_sentence_and_changes_nothing():
    def plan(_actual):
        raise Refusal("size: 7 is too much; at most 6.")

    module = Module()
    with pytest.raises(Left):
        converge(module, lambda: None, plan, one_by_one(lambda change: None))
    assert module.result == {"failed": True, "msg": "size: 7 is too much; at most 6.", "changed": False, "changes": []}


def test_a_bug_is_not_reported_as_somebody_elses_failure():
    def read():
        raise KeyError("bug")

    with pytest.raises(KeyError):
        converge(Module(), read, lambda actual: PLAN, one_by_one(lambda change: None))


def test_warnings_are_given_even_when_nothing_changes():
    assert run(Plan(warnings=("look out",))).warnings == ["look out"]


def test_counts_known_at_the_end_are_returned_on_success_and_failure():
    def make(_change):
        raise OSError("x")

    assert run(extras=lambda: {"calls": 3}).result["calls"] == 3
    assert run(make=make, extras=lambda: {"calls": 4}).result["calls"] == 4
