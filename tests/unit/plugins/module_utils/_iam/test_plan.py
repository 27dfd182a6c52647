# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import (
    FoundPolicy,
    InstanceProfile,
    ManagedPolicy,
    PolicyFacts,
    PolicyRequest,
    ProfileFacts,
    ProfileRequest,
    Purge,
    Role,
    RoleFacts,
    RoleRequest,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import Caller
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.instance_profile import plan_instance_profile
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.managed_policy import plan_managed_policy
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.role import plan_role

CHINA = Caller("aws-cn", "123456789012")
A, B = "arn:aws-cn:iam::aws:policy/A", "arn:aws-cn:iam::aws:policy/B"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "*"}]}
OTHER = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:c", "Resource": "*"}]}
ROLE = Role(
    name="r",
    arn="arn:aws-cn:iam::123456789012:role/r",
    path="/",
    description="",
    trust=TRUST,
    max_session_duration=3600,
    permissions_boundary="",
    tags={"a": "1", "aws:b": "2"},
    managed_policies={A: "A"},
    inline_policies={"one": DOCUMENT},
)
POLICY = ManagedPolicy(
    name="p",
    arn="arn:aws-cn:iam::123456789012:policy/p",
    path="/",
    description="",
    document=DOCUMENT,
    tags={},
    versions=("v1",),
    default_version="v1",
)


def steps(plan):
    return [f"{change.action} {change.kind} {change.name}" for change in plan.changes]


def role_plan(request, role=ROLE, profile=None, policies=None, predicting=False):
    facts = RoleFacts(CHINA, role, {"A": FoundPolicy(A), "B": FoundPolicy(B), **(policies or {})}, profile)
    return plan_role(facts, request, predicting=predicting)


ROLE_CASES = {
    "no opinion changes nothing": (RoleRequest(Role("r")), []),
    "the same trust in other words": (RoleRequest(Role("r", trust={**TRUST, "Statement": TRUST["Statement"][0]})), []),
    "another trust": (RoleRequest(Role("r", trust={**TRUST, "Id": "x"})), ["update trust_policy r"]),
    "description and session length are one call": (
        RoleRequest(Role("r", description="x", max_session_duration=7200)),
        ["update role r"],
    ),
    "a swap attaches before it detaches": (
        RoleRequest(Role("r"), policies=("B",)),
        [f"create role_policy_attachment {B}", f"delete role_policy_attachment {A}"],
    ),
    "undeclared policies stay without purge": (
        RoleRequest(Role("r"), policies=("B",), purge=Purge(managed_policies=False)),
        [f"create role_policy_attachment {B}"],
    ),
    "no policies at all": (RoleRequest(Role("r"), policies=()), [f"delete role_policy_attachment {A}"]),
    "an inline policy in another's place": (
        RoleRequest(Role("r", inline_policies={"two": DOCUMENT})),
        ["create inline_policy two", "delete inline_policy one"],
    ),
    "an inline policy with another document": (
        RoleRequest(Role("r", inline_policies={"one": OTHER})),
        ["update inline_policy one"],
    ),
    "an inline policy that must not be there goes without purge": (
        RoleRequest(Role("r", inline_policies={"one": None, "three": None}), purge=Purge(inline_policies=False)),
        ["delete inline_policy one"],
    ),
    "Amazon's tags are never removed": (RoleRequest(Role("r", tags={})), ["delete role_tags r"]),
    "tags added without purge": (
        RoleRequest(Role("r", tags={"c": "3"}), purge=Purge(tags=False)),
        ["update role_tags r"],
    ),
    "a profile that does not exist": (
        RoleRequest(Role("r"), instance_profile="ip"),
        ["create instance_profile ip", "create instance_profile_role r"],
    ),
    "everything goes": (
        RoleRequest(Role("r"), absent=True),
        [f"delete role_policy_attachment {A}", "delete inline_policy one", "delete role r"],
    ),
}


@pytest.mark.parametrize("case", ROLE_CASES)
def test_role_plan(case):
    request, expected = ROLE_CASES[case]
    assert steps(role_plan(request)) == expected


def test_a_role_is_taken_out_of_its_profiles_before_it_is_deleted():
    role = replace(ROLE, instance_profiles=("x", "y"), managed_policies={}, inline_policies={})
    plan = role_plan(RoleRequest(Role("r"), absent=True), role=role)
    assert [(change.kind, change.owner) for change in plan.changes[:2]] == [
        ("instance_profile_role", "x"),
        ("instance_profile_role", "y"),
    ]


