# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ecs_exec_check against a task on Fargate."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from module_runner import run_module

from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies import build

TRUST = json.dumps(build("trust_ecs_tasks", {"account_id": "123456789012"}))


@pytest.fixture
def fargate(aws):
    """ECS with a cluster and a definition with a task role, which may do nothing yet."""
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="prod")
    role = aws.iam.create_role(RoleName="ecsTaskRole", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    container = [{"name": "app", "image": "app", "memory": 128}]
    ecs.register_task_definition(family="app", taskRoleArn=role, containerDefinitions=container)
    ecs.register_task_definition(family="roleless", containerDefinitions=container)
    return ecs


def run_task(ecs, family: str, **more) -> str:
    return ecs.run_task(cluster="prod", taskDefinition=family, launchType="FARGATE", **more)["tasks"][0]["taskArn"]


def faults(result) -> list[str]:
    assert not result.failed, result.msg
    return [check["fault"] or check["status"] for check in result.checks]


def test_it_says_what_is_missing_and_then_how_to_get_in(aws, fargate):
    closed = run_module("ecs_exec_check", cluster="prod", task=run_task(fargate, "app"))
    assert faults(closed) == ["not_enabled", "agent_not_running", "permission_missing"]
    task = run_task(fargate, "app", enableExecuteCommand=True)
    assert faults(run_module("ecs_exec_check", cluster="prod", task=task)) == ["ok", "ok", "permission_missing"]
    policy = json.dumps(build("ecs_exec", {}))
    aws.iam.put_role_policy(RoleName="ecsTaskRole", PolicyName="ecs-exec", PolicyDocument=policy)
    for check in (True, False):
        opened = run_module("ecs_exec_check", check=check, cluster="prod", task=task)
        assert (opened.ok, faults(opened)) == (True, ["ok", "ok", "ok"])
    assert f"--cluster prod --task {task} --container app --interactive" in opened.command
    assert opened.api_calls["DescribeTasks"] == opened.api_calls["DescribeTaskDefinition"] == 1


def test_a_task_that_is_not_there_or_has_no_role_is_told(fargate):
    assert faults(run_module("ecs_exec_check", cluster="prod", task="0" * 32)) == ["not_running", "unknown", "unknown"]
    roleless = run_task(fargate, "roleless")
    assert faults(run_module("ecs_exec_check", cluster="prod", task=roleless))[2] == "role_missing"


def test_the_local_aws_runs_no_task_with_ecs_exec_and_without_a_role(fargate):
    with pytest.raises(ClientError, match="valid taskRoleArn"):
        run_task(fargate, "roleless", enableExecuteCommand=True)
