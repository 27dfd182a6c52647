# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One statement of a trust policy that others write too, against a real local AWS."""

from __future__ import annotations

import json
import threading
from functools import partial

import boto3
import pytest
from module_runner import applied, run_module

HERE, THERE = "123456789012", "111122223333"
NAME = "destination"
ARN = f"arn:aws:iam::{HERE}:role/{NAME}"


def statement(principal, sid=None, **more):
    named = {"Sid": sid} if sid else {}
    return {**named, "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


EC2 = statement({"Service": "ec2.amazonaws.com"})
THEIRS = statement({"Service": "ssm.amazonaws.com"}, "Theirs", Condition={"StringEquals": {"aws:SourceAccount": HERE}})
PLAIN = statement({"AWS": f"arn:aws:iam::{THERE}:root"})
OURS = {"Sid": "Ours", **PLAIN}
WANTED = {"role": NAME, "sid": "Ours", "statement": PLAIN}
GONE = {"role": NAME, "sid": "Ours", "state": "absent"}


def trust_of(aws, name=NAME):
    return aws.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]


def write(aws, document):
    aws.iam.update_assume_role_policy(RoleName=NAME, PolicyDocument=json.dumps(document))
    aws.operations()


def late(aws, seconds):
    """From now on what is new is seen late; the role itself is seen."""
    aws.behave(visible_after=seconds)
    aws.iam.get_waiter("role_exists").wait(RoleName=NAME, WaiterConfig={"Delay": 1})


@pytest.fixture(scope="module")
def emptied(aws_server):
    """Once, because emptying takes seconds."""
    aws_server.reset()


@pytest.fixture
def aws(aws_server, emptied):
    del emptied
    yield aws_server
    aws_server.behave()
    for role in aws_server.iam.list_roles()["Roles"]:
        aws_server.iam.delete_role(RoleName=role["RoleName"])
    aws_server.operations()


@pytest.fixture
def role(aws):
    aws.iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(policy(EC2, THEIRS)))
    aws.operations()


def test_a_statement_is_added_changed_and_removed_and_the_others_stay(aws, role):
    assert applied("iam_trust_statement", **WANTED).iam_role["arn"] == ARN
    assert trust_of(aws) == policy(EC2, THEIRS, OURS)
    condition = {"StringEquals": {"sts:ExternalId": "sesame"}}
    run = applied("iam_trust_statement", **{**WANTED, "statement": {**PLAIN, "Condition": condition}})
    assert run.changes == [{"action": "update", "kind": "trust_statement", "name": "Ours", "owner": NAME}]
    assert trust_of(aws) == policy(EC2, THEIRS, {**OURS, "Condition": condition})
    run = applied("iam_trust_statement", **GONE)
    assert trust_of(aws) == policy(EC2, THEIRS) == run.iam_role["assume_role_policy_document"]
    assert run.diff["before"]["assume_role_policy_document"]["Statement"][2]["Sid"] == "Ours"
    assert run.diff["after"]["assume_role_policy_document"] == policy(EC2, THEIRS)


def test_a_statement_that_is_right_costs_one_call_and_a_change_three(aws, role):
    assert run_module("iam_trust_statement", **WANTED).api_calls == {"GetRole": 2, "UpdateAssumeRolePolicy": 1}
    assert run_module("iam_trust_statement", **WANTED).api_calls == {"GetRole": 1}
    assert run_module("iam_trust_statement", **{**WANTED, "role": ARN}).api_calls == {"GetRole": 1}
    assert aws.operations() == ["GetRole", "UpdateAssumeRolePolicy", "GetRole", "GetRole", "GetRole"]


def test_an_equal_statement_without_a_sid_is_adopted_in_one_write(aws, role):
    write(aws, policy(PLAIN, EC2))
    run = applied("iam_trust_statement", **WANTED)
    assert [change["action"] for change in run.changes] == ["update"]
    assert trust_of(aws) == policy(OURS, EC2)
    assert aws.operations().count("UpdateAssumeRolePolicy") == 1


def test_check_mode_writes_nothing(aws, role):
    assert run_module("iam_trust_statement", check=True, **WANTED).changed
    assert aws.operations() == ["GetRole"]


