# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that assume a role first, between two accounts whose trust policies count."""

from __future__ import annotations

import json
import logging
import os
import subprocess

import boto3
import pytest
import yaml
from module_runner import applied, run_module
from test_iam_modules import READ, TRUST

HERE, THERE = "123456789012", "111122223333"
DEPLOYER = f"arn:aws:iam::{THERE}:role/deployer"
ROLE = {"name": "foreseen", "trust": TRUST, "instance_profile": "foreseen-profile"}


def trusting(principal, actions="sts:AssumeRole", **more):
    allow = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


@pytest.fixture(scope="module")
def two_accounts(aws_server):
    """IAM of the other account. It is made once, because an account takes seconds; each test uses names of its own."""
    aws_server.reset()
    there = aws_server.iam_of(THERE)
    there.create_role(RoleName="deployer", AssumeRolePolicyDocument=trusting(HERE))
    return there


@pytest.fixture
def aws(aws_server, two_accounts):
    del two_accounts
    return aws_server


@pytest.fixture
def there(aws, two_accounts):
    """IAM of the other account, whose role deployer trusts this account."""
    trust_of_deployer(two_accounts, HERE)
    two_accounts.update_role(RoleName="deployer", MaxSessionDuration=43200)
    aws.operations()
    return two_accounts


@pytest.fixture
def user(aws):
    """Keys of a user of this account without any policy, as parameters of a module."""
    aws.iam.create_user(UserName="ci")
    key = aws.iam.create_access_key(UserName="ci")["AccessKey"]
    yield {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}
    aws.iam.delete_access_key(UserName="ci", AccessKeyId=key["AccessKeyId"])
    aws.iam.delete_user(UserName="ci")


def roles_of(iam):
    return {role["RoleName"] for role in iam.list_roles()["Roles"]}


def trust_of_deployer(iam, *args, **kwargs):
    iam.update_assume_role_policy(RoleName="deployer", PolicyDocument=trusting(*args, **kwargs))


def test_what_a_module_does_it_does_as_that_role_and_so_in_the_other_account(aws, there):
    run = applied("iam_role", name="made", trust=TRUST, instance_profile="made-profile", assume_role_arn=DEPLOYER)
    assert run.iam_role["arn"] == f"arn:aws:iam::{THERE}:role/made"
    assert there.get_role(RoleName="made")
    assert "made" not in roles_of(aws.iam)


@pytest.mark.parametrize("check", [True, False])
def test_a_role_is_assumed_once_for_all_clients_and_counted(aws, there, check):
    run = run_module("iam_role", check=check, **{**ROLE, "name": "once", "assume_role_arn": DEPLOYER})
    seen = aws.operations()
    assert "GetCallerIdentity" in seen, "the engine makes its client of STS late"
    assert (seen[0], seen.count("AssumeRole"), run.api_calls["AssumeRole"]) == ("AssumeRole", 1, 1)
    assert sum(run.api_calls.values()) == len(seen)


def test_a_role_in_the_other_account_that_is_right_costs_one_call_more(aws, there):
    role = {"name": "right", "trust": TRUST}
    run_module("iam_role", **role, assume_role_arn=DEPLOYER)
    assert run_module("iam_role", **role, assume_role_arn=DEPLOYER).api_calls == {"AssumeRole": 1, "GetRole": 1}


def test_an_empty_arn_does_without(aws, there):
    run = run_module("iam_role", check=True, **ROLE, assume_role_arn="", assume_role_duration=900)
    assert run.iam_role["arn"] == f"arn:aws:iam::{HERE}:role/foreseen"


def test_external_id_session_name_and_tags_reach_the_trust_policy(aws, there):
    wanted = {"sts:ExternalId": "sesame", "sts:RoleSessionName": "deploy-1", "aws:RequestTag/team": "a"}
    trust_of_deployer(there, HERE, ["sts:AssumeRole", "sts:TagSession"], Condition={"StringEquals": wanted})
    given = {
        "assume_role_arn": DEPLOYER,
        "assume_role_external_id": "sesame",
        "assume_role_session_name": "deploy-1",
        "assume_role_session_tags": {"team": "a"},
    }
    assert not run_module("iam_role", check=True, **ROLE, **given).failed
    for option, value in given.items():
        if option != "assume_role_arn":
            other = {"team": "b"} if option.endswith("tags") else f"{value}-other"
            assert run_module("iam_role", check=True, **ROLE, **{**given, option: other}).failed, option


@pytest.mark.parametrize("check", [True, False])
def test_bad_input_is_refused_before_any_call(aws, there, check):
    bad = f"arn:aws:iam::{THERE}4444:role/deployer"
    run = run_module("iam_role", check=check, **ROLE, assume_role_arn=bad)
    assert (run.failed, run.changed, run.api_calls, aws.operations()) == (True, False, {}, [])
    assert "its account has 16 digits" in run.msg


def test_who_is_not_trusted_is_told_who_may_not_assume_what_and_why(aws, there, user):
    trust_of_deployer(there, THERE)
    aws.operations()
    run = run_module("iam_role", **ROLE, **user, assume_role_arn=DEPLOYER)
    assert (run.failed, run.changed, run.changes) == (True, False, [])
    assert f"arn:aws:iam::{HERE}:user/ci may not assume {DEPLOYER}. Usual causes: " in run.msg
    assert aws.operations() == ["AssumeRole"]
    assert "exception" not in run.json or "ClientError" not in str(run.json["exception"])


