# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""IAM things as users see them in results and diffs, under amazon.aws' names where it has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import InstanceProfile, ManagedPolicy, Role


def role(role: Role, profile: InstanceProfile | None) -> dict[str, Any]:
    attached: Mapping[str, str] = role.managed_policies or {}
    shown = {
        "arn": role.arn,
        "role_name": role.name,
        "path": role.path,
        "description": role.description,
        "assume_role_policy_document": role.trust,
        "max_session_duration": role.max_session_duration,
        "permissions_boundary": role.permissions_boundary,
        "tags": role.tags,
    }
    if role.managed_policies is not None:
        shown["attached_policies"] = [{"policy_arn": arn, "policy_name": attached[arn]} for arn in sorted(attached)]
    if role.inline_policies is not None:
        shown["inline_policies"] = role.inline_policies
    if profile is not None:
        shown["instance_profile"] = instance_profile(profile)
    return shown


def trust(role: Role | None) -> dict[str, Any]:
    if role is None:
        return {}
    return {"arn": role.arn, "role_name": role.name, "assume_role_policy_document": role.trust}


def instance_profile(profile: InstanceProfile | None) -> dict[str, Any]:
    if profile is None:
        return {}
    return {
        "arn": profile.arn,
        "instance_profile_name": profile.name,
        "path": profile.path,
        "role": profile.role,
        **_tags(profile),
    }


def managed_policy(policy: ManagedPolicy | None) -> dict[str, Any]:
    if policy is None:
        return {}
    return {
        "arn": policy.arn,
        "policy_name": policy.name,
        "path": policy.path,
        "description": policy.description,
        "document": policy.document,
        **_tags(policy),
    }


def _tags(thing: InstanceProfile | ManagedPolicy) -> dict[str, Any]:
    """Tags that are neither declared nor in a bulk answer are not known, which is not the same as none."""
    return {} if thing.tags is None else {"tags": thing.tags}
