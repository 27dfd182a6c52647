# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.model import Facts, Request, Revision
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.plan import plan_task_definition

ARN = "arn:aws-cn:ecs:cn-north-1:123456789012:task-definition/web"
WEB = {"family": "web", "containerDefinitions": [{"name": "web", "image": "nginx", "memory": 128}]}
OTHER = {"family": "web", "containerDefinitions": [{"name": "web", "image": "httpd", "memory": 128}]}
THIRD = Revision(f"{ARN}:3", WEB, {"owner": "me", "aws:x": "1"})


@pytest.fixture
def web(shape):
    return Request("web", WEB, shape=shape)


def planned(facts, request):
    plan = plan_task_definition(facts, request)
    return plan, [str(change) for change in plan.changes]


def test_the_same_definition_is_no_change_and_gives_the_revision_that_is_there(web):
    plan, changes = planned(Facts(THIRD), web)
    assert changes == []
    assert plan.result["task_definition"]["revision"] == 3
    assert plan.before == plan.after


def test_a_new_family_gets_its_first_revision(web):
    plan, changes = planned(Facts(next_arn=f"{ARN}:1"), replace(web, tags={"a": "b"}))
    assert changes == ["create task definition web"]
    assert plan.result["task_definition"]["arn"] == f"{ARN}:1"
    assert plan.changes[0].after.tags == {"a": "b"}
    assert plan.before == {}


def test_another_definition_is_one_revision_with_the_tags_of_the_one_before(web):
    plan, changes = planned(Facts(THIRD, f"{ARN}:7"), replace(web, definition=OTHER))
    assert changes == ["create task definition web"]
    assert plan.changes[0].after == Revision(f"{ARN}:7", OTHER, {"owner": "me"})
    assert plan.result["task_definition"]["revision"] == 7


@pytest.mark.parametrize(
    ("tags", "purge", "changes", "after"),
    [
        (None, True, [], {"owner": "me", "aws:x": "1"}),
        ({"owner": "me"}, True, [], {"owner": "me", "aws:x": "1"}),
        ({"a": "b"}, False, ["update"], {"owner": "me", "aws:x": "1", "a": "b"}),
        ({"owner": "you"}, True, ["update"], {"owner": "you", "aws:x": "1"}),
        ({"a": "b"}, True, ["update", "delete"], {"aws:x": "1", "a": "b"}),
        ({}, True, ["delete"], {"aws:x": "1"}),
    ],
)
def test_tags_alone_make_no_revision(web, tags, purge, changes, after):
    plan, made = planned(Facts(THIRD), replace(web, tags=tags, purge_tags=purge))
    assert made == [f"{action} task definition tags {ARN}:3" for action in changes]
    assert plan.result["task_definition"]["tags"] == after


@pytest.mark.parametrize(
    ("tags", "purge", "after"),
    [
        (None, True, {"owner": "me"}),
        ({"a": "b"}, True, {"a": "b"}),
        ({"a": "b"}, False, {"owner": "me", "a": "b"}),
        ({}, True, {}),
    ],
)
def test_a_new_revision_is_registered_with_its_tags(web, tags, purge, after):
    request = replace(web, definition=OTHER, tags=tags, purge_tags=purge)
    plan, changes = planned(Facts(THIRD, f"{ARN}:4"), request)
    assert changes == ["create task definition web"]
    assert plan.changes[0].after.tags == after


@pytest.mark.parametrize(("keep", "gone"), [(None, []), (1, [1, 2, 3]), (2, [1, 2]), (3, [1]), (4, []), (9, [])])
def test_the_oldest_go_so_that_as_many_stay_as_were_asked_for(web, keep, gone):
    request = replace(web, definition=OTHER, keep_revisions=keep)
    plan, changes = planned(Facts(THIRD, f"{ARN}:4", (1, 2, 3) if keep else ()), request)
    assert changes == ["create task definition web", *(f"delete task definition web:{number}" for number in gone)]
    if gone:
        assert plan.before["active_revisions"] == [1, 2, 3]
        assert plan.after["active_revisions"] == [number for number in (1, 2, 3, 4) if number not in gone]


def test_absent_deregisters_what_is_active(web):
    plan, changes = planned(Facts(active=(2, 5)), Request("web"))
    assert changes == ["delete task definition web:2", "delete task definition web:5"]
    assert (plan.before, plan.after) == ({"family": "web", "active_revisions": [2, 5]}, {})
    assert plan.result == {"task_definition": None}
    assert planned(Facts(), Request("web"))[1] == []


def test_a_diff_says_that_a_hidden_value_changes_and_not_what_it_is(web):
    def definition(**environment):
        container = {"name": "web", "environment": [{"name": key, "value": environment[key]} for key in environment]}
        return {"family": "web", "containerDefinitions": [container]}

    before = Revision(f"{ARN}:3", definition(SAME="hunter22", OTHER="hunter33", GONE="hunter44"), {})
    after = definition(OTHER="hunter55", SAME="hunter22", NEW="hunter66")
    plan, _changes = planned(Facts(before, f"{ARN}:4"), replace(web, definition=after))
    assert plan.after["definition"]["containerDefinitions"][0]["environment"] == [
        {"name": "NEW", "value": "********"},
        {"name": "OTHER", "value": "******** (changed)"},
        {"name": "SAME", "value": "********"},
    ]
    assert "hunter" not in str((plan.before, plan.after, plan.result))
    assert "(changed)" not in str((plan.before, plan.result))
