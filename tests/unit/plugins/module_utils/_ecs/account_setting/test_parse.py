# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.model import VALUES, Request

KNOWN = ["awsvpcTrunking", "containerInsights", "guardDutyActivate", "newerThanThisTable"]
ROLE = "arn:aws:iam::123456789012:role/ecs/hosts"
PARAMS = {
    "name": "awsvpcTrunking",
    "value": "enabled",
    "principal_arn": None,
    "account_default": False,
    "state": "present",
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, Request("awsvpcTrunking", "enabled")),
        ({"principal_arn": ROLE}, Request("awsvpcTrunking", "enabled", ROLE)),
        ({"state": "absent", "value": None}, Request("awsvpcTrunking", None)),
        ({"state": "absent"}, Request("awsvpcTrunking", None)),
        ({"account_default": True}, Request("awsvpcTrunking", "enabled", account_default=True)),
        ({"name": "newerThanThisTable", "value": "x"}, Request("newerThanThisTable", "x")),
        (
            {"name": "fargateTaskRetirementWaitPeriod", "value": "14", "account_default": True},
            Request("fargateTaskRetirementWaitPeriod", "14", account_default=True),
        ),
        ({"principal_arn": "arn:aws-cn:iam::123456789012:user/u"}, None),
        ({"principal_arn": "arn:aws-us-gov:iam::123456789012:user/ops/u"}, None),
    ],
    ids=str,
)
def test_what_is_asked_for(change, expected):
    params = {**PARAMS, **change}
    assert parse.request(params, KNOWN) == (expected or Request(params["name"], "enabled", params["principal_arn"]))


@pytest.mark.parametrize("name", VALUES)
def test_every_documented_value_is_taken(name):
    for value in VALUES[name]:
        params = {**PARAMS, "name": name, "value": value, "account_default": True}
        assert parse.request(params, KNOWN).value == value


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "awsVpcTrunking"}, ["name", "awsVpcTrunking", "did you mean awsvpcTrunking?", "case"]),
        ({"name": "trunking"}, ["name", "'trunking'", "awsvpcTrunking"]),
        ({"name": "xyz"}, ["name", "'xyz'", "containerInsights", "fargateFIPSMode"]),
        ({"name": "guardDutyActivate", "value": "on"}, ["guardDutyActivate", "only be read"]),
        ({"value": "ENABLED"}, ["value", "ENABLED", "enabled or disabled"]),
        ({"value": "enhanced"}, ["value", "enhanced", "awsvpcTrunking"]),
        ({"name": "tagResourceAuthorization", "value": "True"}, ["value", "True", "on or off", "quotes"]),
        ({"name": "fargateTaskRetirementWaitPeriod", "value": "30", "account_default": True}, ["30", "0 or 7 or 14"]),
        ({"name": "fargateTaskRetirementWaitPeriod", "value": "7"}, ["account as a whole", "account_default: true"]),
        ({"name": "fargateEventWindows"}, ["account as a whole", "account_default: true"]),
        ({"account_default": True, "state": "absent"}, ["account_default", "not deleted", "value that ECS"]),
        ({"account_default": True, "principal_arn": ROLE}, ["account_default", "principal_arn", "one of them"]),
        ({"principal_arn": "ecsInstanceRole"}, ["principal_arn", "arn:aws:iam::ACCOUNT:role/ecsInstanceRole"]),
        ({"principal_arn": "arn:aws:iam:123456789012:role/r"}, ["principal_arn", "arn:aws:iam::ACCOUNT:role/r"]),
        ({"principal_arn": "arn:aws:iam::1234567890123456:role/r"}, ["principal_arn", "12-digit"]),
        ({"principal_arn": "arn:aws:iam::aws:role/r"}, ["principal_arn", "'aws'", "12 digits"]),
        ({"principal_arn": "arn:aws:iam::123456789012:policy/p"}, ["principal_arn", "IAM role"]),
        ({"principal_arn": "arn:aws:iam::123456789012:root"}, ["principal_arn", "root user", "account_default: true"]),
        (
            {"principal_arn": "arn:aws:sts::123456789012:assumed-role/hosts/i-0123"},
            ["principal_arn", "session", "arn:aws:iam::ACCOUNT:role/hosts"],
        ),
    ],
    ids=str,
)
def test_bad_input_is_refused_with_what_would_be_right(change, says):
    with pytest.raises(Refusal) as refusal:
        parse.request({**PARAMS, **change}, KNOWN)
    assert not [part for part in says if part not in str(refusal.value)], str(refusal.value)
