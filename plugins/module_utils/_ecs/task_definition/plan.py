# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what is registered and what was asked for to a Plan. Pure: no client, no module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition import show
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.model import Facts, Request, Revision


def plan_task_definition(facts: Facts, request: Request) -> Plan:
    """A new revision where the definition is another one, tags in place where only they are, old revisions out."""
    if request.definition is None:
        return _plan_absent(facts, request.family)
    before, after = facts.latest, _future(facts, request)
    new = Change("create", "task_definition", request.family, after=after)
    changes = [new] if facts.next_arn else list(_tag_changes(before, after))
    surplus = _surplus(facts, request)
    shown_before, shown_after = show.revisions(before, after, request.shape)
    if surplus:
        changes += [_deregistration(request.family, number) for number in surplus]
        shown_before["active_revisions"] = list(facts.active)
        shown_after["active_revisions"] = [*(number for number in facts.active if number not in surplus), after.number]
    return Plan(
        changes=tuple(changes),
        before=shown_before,
        after=shown_after,
        result={"task_definition": show.revision(after, request.shape)},
    )


def _future(facts: Facts, request: Request) -> Revision:
    present = facts.latest.tags if facts.latest else {}
    tags = _future_tags(present, request)
    if facts.next_arn is None and facts.latest is not None:
        return Revision(facts.latest.arn, facts.latest.definition, tags)
    # Tags of aws: are Amazon's to put on the new revision.
    own = {key: value for key, value in tags.items() if not key.lower().startswith("aws:")}
    return Revision(str(facts.next_arn), request.definition or {}, own)


def _future_tags(present: Mapping[str, str], request: Request) -> dict[str, str]:
    if request.tags is None:
        return dict(present)
    to_set, to_unset = compare_aws_tags(dict(present), dict(request.tags), request.purge_tags)
    return {**{key: value for key, value in present.items() if key not in to_unset}, **to_set}


def _tag_changes(before: Revision | None, after: Revision) -> Iterator[Change]:
    to_set, to_unset = compare_aws_tags(dict(before.tags) if before else {}, dict(after.tags), True)
    if to_set:
        yield Change("update", "task_definition_tags", after.arn, after=to_set)
    if to_unset:
        yield Change("delete", "task_definition_tags", after.arn, before=to_unset)


def _surplus(facts: Facts, request: Request) -> tuple[int, ...]:
    """The oldest ACTIVE revisions, so that with the new one as many stay as were asked for."""
    if not facts.next_arn or request.keep_revisions is None:
        return ()
    return facts.active[: max(0, len(facts.active) + 1 - request.keep_revisions)]


def _deregistration(family: str, number: int) -> Change:
    return Change("delete", "task_definition", f"{family}:{number}")


def _plan_absent(facts: Facts, family: str) -> Plan:
    before: dict[str, Any] = {"family": family, "active_revisions": list(facts.active)}
    return Plan(
        changes=tuple(_deregistration(family, number) for number in facts.active),
        before=before if facts.active else {},
        result={"task_definition": None},
    )
