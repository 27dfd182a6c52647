# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.checks import report
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.network import (
    CREDENTIAL_RULES,
    CREDENTIALS,
    DOCKER_USER,
    FORWARD,
    GUARD,
    INPUT,
    METADATA,
    OUTPUT,
    PREROUTING,
    Facts,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import Beside, Docker
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.persist import UNIT


def units(**states):
    """Underscores for the dots of units."""
    return {name.replace("_", "."): {"ActiveState": state} for name, state in states.items()}


ACTIVE = units(ecs_service="active", docker_service="active")
RIGHT = Facts(
    chains={
        **{place: (rule,) for place, rule in CREDENTIAL_RULES},
        DOCKER_USER: (GUARD, "-j RETURN"),
        FORWARD: ("-j DOCKER-USER", "-i docker0 -j ACCEPT"),
    },
    units=ACTIVE,
    route_localnet="1",
    answers={CREDENTIALS: 404, METADATA: 200},
)


def chains(**changed):
    named = {"PREROUTING": PREROUTING, "OUTPUT": OUTPUT, "INPUT": INPUT, "FORWARD": FORWARD, "DOCKER_USER": DOCKER_USER}
    return {**RIGHT.chains, **{named[name]: rules for name, rules in changed.items()}}


def judged(name, facts):
    answer = report([name], facts)
    (check,) = answer["checks"]
    assert answer["ok"] == (check["status"] != "wrong")
    return check["status"], check["found"], check["remedy"]


def test_a_host_that_is_right():
    assert report(["imds_guard", "credential_path"], RIGHT) == {
        "ok": True,
        "checks": [
            {"name": name, "status": "ok", "found": "all as it should be", "remedy": ""}
            for name in ("imds_guard", "credential_path")
        ],
    }


@pytest.mark.parametrize("there", [{}, units(ecs_service="failed"), units(ecs_service="activating")])
def test_without_ecs_the_path_is_pending_whatever_the_rules(there):
    for present in (RIGHT.chains, {}):
        assert judged("credential_path", replace(RIGHT, units=there, chains=present))[0] == "pending"


@pytest.mark.parametrize(
    ("changed", "found", "remedy"),
    [
        ({"chains": chains(OUTPUT=())}, "rule missing: -t nat -A OUTPUT", "systemctl restart ecs"),
        ({"chains": chains(INPUT=())}, "rule missing: -t filter -A INPUT", "ECS_SKIP_LOCALHOST_TRAFFIC_FILTER"),
        (
            {"chains": chains(PREROUTING=(CREDENTIAL_RULES[0][1],) * 3)},
            "rule there 3 times: -t nat -A PREROUTING",
            "run 2 time(s): iptables -w -t nat -D PREROUTING",
        ),
        ({"route_localnet": "0"}, "net.ipv4.conf.all.route_localnet is 0", "systemctl restart ecs"),
        ({"answers": {CREDENTIALS: None, METADATA: 200}}, f"nothing answers at {CREDENTIALS}", "ecs-agent.log"),
        ({"answers": {CREDENTIALS: 404, METADATA: 500}}, f"{METADATA} answers 500", "ecs-agent.log"),
    ],
)
def test_a_broken_path_is_wrong(changed, found, remedy):
    status, said, mend = judged("credential_path", replace(RIGHT, **changed))
    assert status == "wrong"
    assert found in said
    assert remedy in mend


def test_a_rule_with_a_comment_counts_as_the_same_rule():
    commented = CREDENTIAL_RULES[1][1].replace("-j", '-m comment --comment "by \\"hand\\"" -j')
    _status, said, _mend = judged("credential_path", replace(RIGHT, chains=chains(OUTPUT=(commented, commented))))
    assert "rule there 2 times" in said


@pytest.mark.parametrize(
    ("changed", "status", "found"),
    [
        ({"chains": chains(DOCKER_USER=("-j RETURN", GUARD))}, "wrong", "is at position 2"),
        ({"chains": chains(DOCKER_USER=("-j RETURN",))}, "wrong", "is missing"),
        ({"chains": chains(FORWARD=())}, "wrong", "FORWARD does not jump"),
        ({"chains": chains(FORWARD=("-i docker0 -j ACCEPT", "-j DOCKER-USER"))}, "wrong", "FORWARD accepts packets"),
        ({"chains": {}}, "wrong", "docker.service is active"),
        ({"chains": {}, "units": units(docker_service="inactive")}, "pending", "docker.service is inactive"),
        ({"chains": {}, "units": {}}, "pending", "docker.service is unknown"),
    ],
)
def test_the_guard(changed, status, found):
    said = judged("imds_guard", replace(RIGHT, **changed))
    assert said[0] == status
    assert found in said[1]
    assert said[2]


BESIDE = Beside(prohibited=(("ipv4", "169.254.169.254"), ("ipv6", "fd00:ec2::254")))
ROUTING = {
    "ipv4": (
        "0 lookup local",
        "1 to 169.254.169.254 iif lo goto 3",
        "2 to 169.254.169.254 prohibit",
        "3 nop",
        "32766 lookup main",
    )
}
KEPT = {
    "docker.service": {"ActiveState": "active", "LoadState": "loaded", "After": f"network.target {UNIT}"},
    UNIT: {"ActiveState": "active", "UnitFileState": "enabled"},
}
GUARDED = replace(RIGHT, units=KEPT, sets={"task-network": BESIDE}, routing_rules=ROUTING)


def test_a_guarded_host_without_ipv6_is_right():
    assert judged("imds_guard", GUARDED)[0] == "ok"


@pytest.mark.parametrize(
    ("changed", "found", "remedy"),
    [
        ({"routing_rules": {"ipv4": ROUTING["ipv4"][:2]}}, "ipv4 routing rule missing: pref 2 to 169", "reload"),
        ({"routing_rules": {**ROUTING, "ipv6": ()}}, "ipv6 routing rule missing: pref 2 to fd00:ec2::254", "reload"),
        (
            {"routing_rules": {"ipv4": ("1 lookup vpn", *ROUTING["ipv4"])}},
            "an ipv4 routing rule stands before the guard's: 1 lookup vpn",
            "above 3",
        ),
        ({"units": {**KEPT, UNIT: {"ActiveState": "inactive"}}}, "is not both enabled and active", "enable --now"),
        (
            {"units": {**KEPT, "docker.service": {**KEPT["docker.service"], "After": ""}}},
            "docker.service does not start after",
            "daemon-reload",
        ),
        ({"docker": Docker(elsewhere="legacy")}, "Docker's chains are in iptables-legacy", "update-alternatives"),
    ],
)
def test_a_guard_that_would_open_is_wrong(changed, found, remedy):
    status, said, mend = judged("imds_guard", replace(GUARDED, **changed))
    assert status == "wrong"
    assert found in said
    assert remedy in mend


def test_with_dockers_own_nftables_the_routing_rules_are_enough():
    without = {place: rules for place, rules in RIGHT.chains.items() if place != DOCKER_USER}
    nftables = Docker(active=True, nftables=True)
    assert judged("imds_guard", replace(GUARDED, chains=without, docker=nftables))[0] == "ok"
    assert judged("imds_guard", replace(GUARDED, chains=without, docker=nftables, sets={}))[0] == "wrong"


MANAGED = replace(
    RIGHT, units={}, ecs_init=False, sets={"task-network": Beside(sysctls=(("net.ipv4.conf.all.route_localnet", "1"),))}
)


def test_a_path_of_our_own_is_looked_at_without_ecs_service():
    assert judged("credential_path", MANAGED)[0] == "ok"
    lost = replace(MANAGED, chains=chains(OUTPUT=()))
    assert judged("credential_path", lost)[0] == "wrong"
    assert "systemctl reload fleetkit-ecs-netfilter.service" in judged("credential_path", lost)[2]
    assert judged("credential_path", replace(MANAGED, answers={}))[0] == "pending"


def test_a_path_of_our_own_beside_ecs_init_is_wrong():
    assert "ecs-init is installed" in judged("credential_path", replace(MANAGED, ecs_init=True))[1]
