# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three IAM modules against a real local AWS."""

from __future__ import annotations

import json

import pytest
from module_runner import applied, run_module

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
WRITE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}
ECS_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
ECS_ROLE = {
    "name": "ecsInstanceRole",
    "trust": TRUST,
    "managed_policies": ["AmazonEC2ContainerServiceforEC2Role", "AmazonSSMManagedInstanceCore"],
    "inline_policies": {"read": READ},
    "instance_profile": "ecsInstanceRole-profile",
    "description": "Container instances",
    "max_session_duration": 7200,
    "tags": {"owner": "platform"},
}


def kinds(run):
    return [(change["action"], change["kind"]) for change in run.changes]


def test_a_role_with_everything_is_created_as_check_mode_predicted_and_then_left_alone(aws):
    run = applied("iam_role", **ECS_ROLE)
    assert kinds(run) == [
        ("create", "role"),
        ("create", "role_policy_attachment"),
        ("create", "role_policy_attachment"),
        ("create", "inline_policy"),
        ("create", "instance_profile"),
        ("create", "instance_profile_role"),
    ]
    role = aws.iam.get_role(RoleName="ecsInstanceRole")["Role"]
    assert (role["Arn"], role["Description"], role["MaxSessionDuration"]) == (
        run.iam_role["arn"],
        "Container instances",
        7200,
    )
    assert role["Tags"] == [{"Key": "owner", "Value": "platform"}]
    attached = aws.iam.list_attached_role_policies(RoleName="ecsInstanceRole")["AttachedPolicies"]
    assert ECS_POLICY in {policy["PolicyArn"] for policy in attached}
    profile = aws.iam.get_instance_profile(InstanceProfileName="ecsInstanceRole-profile")["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == ["ecsInstanceRole"]


@pytest.mark.parametrize("by", ["name", "arn"])
def test_a_role_that_is_right_costs_at_most_five_calls(aws, by):
    names = ECS_ROLE["managed_policies"]
    arns = [ECS_POLICY, "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]
    role = {**ECS_ROLE, "managed_policies": names if by == "name" else arns}
    run_module("iam_role", **role)
    aws.operations()
    run = run_module("iam_role", **role)
    seen = aws.operations()
    assert not run.changed
    assert len(seen) <= 5, seen
    assert sum(run.api_calls.values()) == len(seen)


def test_check_mode_writes_nothing(aws):
    run = run_module("iam_role", check=True, **ECS_ROLE)
    assert run.changed
    assert not [operation for operation in aws.operations() if not operation.startswith(("Get", "List"))]
    assert aws.iam.list_roles()["Roles"] == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"description": "Other"}, [("update", "role")]),
        ({"max_session_duration": 3600}, [("update", "role")]),
        ({"tags": {"owner": "other", "team": "a"}}, [("update", "role_tags")]),
        ({"tags": {}}, [("delete", "role_tags")]),
        ({"tags": {}, "purge_tags": False}, []),
        ({"managed_policies": [ECS_POLICY]}, [("delete", "role_policy_attachment")]),
        ({"managed_policies": [ECS_POLICY], "purge_managed_policies": False}, []),
        ({"managed_policies": None}, []),
        ({"inline_policies": {"read": WRITE}}, [("update", "inline_policy")]),
        ({"inline_policies": {"write": WRITE}}, [("create", "inline_policy"), ("delete", "inline_policy")]),
        ({"inline_policies": {"write": WRITE}, "purge_inline_policies": False}, [("create", "inline_policy")]),
        ({"inline_policies": {}}, [("delete", "inline_policy")]),
        ({"permissions_boundary": "arn:aws:iam::aws:policy/PowerUserAccess"}, [("update", "permissions_boundary")]),
        (
            {"trust": {**TRUST, "Statement": [{**TRUST["Statement"][0], "Sid": "Ec2"}]}},
            [("update", "trust_policy")],
        ),
        (
            {"instance_profile": "another"},
            [("create", "instance_profile"), ("create", "instance_profile_role")],
        ),
    ],
    ids=str,
)
def test_one_difference_is_one_change_and_the_rest_stays(aws, change, expected):
    run_module("iam_role", **ECS_ROLE)
    run = applied("iam_role", **{**ECS_ROLE, **change})
    assert kinds(run) == expected
    role = aws.iam.get_role(RoleName="ecsInstanceRole")["Role"]
    assert role["Description"] == change.get("description", "Container instances")
    assert role["MaxSessionDuration"] == change.get("max_session_duration", 7200)