@pytest.mark.parametrize("check", [True, False])
def test_a_role_that_does_not_exist_is_foreseen_in_check_mode_and_refused_by_a_real_run(aws, check):
    run = run_module("iam_trust_statement", check=check, **WANTED)
    assert run.failed != check
    if check:
        assert (run.iam_role["arn"], "does not exist yet" in run.warnings[0]) == (ARN, True)
    else:
        assert f"role: role '{NAME}' does not exist in account {HERE}. Create it first" in run.msg
    assert not run_module("iam_trust_statement", check=check, **GONE).changed


def test_names_that_differ_only_in_case_are_explained(aws, role):
    assert "unique ignoring case" in run_module("iam_trust_statement", **{**WANTED, "role": "Destination"}).msg


def test_an_arn_of_another_account_is_refused_instead_of_a_role_of_that_name_here(aws, role):
    run = run_module("iam_trust_statement", **{**WANTED, "role": f"arn:aws:iam::{THERE}:role/{NAME}"})
    assert f"credentials, which are of {HERE}" in run.msg
    assert trust_of(aws) == policy(EC2, THEIRS)


def test_the_last_statement_is_not_removed(aws, role):
    write(aws, policy(OURS))
    run = run_module("iam_trust_statement", **GONE)
    assert (run.failed, "is the only statement" in run.msg, aws.operations()) == (True, True, ["GetRole"])


# Principals


def test_a_principal_that_has_just_been_created_is_waited_for(aws, role):
    late(aws, 2)
    aws.iam.create_role(RoleName="task", AssumeRolePolicyDocument=json.dumps(policy(EC2)))
    wanted = {**WANTED, "statement": statement({"AWS": f"arn:aws:iam::{HERE}:role/task"})}
    run = run_module("iam_trust_statement", **wanted)
    assert (run.failed, run.waited > 1) == (False, True)
    assert not run_module("iam_trust_statement", **wanted).changed


def test_what_was_written_while_a_principal_was_waited_for_is_kept(aws, role):
    task = partial(aws.iam.create_role, RoleName="task", AssumeRolePolicyDocument=json.dumps(policy(EC2)))
    aws.behave(**overwritten(("UpdateAssumeRolePolicy", 1, policy(EC2, statement({"AWS": THERE}, "Late")))))
    made = threading.Timer(0.5, task)
    made.start()
    ours = statement({"AWS": f"arn:aws:iam::{HERE}:role/task"})
    run = run_module("iam_trust_statement", **{**WANTED, "statement": ours})
    made.join()
    assert not run.failed
    assert [one.get("Sid") for one in trust_of(aws)["Statement"]] == [None, "Late", "Ours"]


def test_a_principal_that_does_not_exist_ends_with_a_sentence_after_the_bound(aws, role):
    nobody = f"arn:aws:iam::{HERE}:role/nobody"
    run = run_module("iam_trust_statement", **{**WANTED, "statement": statement({"AWS": nobody})}, wait_timeout=1)
    assert (run.failed, run.changed) == (True, False)
    assert not [part for part in (nobody, "1 seconds (wait_timeout)", "create it first") if part not in run.msg]


def test_a_deleted_principal_elsewhere_is_named_before_anything_is_written(aws, role):
    aws.iam.create_user(UserName="left")
    write(aws, policy(EC2, {**PLAIN, "Sid": "Old", "Principal": {"AWS": f"arn:aws:iam::{HERE}:user/left"}}))
    aws.iam.delete_user(UserName="left")
    stale = trust_of(aws)["Statement"][1]["Principal"]["AWS"]
    assert stale.startswith("AIDA")
    with pytest.raises(aws.iam.exceptions.MalformedPolicyDocumentException):
        write(aws, trust_of(aws))
    aws.operations()
    run = run_module("iam_trust_statement", **WANTED)
    assert run.failed
    assert f"statement 'Old' in the trust policy of role {NAME} trusts {stale}" in run.msg
    assert aws.operations() == ["GetRole"]
    assert not run_module("iam_trust_statement", role=NAME, sid="Old", state="absent").failed
    assert not run_module("iam_trust_statement", **WANTED).failed


# Somebody else writes, too


def overwritten(*faults):
    """After these operations somebody else makes the trust policy this document."""
    return {
        "faults": [
            {"operation": operation, "times": times, "answer": "overwritten", "role": NAME, "document": document}
            for operation, times, document in faults
        ]
    }


