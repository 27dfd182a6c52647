# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""A task's rules: refused, or brought into the one form in which iptables prints them."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import (
    BUILT_IN,
    Beside,
    Place,
    Rule,
    RuleSet,
)

# The tables in which a target works at all; the kernel's own words elsewhere are "Invalid argument".
TARGETS = {
    "ACCEPT": ("filter", "nat", "raw", "mangle"),
    "DROP": ("filter", "raw", "mangle"),
    "REJECT": ("filter",),
    "RETURN": ("filter", "nat", "raw", "mangle"),
    "DNAT": ("nat",),
    "REDIRECT": ("nat",),
}
_TARGET_OPTIONS = {"to_destination": "DNAT", "to_ports": "REDIRECT", "reject_with": "REJECT"}
_ONE_WAY = {"in_interface": ("OUTPUT", "POSTROUTING"), "out_interface": ("INPUT", "PREROUTING")}

# iptables prints states in this order, whatever order it was given.
_STATES = ("INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT")

_PROTOCOLS = {
    "ipv4": {"tcp": "tcp", "udp": "udp", "icmp": "icmp"},
    "ipv6": {"tcp": "tcp", "udp": "udp", "icmpv6": "ipv6-icmp", "ipv6-icmp": "ipv6-icmp"},
}
# The first of each is what iptables takes, and prints, when none is named.
_REJECTIONS = {
    "ipv4": (
        *("icmp-port-unreachable", "icmp-net-unreachable", "icmp-host-unreachable", "icmp-proto-unreachable"),
        *("icmp-net-prohibited", "icmp-host-prohibited", "icmp-admin-prohibited", "tcp-reset"),
    ),
    "ipv6": (
        *("icmp6-port-unreachable", "icmp6-no-route", "icmp6-adm-prohibited", "icmp6-addr-unreachable", "tcp-reset"),
    ),
}


def parse_set(params: Mapping[str, Any]) -> RuleSet:
    """The task's arguments. All that is wrong with any of the rules is named in one refusal."""
    name, present = params["name"], params["state"] == "present"
    problems: list[str] = []
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", name):
        problems.append(f"name '{name}' must be a lower-case letter and at most 30 more of a-z, 0-9, _ and -")
    rules = _parse_rules(params["rules"] or (), problems) if present else ()
    beside = _parse_beside(params, problems) if present else Beside()
    if present and not (rules or beside or problems):
        problems.append("rules must name at least one; a set is removed by state=absent")
    flags = {name: present and params[name] for name in ("required_by_docker", "restore_ecs_init")}
    needs_file = [name for name in ("prohibit_forwarding_to", "sysctls", "loopback_routes", *flags) if params[name]]
    if present and needs_file and not params["persist"]:
        problems.append(
            f"{' and '.join(needs_file)} need persist: the set's file is where it is written whose they are"
        )
    if problems:
        raise Refusal("; ".join(problems))
    return RuleSet(name, tuple(rules), present and params["persist"], beside, **flags)


def _parse_beside(params: Mapping[str, Any], problems: list[str]) -> Beside:
    def each(option: str, parse: Callable[[Any], Any]) -> Iterator[Any]:
        given = params[option] or ()
        for value in given.items() if isinstance(given, Mapping) else given:
            try:
                yield parse(value)
            except ValueError as problem:
                problems.append(f"{option}: {problem}")

    return Beside(
        prohibited=tuple(dict.fromkeys(each("prohibit_forwarding_to", _host_address))),
        sysctls=tuple(each("sysctls", _sysctl)),
        loopback_routes=tuple(dict.fromkeys(each("loopback_routes", _ipv4_address))),
    )


def _host_address(text: str) -> tuple[str, str]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"'{text}' is not an address such as 169.254.169.254 or fd00:ec2::254") from None
    if "%" in text:
        raise ValueError(f"'{text}' has a zone, and the routing rules have none: leave it out")
    if address.is_unspecified or address.is_loopback or address.is_multicast:
        raise ValueError(f"'{text}' is no address of another host")
    return f"ipv{address.version}", _spelled(address)


def _ipv4_address(text: str) -> str:
    ip_version, address = _host_address(text)
    if ip_version != "ipv4":
        raise ValueError(f"'{text}' is IPv6, and only IPv4 is routed to the loopback")
    return address


