# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.introspection import Report
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.checks import NAMES, OF_THE_HOST, report
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.engine import Bridge, bridge_of
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.model import (
    Engine,
    Host,
    Packets,
    Registration,
    Space,
    Wanted,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.probe import places

GIB = 2**30
ARN = "arn:aws:ecs:us-west-2:123456789012:container-instance/demo/39baec737bb841f5b599585d13e906b8"
V4, V6 = "169.254.169.254", "fd00:ec2::254"
UNIT = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled"}
CONFIG = {"ECS_CLUSTER": "demo", "ECS_ENABLE_TASK_IAM_ROLE": "true"}
RIGHT = Host(
    units={"ecs.service": UNIT},
    agent=Report("registered", "", "demo", ARN, "1.80.0"),
    config=CONFIG,
    environment={**CONFIG, "PATH": "/"},
    wanted=Wanted({"ECS_CLUSTER": "demo"}, time=0),
    clock=0.4,
    spaces=[Space("/var/lib/docker", 9 * GIB, 0.9), Space("/var/log/ecs", GIB, 0.9)],
    engine=Engine("26.1.5+dfsg1", "2"),
    packets=Packets(credentials=404, imds={V4: False}, host_imds={V4: True, V6: False}),
)
EXTERNAL = replace(
    RIGHT,
    config={**CONFIG, "ECS_EXTERNAL": "true"},
    environment={**CONFIG, "ECS_EXTERNAL": "true"},
    packets=Packets(credentials=404),
    registration=Registration("mi-0123456789abcdef0", "active", 60.0),
)


def statuses(host):
    return {check["name"]: check["status"] for check in report(list(OF_THE_HOST), there=host)["checks"]}


def wrong(host):
    """The checks that are not right, and what the first of them says."""
    found = [each for each in report(list(OF_THE_HOST), there=host)["checks"] if each["remedy"]]
    return {each["name"]: each["status"] for each in found}, (found[0]["found"], found[0]["remedy"]) if found else None


def test_every_check_has_its_place():
    assert set(NAMES) == {*OF_THE_HOST, "credential_path", "imds_guard"}


def test_a_host_that_is_right():
    assert statuses(RIGHT) == {**dict.fromkeys(OF_THE_HOST, "ok"), "ssm": "not_applicable"}


def test_an_external_host_that_is_right():
    apart = dict.fromkeys(["imds_closed", "imds_open"], "not_applicable")
    assert statuses(EXTERNAL) == {**dict.fromkeys(OF_THE_HOST, "ok"), **apart}


STOPPED = {"ecs.service": {**UNIT, "ActiveState": "inactive"}}
NO_ANSWER = Report("absent", "nothing listens on 127.0.0.1:51678.")


@pytest.mark.parametrize(
    ("changed", "not_right", "found", "remedy"),
    [
        (
            {"units": {"ecs.service": {**UNIT, "UnitFileState": "disabled"}}},
            {"agent": "wrong"},
            "boot",
            "systemctl enable",
        ),
        ({"units": {"ecs.service": {"LoadState": "not-found"}}}, {"agent": "wrong"}, "no ecs.service", "playbook"),
        (
            {
                "units": STOPPED,
                "agent": NO_ANSWER,
                "environment": None,
                "packets": replace(RIGHT.packets, credentials=None),
            },
            {
                "agent": "wrong",
                "agent_version": "pending",
                "cluster": "pending",
                "variables": "pending",
                "task_credentials": "pending",
            },
            "ecs.service is inactive",
            "systemctl start ecs",
        ),
        (
            {
                "config": {**CONFIG, "ECS_EBSTA_SUPPORTED": "true"},
                "environment": {**CONFIG, "ECS_EBSTA_SUPPORTED": "true"},
            },
            {"agent_version": "wrong"},
            "ECS_EBSTA_SUPPORTED needs agent 1.82.0, and 1.80.0 runs",
            "agent_version",
        ),
        (
            {"agent": replace(RIGHT.agent, cluster="other")},
            {"cluster": "wrong"},
            "other, not in demo",
            "agent_move_cluster",
        ),
        (
            {"environment": {**CONFIG, "ECS_ENABLE_TASK_IAM_ROLE": "false"}},
            {"variables": "wrong"},
            "ECS_ENABLE_TASK_IAM_ROLE is true in ecs.config, and the agent was started with false",
            "systemctl restart ecs",
        ),
        (
            {"wanted": Wanted({"ECS_LOGLEVEL": "debug"}, time=0)},
            {"variables": "wrong"},
            "ECS_LOGLEVEL is not set in ecs.config, and declared debug",
            "playbook",
        ),
        (
            {"packets": replace(RIGHT.packets, credentials=None)},
            {"task_credentials": "wrong"},
            "169.254.170.2 does not answer",
            "see credential_path",
        ),
        (
            {"packets": replace(RIGHT.packets, imds={V4: True})},
            {"imds_closed": "wrong"},
            f"{V4} answers a packet",
            "imds_guard",
        ),
        (
            {"packets": replace(RIGHT.packets, imds={V4: False, V6: True}, host_imds={V4: True, V6: True})},
            {"imds_closed": "wrong"},
            f"{V6} answers a packet",
            "imds_guard",
        ),
        ({"persisted": False}, {"imds_closed": "wrong"}, "nothing brings the guard back", "playbook"),
        (
            {"packets": replace(RIGHT.packets, imds={}, host_imds={V4: False})},
            {"imds_open": "wrong"},
            "does not answer the host",
            "modify-instance-metadata-options",
        ),
        (
            {"packets": Packets(problem="no", host_imds={V4: True})},
            {"task_credentials": "wrong", "imds_closed": "wrong"},
            "no packet could be sent",
            "docker",
        ),
        (
            {"engine": replace(RIGHT.engine, other_agents=["mine"])},
            {"conflicts": "wrong"},
            "mine is another",
            "docker rm",
        ),
        ({"leftovers": [("a snapshot", "remove it")]}, {"conflicts": "wrong"}, "a snapshot", "remove it"),
        ({"clock": -400.0}, {"clock": "wrong"}, "400 seconds behind", "NTP"),
        ({"spaces": [Space("/var/lib/docker", GIB // 2, 0.9)]}, {"disk": "wrong"}, "has 512 MiB left", "make room"),
        ({"spaces": [Space("/var/lib/docker", 9 * GIB, 0.01)]}, {"disk": "wrong"}, "1% of its inodes", "remove files"),
        ({"engine": Engine("19.03.1", "1")}, {"docker": "wrong"}, "Docker is 19.03.1", "20.10"),
        ({"engine": Engine()}, {"docker": "wrong"}, "does not answer on its socket", "systemctl start docker"),
    ],
)
def test_what_is_wrong_is_the_one_check_that_is_about_it(changed, not_right, found, remedy):
    got, told = wrong(replace(RIGHT, **changed))
    assert got == not_right
    assert found in told[0]
    assert remedy in told[1]


@pytest.mark.parametrize(
    ("registration", "found"),
    [
        (Registration("", "active", 60.0), "not registered with Systems Manager"),
        (Registration("mi-0123456789abcdef0", "failed", 60.0), "amazon-ssm-agent.service is failed"),
        (Registration("mi-0123456789abcdef0", "active", None), "credentials is not there"),
        (Registration("mi-0123456789abcdef0", "active", 5400.0), "credentials is 90 minutes old"),
    ],
)
def test_an_external_host_needs_a_living_ssm_agent(registration, found):
    got, told = wrong(replace(EXTERNAL, registration=registration))
    assert got == {"ssm": "wrong"}
    assert found in told[0]


def test_secrets_are_compared_and_never_shown():
    secret = {"ECS_ENGINE_AUTH_DATA": '{"https://registry": {"password": "hunter2hunter2"}}'}
    host = replace(RIGHT, config={**CONFIG, **secret}, environment={**CONFIG, "ECS_ENGINE_AUTH_DATA": "{}"})
    got, told = wrong(host)
    assert got == {"variables": "wrong"}
    assert "ECS_ENGINE_AUTH_DATA" in told[0]
    assert "hunter2" not in str(told)


def test_a_host_without_a_default_bridge_has_nowhere_to_send_from():
    host = replace(RIGHT, packets=Packets("", host_imds={V4: True}))
    assert {name: statuses(host)[name] for name in ("task_credentials", "imds_closed")} == {
        "task_credentials": "not_applicable",
        "imds_closed": "not_applicable",
    }


def test_silence_of_an_imds_that_is_silent_to_the_host_too_proves_nothing():
    host = replace(RIGHT, packets=Packets(credentials=404, host_imds={V4: False}))
    assert statuses(host)["imds_closed"] == "not_applicable"


def test_the_place_on_the_bridge_gets_the_highest_address_that_is_free():
    bridge = bridge_of(
        {
            "IPAM": {
                "Config": [
                    {"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"},
                    {"Subnet": "fd00:1::/64", "Gateway": "fd00:1::1"},
                ]
            },
            "Containers": {"a": {"IPv4Address": "172.17.255.254/16", "IPv6Address": ""}},
            "Options": {"com.docker.network.bridge.name": "docker7"},
        }
    )
    assert bridge.interface == "docker7"
    assert list(places(bridge)) == [
        ("172.17.255.253/16", "172.17.0.1"),
        ("fd00:1::ffff:ffff:ffff:ffff/64", "fd00:1::1"),
    ]


def test_a_bridge_whose_gateway_docker_does_not_tell_yet_has_the_first_address():
    """Docker 20.10 at its first start."""
    bridge = bridge_of({"IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}})
    assert list(places(bridge)) == [("172.17.255.254/16", "172.17.0.1")]


def test_a_bridge_that_is_full_has_no_place():
    taken = frozenset({"10.0.0.1", "10.0.0.2"})
    assert not list(places(Bridge("docker0", (("10.0.0.0/30", "10.0.0.1"),), taken)))


def test_an_external_host_needs_no_guard_and_no_rule_of_it():
    (check,) = report(["imds_guard"], there=Host(config={"ECS_EXTERNAL": "true"}))["checks"]
    assert check["status"] == "not_applicable"
    (check,) = report(["imds_guard"], there=Host())["checks"]
    assert check["status"] == "pending"  # nothing was looked at here
