# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From module parameters to the model. Everything that cannot be right is refused here, before the first call."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents, names
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import (
    Declaration,
    Document,
    InstanceProfile,
    ManagedPolicy,
    PolicyRequest,
    ProfileRequest,
    Purge,
    Role,
    RoleRequest,
    StatementRequest,
)

Params = Mapping[str, Any]


def declaration(params: Params) -> Declaration:
    """All lists of an iam_resources task. What contradicts itself is refused."""
    owner = params["ownership_tag"]
    asked = Declaration(
        policies=tuple(_each("policies", params["policies"], managed_policy)),
        roles=tuple(_each("roles", params["roles"], role)),
        profiles=tuple(_each("instance_profiles", params["instance_profiles"], instance_profile)),
        owner=_owner(owner) if owner else None,
        prune=params["prune"],
    )
    _refuse_twice("policies", [request.policy.name for request in asked.policies])
    _refuse_twice("roles", [request.role.name for request in asked.roles])
    _refuse_twice("instance_profiles", [request.profile.name for request in asked.profiles])
    _refuse_what_goes(asked)
    return _owned(_with_held_roles(asked))


def concurrency(value: int) -> int:
    if not 1 <= value <= 32:
        raise Refusal(f"concurrency: {value}; from 1 to 32 requests can be under way at a time.")
    return value


def _each(parameter: str, items: list[Params] | None, parse: Any) -> list[Any]:
    requests = []
    for item in items or ():
        try:
            requests.append(parse(item))
        except Refusal as refusal:
            raise Refusal(f"{parameter}: {item['name']}: {refusal}") from refusal
    return requests


def _owner(value: Params) -> tuple[str, str]:
    tags = names.check_tags("ownership_tag", {value["key"]: value["value"]})
    return next(iter(tags.items()))


def _refuse_twice(parameter: str, declared: list[str]) -> None:
    twice = [name for name, count in Counter(name.lower() for name in declared).items() if count > 1]
    if twice:
        raise Refusal(f"{parameter}: {twice[0]!r} is declared twice; IAM names are unique ignoring case.")


def _refuse_what_goes(asked: Declaration) -> None:
    """Nothing that is declared absent may be needed by what is declared present."""
    policies = {request.policy.name for request in asked.policies if request.absent}
    roles = {request.role.name for request in asked.roles if request.absent}
    for request in asked.roles:
        needed = [] if request.absent else [policy for policy in request.policies or () if policy in policies]
        if needed:
            raise Refusal(f"roles: {request.role.name}: it attaches policy {needed[0]!r}, which is declared absent.")
    for profile in asked.profiles:
        if not profile.absent and profile.profile.role in roles:
            raise Refusal(
                f"instance_profiles: {profile.profile.name}: it holds role {profile.profile.role!r}, which is declared "
                "absent."
            )


def _with_held_roles(asked: Declaration) -> Declaration:
    """A profile may be declared by itself, by the role in it, or by both; two roles cannot be in one profile."""
    profiles = {request.profile.name: request for request in asked.profiles}
    holders: dict[str, str] = {}
    for request in asked.roles:
        name, role_name = request.instance_profile, request.role.name
        if name is None or request.absent:
            continue
        other = holders.setdefault(name, role_name)
        if name in profiles and profiles[name].absent:
            raise Refusal(f"roles: {role_name}: instance profile {name!r} is declared absent.")
        if name in profiles and profiles[name].profile.role is not None:
            other = profiles[name].profile.role or "none"
        if other != role_name:
            raise Refusal(f"roles: {role_name}: instance profile {name!r} is to hold {other}; it holds one role only.")
        if name in profiles or asked.owner:
            declared = profiles.get(name) or ProfileRequest(InstanceProfile(name))
            profiles[name] = replace(declared, profile=replace(declared.profile, role=role_name))
    return replace(asked, profiles=tuple(profiles.values()))


