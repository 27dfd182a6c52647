# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""netfilter_rules with any input: applied exactly as read back, or refused before a change; foreign rules stay."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from namespace import BACKENDS, Namespace

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

FOREIGN = "-m comment --comment foreign -j RETURN"
PLACES = [("filter", "INPUT"), ("filter", "FORWARD"), ("filter", "MINE"), ("nat", "PREROUTING"), ("nat", "OUTPUT")]
PLACES += [("raw", "PREROUTING"), ("mangle", "POSTROUTING")]
SET_UP = "".join(
    f"for t in iptables ip6tables; do $t -t {table} -A {chain} {FOREIGN}; done;" for table, chain in PLACES
)

# Mostly what is nearly right, as what is plainly wrong is refused early and reaches nothing.
ADDRESSES = [
    "10.1.2.3",
    "10.0.0.0/8",
    "!127.0.0.1/8",
    "0.0.0.0/0",
    "fd00::1",
    "FD00::/7",
    "::ffff:1.2.3.4",
    "10.0.0.1/33",
]
INTERFACES = ["lo", "br-+", "! docker+", "eth0.100", "+", "x" * 16, "a b", "-j"]
PORTS = ["80", "!80:90", "0", "65535", "65536", "90:80", "0:65535", "http", "080"]
STATES = ["NEW", "!DNAT", "RELATED", "established", "SNAT", "OLD", "! INVALID"]
RULES = st.fixed_dictionaries(
    {
        "place": st.sampled_from([*PLACES, ("filter", "NOWHERE"), ("nat", "FORWARD")]),
        "jump": st.sampled_from(["ACCEPT", "DROP", "REJECT", "RETURN", "DNAT", "REDIRECT", "MINE", ""]),
        "ip_version": st.sampled_from(["ipv4", "ipv4", "ipv6"]),
    },
    optional={
        "position": st.integers(-1, 4),
        "action": st.sampled_from(["append", "insert"]),
        "protocol": st.sampled_from(["tcp", "UDP", "!tcp", "icmp", "icmpv6", "all", "6"]),
        "source": st.sampled_from(ADDRESSES) | st.text(max_size=12),
        "destination": st.sampled_from(ADDRESSES),
        "in_interface": st.sampled_from(INTERFACES) | st.text(max_size=6),
        "out_interface": st.sampled_from(INTERFACES),
        "destination_port": st.sampled_from(PORTS),
        "ctstate": st.lists(st.sampled_from(STATES), max_size=3),
        "to_destination": st.sampled_from(["127.0.0.1", "127.0.0.1:80", "[fd00::1]:80", "fd00::1", "host:1"]),
        "to_ports": st.sampled_from(["80", "80-90", "90-80", "x"]),
        "reject_with": st.sampled_from(["tcp-reset", "icmp-net-unreachable", "icmp6-no-route", "x"]),
    },
)


@pytest.fixture(scope="module", params=BACKENDS)
def host(request):
    with tempfile.TemporaryDirectory() as directory:
        namespace = Namespace(Path(directory), request.param).start()
        namespace.shell("for t in iptables ip6tables; do $t -N MINE; done;" + SET_UP)
        yield namespace
        namespace.stop()


def lines(host, wanted):
    """IP version, table and rule of every rule there is, ours or others'."""
    found = []
    for tool in ("iptables", "ip6tables"):
        table = ""
        for line in host.run(f"{tool}-save").splitlines():
            table = line[1:] if line.startswith("*") else table
            if line.startswith("-A") and ("fleetkit.ecs:fuzz" in line) == wanted:
                found.append(("ipv4" if tool == "iptables" else "ipv6", table, line))
    return sorted(found)


@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(given_rules=st.lists(RULES, min_size=1, max_size=3))
def test_any_rules_are_applied_as_read_back_or_refused_before_a_change(host, given_rules):
    rules = []
    for rule in given_rules:
        table, chain = rule["place"]
        rules.append({**{key: value for key, value in rule.items() if key != "place"}, "table": table, "chain": chain})
    ours, foreign = lines(host, wanted=True), lines(host, wanted=False)
    params = {"name": "fuzz", "rules": rules, "persist": False}
    real = host.module("netfilter_rules", **params)
    assert lines(host, wanted=False) == foreign
    if real.failed:
        assert real.msg
        assert "Traceback" not in real.msg
        assert lines(host, wanted=True) == ours
        return
    assert lines(host, wanted=True) == sorted(
        (entry["ip_version"], entry["table"], entry["rule"]) for entry in real.rules
    )
    assert len(real.rules) == len(rules)
    again = host.module("netfilter_rules", check=True, **params)
    assert not again.changed
