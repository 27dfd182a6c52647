# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Permissions as Amazon's pages print them, and the same limited to repositories and log groups by name."""

from __future__ import annotations

from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import names
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.ecs_exec import ACTIONS as SSM_CHANNELS
from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies.parts import (
    Document,
    Scope,
    Statement,
    allow,
    named,
    only,
    policy,
)
from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies.trust import called_for

ECR_LAYERS = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def assume_destination_role(role_arn: str) -> Document:
    names.parse_arn("role_arn", role_arn, "role")
    return policy(allow(["sts:AssumeRole"], role_arn))


def ecs_exec() -> Document:
    """The ssmmessages actions have no resources.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmessagegatewayservice.html
    """
    return policy(allow(SSM_CHANNELS, "*"))


def task_s3_read(bucket: str, account_id: Any = None, region: Any = "*", partition: str = "aws") -> Document:
    """Amazon's page adds source conditions, which no call of a task carries; they are added only when asked for."""
    condition = {} if account_id is None else {"Condition": called_for("ecs", account_id, region, partition)}
    return policy(allow(["s3:GetObject"], [f"arn:{partition}:s3:::{bucket}/*"], **condition))


def ecr_pull(repositories: Any = (), account_id: Any = None, region: Any = "*", partition: str = "aws") -> Document:
    return policy(*pulling(repositories, Scope.of(account_id, region, partition)))


def pulling(repositories: Any, scope: Scope) -> list[Statement]:
    """What Docker and the agent call to pull; ecr:GetAuthorizationToken has no resource, the others a repository.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
    """
    limited = named("repositories", repositories, scope, "ecr", "repository/")
    if not limited:
        return [allow([*ECR_LAYERS, "ecr:GetAuthorizationToken"], "*")]
    return [allow(["ecr:GetAuthorizationToken"], "*"), *only(ECR_LAYERS, limited)]


def cloudwatch_logs(
    log_groups: Any = (),
    create_log_groups: bool = False,
    account_id: Any = None,
    region: Any = "*",
    partition: str = "aws",
) -> Document:
    """Without log groups Amazon's page, which may create any; with them what the awslogs driver calls, and no more."""
    scope = Scope.of(account_id, region, partition)
    if not log_groups:
        actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        return policy(allow(actions, [f"arn:{partition}:logs:*:*:*"]))
    return policy(*logging(log_groups, create_log_groups, scope))


def logging(log_groups: Any, create_log_groups: bool, scope: Scope) -> list[Statement]:
    """What the awslogs driver calls: a stream, events in the stream, and with awslogs-create-group the group.

    CreateLogStream and PutLogEvents are authorised on log-group:NAME:log-stream:STREAM, CreateLogGroup on the group.
    Refusals show the group's ARN with :log-stream: at its end too, so it is named in both forms. Source:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
    """
    given = [str(group).removesuffix(":*") for group in log_groups or ["*"]]
    groups = named("log_groups", given, scope, "logs", "log-group:")
    streams = [f"{group}:*" for group in groups]
    statements = only(["logs:CreateLogStream", "logs:PutLogEvents"], streams)
    return statements + (only(["logs:CreateLogGroup"], groups + streams) if create_log_groups else [])