@pytest.mark.parametrize(("holder", "deleted"), [("", True), ("r", True), ("other", False)])
def test_an_absent_role_takes_its_profile_along_unless_another_role_is_in_it(holder, deleted):
    request = RoleRequest(Role("r"), instance_profile="ip", absent=True)
    plan = role_plan(request, role=None, profile=InstanceProfile("ip", "arn", "/", holder, {}))
    assert steps(plan) == (["delete instance_profile ip"] if deleted else [])


def test_another_role_leaves_the_profile_before_ours_enters():
    held = InstanceProfile("ip", "arn", "/", "other", {})
    plan = role_plan(RoleRequest(Role("r"), instance_profile="ip"), profile=held)
    assert steps(plan) == ["delete instance_profile_role other", "create instance_profile_role r"]


def test_every_arn_that_is_built_has_the_callers_partition():
    request = RoleRequest(Role("r", trust=TRUST, path="/x/"), instance_profile="ip")
    shown = role_plan(request, role=None).result["iam_role"]
    assert shown["arn"] == "arn:aws-cn:iam::123456789012:role/x/r"
    assert shown["instance_profile"]["arn"] == "arn:aws-cn:iam::123456789012:instance-profile/ip"


def test_a_missing_policy_is_foreseen_only_in_check_mode():
    request = RoleRequest(Role("r"), policies=("C",))
    missing = {"C": FoundPolicy("arn:aws-cn:iam::123456789012:policy/C", exists=False)}
    assert "does not exist yet" in role_plan(request, policies=missing, predicting=True).warnings[0]
    with pytest.raises(Refusal, match="'C' does not exist"):
        role_plan(request, policies=missing)


def test_a_missing_role_without_a_trust_policy_is_foreseen_only_in_check_mode():
    request = RoleRequest(Role("r", inline_policies={"one": DOCUMENT, "two": None}))
    foreseen = role_plan(request, role=None, predicting=True)
    assert steps(foreseen) == ["create inline_policy one"]
    assert "arn:aws-cn:iam::123456789012:role/r is foreseen" in foreseen.warnings[0]
    with pytest.raises(Refusal, match="'r' does not exist yet"):
        role_plan(request, role=None)


def test_a_deleted_principal_in_the_trust_policy_is_named():
    stale = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"AWS": "AROAEXAMPLE123456789"}}]}
    assert "AROAEXAMPLE123456789" in role_plan(RoleRequest(Role("r")), role=replace(ROLE, trust=stale)).warnings[0]


@pytest.mark.parametrize(
    ("actual", "desired", "expected"),
    [
        (None, InstanceProfile("ip"), ["create instance_profile ip"]),
        (InstanceProfile("ip", "a", "/", "r", {}), InstanceProfile("ip"), []),
        (InstanceProfile("ip", "a", "/", "r", {}), InstanceProfile("ip", role=""), ["delete instance_profile_role r"]),
        (
            InstanceProfile("ip", "a", "/", "", {"a": "b"}),
            InstanceProfile("ip", tags={"a": "c"}),
            ["update instance_profile_tags ip"],
        ),
    ],
    ids=["new", "no opinion", "emptied", "tags"],
)
def test_instance_profile_plan(actual, desired, expected):
    plan = plan_instance_profile(ProfileFacts(CHINA, actual), ProfileRequest(desired))
    assert steps(plan) == expected


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (("v1",), ["create managed_policy_version p"]),
        (("v1", "v3", "v4", "v5", "v6"), ["delete managed_policy_version v3", "create managed_policy_version p"]),
    ],
    ids=["room for one", "full"],
)
def test_a_changed_document_is_a_new_version_and_the_version_in_force_is_never_deleted(versions, expected):
    facts = PolicyFacts(CHINA, replace(POLICY, versions=versions))
    assert steps(plan_managed_policy(facts, PolicyRequest(ManagedPolicy("p", document=OTHER)))) == expected


def test_a_policy_whose_name_differs_in_case_is_not_touched():
    with pytest.raises(Refusal, match="unique ignoring case"):
        plan_managed_policy(PolicyFacts(CHINA, POLICY), PolicyRequest(ManagedPolicy("P", document=OTHER), absent=True))


def test_a_description_that_cannot_change_is_a_warning():
    plan = plan_managed_policy(PolicyFacts(CHINA, POLICY), PolicyRequest(ManagedPolicy("p", description="new")))
    assert not plan.changes
    assert "description" in plan.warnings[0]
