# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From the container instance that is there to what was asked for. Pure: nothing is called here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.attributes import MOST
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.model import (
    ContainerInstance,
    InstancePlan,
    Request,
)

# The kinds of change.
INSTANCE, STATUS, ATTRIBUTE = "container_instance", "container_instance_status", "attribute"

STATUS_OF = {"active": "ACTIVE", "draining": "DRAINING"}


def plan_instance(present: ContainerInstance | None, request: Request, check_mode: bool) -> InstancePlan:
    """Plan what makes the container instance as it was asked for.

    Args:
        present: what was found; None where there is none.
        request: what was asked for.
        check_mode: whether a host that has not registered yet may be one that a real run would have made.
    """
    if request.state == "absent":
        return _plan_absent(present, request)
    if present is None:
        return _missing(request, check_mode)
    after = _after(present, request)
    changes = (*_attributes(present, after), *_status(present, after))
    result = {"container_instance": _result(after)}
    return InstancePlan(changes, _shown(present), _shown(after), result, tasks_left=present.tasks_left)


def _missing(request: Request, check_mode: bool) -> InstancePlan:
    said = f"{request} is not registered as a container instance"
    if check_mode and request.wait and request.ec2_instance_id:
        foreseen = f"{said} yet; a real run would wait for it."
        return InstancePlan(result={"container_instance": None}, warnings=(foreseen,))
    raise Refusal(
        f"{said}. Its agent has not registered, has registered with another cluster or in another region, or it was "
        "deregistered; fleetkit.ecs.ecs_agent_info says on the host what its agent is."
    )


def _plan_absent(present: ContainerInstance | None, request: Request) -> InstancePlan:
    if present is None:
        return InstancePlan(result={"container_instance": None})
    if present.tasks_left and not request.force:
        raise Refusal(
            f"{present.arn} has {present.tasks_left} task(s). Drain it first with state: draining, or say force: true, "
            "which leaves them running on the host, where Amazon ECS no longer knows of them."
        )
    gone = Change("delete", INSTANCE, present.arn, before=present.status)
    return InstancePlan((gone,), _shown(present), {}, {"container_instance": None})


def _after(present: ContainerInstance, request: Request) -> ContainerInstance:
    declared = request.attributes
    kept = {} if declared is not None and request.purge_attributes else present.attributes
    attributes = {**kept, **(declared or {})}
    if len(attributes) > MOST and declared is not None:
        raise Refusal(
            f"attributes: with those that it has already, {present.arn} would have {len(attributes)}, and it can have "
            f"{MOST}; purge_attributes: true removes the others ({', '.join(sorted(set(kept) - set(declared)))})."
        )
    status = STATUS_OF.get(request.state, present.status)
    drained = status == "DRAINING" and request.state == "draining" and request.wait
    # A run that waits ends well only when no task is left.
    counts = {"running_tasks_count": 0, "pending_tasks_count": 0} if drained else {}
    return replace(present, status=status, attributes=attributes, **counts)


def _status(present: ContainerInstance, after: ContainerInstance) -> Iterator[Change]:
    if present.status != after.status:
        yield Change("update", STATUS, present.arn, before=present.status, after=after.status)


def _attributes(present: ContainerInstance, after: ContainerInstance) -> Iterator[Change]:
    """Removals first: there is a limit to how many there can be."""
    for name in sorted(set(present.attributes) - set(after.attributes)):
        yield Change("delete", ATTRIBUTE, name, present.arn, before=present.attributes[name])
    for name, value in sorted(after.attributes.items()):
        if name not in present.attributes:
            yield Change("create", ATTRIBUTE, name, present.arn, after=value)
        elif present.attributes[name] != value:
            yield Change("update", ATTRIBUTE, name, present.arn, before=present.attributes[name], after=value)


def _shown(instance: ContainerInstance) -> dict[str, Any]:
    return {"status": instance.status, "attributes": dict(sorted(instance.attributes.items()))}


def _result(instance: ContainerInstance) -> dict[str, Any]:
    return {
        "container_instance_arn": instance.arn,
        "ec2_instance_id": instance.ec2_instance_id,
        "agent_connected": instance.agent_connected,
        "running_tasks_count": instance.running_tasks_count,
        "pending_tasks_count": instance.pending_tasks_count,
        **_shown(instance),
    }
