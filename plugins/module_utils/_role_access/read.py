# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What the checks need to know of both accounts. Nothing is changed; credentials that STS gives stay in here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

try:
    from botocore import xform_name
    from botocore.exceptions import ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as NoConnection
except ImportError:  # AnsibleAWSModule says so in its own words
    ClientError = HTTPClientError = NoConnection = OSError  # type: ignore[misc,assignment]

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

from ansible_collections.fleetkit.ecs.plugins.module_utils._assume_role import Assumption, exchange
from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import none_if_missing
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.bulk import pages
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import IamArn, parse_arn
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import (
    Answer,
    Facts,
    RoleFacts,
    is_session_of,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.ecs_exec import ExecFacts

SESSION_NAME = "fleetkit-ecs-check"
# The shortest session that STS gives.
SECONDS = 900
# An endpoint that cannot be reached is a finding, not something to wait minutes for.
PATIENCE = {"connect_timeout": 5, "read_timeout": 20, "retries": {"total_max_attempts": 2}}

# Between two questions to STS while a change spreads.
PAUSE = 2

Credentials = Mapping[str, str]
# Gives a client for a service, with the module's credentials or with these.
Client = Callable[..., Any]


def read(
    client: Client, checks: Sequence[str], asked: Facts, call: Mapping[str, Any] | None = None, wait_timeout: int = 0
) -> Facts:
    """What the checks need to know, and no more.

    Args:
        client: gives a client for a service.
        checks: which checks will be made.
        asked: the facts with only what was asked about.
        call: service, operation and parameters of a request to make as the destination role.
        wait_timeout: for how many seconds STS is asked again while it refuses.
    """
    facts = replace(asked, caller=_identity(client("sts", config=PATIENCE)))
    if facts.caller.unreachable:
        return facts
    account = facts.caller.arn.split(":")[4]
    if {"source_role", "permission"} & set(checks) and account == asked.source.account:
        facts = replace(facts, source_role=read_role(client("iam"), asked.source, "permission" in checks))
    if {"destination_role", "trust"} & set(checks) and account == asked.destination.account:
        facts = replace(facts, destination_role=read_role(client("iam"), asked.destination, with_policies=False))
    return _try(client, facts, call, wait_timeout) if {"assume_role", "call"} & set(checks) else facts


def _answer(request: Callable[[], str]) -> Answer:
    try:
        return Answer(arn=request())
    except (HTTPClientError, NoConnection) as error:
        return Answer(unreachable=str(error))
    except is_boto3_error_code(["AccessDenied", "AccessDeniedException"]) as error:
        return Answer(refusal=str(error))


def _identity(sts: Any) -> Answer:
    return _answer(lambda: sts.get_caller_identity(aws_retry=True)["Arn"])


def read_role(iam: Any, asked: IamArn, with_policies: bool) -> RoleFacts:
    try:
        found = none_if_missing(iam.get_role)(RoleName=asked.name, aws_retry=True)
        if found is None:
            return RoleFacts()
        role = found["Role"]
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return RoleFacts(
            arn=role["Arn"],
            trust=role["AssumeRolePolicyDocument"],
            policies=tuple(_policies(iam, asked.name)) if with_policies else (),
            boundary=(_managed(iam, boundary),) if with_policies and boundary else (),
        )
    except is_boto3_error_code("AccessDenied") as error:
        return RoleFacts(unread=f"iam:{error.operation_name}")


def _policies(iam: Any, role: str) -> list[tuple[str, Any]]:
    inline = [name for page in pages(iam, "list_role_policies", RoleName=role) for name in page["PolicyNames"]]
    attached = [
        policy["PolicyArn"]
        for page in pages(iam, "list_attached_role_policies", RoleName=role)
        for policy in page["AttachedPolicies"]
    ]
    return [
        *((f"inline policy {name}", _inline(iam, role, name)) for name in inline),
        *(_managed(iam, arn) for arn in attached),
    ]


def _inline(iam: Any, role: str, name: str) -> Any:
    return iam.get_role_policy(RoleName=role, PolicyName=name, aws_retry=True)["PolicyDocument"]


def _managed(iam: Any, arn: str) -> tuple[str, Any]:
    version = iam.get_policy(PolicyArn=arn, aws_retry=True)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version, aws_retry=True)
    return f"policy {arn}", found["PolicyVersion"]["Document"]


def read_task_for_exec(client: Client, cluster: str, name: str, container: str | None) -> ExecFacts:
    """A task, one of its containers, and its task role, which the task's own overrides come before."""
    facts = ExecFacts(cluster, name)
    ecs = client("ecs")
    found = none_if_missing(ecs.describe_tasks)(cluster=cluster, tasks=[name], aws_retry=True)
    task = next(iter((found or {}).get("tasks", [])), None)
    if task is None:
        return facts
    wanted = [one for one in task["containers"] if container in (None, one["name"])]
    facts = replace(facts, task=task, container=wanted[0] if wanted else {})
    # ECS takes the name of a role, too.
    arn = task.get("overrides", {}).get("taskRoleArn") or _task_role(ecs, task["taskDefinitionArn"])
    if not arn:
        return facts
    _arn, partition, _ecs, _region, account, _task = task["taskArn"].split(":", 5)
    role = parse_arn("taskRoleArn", arn if ":" in arn else f"arn:{partition}:iam::{account}:role/{arn}", "role")
    return replace(facts, role_arn=role, role=read_role(client("iam"), role, with_policies=True))


def _task_role(ecs: Any, definition: str) -> str | None:
    found = ecs.describe_task_definition(taskDefinition=definition, aws_retry=True)
    return found["taskDefinition"].get("taskRoleArn")


# As the source role


def _try(client: Client, facts: Facts, call: Mapping[str, Any] | None, wait_timeout: int) -> Facts:
    """Become the source role, where the credentials are not a session of it already, then the destination role."""
    before, source = facts.caller, None
    if not is_session_of(facts.caller.arn, facts.source):
        before, source = _become(client, None, str(facts.source))
    if not before.arn:
        return replace(facts, before=Answer(unreachable=before.unreachable))
    until = time.monotonic() + wait_timeout
    assumed, destination = _become(client, source, str(facts.destination), facts.external_id)
    while assumed.refusal and time.monotonic() < until:
        time.sleep(PAUSE)
        assumed, destination = _become(client, source, str(facts.destination), facts.external_id)
    facts = replace(facts, before=before, assumed=assumed)
    if destination is None or call is None:
        return facts
    return replace(facts, call=_call(client, destination, call))


def _become(
    client: Client, credentials: Credentials | None, role_arn: str, external_id: str | None = None
) -> tuple[Answer, Credentials | None]:
    """Who one is after assuming a role, as STS says it then, and with what credentials."""
    wanted = Assumption(role_arn, SESSION_NAME, SECONDS, external_id)
    got: dict[str, str] = {}

    def become() -> str:
        got.update(exchange(client("sts", config=PATIENCE, **(credentials or {})), wanted))
        return client("sts", config=PATIENCE, **got).get_caller_identity(aws_retry=True)["Arn"]

    answer = _answer(become)
    return answer, got if answer.arn else None


def _call(client: Client, credentials: Credentials, call: Mapping[str, Any]) -> Answer:
    """Make the request; whatever it gives back is dropped."""

    def request() -> str:
        method = getattr(client(call["service"], config=PATIENCE, **credentials), xform_name(call["operation"]))
        method(**call["parameters"], aws_retry=True)
        return "answered"

    try:
        return _answer(request)
    except ClientError as error:  # an answer, if not the wanted one: no such bucket, a parameter that is wrong
        return Answer(refusal=str(error))
