# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Read a container instance: one request by its ARN or id, two by the host's."""

from __future__ import annotations

from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import none_if_missing
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.model import (
    ContainerInstance,
    Request,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.wait import Deadline

# Registered for good. Others are on their way there (REGISTERING), on their way out, or (INACTIVE) only remembered.
SETTLED = ("ACTIVE", "DRAINING")
GONE = ("INACTIVE", "DEREGISTERING")


class Reader:
    """Reads the container instance that a request names."""

    def __init__(self, ecs: Any, request: Request) -> None:
        self.ecs = ecs
        self.request = request

    def find(self) -> ContainerInstance | None:
        """The container instance as it is now; None where there is none."""
        # Where it is to be absent, a cluster that does not exist is no mistake.
        look = none_if_missing(self._look) if self.request.state == "absent" else self._look
        return look()

    def find_registered(self, deadline: Deadline) -> ContainerInstance | None:
        """As find, once the host has registered. One that is named by its own ARN or id has, or never will."""
        while True:
            found = self.find()
            if found and found.status in SETTLED:
                return found
            if found and found.status == "REGISTRATION_FAILED":
                why = found.status_reason or "it does not say why"
                raise Refusal(f"Amazon ECS could not register {self.request}: {why}.")
            never = found is None and self.request.ec2_instance_id is None
            if never or not deadline.wait(f"{self.request} is not registered yet"):
                return None

    def tasks_left(self, arn: str) -> int:
        """How many tasks there are; none where the container instance is no more."""
        return sum(one.tasks_left for one in self._describe([arn]))

    def name_tasks(self, arn: str) -> list[str]:
        """The tasks on it that nobody has stopped, each with the service or family that it belongs to."""
        where = {"cluster": self.request.cluster, "aws_retry": True}
        arns = self.ecs.list_tasks(containerInstance=arn, **where)["taskArns"]
        tasks = self.ecs.describe_tasks(tasks=arns, **where)["tasks"] if arns else []
        return [f"{task['taskArn'].rpartition('/')[2]} ({task.get('group', 'no group')})" for task in tasks]

    def _look(self) -> ContainerInstance | None:
        named = self.request.container_instance
        found = [one for one in self._describe([named] if named else self._listed()) if one.status not in GONE]
        if len(found) < 2:
            return found[0] if found else None
        # A host that has lost its agent's state registers anew; the agent of the old one is not connected.
        connected = [one for one in found if one.agent_connected]
        if len(connected) == 1:
            return connected[0]
        arns = ", ".join(one.arn for one in found)
        raise Refusal(
            f"ec2_instance_id: {self.request} is {len(found)} container instances ({arns}); name one of them."
        )

    def _listed(self) -> list[str]:
        chosen = f"ec2InstanceId in ['{self.request.ec2_instance_id}']"
        answer = self.ecs.list_container_instances(cluster=self.request.cluster, filter=chosen, aws_retry=True)
        return answer["containerInstanceArns"]

    def _describe(self, names: list[str]) -> list[ContainerInstance]:
        if not names:
            return []
        where = {"cluster": self.request.cluster, "aws_retry": True}
        answer = self.ecs.describe_container_instances(containerInstances=names, **where)
        other = [failure for failure in answer["failures"] if failure.get("reason") != "MISSING"]
        if other:
            raise Refusal(f"Amazon ECS does not describe {self.request}: {other[0].get('reason')}.")
        return [ContainerInstance.of(one) for one in answer["containerInstances"]]
