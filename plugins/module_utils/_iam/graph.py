# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The plan of a whole declaration, out of the plans of its parts. Pure: no client, no module.

Each part is planned against what the parts before it will have left: a role may attach a policy, a profile may hold a
role and a trust policy may name a role that the same declaration creates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import (
    Account,
    Declaration,
    FoundPolicy,
    PolicyFacts,
    PolicyRequest,
    ProfileFacts,
    ProfileRequest,
    RoleFacts,
    RoleRequest,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.instance_profile import plan_instance_profile
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.managed_policy import plan_managed_policy
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.role import plan_role

# In the order in which they are created; what goes, goes the other way round.
KINDS = ("policies", "roles", "instance_profiles")


@dataclass(frozen=True)
class Part:
    """One declared thing and its plan."""

    kind: str
    name: str
    plan: Plan
    absent: bool = False


def plan_one(account: Account, declaration: Declaration, predicting: bool) -> Plan:
    """The plan of a declaration of one thing, as the single modules return it."""
    part = World(account, predicting).parts(declaration)[0]
    return replace(part.plan, changes=tuple(_in_order([part])))


def plan_all(account: Account, declaration: Declaration, predicting: bool) -> Plan:
    """The plan of a declaration of many things; the diff has only those that change."""
    owned, warnings = _prunable(account, declaration)
    parts = World(account, predicting).parts(declaration.plus(owned))
    result_of = {(part.kind, part.name): next(iter(part.plan.result.values())) for part in parts}
    declared = {
        "policies": [request.policy.name for request in declaration.policies],
        "roles": [request.role.name for request in declaration.roles],
        "instance_profiles": [request.profile.name for request in declaration.profiles],
    }
    return Plan(
        changes=tuple(_in_order(parts)),
        before=_changing(parts, "before"),
        after=_changing(parts, "after"),
        result={kind: [result_of[kind, name] for name in declared[kind]] for kind in KINDS},
        warnings=(*warnings, *(f"{part.name}: {warning}" for part in parts for warning in part.plan.warnings)),
    )


def _changing(parts: list[Part], side: str) -> dict[str, dict[str, Any]]:
    changing = [part for part in parts if part.plan.changes]
    return {
        kind: {part.name: getattr(part.plan, side) for part in changing if part.kind == kind}
        for kind in KINDS
        if any(part.kind == kind for part in changing)
    }


def _in_order(parts: list[Part]) -> Iterator[Change]:
    """A policy before the role that has it, a role before the profile that holds it; deletions the other way round."""
    present = [part for kind in KINDS for part in parts if part.kind == kind and not part.absent]
    absent = [part for kind in reversed(KINDS) for part in parts if part.kind == kind and part.absent]
    for postponed in (False, True):
        yield from (change for part in present for change in part.plan.changes if _waits(part, change) == postponed)
    yield from (change for part in absent for change in part.plan.changes)


def _waits(part: Part, change: Change) -> bool:
    """The trust policy of a role that has just been created waits for the roles that it names."""
    return change.kind == "trust_policy" and part.plan.changes[0].kind == "role"


class World:
    """The account as it will be after the parts that are planned already."""

    def __init__(self, account: Account, predicting: bool) -> None:
        self.account = account
        self.predicting = predicting
        self.policies = dict(account.policies)
        self.roles = dict(account.roles)
        self.profiles = dict(account.profiles)
        self.found = dict(account.found)
        self.unborn: set[str] = set()
        self.refusals: list[tuple[str, Refusal]] = []

    def parts(self, declaration: Declaration) -> list[Part]:
        """The plan of every declared thing; every refusal is told, not only the first."""
        policies, roles, profiles = declaration.policies, declaration.roles, declaration.profiles
        new = {self._arn_of(one): one for one in roles if not one.absent and one.role.name not in self.roles}
        self.unborn = set(new)
        planned = [
            *(self._policy(request) for request in policies if not request.absent),
            *(self._profile(request) for request in profiles if not request.absent),
            *(self._role(request) for request in _trusted_first(roles, new)),
            *(self._profile(request) for request in profiles if request.absent),
            *(self._role(request) for request in roles if request.absent),
            *(self._policy(request) for request in policies if request.absent),
        ]
        if self.refusals:
            alone = len(planned) == 1
            raise Refusal("\n".join(str(why) if alone else f"{name}: {why}" for name, why in self.refusals))
        return planned

    def _arn_of(self, request: RoleRequest) -> str:
        return self.account.caller.arn("role", request.role.path, request.role.name)

    def _policy(self, request: PolicyRequest) -> Part:
        name = request.policy.name
        facts = PolicyFacts(self.account.caller, self.policies.get(name))
        part = self._part("policies", name, request.absent, lambda: plan_managed_policy(facts, request))
        shown = part.plan.result.get("policy")
        if shown:
            self.found.update({name: FoundPolicy(shown["arn"]), shown["arn"]: FoundPolicy(shown["arn"])})
        return part

    def _profile(self, request: ProfileRequest) -> Part:
        name = request.profile.name
        facts = ProfileFacts(self.account.caller, self.profiles.get(name))
        return self._part("instance_profiles", name, request.absent, lambda: plan_instance_profile(facts, request))

    def _role(self, request: RoleRequest) -> Part:
        name = request.role.name
        self.unborn.discard(self._arn_of(request))
        facts = RoleFacts(
            self.account.caller,
            self.roles.get(name),
            self.found,
            self.profiles.get(request.instance_profile or ""),
            self.account.trust_limit,
            frozenset(self.unborn),
        )
        return self._part("roles", name, request.absent, lambda: plan_role(facts, request, self.predicting))

    def _part(self, kind: str, name: str, absent: bool, plan: Any) -> Part:
        try:
            part = Part(kind, name, plan(), absent)
        except Refusal as refusal:
            self.refusals.append((name, refusal))
            return Part(kind, name, Plan(), absent)
        for change in part.plan.changes:
            self._remember(change)
        return part

    def _remember(self, change: Change) -> None:
        """What a later part must know: who is in which profile, and what a policy is attached to."""
        owner = change.owner or ""
        if change.kind == "instance_profile":
            self.profiles.pop(change.name, None)
            if change.action == "create":
                self.profiles[change.name] = replace(change.after, role="")
        elif change.kind == "instance_profile_role":
            held = self.profiles.get(owner)
            if held:
                self.profiles[owner] = replace(held, role=change.name if change.action == "create" else "")
            role = self.roles.get(change.name)
            if role and change.action == "delete":
                left = tuple(profile for profile in role.instance_profiles if profile != owner)
                self.roles[change.name] = replace(role, instance_profiles=left)
        elif change.kind == "role_policy_attachment" and change.action == "delete":
            for name, policy in self.policies.items():
                if policy.arn == change.name:
                    left_on = tuple(one for one in policy.attachments if one != ("role", owner))
                    self.policies[name] = replace(policy, attachments=left_on)


def _trusted_first(requests: Iterable[RoleRequest], new: dict[str, RoleRequest]) -> list[RoleRequest]:
    """Present roles, each after the new roles that its trust policy names, as far as they do not go in circles."""
    order: dict[str, RoleRequest] = {}
    begun: set[str] = set()

    def visit(request: RoleRequest) -> None:
        if request.role.name in begun:
            return
        begun.add(request.role.name)
        for _kind, principal in documents.all_principals(request.role.trust or {}):
            if principal in new:
                visit(new[principal])
        order[request.role.name] = request

    for request in requests:
        if not request.absent:
            visit(request)
    return list(order.values())


def _prunable(account: Account, declaration: Declaration) -> tuple[Declaration, list[str]]:
    """What may go without touching anything that is neither declared nor carries the tag; a warning for the rest."""
    warnings: list[str] = []

    def goes(name: str, user: str | None) -> bool:
        if user:
            warnings.append(f"prune: {name} carries the tag and is not declared, but {user} uses it; it was left.")
        return not user

    asked = declaration.plus(account.owned)
    profiles = {request.profile.name for request in asked.profiles} | set(asked.profile_names())
    roles = tuple(
        request
        for request in account.owned.roles
        if goes(
            f"role {request.role.name}",
            next((p for p in account.roles[request.role.name].instance_profiles if p not in profiles), None),
        )
    )
    ours = {("role", request.role.name) for request in (*declaration.roles, *roles)}
    policies = tuple(
        request
        for request in account.owned.policies
        if goes(
            f"policy {request.policy.name}",
            next(
                (name for kind, name in account.policies[request.policy.name].attachments if (kind, name) not in ours),
                None,
            ),
        )
    )
    return replace(account.owned, roles=roles, policies=policies), warnings