def _sysctl(pair: tuple[str, Any]) -> tuple[str, str]:
    name, value = pair[0], str(pair[1])
    if not re.fullmatch(r"net\.ipv[46]\.conf\.[A-Za-z0-9_-]{1,15}\.[a-z0-9_]+", name):
        raise ValueError(f"'{name}' is not of the form net.ipv4.conf.INTERFACE.KEY, whose default is known")
    if not re.fullmatch(r"-?[0-9]{1,10}", value):
        raise ValueError(f"'{value}' of {name} is not a number")
    return name, value


def _parse_rules(given: Sequence[Mapping[str, Any]], problems: list[str]) -> list[Rule]:
    rules: list[Rule] = []
    for number, option in enumerate(given, 1):
        parser = _Parser(option)
        rule = parser.rule()
        if any((rule.place, rule.spec) == (other.place, other.spec) for other in rules) and not parser.problems:
            parser.problems.append("the same rule is declared before")
        problems += [f"rule {number}: {problem}" for problem in parser.problems]
        rules.append(rule)
    return rules


class _Parser:
    """One rule's options. What is wrong is noted under the option's name, and parsing goes on."""

    def __init__(self, option: Mapping[str, Any]) -> None:
        self.problems: list[str] = []
        self._option = {key: value for key, value in option.items() if value is not None}
        self._ip_version = option["ip_version"]
        self._place = Place(self._ip_version, option["table"], option["chain"])

    def rule(self) -> Rule:
        self._check_place()
        matches = (
            self._match("source", _network, "-s"),
            self._match("destination", _network, "-d"),
            self._match("in_interface", _interface, "-i"),
            self._match("out_interface", _interface, "-o"),
            self._match("protocol", _protocol, "-p"),
            self._match("destination_port", _ports, "--dport", self._transport("destination_port")),
            self._match("ctstate", _states, "--ctstate", "conntrack"),
        )
        head = self._option["action"] == "insert"
        return Rule(self._place, " ".join(filter(None, matches)), self._target(), self._option.get("position"), head)

    def _wrong(self, option: str, problem: object) -> None:
        self.problems.append(f"{option} {problem}")

    def _check_place(self) -> None:
        table, chain = self._place.table, self._place.chain
        homes = [home for home, chains in BUILT_IN.items() if chain in chains]
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,27}", chain):
            self._wrong("chain", f"'{chain}' is not a chain's name: at most 28 letters, digits, _ . and -")
        elif homes and table not in homes:
            self._wrong("chain", f"{chain} does not exist in table {table}, only in {', '.join(homes)}")
        for option, chains in _ONE_WAY.items():
            if option in self._option and chain in chains:
                self._wrong(option, f"cannot be told in chain {chain}")
        if self._option.get("position", 1) < 1:
            self._wrong("position", "counts from 1")

    def _match(self, option: str, parse: Callable[[str, str], str], flag: str, module: str = "") -> str:
        """One match as iptables prints it; a leading ! negates it, as in ansible.builtin.iptables."""
        if option not in self._option:
            return ""
        value = self._option[option]
        text = ",".join(value) if isinstance(value, list) else value
        negated = text.startswith("!")
        printed = self._parsed(option, parse, text[negated:].strip())
        words = (f"-m {module}" if module else "", "!" if negated else "", f"{flag} {printed}")
        return " ".join(filter(None, words)) if printed else ""

    def _parsed(self, option: str, parse: Callable[[str, str], str], text: str) -> str:
        try:
            return parse(text, self._ip_version)
        except ValueError as problem:
            self._wrong(option, problem)
            return ""

    def _transport(self, option: str) -> str:
        """The protocol whose ports an option speaks of."""
        protocol = self._option.get("protocol", "").lower()
        if option in self._option and protocol not in ("tcp", "udp"):
            self._wrong(option, "needs protocol tcp or udp")
        return protocol

    def _target(self) -> str:
        jump = self._option["jump"]
        if jump not in TARGETS:
            self._wrong("jump", f"'{jump}' must be one of {', '.join(TARGETS)}")
        elif self._place.table not in TARGETS[jump]:
            self._wrong("jump", f"{jump} works only in table {' and '.join(TARGETS[jump])}")
        for option, target in _TARGET_OPTIONS.items():
            if option in self._option and jump != target:
                self._wrong(option, f"goes with jump {target} only")
        return f"-j {jump}{self._target_option(jump)}"

    def _target_option(self, jump: str) -> str:
        if jump == "DNAT":
            if "to_destination" not in self._option:
                self._wrong("jump", "DNAT needs to_destination")
                return ""
            endpoint = self._parsed("to_destination", _endpoint, self._option["to_destination"])
            if "]" in endpoint or (":" in endpoint and self._ip_version == "ipv4"):
                self._transport("to_destination")
            return f" --to-destination {endpoint}"
        if jump == "REDIRECT" and "to_ports" in self._option:
            self._transport("to_ports")
            return f" --to-ports {self._parsed('to_ports', _port_range, self._option['to_ports'])}"
        if jump == "REJECT":
            return f" --reject-with {self._rejection()}"
        return ""

    def _rejection(self) -> str:
        answers = _REJECTIONS[self._ip_version]
        answer = self._option.get("reject_with", answers[0])
        if answer not in answers:
            self._wrong("reject_with", f"'{answer}' must be one of {', '.join(answers)} for {self._ip_version}")
        if answer == "tcp-reset" and self._option.get("protocol") != "tcp":
            self._wrong("reject_with", "tcp-reset needs protocol tcp")
        return answer


