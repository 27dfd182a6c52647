# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What a container instance is, and what can be asked of one, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Plan
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.attributes import is_custom


@dataclass(frozen=True)
class Request:
    """What a task asks for.

    Attributes:
        cluster: name or ARN.
        container_instance: its id or ARN; None where it is named by the host.
        ec2_instance_id: the host, i-... or (external) mi-...; None where the other one is given.
        state: C(present), C(active), C(draining) or C(absent).
        attributes: custom attributes; None leaves them alone.
    """

    cluster: str
    container_instance: str | None = None
    ec2_instance_id: str | None = None
    state: str = "present"
    attributes: Mapping[str, str] | None = None
    purge_attributes: bool = False
    force: bool = False
    wait: bool = True

    def __str__(self) -> str:
        return f"{self.container_instance or self.ec2_instance_id} in the cluster {self.cluster}"


@dataclass(frozen=True)
class ContainerInstance:
    """A container instance as Amazon ECS describes it, with its custom attributes only."""

    arn: str
    ec2_instance_id: str
    status: str
    agent_connected: bool
    running_tasks_count: int = 0
    pending_tasks_count: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)
    status_reason: str = ""

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> ContainerInstance:
        return cls(
            arn=described["containerInstanceArn"],
            ec2_instance_id=described.get("ec2InstanceId", ""),
            status=described["status"],
            agent_connected=described.get("agentConnected", False),
            running_tasks_count=described.get("runningTasksCount", 0),
            pending_tasks_count=described.get("pendingTasksCount", 0),
            attributes={
                one["name"]: one.get("value") or "" for one in described.get("attributes", []) if is_custom(one["name"])
            },
            status_reason=described.get("statusReason", ""),
        )

    @property
    def tasks_left(self) -> int:
        """Tasks that run or are about to."""
        return self.running_tasks_count + self.pending_tasks_count


@dataclass(frozen=True)
class InstancePlan(Plan):
    """A plan for a container instance, with the tasks that it had: where there is none there is no need to wait."""

    tasks_left: int = 0
