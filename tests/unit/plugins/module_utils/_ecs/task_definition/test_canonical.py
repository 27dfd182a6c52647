# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.canonical import (
    DEFAULTS,
    SOURCES,
    canonical,
    equal,
)

CONTAINER = {"name": "web", "image": "nginx", "memory": 128}
WEB = {"family": "web", "containerDefinitions": [CONTAINER]}


def with_container(**members):
    return {**WEB, "containerDefinitions": [{**CONTAINER, **members}]}


def port(**members):
    return with_container(portMappings=[members])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (WEB, with_container(cpu=0, essential=True, environment=[], mountPoints=[], volumesFrom=[], portMappings=[])),
        (
            WEB,
            {**WEB, "networkMode": "bridge", "volumes": [], "placementConstraints": [], "enableFaultInjection": False},
        ),
        (WEB, with_container(links=None, command=[], dockerLabels={}, linuxParameters={"capabilities": {"add": []}})),
        (port(containerPort=80), port(containerPort=80, hostPort=0, protocol="tcp")),
        (
            {**port(containerPort=80), "networkMode": "awsvpc"},
            {**port(containerPort=80, hostPort=80), "networkMode": "awsvpc"},
        ),
        (
            {**port(containerPort=80), "networkMode": "host"},
            {**port(containerPort=80, hostPort=80, protocol="tcp"), "networkMode": "host"},
        ),
        (
            with_container(healthCheck={"command": ["CMD", "true"]}),
            with_container(healthCheck={"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3}),
        ),
        (
            with_container(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": ""}]),
            with_container(environment=[{"name": "B"}, {"name": "A", "value": "1"}]),
        ),
        (
            with_container(secrets=[{"name": "A", "valueFrom": "a"}, {"name": "B", "valueFrom": "b"}]),
            with_container(secrets=[{"name": "B", "valueFrom": "b"}, {"name": "A", "valueFrom": "a"}]),
        ),
        (
            with_container(logConfiguration={"logDriver": "awslogs", "options": {"a": "1", "b": "2"}}),
            with_container(
                logConfiguration={"logDriver": "awslogs", "options": {"b": "2", "a": "1"}, "secretOptions": []}
            ),
        ),
        (
            {**WEB, "volumes": [{"name": "a"}, {"name": "b", "host": {"sourcePath": "/b"}}]},
            {**WEB, "volumes": [{"name": "b", "host": {"sourcePath": "/b"}}, {"name": "a", "host": {}}]},
        ),
        (
            {**WEB, "volumes": [{"name": "a", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]},
            {
                **WEB,
                "volumes": [
                    {
                        "name": "a",
                        "efsVolumeConfiguration": {
                            "fileSystemId": "fs-1",
                            "rootDirectory": "/",
                            "transitEncryption": "DISABLED",
                        },
                    }
                ],
            },
        ),
        ({**WEB, "cpu": "1 vCPU", "memory": "0.5GB"}, {**WEB, "cpu": "1024", "memory": "512"}),
        ({**WEB, "cpu": ".25 vcpu", "memory": "2 gb"}, {**WEB, "cpu": "256", "memory": "2048"}),
        (
            {**WEB, "requiresCompatibilities": ["FARGATE", "EC2"], "networkMode": "awsvpc"},
            {
                **WEB,
                "requiresCompatibilities": ["EC2", "FARGATE"],
                "networkMode": "awsvpc",
                "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
            },
        ),
    ],
)
def test_what_means_the_same_is_equal(one, other):
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (WEB, with_container(image="nginx:latest")),
        (WEB, with_container(cpu=1)),
        (WEB, with_container(essential=False)),
        (WEB, {**WEB, "networkMode": "host"}),
        (WEB, {**WEB, "taskRoleArn": "arn:aws:iam::123456789012:role/r"}),
        (WEB, {**WEB, "cpu": "256"}),
        ({**WEB, "memory": "1.5 GB"}, {**WEB, "memory": "1 GB"}),
        # A container instance of any platform takes it, or only one of this platform.
        (WEB, {**WEB, "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}}),
        # On Windows, bridge is not what no mode means.
        (
            {**WEB, "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2025_CORE"}},
            {**WEB, "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2025_CORE"}, "networkMode": "bridge"},
        ),
        (port(containerPort=80), port(containerPort=80, hostPort=80)),
        (port(containerPort=80), port(containerPort=80, protocol="udp")),
        (port(containerPort=80), with_container(portMappings=[{"containerPort": 80}, {"containerPort": 81}])),
        (with_container(command=["a", "b"]), with_container(command=["b", "a"])),
        (with_container(dnsServers=["1.1.1.1", "2.2.2.2"]), with_container(dnsServers=["2.2.2.2", "1.1.1.1"])),
        (
            with_container(environmentFiles=[{"type": "s3", "value": "a"}, {"type": "s3", "value": "b"}]),
            with_container(environmentFiles=[{"type": "s3", "value": "b"}, {"type": "s3", "value": "a"}]),
        ),
        (
            with_container(environment=[{"name": "A", "value": "1"}]),
            with_container(environment=[{"name": "A", "value": "2"}]),
        ),
        (
            with_container(healthCheck={"command": ["CMD", "true"]}),
            with_container(healthCheck={"command": ["CMD", "true"], "startPeriod": 10}),
        ),
        (
            {**WEB, "volumes": [{"name": "a", "dockerVolumeConfiguration": {"scope": "task"}}]},
            {**WEB, "volumes": [{"name": "a", "dockerVolumeConfiguration": {"scope": "task", "autoprovision": False}}]},
        ),
    ],
)
def test_what_means_something_else_is_not(one, other):
    assert not equal(one, other)


def test_containers_are_shown_by_name_so_that_a_change_moves_nothing_in_a_diff():
    definition = {"family": "f", "containerDefinitions": [{"name": "b", "command": ["x"]}, {"name": "a", "image": "i"}]}
    assert [one["name"] for one in canonical(definition)["containerDefinitions"]] == ["a", "b"]


def test_nothing_that_was_given_is_changed():
    given = with_container(essential=True, environment=[{"name": "B"}, {"name": "A"}])
    copied = copy.deepcopy(given)
    canonical(given)
    assert given == copied


def test_every_default_is_that_of_a_member_of_the_model_and_names_its_source(shape):
    for default in DEFAULTS:
        member = parent = shape
        for step in default.path.replace("[]", ".[]").split("."):
            parent, member = member, member.member if step == "[]" else member.members[step]
        page = f"APIReference/API_{parent.name.removesuffix('Request')}.html"
        assert default.source in (page, "developerguide/task_definition_parameters.html"), SOURCES
        if not callable(default.value) and getattr(member, "enum", None):
            assert default.value in member.enum
