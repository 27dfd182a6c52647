# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what there is and what was asked for to a Plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.managed_instance.model import ManagedInstance, Request

INSTANCE, ROLE, TAGS = "managed_instance", "managed_instance_role", "managed_instance_tags"


def plan_instance(actual: ManagedInstance | None, request: Request) -> Plan:
    if request.absent:
        changes = (Change("delete", INSTANCE, request.instance_id),) if actual else ()
        return Plan(changes=changes, before=show(actual), result={"managed_instance": None})
    if actual is None:
        raise Refusal(
            f"instance_id: {request.instance_id} is not registered in this account and region. Only the agent on the "
            "server can register it, with an activation (fleetkit.ecs.ssm_activation)."
        )
    after = ManagedInstance(
        instance_id=actual.instance_id,
        name=actual.name,
        role=request.role or actual.role,
        tags=_future_tags(actual, request),
    )
    return Plan(
        changes=tuple(_changes(actual, after)),
        before=show(actual),
        after=show(after),
        result={"managed_instance": show(after)},
    )


def _future_tags(actual: ManagedInstance, request: Request) -> dict[str, str] | None:
    """Tags of aws: are Amazon's own and stay."""
    if request.tags is None or actual.tags is None:
        return None
    to_set, to_unset = compare_aws_tags(dict(actual.tags), dict(request.tags), request.purge_tags)
    return {**{key: value for key, value in actual.tags.items() if key not in to_unset}, **to_set}


def _changes(actual: ManagedInstance, after: ManagedInstance) -> Iterator[Change]:
    name = actual.instance_id
    if actual.role != after.role:
        yield Change("update", ROLE, name, before=actual.role, after=after.role)
    to_set, to_unset = compare_aws_tags(dict(actual.tags or {}), dict(after.tags or {}), True)
    if to_set:
        yield Change("update", TAGS, name, after=to_set)
    if to_unset:
        yield Change("delete", TAGS, name, before=to_unset)


def show(instance: ManagedInstance | None) -> dict[str, Any]:
    """Tags only where they were read."""
    if instance is None:
        return {}
    shown = {"instance_id": instance.instance_id, "name": instance.name, "role": instance.role}
    return shown if instance.tags is None else {**shown, "tags": dict(instance.tags)}