def test_a_statement_that_somebody_else_has_overwritten_is_merged_into_what_they_wrote(aws, role):
    late = statement({"AWS": THERE}, "Late")
    aws.behave(**overwritten(("UpdateAssumeRolePolicy", 1, policy(EC2, late))))
    run = run_module("iam_trust_statement", **WANTED)
    assert (run.failed, run.changed) == (False, True)
    assert "somebody else has written the trust policy" in run.warnings[0]
    assert trust_of(aws) == policy(EC2, late, OURS)
    assert run.api_calls == {"GetRole": 3, "UpdateAssumeRolePolicy": 2}


def test_a_statement_that_somebody_else_put_back_is_removed_again(aws, role):
    write(aws, policy(EC2, OURS))
    aws.behave(**overwritten(("UpdateAssumeRolePolicy", 1, policy(EC2, OURS, THEIRS))))
    assert not run_module("iam_trust_statement", **GONE).failed
    assert trust_of(aws) == policy(EC2, THEIRS)


def test_somebody_else_who_keeps_ours_is_left_alone(aws, role):
    aws.behave(**overwritten(("UpdateAssumeRolePolicy", 1, policy(OURS))))
    run = run_module("iam_trust_statement", **WANTED)
    assert (run.warnings, trust_of(aws), run.api_calls["UpdateAssumeRolePolicy"]) == ([], policy(OURS), 1)


def test_somebody_else_who_never_stops_ends_the_run_with_a_sentence(aws, role):
    aws.behave(**overwritten(("UpdateAssumeRolePolicy", 9, policy(THEIRS))))
    run = run_module("iam_trust_statement", **WANTED, wait_timeout=0)
    assert (run.failed, run.changed, run.api_calls["UpdateAssumeRolePolicy"]) == (True, True, 5)
    assert "was written 5 times, and overwritten each time" in run.msg


def test_somebody_else_who_restores_exactly_what_was_there_is_not_taken_for_delay_for_ever(aws, role):
    aws.behave(**overwritten(("UpdateAssumeRolePolicy", 1, policy(EC2, THEIRS))))
    run = run_module("iam_trust_statement", **WANTED, wait_timeout=1)
    assert (run.failed, run.waited >= 1) == (False, True)
    assert trust_of(aws) == policy(EC2, THEIRS, OURS)


def test_a_policy_that_iam_shows_late_is_waited_for_and_written_once(aws, role):
    late(aws, 1)
    run = run_module("iam_trust_statement", **WANTED)
    assert (run.failed, run.warnings, run.api_calls["UpdateAssumeRolePolicy"]) == (False, [], 1)
    assert run.waited > 0.2


def test_without_wait_nobody_looks(aws, role):
    assert run_module("iam_trust_statement", **WANTED, wait=False).api_calls == {
        "GetRole": 1,
        "UpdateAssumeRolePolicy": 1,
    }


def test_what_somebody_else_writes_between_read_and_write_is_mended_by_their_next_run(aws, role):
    """Nobody can tell: there is no compare-and-swap, and the window is a fraction of a second."""
    second = {**WANTED, "sid": "Second", "statement": statement({"AWS": THERE})}
    aws.behave(**overwritten(("GetRole", 1, policy(EC2, THEIRS, {"Sid": "Second", **second["statement"]}))))
    run_module("iam_trust_statement", **WANTED)
    assert trust_of(aws) == policy(EC2, THEIRS, OURS)
    assert run_module("iam_trust_statement", **second).changed
    assert [one.get("Sid") for one in trust_of(aws)["Statement"]] == [None, "Theirs", "Ours", "Second"]


def test_it_decides_who_may_assume_the_role(aws, role):
    sts = boto3.client("sts", endpoint_url=aws.url)
    assume = partial(sts.assume_role, RoleArn=ARN, RoleSessionName="test")
    denied = pytest.raises(sts.exceptions.ClientError, match="AccessDenied")
    with denied:
        assume()
    run_module("iam_trust_statement", **{**WANTED, "statement": statement({"AWS": HERE})})
    assert assume()["Credentials"]
    run_module("iam_trust_statement", **GONE)
    with denied:
        assume()