def _owned(asked: Declaration) -> Declaration:
    """Everything that is declared present gets the owner's tag; without declared tags the others stay."""
    if asked.owner is None:
        return asked
    key, value = asked.owner

    def tagged(name: str, tags: Mapping[str, str] | None, purge: bool) -> tuple[Mapping[str, str], bool]:
        if (tags or {}).get(key, value) != value:
            raise Refusal(f"{name}: its tag {key!r} is not that of ownership_tag, {value!r}.")
        return {**(tags or {}), key: value}, purge and tags is not None

    policies, roles, profiles = [], [], []
    for policy in asked.policies:
        tags, purge = tagged(policy.policy.name, policy.policy.tags, policy.purge_tags)
        policies.append(replace(policy, policy=replace(policy.policy, tags=tags), purge_tags=purge))
    for role_ in asked.roles:
        tags, purge = tagged(role_.role.name, role_.role.tags, role_.purge.tags)
        roles.append(replace(role_, role=replace(role_.role, tags=tags), purge=replace(role_.purge, tags=purge)))
    for profile in asked.profiles:
        tags, purge = tagged(profile.profile.name, profile.profile.tags, profile.purge_tags)
        profiles.append(replace(profile, profile=replace(profile.profile, tags=tags), purge_tags=purge))
    return replace(asked, policies=tuple(policies), roles=tuple(roles), profiles=tuple(profiles))


def role(params: Params) -> RoleRequest:
    wanted = Role(
        name=names.check_name("name", params["name"], 64),
        path=names.check_path("path", params["path"]),
        description=_role_description(params["description"]),
        trust=_trust(params["trust"]),
        max_session_duration=_session(params["max_session_duration"]),
        permissions_boundary=_boundary(params["permissions_boundary"]),
        tags=_tags(params["tags"]),
        inline_policies=_inline_policies(params["inline_policies"]),
    )
    return RoleRequest(
        role=wanted,
        policies=_policies(params["managed_policies"]),
        instance_profile=_profile_name("instance_profile", params["instance_profile"]),
        purge=Purge(params["purge_managed_policies"], params["purge_inline_policies"], params["purge_tags"]),
        absent=params["state"] == "absent",
    )


def instance_profile(params: Params) -> ProfileRequest:
    role_name = params["role"]
    profile = InstanceProfile(
        name=names.check_name("name", params["name"], 128),
        path=names.check_path("path", params["path"]),
        role=names.check_name("role", role_name, 64) if role_name else role_name,
        tags=_tags(params["tags"]),
    )
    return ProfileRequest(profile, params["purge_tags"], params["state"] == "absent")


def managed_policy(params: Params) -> PolicyRequest:
    document = params["document"]
    policy = ManagedPolicy(
        name=names.check_name("name", params["name"], 128),
        path=names.check_path("path", params["path"], names.POLICY_PATH),
        description=_description(params["description"]),
        document=None if document is None else _managed_document(document),
        tags=_tags(params["tags"]),
    )
    return PolicyRequest(policy, params["purge_tags"], params["state"] == "absent")


def trust_statement(params: Params) -> StatementRequest:
    sid, absent = params["sid"], params["state"] == "absent"
    if not documents.SID.fullmatch(sid):
        raise Refusal(f"sid: {sid!r}; IAM takes letters and digits only in a Sid.")
    if params["statement"] is None and not absent:
        raise Refusal("statement: it is needed, except to remove the statement (state: absent).")
    given = params["role"]
    arn = names.parse_arn("role", given, "role") if ":" in given else None
    return StatementRequest(
        role=names.check_name("role", arn.name if arn else given, 64),
        sid=sid,
        arn=arn,
        statement=None
        if absent
        else documents.parse_statement("statement", params["statement"], sid, documents.TRUST_ELEMENTS),
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


def _inline_policies(value: Mapping[str, Any] | None) -> Mapping[str, Document | None] | None:
    """Documents by name; null, for a policy that must not be there, stays None."""
    if value is None:
        return None
    parsed: dict[str, Document | None] = {}
    for name, document in value.items():
        names.check_name("inline_policies", name, 128)
        parsed[name] = None if document is None else documents.parse(f"inline_policies: {name}", document)
    size = sum(documents.size(document) for document in parsed.values() if document is not None)
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


def _role_description(value: str | None) -> str | None:
    """IAM takes Latin-1 in the description of a role, and anything in that of a policy."""
    strange = re.search(r"[^\t\n\r\x20-\x7e\xa1-\xff]", value or "")
    if strange:
        raise Refusal(f"description: IAM does not take {strange[0]!r} in the description of a role; use Latin letters.")
    return _description(value)


def _description(value: str | None) -> str | None:
    if value is not None and len(value) > 1000:
        raise Refusal(f"description: it has {len(value)} characters; IAM allows 1000.")
    return value


def _tags(value: Mapping[str, Any] | None) -> Mapping[str, str] | None:
    return None if value is None else names.check_tags("tags", value)
