# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iam_resources: many policies, roles and instance profiles in one call."""

from __future__ import annotations

import pytest
from ansible.module_utils.basic import AnsibleModule
from module_runner import applied, run_module
from test_iam_modules import READ, TRUST, kinds

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import bulk

ACCOUNT = "123456789012"
WRITES = ("Create", "Update", "Put", "Attach", "Add", "Tag", "Detach", "Delete", "Remove", "Untag")
OWNER = {"ownership_tag": {"key": "managed-by", "value": "us"}}


def trusting(*principals):
    allow = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [allow]}


def arn(name):
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def fleet(count):
    """A declaration of roles with everything that the benchmark gives them: six writes each."""
    policies = ["AmazonEC2ContainerServiceforEC2Role", "AmazonSSMManagedInstanceCore"]
    return {
        "roles": [
            {
                "name": f"role-{number}",
                "trust": TRUST,
                "managed_policies": policies,
                "inline_policies": {"read": READ},
                "instance_profile": f"profile-{number}",
                "tags": {"number": str(number)},
                "description": f"number {number}",
                "max_session_duration": 7200,
                "permissions_boundary": "arn:aws:iam::aws:policy/PowerUserAccess",
            }
            for number in range(count)
        ]
    }


def writes(operations):
    return [operation for operation in operations if operation.startswith(WRITES)]


def test_a_fleet_of_roles_is_written_once_per_difference_and_read_in_three_requests(aws):
    run = applied("iam_resources", **fleet(12))
    assert len(run.changes) == 72
    aws.operations()
    again = run_module("iam_resources", **fleet(12))
    assert sorted(aws.operations()) == ["GetAccountAuthorizationDetails", "ListInstanceProfiles", "ListRoles"]
    assert [role["role_name"] for role in again.roles] == [f"role-{number}" for number in range(12)]
    run_module("iam_resources", roles=[{"name": f"role-{number}", "state": "absent"} for number in range(12)])
    aws.operations()
    run_module("iam_resources", **fleet(6))
    assert len(writes(aws.operations())) == 6 * 4 + 6  # the profiles are still there, empty


def test_what_is_declared_may_lean_on_what_the_same_call_creates(aws):
    declared = {
        "policies": [{"name": "logs", "document": READ, "path": "/ecs/"}],
        "roles": [
            {"name": "needs-z", "trust": trusting(arn("z"))},
            {"name": "z", "trust": TRUST, "managed_policies": ["logs"], "instance_profile": "held"},
            {"name": "alone", "trust": TRUST},
        ],
        "instance_profiles": [{"name": "own", "role": "alone"}, {"name": "held", "path": "/ecs/", "tags": {"a": "b"}}],
    }
    run = applied("iam_resources", **declared)
    assert run.roles[1]["attached_policies"][0]["policy_arn"] == f"arn:aws:iam::{ACCOUNT}:policy/ecs/logs"
    assert run.roles[1]["instance_profile"]["path"] == "/ecs/"
    gone = {kind: [{"name": item["name"], "state": "absent"} for item in items] for kind, items in declared.items()}
    assert applied("iam_resources", **gone).roles == [None, None, None]
    assert aws.iam.list_roles()["Roles"] == aws.iam.list_policies(Scope="Local")["Policies"] == []


def test_roles_may_trust_one_another_and_themselves(aws):
    run = applied(
        "iam_resources",
        roles=[
            {"name": "a", "trust": trusting(arn("b"))},
            {"name": "b", "trust": trusting(arn("a"))},
            {"name": "self", "trust": trusting(arn("self"), ACCOUNT)},
        ],
    )
    assert kinds(run).count(("update", "trust_policy")) == 2
    assert run.roles[2]["assume_role_policy_document"] == trusting(arn("self"), ACCOUNT)
    assert kinds(applied("iam_role", name="alone", trust=trusting(arn("alone")))) == [
        ("create", "role"),
        ("update", "trust_policy"),
    ]


@pytest.mark.parametrize("how", ["bulk", "denied", "singly"])
def test_the_result_is_the_same_however_it_was_read(aws, how):
    declared = fleet(3) if how != "singly" else {"roles": fleet(1)["roles"]}
    run_module("iam_resources", **fleet(3))
    if how == "denied":
        aws.behave(faults=[{"operation": "ListRoles", "times": 9, "answer": "denied"}])
    aws.operations()
    run = run_module("iam_resources", **declared)
    seen = aws.operations()
    assert not run.changed, run.changes
    assert ("GetRole" in seen) == (how != "bulk")
    single = run_module("iam_role", **declared["roles"][0]).iam_role
    if how == "bulk":
        assert single["instance_profile"].pop("tags") == {}  # no list has them
    assert run.roles[0] == single


def test_an_account_of_many_pages_is_not_read_to_its_end_for_a_few_roles(aws, monkeypatch):
    run_module("iam_resources", **fleet(12))
    monkeypatch.setattr(bulk, "PAGE", 1)
    aws.operations()
    assert not run_module("iam_resources", roles=fleet(2)["roles"]).changed
    seen = aws.operations()
    assert seen.count("GetAccountAuthorizationDetails") == 10  # what two roles cost one by one
    assert seen.count("GetRole") == 2
    aws.operations()
    assert not run_module("iam_resources", **fleet(12)).changed
    assert aws.operations().count("GetRole") == 0


def test_one_failure_does_not_hide_the_others_and_the_next_run_finishes(aws):
    aws.behave(faults=[{"operation": "CreateRole", "times": 1, "answer": "denied", "match": {"RoleName": "role-1"}}])
    run = run_module("iam_resources", **fleet(3))
    assert run.failed
    assert "Could not create role role-1 (and 4 more, see failures)" in run.msg
    assert [(failure["kind"], "not tried" in failure["error"]) for failure in run.failures] == [
        ("role", False),
        ("role_policy_attachment", True),
        ("role_policy_attachment", True),
        ("inline_policy", True),
        ("instance_profile_role", True),
    ]
    assert len(run.changes) == 13
    assert len(applied("iam_resources", **fleet(3)).changes) == 5


