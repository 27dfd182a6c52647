# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what is there and what was asked for to a Plan. Pure: no client, no module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents, show
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import (
    Document,
    InstanceProfile,
    ManagedPolicy,
    PolicyFacts,
    PolicyRequest,
    ProfileFacts,
    ProfileRequest,
    Role,
    RoleFacts,
    RoleRequest,
)

VERSIONS_LIMIT = 5

# The trust policy of a role that is created before a role that it trusts (or that trusts itself): nobody may assume
# it until its own policy can be written.
NOBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def plan_role(facts: RoleFacts, request: RoleRequest, predicting: bool) -> Plan:
    """All changes that make a role what was asked for.

    Args:
        facts: what was read.
        request: what was asked for.
        predicting: check mode, where a role without a trust policy and a managed policy that do not exist yet are
            foreseen; a real run refuses them.
    """
    refuse_twin("name", "role", facts.role, request.role.name)
    refuse_twin("instance_profile", "instance profile", facts.profile, request.instance_profile)
    if request.absent:
        return _plan_role_absent(facts, request)
    _refuse_what_cannot_be_done(facts, request, predicting)
    after = _future_role(facts, request)
    profile = _future_profile_of(facts, request)
    changes = [
        *_role_changes(facts, after),
        *_attachments(facts.role, after),
        *_inline_policies(facts.role, after),
        *(_profile_changes(facts.profile, profile) if profile else ()),
        *_removals(facts.role, after),
    ]
    return Plan(
        changes=tuple(changes),
        before=show.role(facts.role, facts.profile) if facts.role else {},
        after=show.role(after, profile),
        result={"iam_role": show.role(after, profile)},
        warnings=tuple(_role_warnings(facts, request)),
    )


def refuse_twin(parameter: str, what: str, actual: Any, name: str | None) -> None:
    if actual and actual.name != name:
        raise Refusal(
            f"{parameter}: {what} {actual.name!r} exists ({actual.arn}), and IAM names are unique ignoring case; "
            f"write {actual.name!r}, or another name than {name!r}."
        )


def _refuse_what_cannot_be_done(facts: RoleFacts, request: RoleRequest, predicting: bool) -> None:
    name, trust = request.role.name, request.role.trust
    if facts.role is None and trust is None and not predicting:
        raise Refusal(f"trust: role {name!r} does not exist yet, and a role cannot be created without a trust policy.")
    if trust is not None:
        refuse_long_trust("trust", trust, facts.trust_limit)
    missing = [policy for policy in request.policies or () if not facts.place_of(policy).exists]
    if missing and not predicting:
        raise Refusal(
            f"managed_policies: {missing[0]!r} does not exist, neither in account {facts.caller.account} nor among "
            "Amazon's own policies. Create it first, or correct its name."
        )


def refuse_long_trust(parameter: str, trust: Document, limit: int) -> None:
    size = documents.size(trust)
    if size > limit:
        raise Refusal(
            f"{parameter}: the trust policy has {size} characters without white space; this account allows {limit}. "
            "Trust fewer principals, or have the quota raised."
        )


def _role_warnings(facts: RoleFacts, request: RoleRequest) -> Iterator[str]:
    role = facts.role
    if role is None and request.role.trust is None:
        foreseen = facts.caller.arn("role", request.role.path, request.role.name)
        yield f"name: role {request.role.name!r} does not exist yet; {foreseen} is foreseen."
    for policy in request.policies or ():
        found = facts.place_of(policy)
        if not found.exists:
            yield f"managed_policies: {policy!r} does not exist yet; {found.arn} is foreseen."
    yield from _path_warnings(role, request.role)
    if role:
        yield from deleted_principal_warnings("trust", role)


def deleted_principal_warnings(parameter: str, role: Role) -> Iterator[str]:
    for where, principal in documents.deleted_principals(role.trust or {}):
        yield (
            f"{parameter}: {where} of role {role.name} trusts {principal}, the id of a role or user that has been "
            "deleted. IAM refuses a trust policy that is written back with it."
        )


def _path_warnings(actual: Any, wanted: Any) -> Iterator[str]:
    if actual and wanted.path and wanted.path != actual.path:
        yield f"path: {actual.arn} is at {actual.path} and IAM cannot move it to {wanted.path}; it was left there."


def _future_role(facts: RoleFacts, request: RoleRequest) -> Role:
    """The role as it will be: what was asked for, and what is there where nothing was asked."""
    wanted = request.role
    actual = facts.role or Role(
        name=wanted.name,
        arn=facts.caller.arn("role", wanted.path, wanted.name),
        path=wanted.path or "/",
        description="",
        max_session_duration=3600,
        permissions_boundary="",
        tags={},
        managed_policies={},
        inline_policies={},
    )
    return replace(
        actual,
        description=_or(wanted.description, actual.description),
        trust=_document(actual.trust, wanted.trust),
        max_session_duration=_or(wanted.max_session_duration, actual.max_session_duration),
        permissions_boundary=_or(wanted.permissions_boundary, actual.permissions_boundary),
        tags=_future_tags(actual.tags, wanted.tags, request.purge.tags),
        managed_policies=_future_attachments(actual.managed_policies, facts, request),
        inline_policies=_future_inline(actual.inline_policies, request),
    )