def test_permission_on_both_sides_is_needed_for_session_tags_too(aws, there, user):
    trust_of_deployer(there, HERE, ["sts:AssumeRole", "sts:TagSession"])
    wanted = {**ROLE, **user, "assume_role_arn": DEPLOYER, "assume_role_session_tags": {"team": "a"}}
    for actions, failed in ((["sts:AssumeRole"], True), (["sts:AssumeRole", "sts:TagSession"], False)):
        allow = {"Effect": "Allow", "Action": actions, "Resource": DEPLOYER}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        aws.iam.put_user_policy(UserName="ci", PolicyName="assume", PolicyDocument=document)
        run = run_module("iam_role", check=True, **wanted)
        aws.iam.delete_user_policy(UserName="ci", PolicyName="assume")
        assert run.failed == failed
        assert ("does not allow sts:TagSession" in run.json.get("msg", "")) == failed


def test_a_longer_session_than_the_role_allows_is_explained(aws, there):
    there.update_role(RoleName="deployer", MaxSessionDuration=3600)
    run = run_module("iam_role", **ROLE, assume_role_arn=DEPLOYER, assume_role_duration=7200)
    assert run.msg.startswith(f"assume_role_duration: 7200 seconds is longer than role {DEPLOYER} allows")


def session(aws):
    """Keys of a session of a role of this account that may assume any role, as parameters of a module."""
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    aws.iam.create_role(RoleName="source", AssumeRolePolicyDocument=trusting(HERE))
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    aws.iam.put_role_policy(RoleName="source", PolicyName="assume", PolicyDocument=document)
    sts = boto3.client("sts", endpoint_url=aws.url)
    keys = sts.assume_role(RoleArn=f"arn:aws:iam::{HERE}:role/source", RoleSessionName="hop")["Credentials"]
    aws.operations()
    return {
        "access_key": keys["AccessKeyId"],
        "secret_key": keys["SecretAccessKey"],
        "session_token": keys["SessionToken"],
    }


def test_a_session_that_would_begin_one_of_more_than_an_hour_is_told_so_beforehand(aws, there):
    keys = session(aws)
    run = run_module("iam_role", **ROLE, **keys, assume_role_arn=DEPLOYER, assume_role_duration=3601)
    assert run.failed
    for part in (f"arn:aws:sts::{HERE}:assumed-role/source/hop", "role chaining", "Ask for at most 3600"):
        assert part in run.msg
    assert (aws.operations(), run.api_calls) == (["GetCallerIdentity"], {"GetCallerIdentity": 1})
    run = run_module("iam_role", check=True, **ROLE, **keys, assume_role_arn=DEPLOYER, assume_role_duration=3600)
    assert (run.failed, aws.operations()[0]) == (False, "AssumeRole")


def test_a_user_may_have_more_than_an_hour(aws, there):
    run = run_module("iam_role", check=True, **ROLE, assume_role_arn=DEPLOYER, assume_role_duration=43200)
    assert not run.failed
    assert aws.operations()[:2] == ["GetCallerIdentity", "AssumeRole"]


def test_missing_credentials_are_explained(aws, there, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    run = run_module("iam_role", **ROLE, assume_role_arn=DEPLOYER)
    assert f"there are no credentials to assume {DEPLOYER} with" in run.msg


def test_no_credential_reaches_botocores_debug_log_or_the_result(aws, there, caplog):
    before = aws.issued_secrets()
    with caplog.at_level(logging.DEBUG):
        role = {"name": "logged", "trust": TRUST}
        run = run_module("iam_role", **role, assume_role_arn=DEPLOYER, debug_botocore_endpoint_logs=True)
    assert "OperationModel(name=AssumeRole)" in caplog.text, "or nothing was logged at all"
    issued = aws.issued_secrets() - before
    assert (run.failed, len(issued)) == (False, 2)
    assert not [secret for secret in issued if secret in caplog.text + json.dumps(run.json)]


def test_defaults_for_the_group_reach_every_module_and_no_secret_shows(aws, there, tmp_path):
    before = aws.issued_secrets()
    modules = {
        "iam_managed_policy": {"name": "p", "document": READ},
        "iam_role": {"name": "by-default", "trust": TRUST},
        "iam_instance_profile": {"name": "alone"},
        "iam_resources": {"roles": [{"name": "many-by-default", "trust": TRUST}]},
    }
    defaults = {
        "assume_role_arn": DEPLOYER,
        "assume_role_session_name": "playbook",
        "assume_role_duration": 7200,
        "endpoint_url": aws.url,
    }
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/fleetkit.ecs.ecs": defaults},
        "tasks": [{"name": name, f"fleetkit.ecs.{name}": params} for name, params in modules.items()],
    }
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([play]))
    environment = {**os.environ, "ANSIBLE_LOG_PATH": str(tmp_path / "log"), "TMPDIR": str(tmp_path)}
    command = ["ansible-playbook", "-vvv", "--diff", str(path)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    made = {"by-default", "many-by-default"}
    assert (made - roles_of(there), made & roles_of(aws.iam)) == (set(), set())
    issued = aws.issued_secrets() - before
    assert len(issued) == 2 * len(modules)
    written = "".join(file.read_text() for file in tmp_path.rglob("*") if file.is_file())
    assert "assume_role_session_name" in written
    assert not [secret for secret in issued if secret in written + run.stdout + run.stderr]
