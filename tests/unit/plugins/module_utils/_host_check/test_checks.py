# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.checks import (
    CREDENTIALS,
    DOCKER_USER,
    ECS_INIT_RULES,
    FORWARD,
    GUARD,
    INPUT,
    METADATA,
    OUTPUT,
    PREROUTING,
    Facts,
    report,
)

ACTIVE = {"ecs.service": "active", "docker.service": "active"}
RIGHT = Facts(
    chains={
        **{place: (rule,) for place, rule in ECS_INIT_RULES},
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


@pytest.mark.parametrize("units", [{}, {"ecs.service": "failed"}, {"ecs.service": "activating"}])
def test_without_ecs_the_path_is_pending_whatever_the_rules(units):
    for present in (RIGHT.chains, {}):
        assert judged("credential_path", replace(RIGHT, units=units, chains=present))[0] == "pending"


@pytest.mark.parametrize(
    ("changed", "found", "remedy"),
    [
        ({"chains": chains(OUTPUT=())}, "rule missing: -t nat -A OUTPUT", "systemctl restart ecs"),
        ({"chains": chains(INPUT=())}, "rule missing: -t filter -A INPUT", "ECS_SKIP_LOCALHOST_TRAFFIC_FILTER"),
        (
            {"chains": chains(PREROUTING=(ECS_INIT_RULES[0][1],) * 3)},
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
    commented = ECS_INIT_RULES[1][1].replace("-j", '-m comment --comment "by \\"hand\\"" -j')
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
        ({"chains": {}, "units": {"docker.service": "inactive"}}, "pending", "docker.service is inactive"),
        ({"chains": {}, "units": {}}, "pending", "docker.service is unknown"),
    ],
)
def test_the_guard(changed, status, found):
    said = judged("imds_guard", replace(RIGHT, **changed))
    assert said[0] == status
    assert found in said[1]
    assert said[2]