def _or(wanted: Any, actual: Any) -> Any:
    return actual if wanted is None else wanted


def _document(actual: Any, wanted: Any) -> Any:
    """The present form where both mean the same, so that no diff shows a difference that is none."""
    return actual if wanted is None or documents.equal(actual, wanted) else wanted


def _future_tags(actual: Any, wanted: Any, purge: bool) -> dict[str, str]:
    if wanted is None:
        return actual
    to_set, to_unset = compare_aws_tags(actual or {}, wanted, purge)
    return {**{key: value for key, value in (actual or {}).items() if key not in to_unset}, **to_set}


def _future_attachments(actual: Any, facts: RoleFacts, request: RoleRequest) -> Any:
    if request.policies is None:
        return actual
    places = [facts.place_of(policy).arn for policy in request.policies]
    wanted = {arn: arn.rsplit("/", 1)[-1] for arn in places}
    return wanted if request.purge.managed_policies else {**(actual or {}), **wanted}


def _future_inline(actual: Any, request: RoleRequest) -> Any:
    wanted = request.role.inline_policies
    if wanted is None:
        return actual
    present = actual or {}
    future = {name: _document(present.get(name), document) for name, document in wanted.items() if document is not None}
    kept = {name: document for name, document in present.items() if name not in wanted}
    return future if request.purge.inline_policies else {**kept, **future}


def _role_changes(facts: RoleFacts, after: Role) -> Iterator[Change]:
    if facts.role:
        yield from _role_itself(facts.role, after)
    elif after.trust is not None:
        yield from _new_role(after, facts.unborn)


def _new_role(after: Role, unborn: frozenset[str]) -> Iterator[Change]:
    trusted = {name for _kind, name in documents.all_principals(after.trust or {})}
    if trusted & {*unborn, after.arn}:
        yield Change("create", "role", after.name, after=replace(after, trust=NOBODY))
        yield Change("update", "trust_policy", after.name, before=NOBODY, after=after.trust)
    else:
        yield Change("create", "role", after.name, after=after)


def _role_itself(before: Role, after: Role) -> Iterator[Change]:
    name = after.name
    if not documents.equal(before.trust, after.trust):
        yield Change("update", "trust_policy", name, before=before.trust, after=after.trust)
    settings = [(role.description, role.max_session_duration) for role in (before, after)]
    if settings[0] != settings[1]:
        yield Change("update", "role", name, before=before, after=after)
    if before.permissions_boundary != after.permissions_boundary:
        action = "update" if after.permissions_boundary else "delete"
        yield Change(
            action, "permissions_boundary", name, before=before.permissions_boundary, after=after.permissions_boundary
        )
    yield from _tag_changes("role_tags", name, before.tags, after.tags)


def _tag_changes(kind: str, name: str, before: Any, after: Any) -> Iterator[Change]:
    to_set, to_unset = compare_aws_tags(before or {}, after or {}, True)
    if to_set:
        yield Change("update", kind, name, before=before, after=to_set)
    if to_unset:
        yield Change("delete", kind, name, before=to_unset)


def _attachments(before: Role | None, after: Role) -> Iterator[Change]:
    present = (before.managed_policies if before else None) or {}
    for arn in sorted(set(after.managed_policies or {}) - set(present)):
        yield Change("create", "role_policy_attachment", arn, after.name, after=arn)


def _inline_policies(before: Role | None, after: Role) -> Iterator[Change]:
    present = (before.inline_policies if before else None) or {}
    for name, document in sorted((after.inline_policies or {}).items()):
        if name not in present:
            yield Change("create", "inline_policy", name, after.name, after=document)
        elif not documents.equal(present[name], document):
            yield Change("update", "inline_policy", name, after.name, before=present[name], after=document)


def _removals(before: Role | None, after: Role) -> Iterator[Change]:
    """Last, so that a role is never without the permissions that replace the removed ones."""
    if before is None:
        return
    for arn in sorted(set(before.managed_policies or {}) - set(after.managed_policies or {})):
        yield Change("delete", "role_policy_attachment", arn, after.name, before=arn)
    for name in sorted(set(before.inline_policies or {}) - set(after.inline_policies or {})):
        document = (before.inline_policies or {})[name]
        yield Change("delete", "inline_policy", name, after.name, before=document)


def _plan_role_absent(facts: RoleFacts, request: RoleRequest) -> Plan:
    role, changes = facts.role, []
    if role:
        nothing_left = replace(role, managed_policies={}, inline_policies={})
        changes = [
            *(Change("delete", "instance_profile_role", role.name, name) for name in role.instance_profiles),
            *_removals(role, nothing_left),
            Change("delete", "role", role.name, before=role),
        ]
    profile = facts.profile
    if profile and profile.role in ("", request.role.name):
        changes.append(Change("delete", "instance_profile", profile.name, before=profile))
    return Plan(
        changes=tuple(changes),
        before=show.role(role, profile) if role else show.instance_profile(profile) if changes else {},
        result={"iam_role": None},
    )