def test_a_boundary_goes_together_with_an_instance_profile_and_is_removed_by_an_empty_string(aws):
    boundary = {"permissions_boundary": "arn:aws:iam::aws:policy/PowerUserAccess"}
    assert (
        applied("iam_role", **ECS_ROLE, **boundary).iam_role["permissions_boundary"] == boundary["permissions_boundary"]
    )
    assert kinds(applied("iam_role", **ECS_ROLE, permissions_boundary="")) == [("delete", "permissions_boundary")]


def test_an_absent_role_goes_with_all_that_hangs_on_it(aws):
    run_module("iam_role", **ECS_ROLE)
    run_module("iam_instance_profile", name="second", role="ecsInstanceRole")
    run = applied("iam_role", name="ecsInstanceRole", instance_profile="ecsInstanceRole-profile", state="absent")
    assert run.iam_role is None
    assert aws.iam.list_roles()["Roles"] == []
    left = aws.iam.list_instance_profiles()["InstanceProfiles"]
    assert [(profile["InstanceProfileName"], profile["Roles"]) for profile in left] == [("second", [])]


def test_a_policy_that_does_not_exist_yet_is_foreseen_in_check_mode_and_refused_before_the_first_write(aws):
    params = {"name": "r", "trust": TRUST, "managed_policies": ["cwlogspolicy"]}
    predicted = run_module("iam_role", check=True, **params)
    assert predicted.iam_role["attached_policies"] == [
        {"policy_arn": "arn:aws:iam::123456789012:policy/cwlogspolicy", "policy_name": "cwlogspolicy"}
    ]
    assert "does not exist yet" in predicted.warnings[0]
    real = run_module("iam_role", **params)
    assert real.failed
    assert "cwlogspolicy" in real.msg
    assert aws.iam.list_roles()["Roles"] == []


def test_the_diff_shows_the_documents_and_nothing_that_only_looks_different(aws):
    run_module("iam_role", **ECS_ROLE)
    shuffled = {"Statement": TRUST["Statement"][0], "Version": "2012-10-17"}
    run = applied("iam_role", **{**ECS_ROLE, "trust": json.dumps(shuffled), "inline_policies": {"read": WRITE}})
    before, after = run.diff["before"], run.diff["after"]
    assert before["inline_policies"] == {"read": READ}
    assert after["inline_policies"] == {"read": WRITE}
    assert before["assume_role_policy_document"] == after["assume_role_policy_document"]


def test_amazon_aws_parameter_names_work(aws):
    run = run_module(
        "iam_role",
        role_name="moved",
        assume_role_policy_document=json.dumps(TRUST),
        managed_policy=["AmazonSSMManagedInstanceCore"],
        boundary="arn:aws:iam::aws:policy/PowerUserAccess",
        purge_policies=True,
        resource_tags={"a": "b"},
        path_prefix="/x/",
    )
    assert run.iam_role["arn"] == "arn:aws:iam::123456789012:role/x/moved"
    assert run_module("iam_managed_policy", policy_name="p", policy=READ, policy_description="d").changed
    assert run_module("iam_instance_profile", instance_profile_name="i", role="moved").changed


def test_a_path_that_cannot_be_changed_is_a_warning_and_no_change(aws):
    run_module("iam_role", name="r", trust=TRUST)
    run = run_module("iam_role", name="r", path="/ecs/")
    assert not run.changed
    assert "cannot move it to /ecs/" in run.warnings[0]


