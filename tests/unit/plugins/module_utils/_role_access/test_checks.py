# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what was seen to the link that is broken, as tables."""

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import parse_arn
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import (
    CHECKS,
    Answer,
    Facts,
    RoleFacts,
    report,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.parse import parse

SOURCE, DESTINATION = "arn:aws:iam::111122223333:role/tasks/app", "arn:aws:iam::555566667777:role/reports"
TRUST = {"Statement": {"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "sts:AssumeRole"}}
EXTERNAL = {"StringEquals": {"sts:ExternalId": "fleet-1"}}
PERMISSION = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": DESTINATION}}
HERE, THERE = (Answer(arn=f"arn:aws:iam::{account}:user/a") for account in ("111122223333", "555566667777"))
TASK = Answer(arn="arn:aws:sts::111122223333:assumed-role/app/0123")
NOWHERE = Answer(unreachable="Could not connect to the endpoint URL")
NOTHING = {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}


def facts(**seen) -> Facts:
    return Facts(
        parse_arn("s", SOURCE, "role"), parse_arn("d", DESTINATION, "role"), operation="s3 ListBuckets", **seen
    )


def source(*policies: dict, **more) -> Facts:
    role = RoleFacts(arn=SOURCE, policies=tuple(("inline policy p", policy) for policy in policies), **more)
    return facts(caller=HERE, source_role=role)


def destination(trust: dict) -> Facts:
    return facts(caller=THERE, destination_role=RoleFacts(arn=DESTINATION, trust=trust))


def trusting(principal: str, **more) -> dict:
    return {"Statement": {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **more}}


@pytest.mark.parametrize(
    ("check", "seen", "status", "fault"),
    [
        ("source_role", source(), "ok", ""),
        ("source_role", facts(caller=HERE), "wrong", "role_missing"),
        ("source_role", facts(caller=HERE, source_role=RoleFacts(arn=SOURCE.replace("/tasks", ""))), "wrong",
         "wrong_path"),
        ("source_role", facts(caller=THERE, source_role=RoleFacts(arn=SOURCE)), "wrong", "wrong_account"),
        ("source_role", facts(caller=NOWHERE), "wrong", "endpoint_unreachable"),
        ("source_role", facts(caller=TASK, source_role=RoleFacts(unread="iam:GetRole")), "unknown", ""),
        ("permission", source(PERMISSION), "ok", ""),
        ("permission", source(NOTHING, PERMISSION), "ok", ""),
        ("permission", source(NOTHING), "wrong", "permission_missing"),
        ("permission", source(), "wrong", "permission_missing"),
        ("permission", source(PERMISSION, boundary=(("b", NOTHING),)), "wrong", "permission_missing"),
        ("permission", source(PERMISSION, boundary=(("b", PERMISSION),)), "ok", ""),
        ("permission", source({"Statement": {**PERMISSION["Statement"], "Condition": EXTERNAL}}), "wrong",
         "condition_not_met"),
        ("permission", source({"Statement": {**PERMISSION["Statement"], "Effect": "Deny"}}), "wrong", "explicit_deny"),
        ("permission", facts(caller=HERE), "wrong", "role_missing"),
        ("permission", facts(caller=THERE), "wrong", "wrong_account"),
        ("destination_role", destination(TRUST), "ok", ""),
        ("destination_role", facts(caller=THERE), "wrong", "role_missing"),
        ("destination_role", facts(caller=HERE), "wrong", "wrong_account"),
        ("trust", destination(TRUST), "ok", ""),
        ("trust", destination(trusting("444455556666")), "wrong", "trust_missing"),
        ("trust", destination(trusting("AROA1234567890ABCDEF1")), "wrong", "trust_missing"),
        ("trust", destination(trusting(SOURCE, Condition=EXTERNAL)), "wrong", "condition_not_met"),
        ("trust", destination(trusting(SOURCE, Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})), "unknown",
         ""),
        ("trust", facts(caller=HERE), "wrong", "wrong_account"),
        ("assume_role", facts(caller=HERE), "unknown", ""),
        ("assume_role", facts(caller=TASK, before=TASK, assumed=Answer(arn="b")), "ok", ""),
        ("assume_role", facts(caller=TASK, before=TASK, assumed=Answer(refusal="no")), "wrong", "access_denied"),
        ("assume_role", facts(caller=TASK, before=TASK, assumed=NOWHERE), "wrong", "endpoint_unreachable"),
        ("assume_role", facts(caller=NOWHERE), "wrong", "endpoint_unreachable"),
        ("call", facts(caller=HERE), "unknown", ""),
        ("call", facts(caller=TASK, assumed=Answer(arn="b"), call=Answer(arn="answered")), "ok", ""),
        ("call", facts(caller=TASK, assumed=Answer(arn="b"), call=Answer(refusal="no")), "wrong", "call_refused"),
        ("call", facts(caller=TASK, assumed=Answer(arn="b"), call=NOWHERE), "wrong", "endpoint_unreachable"),
    ],
)  # fmt: skip
def test_each_link(check, seen, status, fault):
    found = CHECKS[check](seen)
    assert (found.status, found.fault) == (status, fault), found
    assert bool(found.remedy) or status == "ok" or check == "call"


def test_the_wrong_account_is_told_with_both_accounts():
    found = CHECKS["trust"](facts(caller=HERE)).found
    assert "in account 111122223333" in found
    assert "in account 555566667777" in found


def test_a_role_that_was_deleted_and_made_again_is_explained():
    found = CHECKS["trust"](destination(trusting("AROA1234567890ABCDEF1")))
    assert "AROA1234567890ABCDEF1, the id of a role or user that has been deleted" in found.found
    assert "another principal" in found.remedy


def test_unknown_is_not_wrong_but_one_wrong_is():
    assert report(["assume_role"], facts(caller=HERE), CHECKS)["ok"]
    assert not report(["assume_role", "trust"], facts(caller=HERE), CHECKS)["ok"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"source_role_arn": "arn:aws:iam::1111222233334444:role/app"}, "12-digit account"),
        ({"role_arn": "arn:aws::iam::555566667777:role/reports"}, "write it like arn:aws:iam::ACCOUNT:role/reports"),
        ({"role_arn": "arn:aws:iam::555566667777:user/reports"}, "not the ARN of an IAM role"),
        ({"role_arn": "arn:aws-cn:iam::555566667777:role/reports"}, "no role can be assumed across partitions"),
        ({"external_id": "a b"}, "2 to 1224"),
        ({"call": {"service": "s3", "operation": "DeleteBucket"}}, "might change something"),
        ({"call": {"service": "s3", "operation": "getaway"}}, "might change something"),
    ],
)
def test_what_cannot_be_right_is_refused(wrong, says):
    params = {"source_role_arn": SOURCE, "role_arn": DESTINATION, "external_id": None, "call": None, **wrong}
    with pytest.raises(Refusal, match=says):
        parse(params)
