# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Account settings against a local AWS: two roles, the root user and an administrator, in two regions."""

from __future__ import annotations

import json
import urllib.request

import boto3
import pytest
from module_runner import applied, run_module

from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies import build

ACCOUNT = "123456789012"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
MODULE = "ecs_account_setting"
TRUNKING = {"name": "awsvpcTrunking", "value": "enabled"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}],
}


def lab(aws, method, path):
    request = urllib.request.Request(f"{aws.url}/_lab/{path}", method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def options(keys):
    """Credentials as options of a module; those of no session have no token."""
    token = {"session_token": keys["SessionToken"]} if "SessionToken" in keys else {}
    return {"access_key": keys["AccessKeyId"], "secret_key": keys["SecretAccessKey"], **token}


def role(name, path="/", policies=None):
    made = run_module("iam_role", name=name, path=path, trust=TRUST, inline_policies=policies or {})
    assert not made.failed, made.msg
    return made.iam_role["arn"]


def effective(aws, **keys):
    """The value that is in force for whoever has these credentials, and whose it is."""
    names = {
        "access_key": "aws_access_key_id",
        "secret_key": "aws_secret_access_key",
        "session_token": "aws_session_token",
    }
    ecs = boto3.client("ecs", endpoint_url=aws.url, **{names[name]: key for name, key in keys.items()})
    (setting,) = ecs.list_account_settings(name="awsvpcTrunking", effectiveSettings=True)["settings"]
    return setting["value"], setting["principalArn"]


@pytest.fixture(scope="module")
def callers(aws_server):
    """Who there is: by name, the ARN of a role or user and its credentials."""
    aws_server.reset()
    sts = boto3.client("sts", endpoint_url=aws_server.url)
    policies = {"trunking": {"own": build("awsvpc_trunking", {})}}
    arns = {name: role(name, policies=policies.get(name)) for name in ("hosts", "other", "trunking")}
    arns["deep"] = role("deep", path="/ecs/eu/")
    sessions = {name: sts.assume_role(RoleArn=arn, RoleSessionName="i-0123") for name, arn in arns.items()}
    users = {"administrator": "accounts/123456789012", "root": "accounts/123456789012/root"}
    return {
        **{name: (arns[name], options(session["Credentials"])) for name, session in sessions.items()},
        **{
            name: (f"arn:aws:iam::{ACCOUNT}:user/{name}", options(lab(aws_server, "POST", path)))
            for name, path in users.items()
        },
    }


REGIONS = iter(boto3.Session().get_available_regions("ecs"))


@pytest.fixture
def aws(aws_server, monkeypatch):
    """A region of its own for each test, in which nobody has set anything: much faster than a new account."""
    region = next(REGIONS)
    monkeypatch.setenv("AWS_REGION", region)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    aws_server.operations()
    return aws_server


@pytest.fixture
def hosts(callers, aws):
    """The ARN and the credentials of a role, as its hosts have them."""
    aws.operations()
    return callers["hosts"]


def test_a_role_sets_its_own_setting_as_check_mode_predicted_and_nobody_elses(aws, callers, hosts):
    arn, keys = hosts
    other = callers["other"][1]
    run = applied(MODULE, **TRUNKING, **keys)
    assert run.account_setting == {**TRUNKING, "principal_arn": arn}
    assert run.changes == [{"action": "create", "kind": "account_setting", "name": "awsvpcTrunking", "owner": arn}]
    assert "launch new ones" in run.warnings[0]
    assert run.diff["before"] == {"name": "awsvpcTrunking", "value": "disabled", "principal_arn": ROOT}
    assert effective(aws, **keys) == ("enabled", arn)
    assert effective(aws, **other) == effective(aws) == ("disabled", ROOT)


def test_a_setting_is_of_one_region(aws, hosts, monkeypatch):
    arn, keys = hosts
    elsewhere = next(REGIONS)
    applied(MODULE, **TRUNKING, **keys)
    applied(MODULE, name="awsvpcTrunking", value="disabled", region=elsewhere, **keys)
    assert effective(aws, **keys) == ("enabled", arn)
    monkeypatch.setenv("AWS_DEFAULT_REGION", elsewhere)
    assert effective(aws, **keys) == ("disabled", arn)


def test_a_setting_that_is_there_costs_one_call_and_one_that_is_not_four(aws, hosts):
    arn, keys = hosts
    run = run_module(MODULE, **TRUNKING, **keys)
    assert aws.operations() == ["ListAccountSettings", "GetCallerIdentity", "PutAccountSetting", "ListAccountSettings"]
    assert sum(run.api_calls.values()) == 4
    for principal in ({}, {"principal_arn": arn}):
        assert not run_module(MODULE, **TRUNKING, **keys, **principal).changed
        assert aws.operations() == ["ListAccountSettings"]


def test_check_mode_writes_nothing(aws, hosts):
    assert run_module(MODULE, check=True, **TRUNKING, **hosts[1]).changed
    assert aws.operations() == ["ListAccountSettings", "GetCallerIdentity"]


def test_a_value_that_only_comes_from_the_default_of_the_account_becomes_the_roles_own(aws, hosts):
    arn, keys = hosts
    applied(MODULE, **TRUNKING, account_default=True)
    assert effective(aws, **keys) == ("enabled", ROOT)
    assert applied(MODULE, **TRUNKING, **keys).account_setting["principal_arn"] == arn
    applied(MODULE, name="awsvpcTrunking", value="disabled", account_default=True)
    assert effective(aws, **keys) == ("enabled", arn)


def test_the_default_of_the_account_is_for_all_who_have_none_and_only_when_it_is_said(aws, callers, hosts):
    arn, keys = hosts
    applied(MODULE, name="awsvpcTrunking", value="disabled", **keys)
    run = applied(MODULE, **TRUNKING, account_default=True)
    assert run.account_setting == {**TRUNKING, "principal_arn": ROOT}
    assert run.changes == [{"action": "update", "kind": "account_setting_default", "name": "awsvpcTrunking"}]
    assert effective(aws, **callers["other"][1]) == effective(aws) == ("enabled", ROOT)
    assert effective(aws, **keys) == ("disabled", arn)
    aws.operations()
    assert not run_module(MODULE, **TRUNKING, account_default=True).changed
    assert aws.operations() == ["ListAccountSettings"]


def test_a_caller_with_a_setting_of_its_own_cannot_see_the_default_and_is_told_so(aws, hosts):
    applied(MODULE, **TRUNKING, **hosts[1])
    run = run_module(MODULE, **TRUNKING, **hosts[1], account_default=True)
    assert run.failed
    assert "hides" in run.msg
    assert "PutAccountSettingDefault" not in aws.operations()


def test_removed_the_role_has_the_default_of_the_account_again(aws, hosts):
    arn, keys = hosts
    absent = {"name": "awsvpcTrunking", "state": "absent", **keys}
    assert not run_module(MODULE, **absent).changed
    assert aws.operations() == ["ListAccountSettings"]
    applied(MODULE, **TRUNKING, **keys)
    run = applied(MODULE, **absent)
    assert run.changes == [{"action": "delete", "kind": "account_setting", "name": "awsvpcTrunking", "owner": arn}]
    assert run.account_setting is None
    assert effective(aws, **keys) == ("disabled", ROOT)


def test_an_administrator_cannot_set_it_for_a_role_and_reads_the_ways_out(aws, callers, hosts):
    arn, keys = hosts
    administrator = callers["administrator"][1]
    for state in ("present", "absent"):
        run = run_module(MODULE, **TRUNKING, principal_arn=arn, state=state, **administrator)
        assert run.failed
        for way in ("user/administrator", arn, "agent_account_settings", "assume_role_arn", "root", "account_default"):
            assert way in run.msg
        assert aws.operations() == ["ListAccountSettings", "GetCallerIdentity"]
    assert effective(aws, **keys) == ("disabled", ROOT)


def test_another_role_of_the_account_cannot_either(aws, callers, hosts):
    run = run_module(MODULE, **TRUNKING, principal_arn=hosts[0], **callers["other"][1])
    assert run.failed
    assert "role/other" in run.msg


def test_an_administrator_sets_its_own(aws, callers, hosts):
    arn, administrator = callers["administrator"]
    assert applied(MODULE, **TRUNKING, **administrator).account_setting["principal_arn"] == arn
    assert effective(aws, **hosts[1]) == ("disabled", ROOT)


def test_the_root_user_sets_it_for_a_role_and_for_everyone_only_when_it_says_so(aws, callers, hosts):
    arn, keys = hosts
    root = callers["root"][1]
    assert applied(MODULE, **TRUNKING, principal_arn=arn, **root).account_setting["principal_arn"] == arn
    assert effective(aws, **keys) == ("enabled", arn)
    applied(MODULE, **TRUNKING, account_default=True, **root)
    for state in ("present", "absent"):
        refused = run_module(MODULE, name="awsvpcTrunking", value="disabled", state=state, **root)
        assert refused.failed
        assert "account_default: true" in refused.msg
    assert effective(aws) == ("enabled", ROOT)
    applied(MODULE, name="awsvpcTrunking", state="absent", principal_arn=arn, **root)
    assert effective(aws, **keys) == ("enabled", ROOT)


def test_a_role_with_a_path_names_itself_with_or_without_saying_so(aws, callers):
    arn, keys = callers["deep"]
    assert run_module(MODULE, **TRUNKING, **keys).account_setting["principal_arn"] == arn
    assert not run_module(MODULE, **TRUNKING, principal_arn=arn, **keys).changed
    assert applied(MODULE, name="awsvpcTrunking", value="disabled", principal_arn=arn, **keys).changed


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        ("arn:aws:iam::444455556666:role/hosts", "account 444455556666"),
        (f"arn:aws-cn:iam::{ACCOUNT}:role/hosts", "partition aws-cn"),
    ],
)
def test_a_role_of_another_account_or_partition_is_refused(aws, hosts, arn, says):
    run = run_module(MODULE, **TRUNKING, principal_arn=arn, **hosts[1])
    assert run.failed
    assert says in run.msg


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"name": "awsVpcTrunking"}, "did you mean awsvpcTrunking?"),
        ({"value": "on"}, "enabled or disabled"),
        ({"principal_arn": "arn:aws:iam::1111222233334444:role/r"}, "12-digit"),
        ({"name": "guardDutyActivate", "value": "on"}, "only be read"),
        ({"state": "absent", "account_default": True}, "not deleted"),
    ],
    ids=str,
)
def test_bad_input_is_refused_before_any_call(aws, params, says):
    run = run_module(MODULE, **{**TRUNKING, **params})
    assert run.failed
    assert says in run.msg
    assert aws.operations() == []


