# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Whether ECS Exec gets into a container of a task, and how. Pure.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import IamArn
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access import evaluate
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import (
    OK,
    UNKNOWN,
    WRONG,
    Finding,
    RoleFacts,
    judged,
    weakest,
)

ACTIONS = [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
]
NONE: Mapping[str, Any] = {}


@dataclass(frozen=True)
class ExecFacts:
    """What was asked about and what was seen.

    Attributes:
        cluster, name: the task, as it was asked for.
        task: as DescribeTasks shows it; empty where there is none.
        container: the one to get into, as DescribeTasks shows it; empty where there is none.
        role_arn: the task role; None where the task has none.
        role: the task role as IAM shows it.
    """

    cluster: str
    name: str
    task: Mapping[str, Any] = field(default_factory=dict)
    container: Mapping[str, Any] = field(default_factory=dict)
    role_arn: IamArn | None = None
    role: RoleFacts = field(default_factory=RoleFacts)


def task(facts: ExecFacts) -> Finding:
    """Whether the task runs, and was run with ECS Exec."""
    status = facts.task.get("lastStatus")
    if status != "RUNNING":
        found = f"task {facts.name} is {status}" if status else f"cluster {facts.cluster} has no task {facts.name}"
        return Finding(WRONG, found, "not_running", "name a task that runs (aws ecs list-tasks)")
    if not facts.task.get("enableExecuteCommand"):
        return Finding(
            WRONG,
            f"task {facts.name} was run without ECS Exec",
            "not_enabled",
            "run another with --enable-execute-command; a task that runs cannot be changed",
        )
    return Finding(OK, f"task {facts.name} runs with ECS Exec")


def managed_agent(facts: ExecFacts) -> Finding:
    """Whether the agent of ECS Exec runs in the container."""
    if not facts.task:
        return Finding(UNKNOWN, "there is no task whose container could be looked at")
    if not facts.container:
        return Finding(WRONG, "the task has no container of that name", "not_running", "see aws ecs describe-tasks")
    agents = {agent["name"]: agent for agent in facts.container.get("managedAgents", [])}
    agent = agents.get("ExecuteCommandAgent", NONE)
    where = f"ExecuteCommandAgent of container {facts.container['name']}"
    if agent.get("lastStatus") == "RUNNING":
        return Finding(OK, f"{where} is RUNNING")
    reason = f" ({agent['reason']})" if agent.get("reason") else ""
    return Finding(
        WRONG,
        f"{where} is {agent.get('lastStatus', 'missing')}{reason}",
        "agent_not_running",
        "wait while it is PENDING; otherwise see the reason, give the task a way to ssmmessages.REGION.amazonaws.com, "
        "and run it again, as the agent is started with its container",
    )


def permission(facts: ExecFacts) -> Finding:
    """Whether the task role may open the channels."""
    source = facts.role_arn
    if not facts.task:
        return Finding(UNKNOWN, "there is no task whose role could be looked at")
    if source is None:
        return Finding(WRONG, "the task has no task role", "role_missing", f"give it one that may call {_LISTED}")
    if facts.role.unread:
        return Finding(
            UNKNOWN, f"the credentials may not call {facts.role.unread}", remedy=f"allow {facts.role.unread}"
        )
    context = evaluate.context_of(source, None)
    for action in ACTIONS:
        subject, verdict = weakest(facts.role, context, "*", action)
        silent = Finding(
            WRONG,
            f"role {source.name} may not call {action}: no statement of {subject} allows it",
            "permission_missing",
            f"give it the policy ecs_exec, which has {_LISTED}",
        )
        found = judged(verdict, ok="", silent=silent)
        if found.status != OK:
            return found
    return Finding(OK, f"role {source.name} may open the channels of ECS Exec")


_LISTED = ", ".join(ACTIONS)

CHECKS: Mapping[str, Callable[[ExecFacts], Finding]] = {
    "task": task,
    "managed_agent": managed_agent,
    "permission": permission,
}


def command(facts: ExecFacts, region: str | None) -> str:
    """What gets into the container."""
    options = {
        "--region": region,
        "--cluster": facts.cluster,
        "--task": facts.name,
        "--container": facts.container.get("name"),
    }
    words = [word for option, value in options.items() if value for word in (option, value)]
    return shlex.join(["aws", "ecs", "execute-command", *words, "--interactive", "--command", "/bin/sh"])
