# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenarios that amazon.aws tests its IAM modules with, told to ours.

Each step runs in check mode, for real, and both again (conftest.applied), and then the account is read back.
"""

from __future__ import annotations

import json

import pytest
from module_runner import applied
from test_iam_modules import ECS_POLICY, READ, TRUST, WRITE

SSM_POLICY = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"
OTHER_TRUST = {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": {"Service": "ssm.amazonaws.com"}}]}
GONE: dict = {"gone": True}


def role(changes, reads, **params):
    """A step: the changes in short, what the account shows afterwards, the task."""
    return "iam_role", {"name": "r", **params}, changes, reads


def profile(changes, reads, **params):
    return "iam_instance_profile", {"name": "p", **params}, changes, reads


def policy(changes, reads, **params):
    return "iam_managed_policy", {"name": "m", **params}, changes, reads


NEW = role("+role", {"description": "", "path": "/", "session": 3600, "tags": {}, "profiles": []}, trust=TRUST)
NEW_PROFILE = profile("+instance_profile", {"role": "", "path": "/", "tags": {}})
NEW_POLICY = policy("+managed_policy", {"document": READ, "versions": 1}, document=READ)
COMPLEX = {
    "trust": OTHER_TRUST,
    "description": "all at once",
    "path": "/ecs/",
    "max_session_duration": 43200,
    "permissions_boundary": BOUNDARY,
    "managed_policies": [ECS_POLICY, "AmazonSSMManagedInstanceCore"],
    "inline_policies": {"one": READ, "two": WRITE},
    "instance_profile": "p",
    "tags": {"TagA": "ValueA", "tag_b": "value b"},
}
COMPLEX_READ = {
    "trust": OTHER_TRUST,
    "description": "all at once",
    "path": "/ecs/",
    "session": 43200,
    "boundary": BOUNDARY,
    "managed": {ECS_POLICY, SSM_POLICY},
    "inline": {"one": READ, "two": WRITE},
    "profiles": ["p"],
    "tags": {"TagA": "ValueA", "tag_b": "value b"},
}
CREATE_COMPLEX = role(
    "+role +role_policy_attachment +role_policy_attachment +inline_policy +inline_policy +instance_profile "
    "+instance_profile_role",
    COMPLEX_READ,
    **COMPLEX,
)
DELETE_COMPLEX = (
    "-instance_profile_role -role_policy_attachment -role_policy_attachment -inline_policy -inline_policy -role"
)

SCENARIOS = {
    "role: created and deleted, twice": [NEW, role("-role", GONE, state="absent")] * 2,
    "role: deleted, never there": [role("", GONE, state="absent")],
    "role: an own profile": [
        role("+role +instance_profile +instance_profile_role", {"profiles": ["r"]}, trust=TRUST, instance_profile="r"),
        role("-instance_profile_role -role -instance_profile", GONE, instance_profile="r", state="absent"),
        profile("", GONE, name="r", state="absent"),
    ],
    "role: a foreign profile that is empty": [
        NEW_PROFILE,
        role("+role +instance_profile_role", {"profiles": ["p"]}, trust=TRUST, instance_profile="p"),
    ],
    "role: a profile that another role is in": [
        NEW,
        profile("+instance_profile +instance_profile_role", {"role": "r"}, role="r"),
        role(
            "+role -instance_profile_role +instance_profile_role",
            {"profiles": ["p"]},
            name="second",
            trust=TRUST,
            instance_profile="p",
        ),
        role("-role", GONE, instance_profile="p", state="absent"),
        profile("", {"role": "second"}),
    ],
    "role: a detached profile comes back": [
        role("+role +instance_profile +instance_profile_role", {"profiles": ["p"]}, trust=TRUST, instance_profile="p"),
        profile("-instance_profile_role", {"role": ""}, role=""),
        role("+instance_profile_role", {"profiles": ["p"]}, instance_profile="p"),
    ],
    "role: deleted without its profile": [
        role("+role +instance_profile +instance_profile_role", {"profiles": ["p"]}, trust=TRUST, instance_profile="p"),
        role("-instance_profile_role -role", GONE, state="absent"),
        profile("", {"role": ""}),
    ],
    "role: path": [
        role("+role", {"path": "/ecs/"}, trust=TRUST, path="/ecs/"),
        role("", {"path": "/ecs/"}),
        role("", {"path": "/ecs/"}, path="/other/"),
    ],
    "role: session length alone": [NEW, role("=role", {"session": 7200, "description": ""}, max_session_duration=7200)],
    "role: description": [
        role("+role", {"description": "one"}, trust=TRUST, description="one"),
        role("=role", {"description": "two", "session": 3600}, description="two"),
        role("=role", {"description": ""}, description=""),
    ],
    "role: trust": [NEW, role("=trust_policy", {"trust": OTHER_TRUST}, trust=json.dumps(OTHER_TRUST))],
    "role: tags": [
        role("+role", {"tags": {"TagA": "ValueA"}}, trust=TRUST, tags={"TagA": "ValueA"}),
        role("=role_tags", {"tags": {"TagA": "Other"}}, tags={"TagA": "Other"}),
        role("=role_tags", {"tags": {"TagA": "Other", "TagB": "B"}}, tags={"TagB": "B"}, purge_tags=False),
        role("-role_tags", {"tags": {"TagB": "B"}}, tags={"TagB": "B"}),
        role("", {"tags": {"TagB": "B"}}),
        role("-role_tags", {"tags": {}}, tags={}),
    ],
    "role: managed policies": [
        role("+role +role_policy_attachment", {"managed": {ECS_POLICY}}, trust=TRUST, managed_policies=[ECS_POLICY]),
        role(
            "+role_policy_attachment",
            {"managed": {ECS_POLICY, SSM_POLICY}},
            managed_policies=["AmazonSSMManagedInstanceCore"],
            purge_managed_policies=False,
        ),
        role("-role_policy_attachment", {"managed": {SSM_POLICY}}, managed_policies=[SSM_POLICY]),
        role("-role_policy_attachment", {"managed": set()}, managed_policies=[]),
    ],
    "role: inline policies, as a mapping or its text": [
        role("+role +inline_policy", {"inline": {"one": READ}}, trust=TRUST, inline_policies={"one": READ}),
        role("", {"inline": {"one": READ}}, inline_policies={"one": json.dumps(READ)}),
        role("=inline_policy", {}, inline_policies={"one": {**READ, "Id": "MyId"}}),
        role(
            "+inline_policy",
            {"inline": {"one": {**READ, "Id": "MyId"}, "two": WRITE}},
            inline_policies={"two": WRITE},
            purge_inline_policies=False,
        ),
        role("=inline_policy -inline_policy", {"inline": {"one": WRITE}}, inline_policies={"one": WRITE}),
        role("-inline_policy", {"inline": {}}, inline_policies={}),
    ],
    "role: boundary": [
        role("+role", {"boundary": BOUNDARY}, trust=TRUST, permissions_boundary=BOUNDARY),
        role("=permissions_boundary", {"boundary": SSM_POLICY}, permissions_boundary=SSM_POLICY),
        role("-permissions_boundary", {"boundary": None}, permissions_boundary=""),
    ],
    "role: all options at once, and deleted with all of it, twice": [
        *[CREATE_COMPLEX, role(DELETE_COMPLEX + " -instance_profile", GONE, instance_profile="p", state="absent")] * 2,
    ],
    "policy: created, changed, deleted": [
        NEW_POLICY,
        policy("+managed_policy_version", {"document": WRITE, "versions": 2}, document=WRITE),
        policy("", {"document": WRITE}, document=json.dumps(WRITE)),
        policy("-managed_policy_version -managed_policy", GONE, state="absent"),
        policy("", GONE, state="absent"),
    ],
    "policy: description and path stay": [
        policy("+managed_policy", {"description": "d", "path": "/ecs/"}, document=READ, description="d", path="/ecs/"),
        policy("", {"description": "d"}, description="other"),
        policy("", {"path": "/ecs/"}, path="/other/"),
    ],
    "policy: tags": [
        policy("+managed_policy", {"tags": {"a": "b"}}, document=READ, tags={"a": "b"}),
        policy("=managed_policy_tags", {"tags": {"a": "b", "c": "d"}}, tags={"c": "d"}, purge_tags=False),
        policy("-managed_policy_tags", {"tags": {"c": "d"}}, tags={"c": "d"}),
        policy("-managed_policy_tags", {"tags": {}}, tags={}),
    ],
    "policy: every version is used up, and one more": [
        NEW_POLICY,
        *[policy("+managed_policy_version", {}, document={**READ, "Id": f"v{number}"}) for number in range(4)],
        policy("-managed_policy_version +managed_policy_version", {"document": WRITE, "versions": 5}, document=WRITE),
    ],
    "profile: role added, replaced, removed": [
        NEW_PROFILE,
        NEW,
        role("+role", {}, name="second", trust=TRUST),
        profile("+instance_profile_role", {"role": "r"}, role="r"),
        profile("-instance_profile_role +instance_profile_role", {"role": "second"}, role="second"),
        profile("", {"role": "second"}),
        profile("-instance_profile_role", {"role": ""}, role=""),
        profile("-instance_profile", GONE, state="absent"),
        profile("", GONE, state="absent"),
    ],
    "profile: all options at once": [
        NEW,
        profile(
            "+instance_profile +instance_profile_role",
            {"role": "r", "path": "/ecs/", "tags": {"a": "b"}},
            role="r",
            path="/ecs/",
            tags={"a": "b"},
        ),
        profile("", {"path": "/ecs/"}, path="/other/"),
        profile("-instance_profile_role -instance_profile", GONE, state="absent"),
    ],
    "profile: tags": [
        profile("+instance_profile", {"tags": {"a": "b"}}, tags={"a": "b"}),
        profile("=instance_profile_tags", {"tags": {"a": "b", "c": "d"}}, tags={"c": "d"}, purge_tags=False),
        profile("-instance_profile_tags", {"tags": {"c": "d"}}, tags={"c": "d"}),
        profile("", {"tags": {"c": "d"}}),
    ],
}


def tags_of(found):
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


def read_role(iam, name):
    found = iam.get_role(RoleName=name)["Role"]
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    profiles = iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]
    return {
        "description": found.get("Description", ""),
        "path": found["Path"],
        "session": found["MaxSessionDuration"],
        "trust": found["AssumeRolePolicyDocument"],
        "boundary": found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "tags": tags_of(found),
        "managed": {one["PolicyArn"] for one in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]},
        "inline": {one: iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in inline},
        "profiles": [one["InstanceProfileName"] for one in profiles],
    }


def read_profile(iam, name):
    found = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    role = "".join(one["RoleName"] for one in found["Roles"])
    return {"path": found["Path"], "tags": tags_of(found), "role": role}


def read_policy(iam, name):
    arn = next(one["Arn"] for one in iam.list_policies(Scope="Local")["Policies"] if one["PolicyName"] == name)
    found = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    return {
        "description": found.get("Description", ""),
        "path": found["Path"],
        "document": version["Document"],
        "tags": tags_of(found),
        "versions": len(iam.list_policy_versions(PolicyArn=arn)["Versions"]),
    }


READERS = {"iam_role": read_role, "iam_instance_profile": read_profile, "iam_managed_policy": read_policy}
SIGNS = {"create": "+", "update": "=", "delete": "-"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(aws, scenario):
    for module, params, changes, reads in SCENARIOS[scenario]:
        run = applied(module, **params)
        assert " ".join(SIGNS[change["action"]] + change["kind"] for change in run.changes) == changes
        if reads is GONE:
            with pytest.raises((aws.iam.exceptions.NoSuchEntityException, StopIteration)):
                READERS[module](aws.iam, params["name"])
            continue
        seen = READERS[module](aws.iam, params["name"])
        assert {key: seen[key] for key in reads} == reads


def test_a_policy_goes_while_it_is_attached_to_a_user_a_group_and_a_role(aws):
    arn = applied("iam_managed_policy", name="m", document=READ).policy["arn"]
    applied("iam_role", name="r", trust=TRUST, managed_policies=["m"])
    aws.iam.create_user(UserName="u")
    aws.iam.attach_user_policy(UserName="u", PolicyArn=arn)
    aws.iam.create_group(GroupName="g")
    aws.iam.attach_group_policy(GroupName="g", PolicyArn=arn)
    run = applied("iam_managed_policy", name="m", state="absent")
    assert {change["kind"].partition("_")[0] for change in run.changes[:-1]} == {"user", "group", "role"}


def test_the_same_policy_is_an_inline_policy_of_two_roles_and_belongs_to_each(aws):
    for name in ("one", "two"):
        applied("iam_role", name=name, trust=TRUST, inline_policies={"p": READ})
    applied("iam_role", name="one", inline_policies={})
    assert aws.iam.list_role_policies(RoleName="two")["PolicyNames"] == ["p"]
