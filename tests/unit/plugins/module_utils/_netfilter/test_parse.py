# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import Beside
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.parse import parse_set

NONE = dict.fromkeys(
    (
        *("position", "protocol", "source", "destination", "in_interface", "out_interface", "destination_port"),
        *("ctstate", "to_destination", "to_ports", "reject_with"),
    )
)
DEFAULTS = {**NONE, "table": "filter", "ip_version": "ipv4", "chain": "INPUT", "jump": "ACCEPT", "action": "append"}
SET = {"name": "guard", "state": "present", "persist": True, "required_by_docker": False, "restore_ecs_init": False}
SET |= dict.fromkeys(("prohibit_forwarding_to", "sysctls", "loopback_routes"))


def parse(*rules, **params):
    return parse_set({**SET, "rules": [{**DEFAULTS, **rule} for rule in rules], **params})


@pytest.mark.parametrize(
    ("option", "spec"),
    [
        ({}, "-j ACCEPT"),
        ({"source": "10.1.2.3"}, "-s 10.1.2.3/32 -j ACCEPT"),
        ({"source": "! 10.1.2.3/8"}, "! -s 10.0.0.0/8 -j ACCEPT"),
        (
            {"out_interface": "eth0", "in_interface": "!br-+", "chain": "FORWARD", "destination": "10.0.0.1"},
            "-d 10.0.0.1/32 ! -i br-+ -o eth0 -j ACCEPT",
        ),
        ({"protocol": "!UDP"}, "! -p udp -j ACCEPT"),
        ({"protocol": "tcp", "destination_port": "80:80"}, "-p tcp -m tcp --dport 80 -j ACCEPT"),
        ({"protocol": "udp", "destination_port": "!1:2"}, "-p udp -m udp ! --dport 1:2 -j ACCEPT"),
        ({"ctstate": ["dnat", "NEW", "NEW"]}, "-m conntrack --ctstate NEW,DNAT -j ACCEPT"),
        ({"ctstate": ["! DNAT", "RELATED"]}, "-m conntrack ! --ctstate RELATED,DNAT -j ACCEPT"),
        ({"jump": "REJECT"}, "-j REJECT --reject-with icmp-port-unreachable"),
        ({"jump": "REJECT", "ip_version": "ipv6"}, "-j REJECT --reject-with icmp6-port-unreachable"),
        ({"ip_version": "ipv6", "protocol": "icmpv6"}, "-p ipv6-icmp -j ACCEPT"),
        ({"ip_version": "ipv6", "source": "FD00:EC2:0::254"}, "-s fd00:ec2::254/128 -j ACCEPT"),
        ({"ip_version": "ipv6", "source": "::ffff:1.2.3.4"}, "-s ::ffff:1.2.3.4/128 -j ACCEPT"),
        (
            {"table": "nat", "chain": "OUTPUT", "protocol": "tcp", "jump": "REDIRECT", "to_ports": "80-80"},
            "-p tcp -j REDIRECT --to-ports 80",
        ),
        (
            {
                "table": "nat",
                "chain": "PREROUTING",
                "protocol": "tcp",
                "jump": "DNAT",
                "to_destination": "10.0.0.1:080",
            },
            "-p tcp -j DNAT --to-destination 10.0.0.1:80",
        ),
        (
            {"table": "nat", "chain": "PREROUTING", "jump": "DNAT", "to_destination": "fd00::1", "ip_version": "ipv6"},
            "-j DNAT --to-destination fd00::1",
        ),
    ],
)
def test_a_rule_reads_as_iptables_prints_it(option, spec):
    (rule,) = parse(option).rules
    assert rule.spec == spec