def test_every_setting_that_botocore_knows_is_read_only_or_can_be_set(aws):
    names = boto3.client("ecs", endpoint_url=aws.url).meta.service_model.shape_for("SettingName").enum
    values = {
        "tagResourceAuthorization": "off",
        "fargateTaskRetirementWaitPeriod": 14,
        "defaultLogDriverMode": "blocking",
    }
    toggled = {"serviceLongArnFormat", "taskLongArnFormat", "containerInstanceLongArnFormat", "dualStackIPv6"}
    for name in {*names, "dualStackIPv6"} - {"guardDutyActivate"}:
        value = values.get(name, "disabled" if name in toggled else "enabled")
        run = run_module(MODULE, name=name, value=value, account_default=True)
        assert (run.failed, run.changed, run.account_setting["value"]) == (False, True, str(value))


def test_least_privilege_lets_a_host_set_trunking_for_its_own_role_and_nothing_else(aws, callers):
    keys, plain = callers["trunking"][1], callers["hosts"][1]
    lab(aws, "PUT", "enforcement")
    try:
        applied(MODULE, **TRUNKING, **keys)
        for params in (
            {**TRUNKING, "account_default": True, "value": "disabled"},
            {"name": "containerInsights", "value": "enabled"},
            {**TRUNKING, "state": "absent"},
        ):
            assert run_module(MODULE, **params, **keys).failed
        denied = run_module(MODULE, **TRUNKING, **plain)
        assert denied.failed
        assert "ecs:ListAccountSettings" in denied.msg
    finally:
        lab(aws, "DELETE", "enforcement")
