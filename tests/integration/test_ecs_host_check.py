# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ecs_host_check in a network namespace: real rules, a real sysctl and real HTTP answers."""

from __future__ import annotations

import os
import sys

import pytest
from namespace import BACKENDS, Namespace

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

# The commands of ecs-init's pre-start, word for word.
ECS_INIT = """
echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
iptables -t nat -A PREROUTING -p tcp -d 169.254.170.2 --dport 80 -j DNAT --to-destination 127.0.0.1:51679
iptables -t filter -I INPUT --dst 127.0.0.0/8 ! --src 127.0.0.0/8 \
    -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
iptables -t filter -I INPUT -p tcp --dport 51678 ! -i lo -j DROP
iptables -t nat -A OUTPUT -p tcp -d 169.254.170.2 --dport 80 -j REDIRECT --to-ports 51679
"""
DOCKER = "iptables -N DOCKER-USER; iptables -A DOCKER-USER -j RETURN; iptables -I FORWARD -j DOCKER-USER"
GUARD = "-d 169.254.169.254/32 -i docker+ -m comment --comment 'fleetkit.ecs:imds-guard' -j DROP"

SYSTEMCTL = """#!/bin/sh
echo "Id=ecs.service"; echo "ActiveState=$(cat /run/ecs 2>/dev/null || echo inactive)"; echo
echo "Id=docker.service"; echo "ActiveState=$(cat /run/docker 2>/dev/null || echo inactive)"
"""

# Answers like the agent's two servers: 404 for / and 200 for the metadata.
AGENT = """
import http.server, threading
class Agent(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/v1/metadata" else 404)
        self.end_headers()
for port in (51678, 51679):
    server = http.server.HTTPServer(("127.0.0.1", port), Agent)
    threading.Thread(target=server.serve_forever).start()
open("/run/listening", "w").write("yes")
"""


@pytest.fixture(params=BACKENDS)
def host(request, tmp_path):
    namespace = Namespace(tmp_path, request.param).start()
    namespace.install("systemctl", SYSTEMCTL)
    yield namespace
    namespace.stop()


@pytest.fixture
def ecs(host):
    """A host where ecs.service is active."""
    host.shell(f"{ECS_INIT}echo active >/run/ecs")
    agent = host.spawn(sys.executable, "-c", AGENT)
    host.shell("until [ -e /run/listening ]; do :; done")
    yield host
    agent.kill()
    agent.communicate()


def check(host, name):
    result = host.module("ecs_host_check", checks=[name])
    assert not result.failed, result.msg
    assert not result.changed
    (answer,) = result.checks
    assert answer["name"] == name
    assert result.ok == (answer["status"] != "wrong")
    return answer


def test_a_working_credential_path_is_ok(ecs):
    before = ecs.state()
    answer = check(ecs, "credential_path")
    assert (answer["status"], answer["remedy"]) == ("ok", "")
    assert ecs.state() == before


def test_before_ecs_starts_the_credential_path_is_pending(host):
    answer = check(host, "credential_path")
    assert answer["status"] == "pending"
    assert answer["found"] == "ecs.service is inactive"
    assert "ecs-init makes these rules" in answer["remedy"]


def test_a_doubled_rule_is_wrong_and_its_remedy_works_as_written(ecs):
    ecs.shell(
        "iptables -t nat -A PREROUTING -p tcp -d 169.254.170.2 --dport 80 -j DNAT --to-destination 127.0.0.1:51679"
    )
    answer = check(ecs, "credential_path")
    assert answer["status"] == "wrong"
    assert "rule there 2 times: -t nat -A PREROUTING -d 169.254.170.2/32" in answer["found"]
    ecs.shell(answer["remedy"].split("run 1 time(s): ")[1])
    assert check(ecs, "credential_path")["status"] == "ok"


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        ("iptables -t nat -F OUTPUT", "rule missing: -t nat -A OUTPUT -d 169.254.170.2/32"),
        ("iptables -F INPUT", "rule missing: -t filter -A INPUT ! -s 127.0.0.0/8"),
        ("echo 0 >/proc/sys/net/ipv4/conf/all/route_localnet", "net.ipv4.conf.all.route_localnet is 0"),
    ],
)
def test_what_is_lost_is_wrong(ecs, spoil, found):
    ecs.shell(spoil)
    answer = check(ecs, "credential_path")
    assert answer["status"] == "wrong"
    assert found in answer["found"]
    assert "systemctl restart ecs" in answer["remedy"]


def test_an_agent_that_does_not_answer_is_wrong(host):
    host.shell(f"{ECS_INIT}echo active >/run/ecs")
    answer = check(host, "credential_path")
    assert answer["status"] == "wrong"
    assert "nothing answers at http://127.0.0.1:51679/" in answer["found"]
    assert "http://127.0.0.1:51678/v1/metadata answers nothing" in answer["found"]


def test_the_guard_placed_by_the_module_is_ok(host):
    host.shell(f"{DOCKER}; iptables -I DOCKER-USER {GUARD}")
    assert check(host, "imds_guard")["status"] == "ok"


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (DOCKER, "-j DROP is missing"),
        (f"{DOCKER}; iptables -A DOCKER-USER {GUARD}", "-j DROP is at position 2"),
        (f"{DOCKER}; iptables -I DOCKER-USER {GUARD}; iptables -F FORWARD", "FORWARD does not jump to DOCKER-USER"),
        (
            f"{DOCKER}; iptables -I DOCKER-USER {GUARD}; iptables -I FORWARD -i docker0 -j ACCEPT",
            "FORWARD accepts packets before it jumps to DOCKER-USER",
        ),
        ("echo active >/run/docker", "chain DOCKER-USER does not exist and docker.service is active"),
    ],
)
def test_an_open_guard_is_wrong(host, state, found):
    host.shell(state)
    answer = check(host, "imds_guard")
    assert answer["status"] == "wrong"
    assert found in answer["found"]


def test_before_docker_starts_the_guard_is_pending(host):
    assert check(host, "imds_guard")["status"] == "pending"
