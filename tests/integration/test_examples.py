# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The EXAMPLES of everything that runs on the controller run as they are written."""

from __future__ import annotations

import json
import re
import subprocess

import boto3
import pytest
import yaml
from ssm_agent_wire import Agent

from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies import build
from examples import PLUGINS, examples

ON_THE_CONTROLLER = sorted(
    [
        *PLUGINS.glob("modules/iam_*.py"),
        *PLUGINS.glob("modules/sts_*.py"),
        *(
            PLUGINS / f"modules/{name}.py"
            for name in (
                "ecs_account_setting",
                "ecs_config_object",
                "ecs_container_instance",
                "ecs_exec_check",
                "ecs_fleet_check",
                "ecs_task_definition",
                "ssm_activation",
                "ssm_managed_instance",
                "ssm_managed_instance_info",
            )
        ),
        *PLUGINS.glob("lookup/*.py"),
    ]
)

# Check mode foresees a role that an earlier example makes; a changed setting tells what it does not reach, and an
# object that goes what the bucket keeps of it.
EXPECTED = (
    r"\[WARNING\]: (No inventory was parsed|role: role '\S+' does not exist yet|"
    r"awsvpcTrunking: container instances that were launched|s3://\S+: the bucket keeps the versions)"
)


@pytest.fixture
def playbook(tmp_path):
    plays = [
        {"name": plugin.stem, "hosts": "localhost", "gather_facts": False, "tasks": examples(plugin)}
        for plugin in ON_THE_CONTROLLER
    ]
    path = tmp_path / "examples.yml"
    path.write_text(yaml.safe_dump(plays, sort_keys=False))
    return path


@pytest.fixture
def container_instance(aws):
    """The host that the examples of ecs_container_instance are about: only its agent could register it."""
    ecs = boto3.client("ecs", endpoint_url=aws.url)
    ecs.create_cluster(clusterName="production")
    identity = json.dumps({"instanceId": "i-0123456789abcdef0"})
    ecs.register_container_instance(cluster="production", instanceIdentityDocument=identity)


@pytest.fixture
def managed_instance(aws):
    """The server that the examples of ssm_managed_instance are about: only its agent could register it."""
    aws.client("iam").create_role(RoleName="formerRole", AssumeRolePolicyDocument=json.dumps(build("trust_ssm", {})))
    aws.behave(next_managed_instance="mi-0123456789abcdef0")
    Agent(aws.url).register(aws.client("ssm").create_activation(IamRole="formerRole"))


@pytest.mark.usefixtures("container_instance", "managed_instance")
def test_every_example_runs_as_written_in_check_mode_and_for_real(playbook, playbook_environment, aws, tmp_path):
    environment = {**playbook_environment, **aws.over_tls(tmp_path)}
    for options in (["--check"], []):
        command = ["ansible-playbook", *options, str(playbook)]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        told = " ".join(run.stderr.split())
        assert "[WARNING]" not in re.sub(EXPECTED, "", told), told