def test_an_instance_profile_is_created_filled_emptied_and_deleted(aws):
    run_module("iam_role", name="one", trust=TRUST)
    run_module("iam_role", name="two", trust=TRUST)
    assert kinds(applied("iam_instance_profile", name="p", role="one", tags={"a": "b"})) == [
        ("create", "instance_profile"),
        ("create", "instance_profile_role"),
    ]
    aws.operations()
    run_module("iam_instance_profile", name="p", role="one", tags={"a": "b"})
    assert aws.operations() == ["GetInstanceProfile"]
    assert kinds(applied("iam_instance_profile", name="p", role="two")) == [
        ("delete", "instance_profile_role"),
        ("create", "instance_profile_role"),
    ]
    assert kinds(applied("iam_instance_profile", name="p", role="", tags={})) == [
        ("delete", "instance_profile_tags"),
        ("delete", "instance_profile_role"),
    ]
    assert kinds(applied("iam_instance_profile", name="p", state="absent")) == [("delete", "instance_profile")]


def test_a_managed_policy_is_created_in_three_calls_to_read_and_changed_by_a_new_version(aws):
    policy = {"name": "cwlogspolicy", "document": READ, "tags": {"a": "b"}}
    assert applied("iam_managed_policy", **policy).policy["arn"] == "arn:aws:iam::123456789012:policy/cwlogspolicy"
    aws.operations()
    run_module("iam_managed_policy", **policy)
    assert aws.operations() == ["GetCallerIdentity", "GetPolicy", "GetPolicyVersion"]
    assert kinds(applied("iam_managed_policy", **{**policy, "document": WRITE})) == [
        ("create", "managed_policy_version")
    ]
    assert kinds(applied("iam_managed_policy", **{**policy, "document": WRITE, "tags": {"c": "d"}})) == [
        ("update", "managed_policy_tags"),
        ("delete", "managed_policy_tags"),
    ]


def test_a_sixth_version_replaces_the_oldest_that_is_not_in_force(aws):
    arn = run_module("iam_managed_policy", name="p", document=READ).policy["arn"]
    for _version in range(4):
        aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(WRITE), SetAsDefault=False)
    run = applied("iam_managed_policy", name="p", document=WRITE)
    assert [change["name"] for change in run.changes] == ["v2", "p"]
    versions = {one["VersionId"]: one for one in aws.iam.list_policy_versions(PolicyArn=arn)["Versions"]}
    assert set(versions) == {"v1", "v3", "v4", "v5", "v6"}
    assert versions["v6"]["IsDefaultVersion"]


def test_an_absent_policy_is_detached_from_everyone_and_deleted_with_its_versions(aws):
    arn = run_module("iam_managed_policy", name="p", document=READ).policy["arn"]
    aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(WRITE), SetAsDefault=True)
    run_module("iam_role", name="r", trust=TRUST, managed_policies=["p"])
    aws.iam.create_user(UserName="u")
    aws.iam.attach_user_policy(UserName="u", PolicyArn=arn)
    applied("iam_managed_policy", name="p", state="absent")
    assert aws.iam.list_policies(Scope="Local")["Policies"] == []


def test_a_policy_at_another_path_is_found_and_one_of_another_case_is_explained(aws):
    run_module("iam_managed_policy", name="Logs", document=READ, path="/ecs/")
    run = applied("iam_managed_policy", name="Logs", document=WRITE)
    assert run.policy["path"] == "/ecs/"
    refused = run_module("iam_managed_policy", name="logs", document=READ)
    assert "unique ignoring case" in refused.msg