def _future_profile_of(facts: RoleFacts, request: RoleRequest) -> InstanceProfile | None:
    """The requested instance profile with the role in it; a profile holds one role, so another one leaves."""
    if request.instance_profile is None:
        return None
    wanted = InstanceProfile(request.instance_profile, role=request.role.name)
    return _future_profile(ProfileFacts(facts.caller, facts.profile), ProfileRequest(wanted))


def plan_instance_profile(facts: ProfileFacts, request: ProfileRequest) -> Plan:
    actual, desired = facts.profile, request.profile
    refuse_twin("name", "instance profile", actual, desired.name)
    if request.absent:
        return _plan_profile_absent(actual)
    after = _future_profile(facts, request)
    return Plan(
        changes=tuple(_profile_changes(actual, after)),
        before=show.instance_profile(actual),
        after=show.instance_profile(after),
        result={"iam_instance_profile": show.instance_profile(after)},
        warnings=tuple(_path_warnings(actual, desired)),
    )


def _plan_profile_absent(actual: InstanceProfile | None) -> Plan:
    changes: list[Change] = []
    if actual and actual.role:
        changes.append(Change("delete", "instance_profile_role", actual.role, actual.name))
    if actual:
        changes.append(Change("delete", "instance_profile", actual.name, before=actual))
    return Plan(tuple(changes), before=show.instance_profile(actual), result={"iam_instance_profile": None})


def _future_profile(facts: ProfileFacts, request: ProfileRequest) -> InstanceProfile:
    desired = request.profile
    present = facts.profile or InstanceProfile(
        name=desired.name,
        arn=facts.caller.arn("instance-profile", desired.path, desired.name),
        path=desired.path or "/",
        role="",
        tags={},
    )
    return replace(
        present,
        role=_or(desired.role, present.role),
        tags=_future_tags(present.tags, desired.tags, request.purge_tags),
    )


def _profile_changes(before: InstanceProfile | None, after: InstanceProfile) -> Iterator[Change]:
    if before is None:
        yield Change("create", "instance_profile", after.name, after=after)
    else:
        yield from _tag_changes("instance_profile_tags", after.name, before.tags, after.tags)
    held = before.role if before else ""
    if held != after.role and held:
        yield Change("delete", "instance_profile_role", held, after.name, before=held, after=after.role or None)
    if held != after.role and after.role:
        yield Change("create", "instance_profile_role", after.role, after.name, after=after.role)


def plan_managed_policy(facts: PolicyFacts, request: PolicyRequest) -> Plan:
    actual, desired = facts.policy, request.policy
    refuse_twin("name", "policy", actual, desired.name)
    if request.absent:
        return _plan_policy_absent(actual)
    if actual is None and desired.document is None:
        raise Refusal(f"document: policy {desired.name!r} does not exist yet and cannot be created without a document.")
    after = _future_policy(facts, request)
    changes = (
        _policy_changes(actual, after) if actual else [Change("create", "managed_policy", after.name, after=after)]
    )
    return Plan(
        changes=tuple(changes),
        before=show.managed_policy(actual),
        after=show.managed_policy(after),
        result={"policy": show.managed_policy(after)},
        warnings=tuple(_policy_warnings(actual, desired)),
    )


def _policy_warnings(actual: ManagedPolicy | None, desired: ManagedPolicy) -> Iterator[str]:
    yield from _path_warnings(actual, desired)
    if actual and desired.description is not None and desired.description != actual.description:
        yield f"description: IAM cannot change the description of policy {actual.name}; it was left as it is."


def _future_policy(facts: PolicyFacts, request: PolicyRequest) -> ManagedPolicy:
    desired = request.policy
    present = facts.policy or ManagedPolicy(
        name=desired.name,
        arn=facts.caller.arn("policy", desired.path, desired.name),
        path=desired.path or "/",
        description=desired.description or "",
        tags={},
    )
    return replace(
        present,
        document=_document(present.document, desired.document),
        tags=_future_tags(present.tags, desired.tags, request.purge_tags),
    )


def _policy_changes(before: ManagedPolicy, after: ManagedPolicy) -> Iterator[Change]:
    if not documents.equal(before.document, after.document):
        if len(before.versions) >= VERSIONS_LIMIT:
            spare = [version for version in before.versions if version != before.default_version]
            yield Change("delete", "managed_policy_version", spare[0], before.arn)
        yield Change(
            "create", "managed_policy_version", after.name, after.arn, before=before.document, after=after.document
        )
    yield from _tag_changes("managed_policy_tags", str(after.arn), before.tags, after.tags)


def _plan_policy_absent(actual: ManagedPolicy | None) -> Plan:
    changes: list[Change] = []
    if actual:
        changes = [
            *(
                Change("delete", f"{kind}_policy_attachment", str(actual.arn), name)
                for kind, name in actual.attachments
            ),
            *(
                Change("delete", "managed_policy_version", version, actual.arn)
                for version in actual.versions
                if version != actual.default_version
            ),
            Change("delete", "managed_policy", str(actual.arn), before=actual),
        ]
    return Plan(tuple(changes), before=show.managed_policy(actual), result={"policy": None})
