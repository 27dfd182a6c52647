# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The writes that turn a role as it is into the role as it will be. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import Role, RoleFacts
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.common import tag_changes

# The trust policy of a role that is created before a role that it trusts (or that trusts itself): nobody may assume
# it until its own policy can be written.
NOBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def changes_of_role(facts: RoleFacts, after: Role) -> Iterator[Change]:
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
    yield from tag_changes("role_tags", name, before.tags, after.tags)


def attachments(before: Role | None, after: Role) -> Iterator[Change]:
    present = (before.managed_policies if before else None) or {}
    for arn in sorted(set(after.managed_policies or {}) - set(present)):
        yield Change("create", "role_policy_attachment", arn, after.name, after=arn)


def inline_policies(before: Role | None, after: Role) -> Iterator[Change]:
    present = (before.inline_policies if before else None) or {}
    for name, document in sorted((after.inline_policies or {}).items()):
        if name not in present:
            yield Change("create", "inline_policy", name, after.name, after=document)
        elif not documents.equal(present[name], document):
            yield Change("update", "inline_policy", name, after.name, before=present[name], after=document)


def removals(before: Role | None, after: Role) -> Iterator[Change]:
    """Last, so that a role is never without the permissions that replace the removed ones."""
    if before is None:
        return
    for arn in sorted(set(before.managed_policies or {}) - set(after.managed_policies or {})):
        yield Change("delete", "role_policy_attachment", arn, after.name, before=arn)
    for name in sorted(set(before.inline_policies or {}) - set(after.inline_policies or {})):
        document = (before.inline_policies or {})[name]
        yield Change("delete", "inline_policy", name, after.name, before=document)
