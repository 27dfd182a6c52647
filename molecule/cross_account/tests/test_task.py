# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container of a task on a host works in another account as docs/cross_account.md says: the real AWS CLI in it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "tools"))

import pages  # noqa: E402 (the tools are not a package)

THERE = "210987654321"
BEFORE = "arn:aws:sts::123456789012:assumed-role/ecsTaskRole/"
AFTER = f"arn:aws:sts::{THERE}:assumed-role/reports/fleetkit-ecs-check"
CHECK = (
    "ansible-playbook -i inventory.yml fleetkit.ecs.cross_account -e @cross_account.yml --limit container_instances "
    "-e cross_account_proof_hosts=container_instances -e cross_account_proof_family="
)


def trust(**principal: str) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def name(host):
    """The name of the host in the inventory."""
    return host.backend.name


@pytest.fixture(scope="module")
def keys():
    """The other account with its role, and its keys as variables of the environment."""
    request = urllib.request.Request(f"{os.environ['AWS_ENDPOINT_URL']}/_lab/accounts/{THERE}", method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        found = json.load(answer)
    secrets = {"aws_access_key_id": found["AccessKeyId"], "aws_secret_access_key": found["SecretAccessKey"]}
    boto3.client("iam", **secrets).create_role(RoleName="reports", AssumeRolePolicyDocument=trust(AWS=THERE))
    boto3.client("iam").create_role(
        RoleName="ecsTaskRole", AssumeRolePolicyDocument=trust(Service="ecs-tasks.amazonaws.com")
    )
    return {
        "DESTINATION_AWS_ACCESS_KEY_ID": found["AccessKeyId"],
        "DESTINATION_AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
    }


@pytest.fixture(scope="module")
def task(name, keys):
    """A container of the family app."""
    command = [sys.executable, "tests/lab/lab.py", "task", name, "--family", "app"]
    command += ["--role-arn", "arn:aws:iam::123456789012:role/ecsTaskRole"]
    started = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return started.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def reader(tmp_path_factory, keys):
    """Types a command where the page's files are; gives its exit code and output."""
    folder = tmp_path_factory.mktemp("reader")
    for file, content in pages.files(pages.section("cross_account.md")).items():
        (folder / file).write_text(content)
    (folder / "inventory.yml").write_text((ROOT / "build" / "lab" / "inventory.yml").read_text())

    def run(command: str) -> tuple[int, str]:
        done = subprocess.run(
            shlex.split(command), cwd=folder, env={**os.environ, **keys}, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_the_pages_commands_let_the_container_become_the_other_accounts_role(reader, task):
    (command,) = pages.commands(pages.section("cross_account.md", "From inside a task"))
    code, output = reader(command)
    assert code == 0, output
    assert f"a container of the family app runs here: {task[:12]}" in output
    assert f"the container is {BEFORE}" in output
    assert f"became {AFTER}" in output


def test_the_proof_says_so_when_the_trust_is_gone(host, reader, task, keys):
    secrets = {
        "aws_access_key_id": keys["DESTINATION_AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": keys["DESTINATION_AWS_SECRET_ACCESS_KEY"],
    }
    there = boto3.client("iam", **secrets)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    policy = there.get_role(RoleName="reports")["Role"]["AssumeRolePolicyDocument"]
    shut = json.dumps({**policy, "Statement": [*policy["Statement"], deny]})
    there.update_assume_role_policy(RoleName="reports", PolicyDocument=shut)
    code, output = reader(CHECK + "app")
    there.update_assume_role_policy(RoleName="reports", PolicyDocument=json.dumps(policy))
    assert code == 2, output
    assert "(AccessDenied) when calling the AssumeRole operation" in output


def test_a_container_without_a_role_without_the_aws_cli_and_none_at_all_are_told_apart(host, reader, task):
    label = "--label com.amazonaws.ecs.task-definition-family="
    host.check_output(f"docker run --detach {label}roleless lab/aws-cli:latest sleep infinity")
    host.check_output(f"docker run --detach {label}bare lab/task:latest sleep infinity")
    code, output = reader(CHECK + "roleless")
    assert (code, "name the task role as taskRoleArn" in output) == (2, True), output
    code, output = reader(CHECK + "bare")
    assert (code, "the image needs aws (the AWS CLI) and sh" in output) == (2, True), output
    code, output = reader(CHECK + "none")
    assert (code, "a container of the family none does not run on this host" in output) == (2, True), output


def test_nothing_stays_in_the_container(host, task):
    assert host.check_output(f"docker diff {task}") == ""
    assert host.check_output(f"docker exec {task} ls -A /dev/shm") == ""


def test_only_the_tasks_own_id_gets_its_credentials(host, task):
    ask = "curl --silent --output /dev/null --write-out %{http_code} http://169.254.170.2/v2/credentials/"
    other = "00000000-0000-0000-0000-000000000000"
    assert host.check_output(f"docker run --rm lab/task:latest {ask}{other}") == "400"