def test_the_comment_stands_before_the_target():
    (rule,) = parse({"source": "10.0.0.1"}).rules
    assert rule.marked("guard") == '-s 10.0.0.1/32 -m comment --comment "fleetkit.ecs:guard" -j ACCEPT'


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ({"source": "host.example"}, "source 'host.example' is not an address or a network"),
        ({"source": "fd00::1"}, "source 'fd00::1/128' is IPv6, but the rule's ip_version is ipv4"),
        ({"destination": "0.0.0.0/0"}, "destination '0.0.0.0/0' is every address: leave the option out"),
        ({"destination": "!"}, "destination '' is not an address"),
        ({"in_interface": "a-name-of-16-char"}, "in_interface 'a-name-of-16-char' is not an interface"),
        ({"in_interface": "a b"}, "in_interface 'a b' is not an interface"),
        ({"in_interface": "+"}, "in_interface '+' is not an interface"),
        ({"in_interface": "eth0", "chain": "OUTPUT"}, "in_interface cannot be told in chain OUTPUT"),
        ({"out_interface": "eth0"}, "out_interface cannot be told in chain INPUT"),
        ({"chain": "x" * 29}, "chain 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxx' is not a chain's name"),
        ({"chain": "A B"}, "chain 'A B' is not a chain's name"),
        ({"chain": "-A"}, "chain '-A' is not a chain's name"),
        ({"chain": "PREROUTING"}, "chain PREROUTING does not exist in table filter, only in nat, raw, mangle"),
        ({"position": 0}, "position counts from 1"),
        ({"protocol": "icmpv6"}, "protocol 'icmpv6' must be one of tcp, udp, icmp for ipv4"),
        ({"destination_port": "80"}, "destination_port needs protocol tcp or udp"),
        ({"destination_port": "80", "protocol": "!tcp"}, "destination_port needs protocol tcp or udp"),
        ({"destination_port": "65536", "protocol": "tcp"}, "destination_port '65536' is not a port number"),
        ({"destination_port": "90:80", "protocol": "tcp"}, "destination_port '90:80' counts down"),
        ({"destination_port": "0:65535", "protocol": "tcp"}, "destination_port '0:65535' is every port"),
        ({"ctstate": ["NEW", "OLD"]}, "ctstate 'OLD' must be of INVALID, NEW"),
        ({"ctstate": ["NEW", "!DNAT"]}, "ctstate '!DNAT' must be of"),
        ({"jump": "DORP"}, "jump 'DORP' must be one of ACCEPT, DROP"),
        ({"jump": "DNAT"}, "jump DNAT works only in table nat"),
        ({"jump": "DROP", "table": "nat"}, "jump DROP works only in table filter and raw and mangle"),
        ({"jump": "DNAT", "table": "nat", "chain": "OUTPUT"}, "jump DNAT needs to_destination"),
        ({"to_destination": "10.0.0.1"}, "to_destination goes with jump DNAT only"),
        ({"to_ports": "80"}, "to_ports goes with jump REDIRECT only"),
        ({"reject_with": "tcp-reset"}, "reject_with goes with jump REJECT only"),
        ({"jump": "REJECT", "reject_with": "tcp-reset"}, "reject_with tcp-reset needs protocol tcp"),
        ({"jump": "REJECT", "reject_with": "icmp6-no-route"}, "reject_with 'icmp6-no-route' must be one of icmp-port"),
        (
            {"table": "nat", "chain": "OUTPUT", "jump": "DNAT", "to_destination": "10.0.0.1:80"},
            "to_destination needs protocol tcp or udp",
        ),
        (
            {"table": "nat", "chain": "OUTPUT", "jump": "DNAT", "protocol": "tcp", "to_destination": "fd00::1"},
            "to_destination 'fd00::1' is not an address with or without a port, such as 127.0.0.1:51679",
        ),
        (
            {"table": "nat", "chain": "OUTPUT", "jump": "REDIRECT", "to_ports": "80"},
            "to_ports needs protocol tcp or udp",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_rule_and_option(option, problem):
    with pytest.raises(Refusal) as refused:
        parse({}, option)
    assert str(refused.value).startswith(f"rule 2: {problem}")


def test_all_problems_come_in_one_message():
    with pytest.raises(Refusal) as refused:
        parse({"source": "x", "protocol": "y"}, {"jump": "z"}, name="Guard")
    assert [word.split()[0:3] for word in str(refused.value).split("; ") if "leave" not in word] == [
        ["name", "'Guard'", "must"],
        ["rule", "1:", "source"],
        ["rule", "1:", "protocol"],
        ["rule", "2:", "jump"],
    ]


@pytest.mark.parametrize("name", ["", "A", "1a", "a b", "a" * 32, "a.b", "a\n"])
def test_a_bad_name_is_refused(name):
    with pytest.raises(Refusal, match="name"):
        parse({}, name=name)


def test_a_rule_declared_twice_is_refused():
    with pytest.raises(Refusal, match="rule 2: the same rule is declared before"):
        parse({"source": "10.0.0.1"}, {"source": "10.0.0.1/32", "position": 1})


def test_a_set_without_rules_is_refused():
    with pytest.raises(Refusal, match="a set is removed by state=absent"):
        parse()


def test_a_set_may_have_no_rules_but_something_beside_them():
    wanted = parse(
        prohibit_forwarding_to=["169.254.169.254", "FD00:EC2:0::254", "169.254.169.254"],
        sysctls={"net.ipv4.conf.all.route_localnet": 1},
        loopback_routes=["169.254.170.2"],
    )
    assert wanted.beside == Beside(
        prohibited=(("ipv4", "169.254.169.254"), ("ipv6", "fd00:ec2::254")),
        sysctls=(("net.ipv4.conf.all.route_localnet", "1"),),
        loopback_routes=("169.254.170.2",),
    )


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"prohibit_forwarding_to": ["10.0.0.0/8"]}, "'10.0.0.0/8' is not an address such as"),
        ({"prohibit_forwarding_to": ["::1"]}, "'::1' is no address of another host"),
        ({"prohibit_forwarding_to": ["0.0.0.0"]}, "'0.0.0.0' is no address of another host"),
        ({"prohibit_forwarding_to": ["fe80::1%eth0"]}, "has a zone"),
        ({"sysctls": {"kernel.panic": 1}}, "'kernel.panic' is not of the form net.ipv4.conf.INTERFACE.KEY"),
        ({"sysctls": {"net.ipv4.conf.../../x.y": 1}}, "is not of the form"),
        ({"sysctls": {"net.ipv4.conf.all.route_localnet": "1; reboot"}}, "is not a number"),
        ({"loopback_routes": ["fd00::1"]}, "only IPv4 is routed to the loopback"),
        ({"prohibit_forwarding_to": ["10.0.0.1"], "persist": False}, "prohibit_forwarding_to need persist"),
        ({"required_by_docker": True, "persist": False}, "required_by_docker need persist"),
    ],
)
def test_what_is_wrong_beside_the_rules_is_named(params, problem):
    with pytest.raises(Refusal) as refused:
        parse({}, **params)
    assert problem in str(refused.value)


def test_an_absent_set_has_no_rules_and_is_not_persisted():
    absent = parse({"source": "nonsense"}, state="absent")
    assert (absent.rules, absent.persist) == ((), False)
