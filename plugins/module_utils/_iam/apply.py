# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The one IAM call that makes each Change. A table: nothing here decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.documents import compact


def call(iam: Any, change: Change) -> None:
    operation, params = CALLS[change.kind, change.action]
    getattr(iam, operation)(aws_retry=True, **params(change))


def _create_role(change: Change) -> dict[str, Any]:
    role = change.after
    boundary = {"PermissionsBoundary": role.permissions_boundary} if role.permissions_boundary else {}
    return {
        "RoleName": role.name,
        "Path": role.path,
        "AssumeRolePolicyDocument": compact(role.trust),
        "Description": role.description,
        "MaxSessionDuration": role.max_session_duration,
        "Tags": ansible_dict_to_boto3_tag_list(role.tags),
        **boundary,
    }


def _update_role(change: Change) -> dict[str, Any]:
    role = change.after
    return {"RoleName": role.name, "Description": role.description, "MaxSessionDuration": role.max_session_duration}


def _attachment(entity: str) -> Callable[[Change], dict[str, Any]]:
    return lambda change: {entity: change.owner, "PolicyArn": change.name}


def _tag(key: str) -> Callable[[Change], dict[str, Any]]:
    return lambda change: {key: change.name, "Tags": ansible_dict_to_boto3_tag_list(change.after)}


def _untag(key: str) -> Callable[[Change], dict[str, Any]]:
    return lambda change: {key: change.name, "TagKeys": list(change.before)}


def _inline_policy(change: Change) -> dict[str, Any]:
    return {"RoleName": change.owner, "PolicyName": change.name, "PolicyDocument": compact(change.after)}


def _boundary(change: Change) -> dict[str, Any]:
    return {"RoleName": change.name, "PermissionsBoundary": change.after}


def _trust(change: Change) -> dict[str, Any]:
    return {"RoleName": change.name, "PolicyDocument": compact(change.after)}


def _create_profile(change: Change) -> dict[str, Any]:
    profile = change.after
    tags = ansible_dict_to_boto3_tag_list(profile.tags or {})
    return {"InstanceProfileName": profile.name, "Path": profile.path, "Tags": tags}


def _held_role(change: Change) -> dict[str, Any]:
    return {"InstanceProfileName": change.owner, "RoleName": change.name}


def _create_policy(change: Change) -> dict[str, Any]:
    policy = change.after
    return {
        "PolicyName": policy.name,
        "Path": policy.path,
        "PolicyDocument": compact(policy.document),
        "Description": policy.description,
        "Tags": ansible_dict_to_boto3_tag_list(policy.tags),
    }


def _create_version(change: Change) -> dict[str, Any]:
    return {"PolicyArn": change.owner, "PolicyDocument": compact(change.after), "SetAsDefault": True}


def _version(change: Change) -> dict[str, Any]:
    return {"PolicyArn": change.owner, "VersionId": change.name}


def _named(key: str) -> Callable[[Change], dict[str, Any]]:
    return lambda change: {key: change.name}


CALLS: dict[tuple[str, str], tuple[str, Callable[[Change], dict[str, Any]]]] = {
    ("role", "create"): ("create_role", _create_role),
    ("role", "update"): ("update_role", _update_role),
    ("role", "delete"): ("delete_role", _named("RoleName")),
    ("trust_policy", "update"): ("update_assume_role_policy", _trust),
    ("permissions_boundary", "update"): ("put_role_permissions_boundary", _boundary),
    ("permissions_boundary", "delete"): ("delete_role_permissions_boundary", _named("RoleName")),
    ("role_tags", "update"): ("tag_role", _tag("RoleName")),
    ("role_tags", "delete"): ("untag_role", _untag("RoleName")),
    ("role_policy_attachment", "create"): ("attach_role_policy", _attachment("RoleName")),
    ("role_policy_attachment", "delete"): ("detach_role_policy", _attachment("RoleName")),
    ("user_policy_attachment", "delete"): ("detach_user_policy", _attachment("UserName")),
    ("group_policy_attachment", "delete"): ("detach_group_policy", _attachment("GroupName")),
    ("inline_policy", "create"): ("put_role_policy", _inline_policy),
    ("inline_policy", "update"): ("put_role_policy", _inline_policy),
    ("inline_policy", "delete"): (
        "delete_role_policy",
        lambda change: {"RoleName": change.owner, "PolicyName": change.name},
    ),
    ("instance_profile", "create"): ("create_instance_profile", _create_profile),
    ("instance_profile", "delete"): ("delete_instance_profile", _named("InstanceProfileName")),
    ("instance_profile_role", "create"): ("add_role_to_instance_profile", _held_role),
    ("instance_profile_role", "delete"): ("remove_role_from_instance_profile", _held_role),
    ("instance_profile_tags", "update"): ("tag_instance_profile", _tag("InstanceProfileName")),
    ("instance_profile_tags", "delete"): ("untag_instance_profile", _untag("InstanceProfileName")),
    ("managed_policy", "create"): ("create_policy", _create_policy),
    ("managed_policy", "delete"): ("delete_policy", _named("PolicyArn")),
    ("managed_policy_version", "create"): ("create_policy_version", _create_version),
    ("managed_policy_version", "delete"): ("delete_policy_version", _version),
    ("managed_policy_tags", "update"): ("tag_policy", _tag("PolicyArn")),
    ("managed_policy_tags", "delete"): ("untag_policy", _untag("PolicyArn")),
}
