# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.model import (
    HOUR,
    Activation,
    Facts,
    Kept,
    Request,
    Secret,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.plan import plan_activation, unfit

NOW = 1_800_000_000.0
STORE = "/root/activation.json"
SECRET = Secret("1", "code-1")
WANTED = Request({"fleet": "shops"}, role="ecsAnywhereRole", registration_limit=5, rotate_before=2)
ABSENT = Request({"fleet": "shops"})
LIVE = Activation("1", "ecsAnywhereRole", 5, 0, NOW + 10 * HOUR, False, NOW - 14 * HOUR, tags={"fleet": "shops"})
OTHER = replace(LIVE, activation_id="2", created=NOW - HOUR)


def facts(*matching, secret=SECRET, where=STORE, loose=False):
    return Facts(Kept(where, secret if where else None, loose), matching, NOW)


def made(plan):
    """Which changes, and of which activation those are that delete one."""
    return [
        (change.action, change.kind, getattr(change.before, "activation_id", None) or change.name)
        for change in plan.changes
    ]


NEW = ("create", "activation", "fleet=shops")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, None),
        ({"expired": True}, "it has expired"),
        ({"expires": NOW}, "it has expired"),
        ({"expires": NOW + 2 * HOUR}, "it expires within 2 hours (rotate_before)"),
        ({"expires": NOW + 2 * HOUR + 1}, None),
        ({"registrations_count": 4}, None),
        ({"registrations_count": 5}, "it has 0 registrations left, 1 are needed"),
        ({"registration_limit": 20}, None),
        ({"role": "other"}, "its role is other"),
        ({"default_instance_name": "shop"}, "its default_instance_name is 'shop'"),
        ({"description": "another"}, None),
    ],
    ids=str,
)
def test_an_activation_is_used_again_while_it_is_of_use(changed, why):
    activation = replace(LIVE, **changed)
    assert unfit(activation, WANTED, NOW) == why
    plan = plan_activation(facts(activation), WANTED)
    assert (plan.result["reason"], bool(plan.changes)) == (why, why is not None)


def test_enough_registrations_must_be_left_for_the_hosts_of_the_play():
    needs_three = replace(WANTED, registrations_needed=3)
    assert plan_activation(facts(replace(LIVE, registrations_count=2)), needs_three).changes == ()
    plan = plan_activation(facts(replace(LIVE, registrations_count=3)), needs_three)
    assert plan.result["reason"] == "it has 2 registrations left, 3 are needed"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (facts(secret=None), [NEW, ("create", "activation_code", STORE)]),
        (facts(), [NEW, ("update", "activation_code", STORE)]),
        (facts(where=None), [NEW]),
        (facts(LIVE, where=None), [NEW]),
    ],
)
def test_a_new_activation_goes_into_the_store(found, expected):
    assert made(plan_activation(found, WANTED)) == expected


@pytest.mark.parametrize(
    ("changed", "goes"),
    [
        ({"expires": NOW + HOUR}, False),
        ({"expired": True}, True),
        ({"registrations_count": 5}, True),
        ({"role": "other"}, True),
        ({"default_instance_name": "shop"}, True),
    ],
    ids=str,
)
def test_what_nobody_can_or_should_use_is_deleted_after_the_new_one_has_the_store(changed, goes):
    plan = plan_activation(facts(replace(LIVE, **changed)), WANTED)
    assert made(plan) == [NEW, ("update", "activation_code", STORE), *([("delete", "activation", "1")] if goes else [])]
    assert plan.before != plan.after


def test_nothing_is_deleted_while_there_is_one_of_use():
    assert plan_activation(facts(LIVE, replace(OTHER, expired=True)), WANTED).changes == ()


def test_an_activation_whose_code_is_lost_is_named_and_left_alone():
    plan = plan_activation(facts(OTHER, secret=None), WANTED)
    assert made(plan) == [NEW, ("create", "activation_code", STORE)]
    assert "1 more activation(s) with these tags can be used" in plan.warnings[0]
    assert plan.result["reason"] == f"{STORE} has no code"


def test_a_code_whose_activation_is_gone_is_replaced():
    plan = plan_activation(facts(), WANTED)
    assert plan.result["reason"] == f"the activation of the code in {STORE} is gone or has other tags"


def test_a_file_that_others_may_read_is_put_right():
    (change,) = plan_activation(facts(LIVE, loose=True), WANTED).changes
    assert (change.action, change.kind, change.name) == ("update", "activation_code", STORE)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (facts(secret=None), []),
        (facts(where=None), []),
        (facts(), [("delete", "activation_code", STORE)]),
        (
            facts(LIVE, OTHER),
            [("delete", "activation", "1"), ("delete", "activation", "2"), ("delete", "activation_code", STORE)],
        ),
    ],
)
def test_absent_is_all_of_these_tags_and_the_code(found, expected):
    plan = plan_activation(found, ABSENT)
    assert made(plan) == expected
    assert plan.result["activation"] is None


@pytest.mark.parametrize("request_", [WANTED, ABSENT, replace(WANTED, role="other")], ids=str)
def test_neither_id_nor_code_is_in_anything_that_is_shown(request_):
    secret = Secret("SECRET-ID", "SECRET-CODE")
    activation = replace(LIVE, activation_id="SECRET-ID", registrations_count=5)
    plan = plan_activation(facts(activation, replace(OTHER, activation_id="SECRET-ID-2"), secret=secret), request_)
    shown = json.dumps([plan.diff(), plan.result, plan.warnings, [change.summary() for change in plan.changes]])
    assert "SECRET" not in shown + " ".join(map(str, plan.changes)) + repr(plan)