@pytest.mark.parametrize("answer", ["throttled", "busy"])
def test_writes_that_iam_cannot_take_just_now_are_made_later(aws, answer):
    aws.behave(faults=[{"operation": "AttachRolePolicy", "times": 3, "answer": answer}])
    run = run_module("iam_resources", **fleet(6))
    assert not run.failed, run.msg
    assert run.api_calls["AttachRolePolicy"] == 12 + 3


def test_progress_goes_to_the_systems_log(aws, monkeypatch):
    logged = []
    monkeypatch.setattr(AnsibleModule, "log", lambda self, message, **_more: logged.append(message))
    run_module("iam_resources", **fleet(17))
    assert [line.partition(";")[0] for line in logged if "changes" in line] == ["100 of 102 changes tried"]


def test_prune_removes_what_carries_the_tag_and_nothing_else(aws):
    declared = {
        "policies": [{"name": "p1", "document": READ}, {"name": "p2", "document": READ}],
        "roles": [
            {"name": "r1", "trust": TRUST, "managed_policies": ["p1", "p2"], "instance_profile": "i1"},
            {"name": "r2", "trust": TRUST, "managed_policies": ["p2"], "tags": {"a": "b"}, "instance_profile": "i2"},
        ],
        "instance_profiles": [{"name": "i3", "role": ""}],
    }
    run_module("iam_role", name="foreign", trust=TRUST, instance_profile="foreign", tags={"managed-by": "them"})
    run_module("iam_managed_policy", name="foreign", document=READ)
    applied("iam_resources", **declared, **OWNER)
    assert applied("iam_resources", **declared, **OWNER, prune=True).changed is False
    less = {"policies": declared["policies"][:1], "roles": [{**declared["roles"][0], "managed_policies": ["p1"]}]}
    run = applied("iam_resources", **less, **OWNER, prune=True)
    gone = [
        f"{change['kind']} {change['name'].rsplit('/')[-1]}" for change in run.changes if "attach" not in change["kind"]
    ]
    assert sorted(gone) == [
        "instance_profile i2",
        "instance_profile i3",
        "instance_profile_role r2",
        "managed_policy p2",
        "role r2",
    ]
    assert {role["RoleName"] for role in aws.iam.list_roles()["Roles"]} == {"foreign", "r1"}
    left = aws.iam.list_instance_profiles()["InstanceProfiles"]
    assert {profile["InstanceProfileName"] for profile in left} == {"foreign", "i1"}
    assert {policy["PolicyName"] for policy in aws.iam.list_policies(Scope="Local")["Policies"]} == {"foreign", "p1"}


def test_the_owners_tag_leaves_tags_that_are_not_declared_alone(aws):
    run_module("iam_role", name="r", trust=TRUST, tags={"a": "b"})
    assert applied("iam_resources", roles=[{"name": "r"}], **OWNER).roles[0]["tags"] == {"a": "b", "managed-by": "us"}


def test_prune_leaves_what_something_without_the_tag_uses(aws):
    declared = {
        "policies": [{"name": "p", "document": READ}],
        "roles": [{"name": "r", "trust": TRUST, "managed_policies": ["p"]}],
    }
    run_module("iam_resources", **declared, **OWNER)
    run_module("iam_role", name="foreign", trust=TRUST, managed_policies=["p"])
    run_module("iam_instance_profile", name="foreign", role="r")
    run = run_module("iam_resources", roles=[], **OWNER, prune=True)
    assert not run.changed
    assert ["role r carries" in run.warnings[0], "policy p carries" in run.warnings[1]] == [True, True]


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"roles": [{"name": "a", "trust": TRUST}, {"name": "A", "trust": TRUST}]}, ["roles", "'a'", "twice"]),
        ({"roles": [{"name": "a", "trust": TRUST, "path": "x"}]}, ["roles: a: path", "/ecs/"]),
        (
            {
                "policies": [{"name": "p", "state": "absent"}],
                "roles": [{"name": "a", "trust": TRUST, "managed_policies": ["p"]}],
            },
            ["roles: a", "'p'", "declared absent"],
        ),
        (
            {"roles": [{"name": name, "trust": TRUST, "instance_profile": "i"} for name in "ab"]},
            ["roles: b", "'i'", "hold a"],
        ),
        (
            {
                "roles": [{"name": "a", "trust": TRUST, "instance_profile": "i"}],
                "instance_profiles": [{"name": "i", "role": "b"}],
            },
            ["roles: a", "'i'", "hold b"],
        ),
        (
            {"roles": [{"name": "a", "state": "absent"}], "instance_profiles": [{"name": "i", "role": "a"}]},
            ["instance_profiles: i", "'a'", "declared absent"],
        ),
        ({"roles": [], "concurrency": 0}, ["concurrency", "1 to 32"]),
        ({"roles": [], "prune": True}, ["ownership_tag"]),
        ({"roles": [{"name": "a"}, {"name": "b"}]}, ["a: trust", "b: trust"]),
        (
            {"roles": [{"name": "a", "trust": TRUST, "tags": {"managed-by": "them"}}], **OWNER},
            ["a", "managed-by", "ownership_tag"],
        ),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value)[:40],
)
def test_what_contradicts_itself_is_refused_before_anything_changes(aws, params, says):
    run = run_module("iam_resources", **params)
    assert run.failed
    assert not [part for part in says if part not in run.msg], run.msg
    assert not writes(aws.operations())
