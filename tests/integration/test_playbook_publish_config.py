# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbook publish_config, with what a survey gives it, and the page that tells how to use it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess

import boto3
import pages
import pytest
from botocore.exceptions import ClientError
from local_aws_client import keys_of
from table import tables

URI = "s3://fleet-ecs-config/prod/ecs.config"
# As a survey has them: texts, and empty where nothing was entered.
SURVEY = {
    "agent_config_s3_uri": URI,
    "agent_cluster": "prod",
    "agent_awsvpc_block_imds": "false",
    "agent_config_s3_variables": "ECS_ENGINE_AUTH_TYPE: docker\nECS_ENGINE_AUTH_DATA: {r: {password: hush-hush}}\n",
    "agent_config_s3_kms_key_id": "",
    "agent_config_s3_versioning": "",
    "agent_config_s3_region": "",
    "agent_region": "us-west-2",
}


@pytest.fixture
def environment(aws, playbook_environment, tmp_path, monkeypatch):
    """By TLS, for this process too."""
    over_tls = aws.over_tls(tmp_path)
    for name, value in over_tls.items():
        monkeypatch.setenv(name, value)
    return {**playbook_environment, **over_tls}


def play(environment, *options: str, **variables: str) -> str:
    command = ["ansible-playbook", "fleetkit.ecs.publish_config", "--diff", "-e", json.dumps(variables), *options]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return f"{run.stdout}{run.stderr}\nrc={run.returncode}"


def told_of_aws(outcome: str, lines: list[str]) -> list[str]:
    first, *others = lines
    return [f"AWS: {outcome}", f"AWS  {outcome}  {first}", *(f"     {'':<{len(outcome)}}  {line}" for line in others)]


def recap(told: str) -> str:
    return re.findall(r"changed=\d+", told)[-1]


def test_a_survey_publishes_foreseen_by_check_mode_and_once(environment):
    foreseen, done, again = (play(environment, *options, **SURVEY) for options in (["--check"], [], []))
    made = [
        "create bucket fleet-ecs-config",
        "create public access block fleet-ecs-config",
        "create bucket policy statement FleetkitEcsTlsOnly of fleet-ecs-config",
        "create object prod/ecs.config of fleet-ecs-config",
    ]
    assert tables(foreseen) == [told_of_aws("would change", made)]
    assert tables(done) == [told_of_aws("changed", made)]
    assert tables(again) == [told_of_aws("ok", ["nothing to change"])]
    assert [recap(told) for told in (foreseen, done, again)] == ["changed=1", "changed=1", "changed=0"]
    diffs = [told[told.index("--- before") : told.index("changed: [localhost]")] for told in (foreseen, done)]
    assert diffs[0] == diffs[1]
    assert "hush-hush" not in foreseen + done + again
    text = boto3.client("s3").get_object(Bucket="fleet-ecs-config", Key="prod/ecs.config")["Body"].read().decode()
    assert text == (
        "# BEGIN fleetkit.ecs\n"
        "ECS_AWSVPC_BLOCK_IMDS=false\n"
        "ECS_CLUSTER=prod\n"
        "ECS_ENABLE_TASK_IAM_ROLE=true\nECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST=true\n"
        'ECS_ENGINE_AUTH_DATA={"r":{"password":"hush-hush"}}\n'
        "ECS_ENGINE_AUTH_TYPE=docker\n"
        "# END fleetkit.ecs\n"
    )


def test_without_a_cluster_or_an_object_nothing_is_asked_of_aws(aws, environment):
    told = play(environment, agent_config_s3_uri="fleet-ecs-config")
    assert "got 'fleet-ecs-config' and ''" in " ".join(told.split())
    assert aws.operations() == []


def session_of_host(aws, role: str) -> dict[str, str]:
    """Credentials of a container instance, as IMDS gives them."""
    sts = aws.client("sts")
    sts.meta.events.register(
        "before-sign.sts",
        lambda request, **_: request.headers.add_header("X-Lab-Service-Principal", "ec2.amazonaws.com"),
    )
    arn = aws.iam.get_role(RoleName=role)["Role"]["Arn"]
    return keys_of(sts.assume_role(RoleArn=arn, RoleSessionName="i-0123456789abcdef0")["Credentials"])


def test_the_pages_commands_publish_what_the_hosts_role_may_read_and_nothing_else(aws, environment, tmp_path):
    page = pages.section("s3_config.md", "Publish")
    for name, content in pages.files(page).items():
        (tmp_path / name).write_text(content)
    told = []
    for command in pages.commands(page):
        run = subprocess.run(
            shlex.split(command), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, command + run.stdout + run.stderr
        told.append(recap(run.stdout))
    assert told == ["changed=1", "changed=1", "changed=1"]
    aws.enforce()
    host = boto3.client("s3", **session_of_host(aws, "ecsInstanceRole"))
    body = host.get_object(Bucket="fleet-config", Key="ecs.config")["Body"].read()
    assert b"ECS_CLUSTER=production\n" in body
    with pytest.raises(ClientError, match="AccessDenied"):
        host.get_object(Bucket="fleet-config", Key="another")
    assert os.environ["AWS_ENDPOINT_URL"].startswith("https:")
