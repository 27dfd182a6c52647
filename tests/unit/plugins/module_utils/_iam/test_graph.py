# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.graph import plan_all
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import (
    Account,
    Declaration,
    FoundPolicy,
    InstanceProfile,
    ManagedPolicy,
    PolicyRequest,
    ProfileRequest,
    Role,
    RoleRequest,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import Caller
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.role_changes import NOBODY

US = Caller("aws", "123456789012")
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "*"}]}
P = "arn:aws:iam::123456789012:policy/p"


def trust(*roles):
    principal = {"AWS": [f"arn:aws:iam::123456789012:role/{role}" for role in roles]} if roles else "*"
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }


def role(name, trusts=(), absent=False, **more):
    return RoleRequest(Role(name, trust=trust(*trusts)), absent=absent, **more)


def policy(name, absent=False):
    return PolicyRequest(ManagedPolicy(name, document=DOCUMENT), absent=absent)


def profile(name, absent=False, **more):
    return ProfileRequest(InstanceProfile(name, **more), absent=absent)


def actual_role(name, **more):
    settings = {"description": "", "max_session_duration": 3600, "permissions_boundary": "", "tags": {}}
    arn = US.arn("role", "/", name)
    return Role(name, arn=arn, path="/", trust=trust(), managed_policies={}, inline_policies={}, **{**settings, **more})


def steps(declaration, account=None, predicting=False):
    plan = plan_all(account or Account(US), declaration, predicting)
    signs = {"create": "+", "update": "=", "delete": "-"}
    return [f"{signs[change.action]}{change.kind} {change.name.rsplit('/', 1)[-1]}" for change in plan.changes]


def test_creation_goes_from_policies_over_roles_to_profiles_and_a_policy_of_the_same_call_is_found():
    declared = Declaration((policy("p"),), (role("r", policies=("p",)),), (profile("i", role="r"),))
    assert steps(declared) == [
        "+managed_policy p",
        "+role r",
        "+role_policy_attachment p",
        "+instance_profile i",
        "+instance_profile_role r",
    ]
    by_arn = replace(declared, roles=(role("r", policies=(P,)),))
    assert steps(by_arn) == steps(declared)


def test_deletion_goes_the_other_way_round_and_does_nothing_twice():
    there = Account(
        US,
        policies={"p": ManagedPolicy("p", arn=P, attachments=(("role", "r"), ("user", "u")))},
        roles={"r": replace(actual_role("r"), managed_policies={P: "p"}, instance_profiles=("i",))},
        profiles={"i": InstanceProfile("i", role="r")},
    )
    gone = Declaration((policy("p", absent=True),), (role("r", absent=True),), (profile("i", absent=True),))
    assert steps(gone, there) == [
        "-instance_profile_role r",
        "-instance_profile i",
        "-role_policy_attachment p",
        "-role r",
        "-user_policy_attachment p",
        "-managed_policy p",
    ]


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ([("a", "b"), ("b", "c"), ("c",)], ["+role c", "+role b", "+role a"]),
        ([("a", "a")], ["+role a", "=trust_policy a"]),
        ([("a", "b"), ("b", "a")], ["+role b", "+role a", "=trust_policy b"]),
        ([("a", "elsewhere")], ["+role a"]),
    ],
    ids=["chain", "itself", "one another", "a role that is there"],
)
def test_a_trusted_role_comes_first_and_a_circle_is_closed_last(roles, expected):
    declared = Declaration(roles=tuple(role(name, trusts) for name, *trusts in roles))
    assert steps(declared) == expected


def test_until_its_trust_policy_can_be_written_nobody_may_assume_a_role():
    plan = plan_all(Account(US), Declaration(roles=(role("a", ["a"]),)), False)
    assert plan.changes[0].after.trust == NOBODY
    assert plan.changes[1].after == plan.result["roles"][0]["assume_role_policy_document"] == trust("a")


def test_a_role_that_takes_the_place_of_one_that_goes():
    there = Account(
        US,
        roles={"old": replace(actual_role("old"), instance_profiles=("i",))},
        profiles={"i": InstanceProfile("i", arn="a", path="/", role="old")},
    )
    declared = Declaration(roles=(role("new", instance_profile="i"), role("old", absent=True)))
    assert steps(declared, there) == [
        "+role new",
        "-instance_profile_role old",
        "+instance_profile_role new",
        "-role old",
    ]


def test_every_refusal_is_told_with_its_name():
    missing = Account(US, found={"x": FoundPolicy("arn:aws:iam::123456789012:policy/x", exists=False)})
    declared = Declaration(roles=(role("a", policies=("x",)), role("good"), RoleRequest(Role("b"))))
    with pytest.raises(Refusal) as refusal:
        steps(declared, missing)
    assert [line.split(":")[0] for line in str(refusal.value).splitlines()] == ["a", "b"]


def test_results_keep_the_declared_order_and_the_diff_has_only_what_changes():
    there = Account(US, roles={"b": actual_role("b")})
    plan = plan_all(there, Declaration(roles=(role("a", ["c"]), role("b"), role("c"))), False)
    assert [shown["role_name"] for shown in plan.result["roles"]] == ["a", "b", "c"]
    assert (set(plan.before["roles"]), set(plan.after["roles"])) == ({"a", "c"}, {"a", "c"})
