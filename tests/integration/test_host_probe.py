# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packets of ecs_host_check, from a real bridge in a network namespace, by IPv4 and IPv6."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from namespace import BACKENDS, Namespace

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

# A bridge like Docker's, and IMDS and the credentials endpoint on the host itself.
HOST = """
ip link add docker0 type bridge
ip address add 172.17.0.1/16 dev docker0
ip -6 address add fd00:17::1/64 dev docker0 nodad
ip link set docker0 up
for address in 169.254.169.254/32 169.254.170.2/32 fd00:ec2::254/128; do ip address add $address dev lo; done
"""
SERVERS = """
import http.server, socket, threading
class Server(http.server.HTTPServer):
    address_family = socket.AF_INET6
    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()
server = Server(("::", 80), http.server.BaseHTTPRequestHandler)
open("/run/listening", "w").write("yes")
server.serve_forever()
"""
SEND = """
import dataclasses, json, sys
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.engine import Bridge
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.probe import send
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.read import Commands
with patch_module_args({}):
    commands = Commands(AnsibleModule({}))
bridge = Bridge("docker0", (("172.17.0.0/16", "172.17.0.1"), ("fd00:17::/64", "fd00:17::1"))[:int(sys.argv[1])])
print(json.dumps(dataclasses.asdict(send(commands, bridge, external=False))))
"""
V4, V6 = "169.254.169.254", "fd00:ec2::254"


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    namespace = Namespace(tmp_path_factory.mktemp("host"), BACKENDS[0]).start()
    namespace.shell(HOST)
    servers = namespace.spawn(sys.executable, "-c", SERVERS, stderr=subprocess.DEVNULL)
    namespace.shell("until [ -e /run/listening ]; do :; done")
    yield namespace
    servers.kill()
    servers.communicate()
    namespace.stop()


def send(host, networks="2"):
    return json.loads(host.run(sys.executable, "-c", SEND, networks))


def test_what_is_open_is_reached_from_the_bridge_and_from_the_host(host):
    packets = send(host)
    assert packets["problem"] == ""
    assert packets["imds"] == packets["host_imds"] == {V4: True, V6: True}
    assert packets["credentials"] == 501


@pytest.mark.parametrize(("tool", "address"), [("iptables", V4), ("ip6tables", V6)])
def test_what_is_closed_to_the_bridge_is_still_open_to_the_host(host, tool, address):
    rule = f"INPUT -i docker0 -d {address} -j DROP"
    host.shell(f"{tool} -I {rule}")
    packets = send(host)
    host.shell(f"{tool} -D {rule}")
    assert packets["imds"] == {V4: True, V6: True, address: False}
    assert packets["host_imds"] == {V4: True, V6: True}


def test_a_packet_that_is_lost_does_not_make_what_is_open_look_closed(host):
    rule = f"INPUT -i docker0 -d {V4} -p tcp --syn -m statistic --mode nth --every 2 --packet 0 -j DROP"
    host.shell(f"iptables -I {rule}")
    packets = send(host)
    host.shell(f"iptables -D {rule}")
    assert packets["imds"] == {V4: True, V6: True}


def test_from_a_bridge_without_a_free_address_nothing_is_said_to_be_closed(host):
    packets = send(host, networks="0")
    assert packets["problem"] == "docker0 has no address that is free"


def test_nothing_stays_behind(host):
    look = "ip -o link | cut -d: -f2; ip address show dev docker0 | grep inet; ip route; ip netns"
    before = host.shell(look)
    send(host)
    assert host.shell(look) == before


def test_a_sender_that_is_killed_leaves_nothing_behind_either(host):
    before = host.shell("ip -o link | cut -d: -f2")
    host.shell(f"iptables -I INPUT -i docker0 -d {V4} -j DROP")
    sender = host.spawn(sys.executable, "-c", SEND, "2")
    host.shell("until ip -o link | grep -q vethfk; do :; done")
    sender.kill()
    sender.communicate()
    host.shell("while ip -o link | grep -q vethfk; do :; done")
    host.shell(f"iptables -D INPUT -i docker0 -d {V4} -j DROP")
    assert host.shell("ip -o link | cut -d: -f2") == before
