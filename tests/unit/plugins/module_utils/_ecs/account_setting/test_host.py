# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.host import (
    HostFacts,
    plan_host,
    requests,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.model import Setting

ROOT = "arn:aws:iam::123456789012:root"
ROLE = "arn:aws:iam::123456789012:role/hosts"


def facts(registered=False, **settings):
    found = {name: Setting(name, value, arn) for name, (value, arn) in settings.items()}
    return HostFacts(found, registered)


TRUNKING = {"awsvpcTrunking": "enabled"}


@pytest.mark.parametrize(
    ("found", "settings", "expected"),
    [
        (facts(awsvpcTrunking=("enabled", ROLE)), TRUNKING, []),
        (facts(awsvpcTrunking=("disabled", ROLE)), TRUNKING, ["update awsvpcTrunking"]),
        (facts(awsvpcTrunking=("disabled", ROOT)), TRUNKING, ["create awsvpcTrunking"]),
        (facts(awsvpcTrunking=("enabled", ROOT)), TRUNKING, ["create awsvpcTrunking"]),
        (facts(), TRUNKING, ["create awsvpcTrunking"]),
        (
            facts(awsvpcTrunking=("enabled", ROLE), containerInsights=("disabled", ROOT)),
            {**TRUNKING, "containerInsights": "enhanced"},
            ["create containerInsights"],
        ),
        (facts(newer=("1", ROLE)), {"newer": 2}, ["update newer"]),
        (HostFacts(None, False), TRUNKING, ["create awsvpcTrunking"]),
    ],
)
def test_only_what_the_role_does_not_have_itself_is_set(found, settings, expected):
    plan = plan_host(found, requests(settings))
    assert [f"{change.action} {change.name}" for change in plan.changes] == expected
    assert plan.result == {"account_settings": {name: str(value) for name, value in settings.items()}}
    assert (plan.before != plan.after) is bool(expected)


@pytest.mark.parametrize(
    ("found", "settings", "says"),
    [
        (facts(awsvpcTrunking=("disabled", ROOT)), TRUNKING, [["launch new ones"]]),
        (facts(True, awsvpcTrunking=("disabled", ROOT)), TRUNKING, [["has registered already", "launch new ones"]]),
        (facts(True, awsvpcTrunking=("enabled", ROLE)), TRUNKING, []),
        (facts(True, containerInsights=("disabled", ROOT)), {"containerInsights": "enabled"}, []),
        (HostFacts(None, False), TRUNKING, [["no AWS CLI"], ["launch new ones"]]),
    ],
)
def test_a_user_reads_of_what_has_to_be_launched_again_only_when_something_changes(found, settings, says):
    warnings = plan_host(found, requests(settings)).warnings
    assert len(warnings) == len(says)
    for warning, parts in zip(warnings, says):
        assert not [part for part in parts if part not in warning], warning


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"awsVpcTrunking": "enabled"}, ["settings", "did you mean awsvpcTrunking?"]),
        ({"awsvpcTrunking": True}, ["settings", "awsvpcTrunking", "quotes"]),
        ({"awsvpcTrunking": "on"}, ["settings", "enabled or disabled"]),
        ({"awsvpcTrunking": None}, ["settings", "awsvpcTrunking"]),
        ({"guardDutyActivate": "on"}, ["settings", "only be read"]),
        ({"fargateTaskRetirementWaitPeriod": 7}, ["settings", "account as a whole", "ecs_account_setting"]),
    ],
)
def test_bad_settings_are_refused_before_the_first_change(settings, says):
    with pytest.raises(Refusal) as refusal:
        plan_host(facts(), requests(settings))
    assert not [part for part in says if part not in str(refusal.value)], str(refusal.value)
