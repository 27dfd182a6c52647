# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What a container of a task sees: from the outcome of commands in it to which link is broken. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import (
    OK,
    UNKNOWN,
    WRONG,
    Facts,
    Finding,
    is_session_of,
)

PROFILE = "fleetkit-ecs-check"


@dataclass(frozen=True)
class Outcome:
    """What came of one command in the container; C(code) is None where it was not run."""

    code: int | None = None
    output: str = ""
    errors: str = ""


@dataclass(frozen=True)
class TaskFacts:
    """What was asked about and what was seen.

    Attributes:
        asked: the two roles, the external id and the call.
        wanted: the container that was looked for, as a person would say it.
        container: id of the container; empty where none runs.
        before: aws sts get-caller-identity with what the container has.
        after: the same with the profile that assumes the destination role.
        call: the call as the destination role.
    """

    asked: Facts
    wanted: str = ""
    container: str = ""
    before: Outcome = field(default_factory=Outcome)
    after: Outcome = field(default_factory=Outcome)
    call: Outcome = field(default_factory=Outcome)


def configuration(asked: Facts, region: str) -> str:
    """The AWS configuration by which a task assumes the destination role, as Amazon documents it."""
    lines = [
        f"[profile {PROFILE}]",
        f"role_arn = {asked.destination}",
        "credential_source = EcsContainer",
        f"role_session_name = {PROFILE}",
        *([f"external_id = {asked.external_id}"] if asked.external_id else []),
        *([f"region = {region}"] if region else []),
    ]
    return "\n".join(lines) + "\n"


def container(facts: TaskFacts) -> Finding:
    if facts.container:
        return Finding(OK, f"{facts.wanted} runs here: {facts.container}")
    return Finding(
        WRONG,
        f"{facts.wanted} does not run on this host",
        "not_running",
        "run a task of the definition here (aws ecs start-task, or run-task with a placement constraint)",
    )


def source_role(facts: TaskFacts) -> Finding:
    """Whether the container's own credentials are those of the task role."""
    cannot = _not_run(facts.before) or _failed(facts.before)
    if cannot:
        return cannot
    source, arn = facts.asked.source, facts.before.output
    if is_session_of(arn, source):
        return Finding(OK, f"the container is {arn}")
    fault = "role_missing" if f":{source.account}:" in arn else "wrong_account"
    return Finding(WRONG, f"the container is {arn}, and not a session of {source}", fault, _GIVE_A_ROLE)


def assume_role(facts: TaskFacts) -> Finding:
    """Whether the container becomes the destination role."""
    cannot = _not_run(facts.after) or _failed(facts.after)
    return cannot or Finding(OK, f"{facts.before.output} became {facts.after.output}")


def call(facts: TaskFacts) -> Finding:
    """Whether the destination role can do what was to be tried."""
    cannot = _not_run(facts.call)
    if cannot:
        return cannot
    failed = _failed(facts.call)
    if failed is None:
        return Finding(OK, f"{facts.asked.operation} works as {facts.after.output}")
    if failed.fault in ("endpoint_unreachable", "no_aws_cli"):
        return failed
    return Finding(
        WRONG,
        f"{facts.asked.operation} was refused: {_said(facts.call)}",
        "call_refused",
        f"allow it in the policies of {facts.asked.destination}, and in the resource's own policy",
    )


CHECKS: Mapping[str, Callable[[TaskFacts], Finding]] = {
    "container": container,
    "source_role": source_role,
    "assume_role": assume_role,
    "call": call,
}


def _not_run(outcome: Outcome) -> Finding | None:
    return Finding(UNKNOWN, "not tried, as what comes before it failed") if outcome.code is None else None


_GIVE_A_ROLE = (
    "name the task role as taskRoleArn in the task definition, and see that the host gives it out: "
    "ECS_ENABLE_TASK_IAM_ROLE (in host network mode ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST), and the check "
    "credential_path of fleetkit.ecs.ecs_host_check"
)

# What the AWS CLI and Docker say, in the order in which it is looked for: pattern, fault and remedy.
_FAULTS = (
    (
        r"executable file not found|: not found|exec failed|no such file or directory",
        "no_aws_cli",
        "the image needs aws (the AWS CLI) and sh; use one that has them for the task that proves it",
    ),
    (
        r"Unable to locate credentials|retrieving (?:credentials|metadata)|NoCredentials",
        "role_missing",
        _GIVE_A_ROLE,
    ),
    (
        r"Could not connect to the endpoint|[Tt]imeout on endpoint|Connection was closed|Name or service not known",
        "endpoint_unreachable",
        "check the region, name resolution and the way from the task's network to the endpoint (a VPC endpoint where "
        "there is no internet), and AWS_ENDPOINT_URL in the container",
    ),
    (
        r"AccessDenied",
        "access_denied",
        "STS does not say why: fleetkit.ecs.sts_assume_role_check looks at the policies of both accounts",
    ),
)


def _failed(outcome: Outcome) -> Finding | None:
    if outcome.code == 0:
        return None
    said = _said(outcome)
    for pattern, fault, remedy in _FAULTS:
        if re.search(pattern, said):
            return Finding(WRONG, said, fault, remedy)
    return Finding(WRONG, f"aws failed with exit code {outcome.code}: {said}", "aws_cli_failed", "see what it says")


def _said(outcome: Outcome) -> str:
    return " ".join(outcome.errors.split())[-500:]
