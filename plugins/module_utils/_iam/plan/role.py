# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what is there and what was asked for to the Plan of a role, with all that hangs on it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents, show
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import (
    Document,
    InstanceProfile,
    ProfileFacts,
    ProfileRequest,
    Role,
    RoleFacts,
    RoleRequest,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.common import (
    future_document,
    future_tags,
    or_present,
    path_warnings,
    refuse_twin,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.instance_profile import (
    future_profile,
    profile_changes,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.role_changes import (
    attachments,
    changes_of_role,
    inline_policies,
    removals,
)


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
        *changes_of_role(facts, after),
        *attachments(facts.role, after),
        *inline_policies(facts.role, after),
        *(profile_changes(facts.profile, profile) if profile else ()),
        *removals(facts.role, after),
    ]
    return Plan(
        changes=tuple(changes),
        before=show.role(facts.role, facts.profile) if facts.role else {},
        after=show.role(after, profile),
        result={"iam_role": show.role(after, profile)},
        warnings=tuple(_role_warnings(facts, request)),
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
    yield from path_warnings(role, request.role)
    if role:
        yield from deleted_principal_warnings("trust", role)


def deleted_principal_warnings(parameter: str, role: Role) -> Iterator[str]:
    for where, principal in documents.deleted_principals(role.trust or {}):
        yield (
            f"{parameter}: {where} of role {role.name} trusts {principal}, the id of a role or user that has been "
            "deleted. IAM refuses a trust policy that is written back with it."
        )


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
        description=or_present(wanted.description, actual.description),
        trust=future_document(actual.trust, wanted.trust),
        max_session_duration=or_present(wanted.max_session_duration, actual.max_session_duration),
        permissions_boundary=or_present(wanted.permissions_boundary, actual.permissions_boundary),
        tags=future_tags(actual.tags, wanted.tags, request.purge.tags),
        managed_policies=_future_attachments(actual.managed_policies, facts, request),
        inline_policies=_future_inline(actual.inline_policies, request),
    )


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
    given = {name: document for name, document in wanted.items() if document is not None}
    future = {name: future_document(present.get(name), document) for name, document in given.items()}
    kept = {name: document for name, document in present.items() if name not in wanted}
    return future if request.purge.inline_policies else {**kept, **future}


def _plan_role_absent(facts: RoleFacts, request: RoleRequest) -> Plan:
    role, changes = facts.role, []
    if role:
        nothing_left = replace(role, managed_policies={}, inline_policies={})
        changes = [
            *(Change("delete", "instance_profile_role", role.name, name) for name in role.instance_profiles),
            *removals(role, nothing_left),
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
    return future_profile(ProfileFacts(facts.caller, facts.profile), ProfileRequest(wanted))
