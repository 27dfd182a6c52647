# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The library of policy documents that Amazon documents for ECS hosts and their tasks, by name.

A document is a function: its arguments are the options it takes, those without a default are needed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import names

Document = dict[str, Any]


def _policy(*statements: dict[str, Any]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(actions: list[str], resource: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def _trust(principal: dict[str, Any], **more: Any) -> Document:
    return _policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


def _called_for(service: str, account_id: Any, region: Any, partition: str) -> dict[str, Any]:
    """The condition against a confused deputy: the service acts for this account only.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """
    account = names.check_account("account_id", account_id)
    regions = [region] if isinstance(region, str) else list(region)
    arns = [f"arn:{partition}:{service}:{name}:{account}:*" for name in regions]
    return {
        "ArnLike": {"aws:SourceArn": arns[0] if len(arns) == 1 else arns},
        "StringEquals": {"aws:SourceAccount": account},
    }


def trust_ec2() -> Document:
    return _trust({"Service": "ec2.amazonaws.com"})


def trust_ssm(account_id: Any = None, region: Any = "*", partition: str = "aws") -> Document:
    principal = {"Service": "ssm.amazonaws.com"}
    if account_id is None:
        return _trust(principal)
    return _trust(principal, Condition=_called_for("ssm", account_id, region, partition))


def trust_ecs_tasks(account_id: Any, region: Any = "*", partition: str = "aws") -> Document:
    condition = _called_for("ecs", account_id, region, partition)
    return _trust({"Service": "ecs-tasks.amazonaws.com"}, Condition=condition)


def trust_cross_account_destination(role_arn: str, external_id: str | None = None) -> Document:
    names.parse_arn("role_arn", role_arn, "role")
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": external_id}}} if external_id else {}
    return _trust({"AWS": role_arn}, **condition)


def assume_destination_role(role_arn: str) -> Document:
    names.parse_arn("role_arn", role_arn, "role")
    return _policy(_allow(["sts:AssumeRole"], role_arn))


def cloudwatch_logs(partition: str = "aws") -> Document:
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    return _policy(_allow(actions, [f"arn:{partition}:logs:*:*:*"]))


def ecr_pull() -> Document:
    actions = [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:GetAuthorizationToken",
    ]
    return _policy(_allow(actions, "*"))


def ecs_exec() -> Document:
    actions = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"]
    return _policy(_allow([f"ssmmessages:{action}" for action in actions], "*"))


def task_s3_read(bucket: str, account_id: Any = None, region: Any = "*", partition: str = "aws") -> Document:
    """Amazon's page adds source conditions, which no call of a task carries; they are added only when asked for."""
    condition = {} if account_id is None else {"Condition": _called_for("ecs", account_id, region, partition)}
    return _policy(_allow(["s3:GetObject"], [f"arn:{partition}:s3:::{bucket}/*"], **condition))


DOCUMENTS: dict[str, Callable[..., Document]] = {
    document.__name__: document
    for document in (
        assume_destination_role,
        cloudwatch_logs,
        ecr_pull,
        ecs_exec,
        task_s3_read,
        trust_cross_account_destination,
        trust_ec2,
        trust_ecs_tasks,
        trust_ssm,
    )
}


def build(name: str, options: dict[str, Any]) -> Document:
    """The document of that name, or a Refusal that says which names and options there are."""
    if name not in DOCUMENTS:
        raise Refusal(f"policy: there is no document {name!r}; the names are {', '.join(DOCUMENTS)}.")
    parameters = inspect.signature(DOCUMENTS[name]).parameters
    unknown = sorted(set(options) - set(parameters))
    if unknown:
        takes = ", ".join(parameters) or "no option"
        raise Refusal(f"policy: {name} does not take {unknown[0]}; it takes {takes}.")
    needed = [key for key, parameter in parameters.items() if parameter.default is parameter.empty]
    missing = [key for key in needed if key not in options]
    if missing:
        raise Refusal(f"policy: {name} needs {missing[0]}.")
    return DOCUMENTS[name](**options)