@pytest.mark.parametrize(
    ("module", "params", "says"),
    [
        (
            "iam_role",
            {"managed_policies": ["arn:aws::iam::aws:policy/AmazonS3ReadOnlyAccess"]},
            [
                "managed_policies",
                "arn:aws::iam::aws:policy/AmazonS3ReadOnlyAccess",
                "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
            ],
        ),
        (
            "iam_role",
            {"managed_policies": ["arn:aws:iam:111122223333:aws:policy/x"]},
            ["managed_policies", "arn:aws:iam:111122223333:aws:policy/x", "arn:aws:iam::ACCOUNT:policy/x"],
        ),
        (
            "iam_role",
            {"managed_policies": ["arn:aws:iam::1111222233334444:policy/x"]},
            ["managed_policies", "1111222233334444", "12-digit"],
        ),
        (
            "iam_role",
            {
                "trust": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Effect": "Allow", "Principal": {"AWS": "1111222233334444"}, "Action": "sts:AssumeRole"}
                    ],
                }
            },
            ["trust", "1111222233334444", "16 digits", "12"],
        ),
        ("iam_role", {"trust": "{not json"}, ["trust", "not JSON"]),
        ("iam_role", {"max_session_duration": 60}, ["max_session_duration", "3600"]),
        ("iam_role", {"path": "ecs"}, ["path", "/ecs/"]),
        ("iam_managed_policy", {"document": READ, "path": "/a b/"}, ["path", "/ecs/"]),
        ("iam_managed_policy", {"document": READ, "path": "/a:b/"}, ["path", "/ecs/"]),
        ("iam_role", {"description": "x" * 1001}, ["description", "1001", "1000"]),
        ("iam_role", {"description": "five €"}, ["description", "'€'"]),
        ("iam_role", {"tags": {"a": "b;c"}}, ["tags", "'a'", "b;c"]),
        ("iam_role", {"permissions_boundary": "PowerUserAccess"}, ["permissions_boundary", "PowerUserAccess"]),
        ("iam_role", {"tags": {"a": True}}, ["tags", "'a'", "quoted"]),
        ("iam_role", {"trust": None}, ["trust", "does not exist yet"]),
        (
            "iam_role",
            {"trust": {**TRUST, "Statement": [{**TRUST["Statement"][0], "Sid": "x" * 2100}]}},
            ["trust", "2048"],
        ),
        (
            "iam_role",
            {"inline_policies": {"big": {**READ, "Statement": [{**READ["Statement"][0], "Sid": "x" * 10300}]}}},
            ["inline_policies", "10240"],
        ),
        (
            "iam_managed_policy",
            {"document": {**READ, "Statement": [{**READ["Statement"][0], "Sid": "x" * 6200}]}},
            ["document", "6144"],
        ),
        ("iam_managed_policy", {"document": None}, ["document", "does not exist yet"]),
        ("iam_instance_profile", {"role": "a/b"}, ["role", "a/b"]),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value)[:40],
)
def test_bad_input_is_refused_before_anything_changes_in_a_sentence_that_says_what_is_right(aws, module, params, says):
    usual = {"trust": TRUST} if module == "iam_role" else {}
    run = run_module(module, **{"name": "x", **usual, **params})
    assert run.failed
    assert not [part for part in says if part not in run.msg], run.msg
    assert not [operation for operation in aws.operations() if not operation.startswith(("Get", "List"))]


def test_a_failed_write_says_which_and_what_was_done_and_the_next_run_finishes(aws):
    params = {"name": "r", "trust": TRUST, "managed_policies": [ECS_POLICY], "inline_policies": {"read": READ}}
    aws.behave(faults=[{"operation": "AttachRolePolicy", "times": 1, "answer": "denied"}])
    run = run_module("iam_role", **params)
    assert run.failed
    assert kinds(run) == [("create", "role"), ("create", "inline_policy")]
    assert f"Could not create role policy attachment {ECS_POLICY} of r" in run.msg
    assert [failure["kind"] for failure in run.failures] == ["role_policy_attachment"]
    assert kinds(applied("iam_role", **params)) == [("create", "role_policy_attachment")]


def test_a_permission_is_not_taken_away_when_its_replacement_could_not_be_attached(aws):
    other = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    run_module("iam_role", name="r", trust=TRUST, managed_policies=[ECS_POLICY])
    aws.behave(faults=[{"operation": "AttachRolePolicy", "times": 1, "answer": "denied"}])
    run = run_module("iam_role", name="r", managed_policies=[other])
    assert (run.failed, run.changed) == (True, False)
    assert "not tried" in run.failures[1]["error"]
    attached = aws.iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [ECS_POLICY]
