# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From module parameters to the model. Everything that cannot be right is refused here, before the first call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents, names
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import (
    Document,
    InstanceProfile,
    ManagedPolicy,
    Purge,
    Role,
    RoleRequest,
)

Params = Mapping[str, Any]


def role_request(params: Params) -> RoleRequest:
    role = Role(
        name=names.check_name("name", params["name"], 64),
        path=names.check_path("path", params["path"]),
        description=_description(params["description"]),
        trust=_trust(params["trust"]),
        max_session_duration=_session(params["max_session_duration"]),
        permissions_boundary=_boundary(params["permissions_boundary"]),
        tags=_tags(params["tags"]),
        inline_policies=_inline_policies(params["inline_policies"]),
    )
    return RoleRequest(
        role=role,
        policies=_policies(params["managed_policies"]),
        instance_profile=_profile_name("instance_profile", params["instance_profile"]),
        purge=Purge(params["purge_managed_policies"], params["purge_inline_policies"], params["purge_tags"]),
        absent=params["state"] == "absent",
    )


def instance_profile(params: Params) -> InstanceProfile:
    role = params["role"]
    return InstanceProfile(
        name=names.check_name("name", params["name"], 128),
        path=names.check_path("path", params["path"]),
        role=names.check_name("role", role, 64) if role else role,
        tags=_tags(params["tags"]),
    )


def managed_policy(params: Params) -> ManagedPolicy:
    document = params["document"]
    return ManagedPolicy(
        name=names.check_name("name", params["name"], 128),
        path=names.check_path("path", params["path"]),
        description=_description(params["description"]),
        document=None if document is None else _managed_document(document),
        tags=_tags(params["tags"]),
    )


def _managed_document(value: Any) -> Document:
    document = documents.parse("document", value)
    size = documents.size(document)
    if size > documents.MANAGED_POLICY_LIMIT:
        raise Refusal(
            f"document: the policy has {size} characters without white space; a managed policy may have "
            f"{documents.MANAGED_POLICY_LIMIT}. Split it into several policies."
        )
    return document


def _trust(value: Any) -> Document | None:
    return None if value is None else documents.parse("trust", value, documents.TRUST_ELEMENTS)


def _inline_policies(value: Mapping[str, Any] | None) -> Mapping[str, Document] | None:
    if value is None:
        return None
    parsed = {}
    for name, document in value.items():
        names.check_name("inline_policies", name, 128)
        parsed[name] = documents.parse(f"inline_policies: {name}", document)
    size = sum(documents.size(document) for document in parsed.values())
    if size > documents.INLINE_POLICIES_LIMIT:
        raise Refusal(
            f"inline_policies: together they have {size} characters without white space; a role's inline policies "
            f"may have {documents.INLINE_POLICIES_LIMIT}. Move some into managed policies."
        )
    return parsed


def _policies(value: list[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    for policy in value:
        if policy.startswith("arn:"):
            names.parse_arn("managed_policies", policy, "policy")
        else:
            names.check_name("managed_policies", policy, 128)
    return tuple(dict.fromkeys(value))


def _boundary(value: str | None) -> str | None:
    return str(names.parse_arn("permissions_boundary", value, "policy")) if value else value


def _profile_name(parameter: str, value: str | None) -> str | None:
    return None if value is None else names.check_name(parameter, value, 128)


def _session(value: int | None) -> int | None:
    if value is not None and not 3600 <= value <= 43200:
        raise Refusal(f"max_session_duration: {value} seconds; IAM allows 3600 to 43200 (1 to 12 hours).")
    return value


def _description(value: str | None) -> str | None:
    if value is not None and len(value) > 1000:
        raise Refusal(f"description: it has {len(value)} characters; IAM allows 1000.")
    return value


def _tags(value: Mapping[str, Any] | None) -> Mapping[str, str] | None:
    """Tags as strings; a YAML boolean is refused because nobody can tell which spelling was meant."""
    if value is None:
        return None
    if len(value) > 50:
        raise Refusal(f"tags: {len(value)} tags; IAM allows 50.")
    for key, content in value.items():
        if key.lower().startswith("aws:"):
            raise Refusal(f"tags: {key!r} begins with aws:, which is Amazon's own prefix.")
        if isinstance(content, bool) or not isinstance(content, (str, int, float)):
            raise Refusal(f"tags: the value of {key!r} is {content!r}; write a quoted string.")
        if not 1 <= len(key) <= 128 or len(str(content)) > 256:
            raise Refusal(f"tags: {key!r} is too long; IAM allows 128 characters in a key and 256 in a value.")
    return {key: str(content) for key, content in value.items()}
