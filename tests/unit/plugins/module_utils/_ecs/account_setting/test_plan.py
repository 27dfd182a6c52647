# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.model import (
    Caller,
    Facts,
    Request,
    Setting,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.plan import (
    is_settled,
    plan_account_setting,
)

NAME = "awsvpcTrunking"
ROOT = "arn:aws:iam::123456789012:root"
ROLE = "arn:aws:iam::123456789012:role/hosts"
IN_A_PATH = "arn:aws:iam::123456789012:role/ecs/eu/hosts"
USER = "arn:aws:iam::123456789012:user/ops/admin"
SESSION = Caller.of("arn:aws:sts::123456789012:assumed-role/hosts/i-0123")
ADMINISTRATOR = Caller.of(USER)
ROOT_USER = Caller.of(ROOT)
FEDERATED = Caller.of("arn:aws:sts::123456789012:federated-user/bob")


def own(value, arn=ROLE):
    return Setting(NAME, value, arn)


def default(value):
    return Setting(NAME, value, ROOT)


ENABLED = Request(NAME, "enabled")
FOR_ROLE = Request(NAME, "enabled", ROLE)
FOR_EVERYONE = Request(NAME, "enabled", account_default=True)
ABSENT = Request(NAME, None)


@pytest.mark.parametrize(
    ("setting", "request_", "settled"),
    [
        (own("enabled"), ENABLED, True),
        (own("disabled"), ENABLED, False),
        (default("enabled"), ENABLED, False),
        (default("disabled"), ENABLED, False),
        (None, ENABLED, False),
        (default("enabled"), FOR_EVERYONE, True),
        (default("disabled"), FOR_EVERYONE, False),
        (own("enabled"), FOR_EVERYONE, False),
        (None, ABSENT, True),
        (own("enabled"), ABSENT, False),
    ],
)
def test_only_a_setting_of_its_own_settles_what_is_asked_for_a_principal(setting, request_, settled):
    assert is_settled(setting, request_) is settled


@pytest.mark.parametrize(
    ("setting", "caller", "request_", "expected"),
    [
        (default("disabled"), SESSION, ENABLED, ("create", "account_setting", ROLE, "disabled", "enabled")),
        (default("enabled"), SESSION, ENABLED, ("create", "account_setting", ROLE, "enabled", "enabled")),
        (None, SESSION, ENABLED, ("create", "account_setting", ROLE, None, "enabled")),
        (own("disabled"), SESSION, ENABLED, ("update", "account_setting", ROLE, "disabled", "enabled")),
        (default("disabled"), SESSION, FOR_ROLE, ("create", "account_setting", ROLE, "disabled", "enabled")),
        (default("disabled"), ROOT_USER, FOR_ROLE, ("create", "account_setting", ROLE, "disabled", "enabled")),
        (
            default("disabled"),
            SESSION,
            Request(NAME, "enabled", IN_A_PATH),
            ("create", "account_setting", IN_A_PATH, "disabled", "enabled"),
        ),
        (
            default("disabled"),
            ADMINISTRATOR,
            ENABLED,
            ("create", "account_setting", USER, "disabled", "enabled"),
        ),
        (
            default("disabled"),
            ADMINISTRATOR,
            FOR_EVERYONE,
            ("update", "account_setting_default", None, "disabled", "enabled"),
        ),
        (
            default("disabled"),
            ROOT_USER,
            FOR_EVERYONE,
            ("update", "account_setting_default", None, "disabled", "enabled"),
        ),
        (own("enabled"), SESSION, ABSENT, ("delete", "account_setting", ROLE, "enabled", None)),
    ],
)
def test_one_difference_is_one_change(setting, caller, request_, expected):
    plan = plan_account_setting(Facts(setting, caller), request_)
    (change,) = plan.changes
    assert (change.action, change.kind, change.owner, change.before, change.after) == expected
    assert "launch new ones" in plan.warnings[0]
    owner = expected[2] or ROOT
    wanted = expected[4] and {"name": NAME, "value": expected[4], "principal_arn": owner}
    assert plan.result == {"account_setting": wanted}
    assert plan.before != plan.after


def test_what_is_settled_is_no_change_and_no_warning():
    plan = plan_account_setting(Facts(own("enabled")), ENABLED)
    assert (plan.changes, plan.warnings) == ((), ())
    assert plan.result["account_setting"]["value"] == "enabled"


def test_only_trunking_asks_for_new_instances():
    request = Request("containerInsights", "enhanced")
    plan = plan_account_setting(Facts(Setting("containerInsights", "disabled", ROOT), SESSION), request)
    assert (len(plan.changes), plan.warnings) == (1, ())


@pytest.mark.parametrize(
    ("setting", "caller", "request_", "says"),
    [
        (
            default("disabled"),
            ADMINISTRATOR,
            FOR_ROLE,
            ["principal_arn", USER, ROLE, "not even an administrator", "agent_account_settings", "root user"],
        ),
        (default("disabled"), SESSION, Request(NAME, "enabled", f"{ROLE}-other"), ["principal_arn", "hosts-other"]),
        (default("disabled"), ADMINISTRATOR, Request(NAME, "enabled", USER.replace("ops/", "")), ["principal_arn"]),
        (own("enabled"), ADMINISTRATOR, Request(NAME, None, ROLE), ["principal_arn", "not even an administrator"]),
        (
            default("disabled"),
            ROOT_USER,
            Request(NAME, "enabled", ROLE.replace("123456789012", "444455556666")),
            ["principal_arn", "account 444455556666", "account 123456789012"],
        ),
        (
            default("disabled"),
            ROOT_USER,
            Request(NAME, "enabled", ROLE.replace("arn:aws:", "arn:aws-cn:")),
            ["principal_arn", "partition aws-cn", "partition aws"],
        ),
        (default("disabled"), ROOT_USER, ENABLED, ["account_default", "root user", "everyone"]),
        (Setting(NAME, "enabled", ROOT), ROOT_USER, ABSENT, ["account_default", "root user"]),
        (default("disabled"), FEDERATED, ENABLED, ["federated user", "cannot have its own"]),
        (own("enabled"), SESSION, FOR_EVERYONE, ["account_default", ROLE, "hides", "state: absent"]),
    ],
)
def test_a_caller_who_cannot_is_refused_with_the_ways_out(setting, caller, request_, says):
    with pytest.raises(Refusal) as refusal:
        plan_account_setting(Facts(setting, caller), request_)
    assert not [part for part in says if part not in str(refusal.value)], str(refusal.value)


@pytest.mark.parametrize(
    ("arn", "principal"),
    [
        ("arn:aws:sts::123456789012:assumed-role/hosts/i-0123", ROLE),
        ("arn:aws-cn:sts::123456789012:assumed-role/hosts/mi-0123", ROLE.replace("aws:", "aws-cn:")),
        (USER, USER),
        (ROOT, ROOT),
    ],
)
def test_a_session_of_a_role_counts_as_the_role(arn, principal):
    assert Caller.of(arn).principal_arn == principal
