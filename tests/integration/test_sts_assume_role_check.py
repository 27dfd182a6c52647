# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sts_assume_role_check against two accounts: each broken link is named, and STS is asked as a task asks it."""

from __future__ import annotations

import json

import pytest
from module_runner import run_module

HERE, THERE = "123456789012", "210987654321"
TASK_ROLE, DESTINATION = f"arn:aws:iam::{HERE}:role/ecsTaskRole", f"arn:aws:iam::{THERE}:role/reports"
SOURCE_SIDE, DESTINATION_SIDE = ["source_role", "permission"], ["destination_role", "trust"]
SECRETS = ("access_key", "secret_key", "session_token")


def document(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, **more) -> dict:
    return {"Effect": "Allow", "Action": action, **more}


PERMISSION = document(allow("sts:AssumeRole", Resource=DESTINATION))
TASKS = allow("sts:AssumeRole", Principal={"Service": "ecs-tasks.amazonaws.com"})
FOREIGN = allow("sts:AssumeRole", Sid="theirs", Principal={"AWS": f"arn:aws:iam::{THERE}:root"})


class TwoAccounts:
    """A task role here and a destination role there."""

    def __init__(self, aws):
        self.aws, self.there_keys = aws, aws.keys_of_account(THERE)
        self.there = aws.client("iam", **self.there_keys)
        aws.iam.create_role(RoleName="ecsTaskRole", AssumeRolePolicyDocument=document(TASKS))
        self.there.create_role(RoleName="reports", AssumeRolePolicyDocument=document(FOREIGN))

    def clear(self):
        """Nothing between them."""
        self.permit()
        self.aws.iam.delete_role_policy(RoleName="ecsTaskRole", PolicyName="assume")
        self.trust()

    def permit(self, policy: str = PERMISSION):
        self.aws.iam.put_role_policy(RoleName="ecsTaskRole", PolicyName="assume", PolicyDocument=policy)

    def trust(self, *statements: dict):
        self.there.update_assume_role_policy(RoleName="reports", PolicyDocument=document(FOREIGN, *statements))

    def trust_the_task_role(self, **more):
        self.trust(allow("sts:AssumeRole", Sid="fleet", Principal={"AWS": TASK_ROLE}, **more))

    def check(self, checks: list[str], keys: dict[str, str] | None = None, **params):
        given = {name.removeprefix("aws_").replace("_id", "").replace("secret_access", "secret"): value
                 for name, value in (keys or {}).items()}  # fmt: skip
        request = {"source_role_arn": TASK_ROLE, "role_arn": DESTINATION, "checks": checks, **given, **params}
        return run_module("sts_assume_role_check", **request)

    def faults(self, checks: list[str], keys: dict[str, str] | None = None, **params) -> dict[str, str]:
        result = self.check(checks, keys, **params)
        assert not result.failed, result.msg
        return {check["name"]: check["fault"] or check["status"] for check in result.checks}

    def links(self, **params) -> dict[str, str]:
        """All links, each account asked with its own credentials, and STS as a task."""
        return {
            **self.faults(SOURCE_SIDE, **params),
            **self.faults(DESTINATION_SIDE, self.there_keys, **params),
            **self.faults(["assume_role"], self.aws.task_of(TASK_ROLE), **params),
        }


ALL_WELL = dict.fromkeys([*SOURCE_SIDE, *DESTINATION_SIDE, "assume_role"], "ok")


@pytest.fixture(scope="module")
def prepared(aws_server):
    aws_server.reset()
    aws_server.enforce()
    yield TwoAccounts(aws_server)
    aws_server.reset()


@pytest.fixture
def accounts(prepared):
    prepared.clear()
    return prepared


def test_with_both_sides_a_task_becomes_the_destination_role_and_not_with_either_alone(accounts):
    nothing = {"permission": "permission_missing", "trust": "trust_missing", "assume_role": "access_denied"}
    assert accounts.links() == {**ALL_WELL, **nothing}
    accounts.permit()
    assert accounts.links() == {**ALL_WELL, "trust": "trust_missing", "assume_role": "access_denied"}
    accounts.trust_the_task_role()
    assert accounts.links() == ALL_WELL
    accounts.aws.iam.delete_role_policy(RoleName="ecsTaskRole", PolicyName="assume")
    assert accounts.links() == {**ALL_WELL, "permission": "permission_missing", "assume_role": "access_denied"}


def test_it_says_who_one_was_and_became_and_nothing_secret(accounts):
    accounts.permit()
    accounts.trust_the_task_role()
    keys = accounts.aws.task_of(TASK_ROLE)
    result = accounts.check(["assume_role"], keys)
    assert result.identity_before == f"arn:aws:sts::{HERE}:assumed-role/ecsTaskRole/0123456789abcdef"
    assert result.identity_after == f"arn:aws:sts::{THERE}:assumed-role/reports/fleetkit-ecs-check"
    assert not [secret for secret in keys.values() if secret in json.dumps(result.json)]
    assert "ASIA" not in json.dumps(result.json)
    assert result.api_calls == {"GetCallerIdentity": 2, "AssumeRole": 1}
    assert accounts.check(["assume_role"], keys, check=True).json == result.json


