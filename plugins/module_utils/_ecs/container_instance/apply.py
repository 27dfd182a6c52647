# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Make the changes of a plan, and wait until a draining container instance has no tasks left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Failure, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.model import (
    ContainerInstance,
    InstancePlan,
    Request,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.plan import (
    ATTRIBUTE,
    INSTANCE,
    STATUS,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.read import Reader
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.wait import Deadline

# How many of the tasks that are left are named.
NAMED = 10


class Writer:
    """Makes changes to the container instance that a reader reads."""

    def __init__(self, ecs: Any, reader: Reader, deadline: Deadline) -> None:
        self.ecs = ecs
        self.reader = reader
        self.deadline = deadline

    def __call__(self, request: Request, plan: InstancePlan) -> Iterator[Change | Failure]:
        """One request for all attributes that go, one for all that come or change, one for the status."""
        tasks_left = plan.tasks_left
        yield from self._attributes(request, plan)
        for change in plan.changes:
            if change.kind == INSTANCE:
                named = {"cluster": request.cluster, "containerInstance": change.name, "force": request.force}
                self.ecs.deregister_container_instance(aws_retry=True, **named)
                yield change
            elif change.kind == STATUS:
                answer = self.ecs.update_container_instances_state(
                    cluster=request.cluster, containerInstances=[change.name], status=change.after, aws_retry=True
                )
                for failure in answer["failures"]:
                    why = failure.get("reason", "it does not say why")
                    yield Failure(change, Refusal(f"Amazon ECS refuses it: {why}."))
                    return
                tasks_left = ContainerInstance.of(answer["containerInstances"][0]).tasks_left
                yield change
        if request.state == "draining" and request.wait:
            self._drain(plan.result["container_instance"]["container_instance_arn"], tasks_left)

    def _attributes(self, request: Request, plan: InstancePlan) -> Iterator[Change]:
        calls = ((("delete",), self.ecs.delete_attributes), (("create", "update"), self.ecs.put_attributes))
        for actions, call in calls:
            changes = [change for change in plan.changes if change.kind == ATTRIBUTE and change.action in actions]
            if changes:
                call(cluster=request.cluster, attributes=[_wire(change) for change in changes], aws_retry=True)
                yield from changes

    def _drain(self, arn: str, tasks_left: int) -> None:
        while tasks_left:
            if not self.deadline.wait(f"{tasks_left} task(s) left on {arn}"):
                raise Refusal(_out_of_time(arn, tasks_left, self.reader.name_tasks(arn), self.deadline.timeout))
            tasks_left = self.reader.tasks_left(arn)


def _wire(change: Change) -> dict[str, str]:
    """An attribute as the API takes it; a value is not taken where it is removed."""
    value = {"value": change.after} if change.after else {}
    return {"name": change.name, "targetId": str(change.owner), **value}


def _out_of_time(arn: str, count: int, tasks: list[str], timeout: float) -> str:
    named = [*tasks[:NAMED], f"{len(tasks) - NAMED} more"] if len(tasks) > NAMED else tasks
    left = [*named, f"{count - len(tasks)} that are being stopped"] if count > len(tasks) else named
    return (
        f"{count} task(s) left on {arn} after {timeout:g} seconds (wait_timeout): {', '.join(left)}. It stays "
        "DRAINING. Draining stops tasks of services only, as their deployment configuration allows and once others can "
        "run elsewhere; stop any other task yourself (aws ecs stop-task) or let it end. Then run again, with a longer "
        "wait_timeout if need be, or give the instance back with state: active."
    )
