# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold on a converged host, right after the run and after a reboot."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import boto3
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "tools"))

import pages

IMDS = "http://169.254.169.254/latest/meta-data/instance-id"
COMMANDS = [
    *pages.commands((pages.DOCS / "network_guard.md").read_text()),
    *pages.commands((pages.DOCS / "agent_methods.md").read_text()),
    *pages.commands(pages.section("agent_variables.md")),
    *pages.commands((pages.DOCS / "how_it_works.md").read_text()),
    *pages.commands(pages.section("troubleshooting.md", "The host is not in the cluster")),
    *pages.commands(pages.section("troubleshooting.md", "A task gets no credentials")),
    *pages.commands(pages.section("troubleshooting.md", "A task gets the host's credentials")),
]
CURL = "curl --silent --max-time 3 --output /dev/null --write-out %{http_code}"


@pytest.fixture(scope="module")
def booted(host):
    """Wait until the host has finished booting and the agent has registered."""
    metadata = "curl --silent --fail --retry 60 --retry-delay 1 --retry-all-errors http://127.0.0.1:51678/v1/metadata"
    return json.loads(host.check_output(metadata))


@pytest.fixture(scope="module", params=["docker0", "user-defined bridge"])
def bridge(request, host, booted):
    """The network option of a task on the default bridge and on one of the user's own."""
    if request.param == "docker0":
        yield "bridge"
        return
    host.run("docker network create fleetkit-test")
    yield "fleetkit-test"
    host.run("docker network rm fleetkit-test")


def from_task(host, network, url):
    """The HTTP code that a task on a network gets, 000 for no answer at all."""
    return host.run(f"docker run --rm --network {network} lab/task:latest {CURL} {url}").stdout


def test_the_host_is_a_container_instance_of_its_cluster(host, booted):
    ecs = boto3.client("ecs")
    arn = booted["ContainerInstanceArn"]
    described = ecs.describe_container_instances(cluster="demo", containerInstances=[arn])["containerInstances"]
    assert [instance["status"] for instance in described] == ["ACTIVE"]
    attributes = {attribute["name"] for attribute in described[0]["attributes"]}
    assert "com.amazonaws.ecs.capability.task-iam-role" in attributes
    assert "com.amazonaws.ecs.capability.task-iam-role-network-host" in attributes


def test_its_role_and_instance_profile_are_as_amazon_documents_them():
    iam = boto3.client("iam")
    profile = iam.get_instance_profile(InstanceProfileName="ecsInstanceRole-profile")["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == ["ecsInstanceRole"]
    attached = iam.list_attached_role_policies(RoleName="ecsInstanceRole")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [
        "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
    ]


def test_the_agent_runs_and_starts_at_boot(host, booted):
    service = host.service("ecs")
    assert service.is_running
    assert service.is_enabled


def test_the_agents_file_is_readable_by_root_only(host):
    file = host.file("/etc/ecs/ecs.config")
    assert (file.user, file.group, file.mode) == ("root", "root", 0o600)
    assert file.contains("^ECS_CLUSTER=demo$")


def test_a_task_on_a_bridge_reaches_the_credentials_endpoint(host, bridge):
    assert from_task(host, bridge, "http://169.254.170.2/") == "404"


def test_a_task_on_a_bridge_does_not_reach_imds_while_the_host_does(host, bridge):
    assert host.run(f"{CURL} {IMDS}").stdout == "200"
    assert from_task(host, bridge, IMDS) == "000"
    assert host.run(f"{CURL} {IMDS}").stdout == "200"


def test_a_task_in_host_mode_reaches_both(host, booted):
    assert from_task(host, "host", "http://169.254.170.2/") == "404"
    assert from_task(host, "host", IMDS) == "200"


def test_amazons_rule_is_first_in_docker_user_and_there_once(host, booted):
    rules = host.check_output("iptables -S DOCKER-USER").splitlines()
    guarding = [rule for rule in rules if "169.254.169.254" in rule and "-i docker+" in rule]
    assert rules[1] == guarding[0]
    assert len(guarding) == 1


def test_ecs_inits_rules_are_there_once_and_nothing_of_them_is_persisted(host, booted):
    for chain in ("PREROUTING", "OUTPUT"):
        rules = host.check_output(f"iptables -t nat -S {chain}").splitlines()
        assert len([rule for rule in rules if "169.254.170.2" in rule]) == 1
    assert host.run("grep -rs route_localnet /etc/sysctl.conf /etc/sysctl.d").stdout == ""


@pytest.mark.parametrize("command", dict.fromkeys(COMMANDS))
def test_the_commands_of_the_guides_work_on_a_host(host, booted, command):
    assert host.run(command).rc == 0