def test_an_administrator_who_may_assume_the_task_role_asks_as_the_task_role(accounts):
    accounts.permit()
    accounts.trust_the_task_role()
    assert accounts.faults(["assume_role"]) == {"assume_role": "unknown"}
    administrators = allow("sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{HERE}:root"})
    accounts.aws.iam.update_assume_role_policy(RoleName="ecsTaskRole", PolicyDocument=document(TASKS, administrators))
    result = accounts.check(["assume_role"])
    assert (result.checks[0]["status"], result.identity_before.split("/")[1]) == ("ok", "ecsTaskRole")


def test_an_external_id_that_is_not_sent_or_another_is_the_broken_link(accounts):
    accounts.permit()
    accounts.trust_the_task_role(Condition={"StringEquals": {"sts:ExternalId": "fleet-1"}})
    broken = {**ALL_WELL, "trust": "condition_not_met", "assume_role": "access_denied"}
    assert accounts.links() == broken
    assert accounts.links(external_id="fleet-2") == broken
    assert accounts.links(external_id="fleet-1") == ALL_WELL


def test_credentials_of_the_other_account_are_named_with_both_accounts(accounts):
    result = accounts.check([*SOURCE_SIDE, *DESTINATION_SIDE], accounts.there_keys)
    assert [check["fault"] for check in result.checks] == ["wrong_account", "wrong_account", "", "trust_missing"]
    assert HERE in result.checks[0]["found"]
    assert THERE in result.checks[0]["found"]


def test_a_role_that_does_not_exist_is_the_broken_link(accounts):
    missing = {"source_role_arn": f"{TASK_ROLE}-2", "role_arn": f"{DESTINATION}-2"}
    assert accounts.faults(SOURCE_SIDE, **missing) == dict.fromkeys(SOURCE_SIDE, "role_missing")
    there = accounts.faults(DESTINATION_SIDE, accounts.there_keys, **missing)
    assert there == dict.fromkeys(DESTINATION_SIDE, "role_missing")


def test_a_deny_and_a_boundary_count(accounts):
    accounts.trust_the_task_role()
    accounts.permit(document(allow("sts:AssumeRole", Resource="*"), {**allow("sts:*", Resource="*"), "Effect": "Deny"}))
    assert accounts.links()["permission"] == "explicit_deny"
    accounts.permit()
    boundary = accounts.aws.iam.create_policy(PolicyName="b", PolicyDocument=document(allow("s3:*", Resource="*")))
    accounts.aws.iam.put_role_permissions_boundary(
        RoleName="ecsTaskRole", PermissionsBoundary=boundary["Policy"]["Arn"]
    )
    assert accounts.faults(["permission"]) == {"permission": "permission_missing"}
    accounts.aws.iam.delete_role_permissions_boundary(RoleName="ecsTaskRole")


def test_an_attached_policy_counts_like_an_inline_one(accounts):
    policy = accounts.aws.iam.create_policy(PolicyName="assume", PolicyDocument=PERMISSION)
    accounts.aws.iam.attach_role_policy(RoleName="ecsTaskRole", PolicyArn=policy["Policy"]["Arn"])
    accounts.trust_the_task_role()
    assert accounts.links() == ALL_WELL
    accounts.aws.iam.detach_role_policy(RoleName="ecsTaskRole", PolicyArn=policy["Policy"]["Arn"])


def test_an_endpoint_that_cannot_be_reached_is_the_broken_link(accounts, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    result = accounts.check(["source_role", "assume_role"])
    assert [check["fault"] for check in result.checks] == ["endpoint_unreachable"] * 2
    assert "http://127.0.0.1:9" in result.checks[0]["found"]


def test_a_task_cannot_read_policies_and_says_so_instead_of_guessing(accounts):
    result = accounts.check(SOURCE_SIDE, accounts.aws.task_of(TASK_ROLE))
    assert [check["status"] for check in result.checks] == ["unknown", "unknown"]
    assert "iam:GetRole" in result.checks[0]["found"]


def test_one_call_as_the_destination_role_proves_what_it_is_for(accounts):
    accounts.permit()
    accounts.trust_the_task_role()
    accounts.aws.client("s3", **accounts.there_keys).create_bucket(
        Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    call = {"service": "s3", "operation": "ListObjectsV2", "parameters": {"Bucket": "theirs"}}
    task = accounts.aws.task_of(TASK_ROLE)
    assert accounts.faults(["assume_role"], task, call=call) == {"assume_role": "ok", "call": "call_refused"}
    reading = document(allow("s3:ListBucket", Resource="arn:aws:s3:::theirs"))
    accounts.there.put_role_policy(RoleName="reports", PolicyName="read", PolicyDocument=reading)
    assert accounts.faults(["assume_role"], task, call=call) == {"assume_role": "ok", "call": "ok"}


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"role_arn": "arn:aws::iam::210987654321:role/reports"}, "is not the ARN of an IAM role"),
        ({"call": {"service": "s3", "operation": "DeleteBucket"}}, "might change something"),
    ],
)
def test_what_cannot_be_right_is_refused_before_the_first_call(accounts, params, says):
    accounts.aws.operations()
    result = run_module(
        "sts_assume_role_check",
        **{"source_role_arn": TASK_ROLE, "role_arn": DESTINATION, "checks": ["trust"], **params},
    )
    assert result.failed
    assert says in result.msg
    assert accounts.aws.operations() == []
