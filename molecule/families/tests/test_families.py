# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold on a host of each family, whichever way it runs the agent and however it came to that."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import boto3
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "tools"))

import pages

UNIT = "/etc/systemd/system/ecs.service"
CONFIG = "/etc/ecs/ecs.config"
METADATA = "curl --silent --fail --retry 60 --retry-delay 1 --retry-all-errors http://127.0.0.1:51678/v1/metadata"
PACKAGE_IMAGE = "amazon/amazon-ecs-agent"
CONTAINER_IMAGE = "public.ecr.aws/ecs/amazon-ecs-agent:v1.105.1"


@pytest.fixture(scope="module")
def agent(host):
    """What the agent says of itself, once it has registered."""
    return json.loads(host.check_output(METADATA))


@pytest.fixture(scope="module")
def in_container(host, agent):
    """Whether the host runs the agent as a container of ours."""
    return host.file(UNIT).exists


def package_of(host):
    """Name and version of the package that the agent's program is from; None where there is none."""
    if host.exists("rpm"):
        query = "rpm --query --queryformat 'installed %{NAME} %{VERSION}' --whatprovides /usr/libexec/amazon-ecs-init"
    else:
        query = "dpkg-query --show --showformat='${db:Status-Status} ${Package} ${Version}' amazon-ecs-init"
    found = host.run(query).stdout.split()
    return (found[1], found[2].partition("-")[0]) if found[:1] == ["installed"] else None


def images(host):
    return host.check_output("docker images --format '{{.Repository}}:{{.Tag}}'")


def test_every_host_is_one_container_instance_however_often_it_was_switched(host, agent):
    ecs = boto3.client("ecs")
    known = ecs.list_container_instances(cluster="demo")["containerInstanceArns"]
    assert agent["ContainerInstanceArn"] in known
    assert len(known) == 3
    described = ecs.describe_container_instances(cluster="demo", containerInstances=known)["containerInstances"]
    assert {instance["status"] for instance in described} == {"ACTIVE"}


def test_the_agent_runs_and_starts_at_boot(host, agent):
    service = host.service("ecs")
    assert service.is_running
    assert service.is_enabled


def test_the_agent_that_runs_is_the_version_that_is_installed(host, agent, in_container):
    version = CONTAINER_IMAGE.rpartition(":v")[2] if in_container else package_of(host)[1]
    assert f"v{version} " in agent["Version"]


def test_the_agents_file_is_readable_by_root_only(host):
    file = host.file(CONFIG)
    assert (file.user, file.group, file.mode) == ("root", "root", 0o600)


def test_nothing_of_the_other_way_is_left(host, in_container):
    if in_container:
        assert package_of(host) is None
        for path in ("/usr/libexec/amazon-ecs-init", "/usr/lib/systemd/system/ecs.service", "/var/cache/ecs"):
            assert not host.file(path).exists, path
        assert host.run("find /etc/systemd/system/ecs.service.d -name 'fleetkit*'").stdout == ""
        assert PACKAGE_IMAGE not in images(host).replace(CONTAINER_IMAGE, "")
    else:
        assert package_of(host)[0] in ("amazon-ecs-init", "ecs-init")
        assert CONTAINER_IMAGE not in images(host)
    assert host.check_output("docker ps --all --format '{{.Names}}'").split() == ["ecs-agent"]


def test_the_container_has_what_amazon_documents_and_no_more(host, in_container):
    if not in_container:
        assert json.loads(host.check_output("docker inspect ecs-agent"))[0]["Config"]["Image"].startswith(PACKAGE_IMAGE)
        return
    inspected = json.loads(host.check_output("docker inspect ecs-agent"))[0]
    settings = inspected["HostConfig"]
    awsvpc = "trixie" in host.check_output("hostname")
    assert settings["NetworkMode"] == "host"
    assert not settings["Privileged"]
    added = {capability.removeprefix("CAP_") for capability in settings["CapAdd"] or []}
    assert added == ({"NET_ADMIN", "SYS_ADMIN"} if awsvpc else set())
    mounted = {mount["Destination"] for mount in inspected["Mounts"]}
    assert {"/var/run", "/etc/ecs", "/data", "/log"} <= mounted
    assert ("/host/sbin" in mounted) is awsvpc


@pytest.mark.parametrize("command", pages.commands((pages.DOCS / "agent_methods.md").read_text()))
def test_the_commands_of_the_guide_work_on_a_host(host, agent, command):
    assert host.run(command).rc == 0


def test_the_agent_stops_for_good_when_it_can_never_register(host, agent):
    """The saved state is of the cluster demo: with another one the agent exits with 5, and stays down."""
    host.check_output(f"cp --preserve {CONFIG} /root/ecs.config")
    try:
        host.check_output(f"sed --in-place s/^ECS_CLUSTER=.*/ECS_CLUSTER=elsewhere/ {CONFIG}")
        host.run("systemctl restart ecs")
        host.check_output("timeout 60 sh -c 'until systemctl is-failed --quiet ecs; do sleep 0.2; done'")
        shown = host.check_output("systemctl show ecs --property=ExecMainStatus,RestartPreventExitStatus,NRestarts")
        assert "ExecMainStatus=5" in shown
        assert "RestartPreventExitStatus=5" in shown
        assert "NRestarts=0" in shown
    finally:
        host.check_output(f"cp --preserve /root/ecs.config {CONFIG}")
        host.check_output("systemctl reset-failed ecs; systemctl start ecs")
        again = json.loads(host.check_output(METADATA))
    assert again["ContainerInstanceArn"] == agent["ContainerInstanceArn"]