def _network(text: str, ip_version: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"'{text}' is not an address or a network such as 10.0.0.0/8") from None
    _same_version(network, ip_version)
    if network.prefixlen == 0:
        raise ValueError(f"'{text}' is every address: leave the option out")
    return f"{_spelled(network.network_address)}/{network.prefixlen}"


def _endpoint(text: str, ip_version: str) -> str:
    """ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT, where DNAT sends packets."""
    if ip_version == "ipv6" and text.startswith("["):
        host, _sep, port = text[1:].partition("]:")
    else:
        host, _sep, port = text.partition(":") if ip_version == "ipv4" else (text, "", "")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        shape = "127.0.0.1:51679" if ip_version == "ipv4" else "[fd00::1]:51679"
        raise ValueError(f"'{text}' is not an address with or without a port, such as {shape}") from None
    _same_version(address, ip_version)
    spelled = _spelled(address)
    return (f"{spelled}:{_port(port)}" if ip_version == "ipv4" else f"[{spelled}]:{_port(port)}") if port else spelled


def _same_version(address: Any, ip_version: str) -> None:
    if f"ipv{address.version}" != ip_version:
        raise ValueError(f"'{address}' is IPv{address.version}, but the rule's ip_version is {ip_version}")


def _spelled(address: Any) -> str:
    """As the C library, and so iptables, spells it: Python differs for IPv4 addresses inside IPv6 ones."""
    return socket.inet_ntop(socket.AF_INET if address.version == 4 else socket.AF_INET6, address.packed)


def _interface(text: str, ip_version: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.:@-]{1,15}|[A-Za-z0-9_.:@-]{1,14}\+", text):
        raise ValueError(
            f"'{text}' is not an interface: at most 15 characters, the last may be + for 'any that starts so'"
        )
    return text


def _protocol(text: str, ip_version: str) -> str:
    known = _PROTOCOLS[ip_version]
    if text.lower() not in known:
        raise ValueError(f"'{text}' must be one of {', '.join(known)} for {ip_version}; leave the option out for all")
    return known[text.lower()]


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise ValueError(f"'{text}' is not a port number from 0 to 65535")
    return int(text)


def _range(text: str, dash: str) -> str:
    first, _sep, last = text.partition(dash)
    low, high = _port(first), _port(last or first)
    if low > high:
        raise ValueError(f"'{text}' counts down")
    return f"{low}" if low == high else f"{low}{dash}{high}"


def _ports(text: str, ip_version: str) -> str:
    ports = _range(text, ":")
    if ports == "0:65535":
        raise ValueError(f"'{text}' is every port: leave the option out")
    return ports


def _port_range(text: str, ip_version: str) -> str:
    return _range(text, "-")


def _states(text: str, ip_version: str) -> str:
    states = [state.strip().upper() for state in text.split(",")]
    unknown = [state for state in states if state not in _STATES]
    if unknown:
        raise ValueError(
            f"'{', '.join(unknown)}' must be of {', '.join(_STATES)}; a ! before the first negates the whole list"
        )
    return ",".join(state for state in _STATES if state in states)
