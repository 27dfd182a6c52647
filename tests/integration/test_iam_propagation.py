# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An IAM that is eventually consistent, whose answers get lost, and whose names are unique ignoring case."""

from __future__ import annotations

import json
import time

import pytest
from module_runner import run_module
from test_iam_modules import READ, TRUST, WRITE, kinds
from test_iam_resources import arn, fleet, trusting

EVERYTHING = {
    "policies": [{"name": "logs", "document": READ}],
    "roles": [
        {"name": "trusting", "trust": trusting(arn("trusted"))},
        {"name": "trusted", "trust": TRUST, "managed_policies": ["logs"], "instance_profile": "profile"},
    ],
}


def lost(operation):
    """The server does it, and the caller is told that the service is not available."""
    return {"faults": [{"operation": operation, "times": 1, "answer": "lost"}]}


def test_what_iam_does_not_know_yet_is_waited_for_and_the_wait_is_reported(aws):
    aws.behave(visible_after=2)
    run = run_module("iam_resources", **EVERYTHING)
    assert not run.failed, run.msg
    assert 1 < run.waited < 10
    assert not run.warnings
    assert not run_module("iam_resources", **EVERYTHING).changed


def test_a_principal_of_the_task_before_is_waited_for(aws):
    aws.behave(visible_after=2)
    run_module("iam_role", name="trusted", trust=TRUST, wait=False)
    run = run_module("iam_role", name="r", trust=trusting(arn("trusted")))
    assert (run.failed, run.changed) == (False, True)
    assert run.waited > 1


@pytest.mark.parametrize("exists", [False, True], ids=["create", "update"])
def test_a_principal_that_does_not_exist_ends_with_a_sentence_after_the_bound(aws, exists):
    if exists:
        run_module("iam_role", name="r", trust=TRUST)
    started = time.monotonic()
    run = run_module("iam_role", name="r", trust=trusting(arn("nobody")), wait_timeout=1)
    assert time.monotonic() - started < 20  # the default bound is 120 seconds
    assert run.failed
    assert not run.changed
    assert not [part for part in (arn("nobody"), "1 seconds (wait_timeout)", "create it first") if part not in run.msg]


def test_all_roles_that_name_the_same_missing_principal_wait_together(aws):
    roles = [{"name": f"r{number}", "trust": trusting(arn("nobody"))} for number in range(10)]
    started = time.monotonic()
    run = run_module("iam_resources", roles=[*roles, {"name": "good", "trust": TRUST}], wait_timeout=4, concurrency=2)
    assert time.monotonic() - started < 15  # one after the other they would wait 20 seconds
    assert (len(run.failures), kinds(run)) == (10, [("create", "role")])


def test_what_iam_does_not_show_in_time_is_a_warning_and_without_wait_nobody_looks(aws):
    aws.behave(visible_after=60)
    late = run_module("iam_role", name="late", trust=TRUST, wait_timeout=1)
    assert (late.failed, late.changed) == (False, True)
    assert "does not show all that was written after 1 seconds (wait_timeout)" in late.warnings[0]
    aws.operations()
    assert not run_module("iam_role", name="unseen", trust=TRUST, wait=False).warnings
    assert aws.operations()[-1] == "CreateRole"


@pytest.mark.parametrize(
    "operation",
    ["CreatePolicy", "CreateRole", "AttachRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"],
)
@pytest.mark.parametrize("late", [0, 1])
def test_a_create_whose_answer_was_lost_is_not_a_failure(aws, operation, late):
    aws.behave(**lost(operation), visible_after=late)
    run = run_module("iam_resources", **EVERYTHING)
    assert not run.failed, run.msg
    assert aws.operations().count(operation) > 1
    assert not run_module("iam_resources", **EVERYTHING).changed


def test_a_version_whose_answer_was_lost_is_not_made_twice_where_there_is_no_room(aws):
    policy_arn = run_module("iam_managed_policy", name="p", document=READ).policy["arn"]
    for _version in range(4):
        aws.iam.create_policy_version(PolicyArn=policy_arn, PolicyDocument=json.dumps(READ), SetAsDefault=False)
    aws.behave(**lost("CreatePolicyVersion"))
    run = run_module("iam_managed_policy", name="p", document=WRITE)
    assert not run.failed, run.msg
    versions = {one["VersionId"]: one for one in aws.iam.list_policy_versions(PolicyArn=policy_arn)["Versions"]}
    assert set(versions) == {"v1", "v3", "v4", "v5", "v6"}
    assert versions["v6"]["IsDefaultVersion"]


@pytest.mark.parametrize(
    "operation",
    ["RemoveRoleFromInstanceProfile", "DetachRolePolicy", "DeleteRolePolicy", "DeleteRole", "DeleteInstanceProfile"],
)
def test_a_delete_whose_answer_was_lost_is_not_a_failure(aws, operation):
    run_module("iam_role", **fleet(1)["roles"][0])
    aws.behave(**lost(operation))
    aws.operations()
    run = run_module("iam_role", name="role-0", instance_profile="profile-0", state="absent")
    assert not run.failed, run.msg
    deletes = [one for one in aws.operations() if one.startswith(("Remove", "Detach", "Delete"))]
    assert (len(deletes), deletes.count(operation) > 1) == (len(run.changes) + 1, True)
    assert aws.iam.list_roles()["Roles"] == aws.iam.list_instance_profiles()["InstanceProfiles"] == []


def test_something_else_of_that_name_that_appears_meanwhile_is_not_taken_for_ours(aws):
    aws.behave(visible_after=8)
    aws.iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trusting("123456789012")))
    run = run_module("iam_role", name="r", trust=TRUST)
    assert run.failed
    assert "somebody else has created role 'r'" in run.msg
    assert kinds(run_module("iam_role", name="r", trust=TRUST)) == [("update", "trust_policy")]


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
@pytest.mark.parametrize(
    ("module", "parameter", "declared", "says"),
    [
        ("iam_role", "roles", {"trust": TRUST}, "role 'ECSAnywhereRole' exists"),
        ("iam_managed_policy", "policies", {"document": READ}, "policy 'ECSAnywhereRole' exists"),
        ("iam_instance_profile", "instance_profiles", {}, "instance profile 'ECSAnywhereRole' exists"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("iam_") else "",
)
def test_names_that_differ_only_in_case_are_explained_before_anything_changes(
    aws, many, module, parameter, declared, says
):
    run_module(module, name="ECSAnywhereRole", **declared)
    wanted = {"name": "ecsAnywhereRole", **declared}
    others = [{"name": f"other{number}", **declared} for number in range(9)]
    aws.operations()
    run = run_module("iam_resources", **{parameter: [*others, wanted]}) if many else run_module(module, **wanted)
    assert run.failed
    assert says in run.msg
    assert "unique ignoring case" in run.msg
    assert not [operation for operation in aws.operations() if operation.startswith("Create")]


def test_a_name_that_cannot_be_looked_for_is_explained_when_iam_refuses_it(aws):
    run_module("iam_role", name="ECSAnywhereRole", trust=TRUST)
    aws.behave(faults=[{"operation": "ListRoles", "times": 1, "answer": "denied"}])
    run = run_module("iam_role", name="ecsAnywhereRole", trust=TRUST)
    assert "role 'ECSAnywhereRole' exists" in run.msg
