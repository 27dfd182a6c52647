# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter import ecs_init
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import (
    Beside,
    Docker,
    Host,
    Kernel,
    Place,
    Rule,
    RuleSet,
    Unit,
    unmarked,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.plan import plan_set

INPUT = Place("ipv4", "filter", "INPUT")


def rule(word, position=None, place=INPUT):
    """A trailing ^ is for a rule that is inserted at the head while it is missing."""
    return Rule(place, f"-i {word.rstrip('^')}", "-j DROP", position, head=word.endswith("^"))


def line(word):
    """A chain's line: lower case for a foreign one, a trailing * for ours."""
    comment = '-m comment --comment "fleetkit.ecs:s" ' if word.endswith("*") else ""
    return f"-i {word.rstrip('*')} {comment}-j DROP"


def plan(lines, rules, place=INPUT):
    host = Host({place: tuple(line(word) for word in lines.split())})
    return plan_set(host, RuleSet("s", tuple(rules)))


def applied(lines, transaction):
    """The chain after iptables-restore has done what the transaction says."""
    chain = [line(word) for word in lines.split()]
    for command in transaction:
        verb, _chain, rest = command.split(" ", 2)
        if verb == "-D":
            chain.remove(rest)
        else:
            number, spec = rest.split(" ", 1)
            assert int(number) <= len(chain) + 1, "iptables: index of insertion too big"
            chain.insert(int(number) - 1, spec)
    return " ".join(spec.split()[1] + ("*" if "comment" in spec else "") for spec in chain)


@pytest.mark.parametrize(
    ("lines", "rules", "after", "actions"),
    [
        # Appended rules: presence, one copy, order among themselves.
        ("", "a", "a*", "create"),
        ("x", "a b", "x a* b*", "create create"),
        ("a* x b*", "a b", "a* x b*", ""),
        ("a* x", "a b", "a* x b*", "create"),
        ("b* x a*", "a b", "x a* b*", "update update"),
        ("x b*", "a b", "x a* b*", "create"),
        ("a x", "a", "a* x", "update"),
        ("x a* a* y a*", "a", "x a* y", "delete delete"),
        ("a a* x", "a", "a* x", "update delete"),
        ("a* x b*", "b", "x b*", "delete"),
        ("a* x", "", "x", "delete"),
        ("x y", "", "x y", ""),
        # Positions.
        ("x", "a@1", "a* x", "create"),
        ("a* x", "a@1", "a* x", ""),
        ("x a*", "a@1", "a* x", "update"),
        ("x a", "a@1", "a* x", "update"),
        ("a* x a*", "a@1", "a* x", "delete"),
        ("x", "a@1 b@1", "a* b* x", "create create"),
        ("a* b* x", "a@1 b@1", "a* b* x", ""),
        ("x a* b*", "a@1 b@1", "a* b* x", "update update"),
        ("x y", "a@2", "x a* y", "create"),
        ("x a* y", "a@2", "x a* y", ""),
        ("", "a@5", "a*", "create"),
        ("a*", "a@5", "a*", ""),
        ("a* x", "a@5", "x a*", "update"),
        ("x y", "b@3 a@1", "a* x b* y", "create create"),
        # A rule of ours that goes from above does not move the others.
        ("a* b* x", "b@1", "b* x", "delete"),
        # Inserted rules: at the head while they are missing, and then wherever they are.
        ("x", "a^ b^", "a* b* x", "create create"),
        ("x a* b* y", "a^ b^", "x a* b* y", ""),
        ("x b* y", "a^ b^", "a* x b* y", "create"),
        ("x a* y", "a^ b^", "a* b* x y", "create update"),
        ("b* x a*", "a^ b^", "a* b* x", "update update"),
        ("a* x a*", "a^", "x a*", "delete"),
        ("x a y", "a^ b", "x a* y b*", "update create"),
        ("x", "b a^ c@1", "c* a* x b*", "create create create"),
        # Both kinds in one chain.
        ("x y", "a@1 b", "a* x y b*", "create create"),
        ("a* x b* y", "a@1 b", "a* x b* y", ""),
        ("b* x", "a@1 b", "a* b* x", "create"),
    ],
)
def test_a_chain_becomes_what_is_declared(lines, rules, after, actions):
    declared = [rule(word.split("@")[0], int(word.split("@")[1]) if "@" in word else None) for word in rules.split()]
    made = plan(lines, declared)
    assert applied(lines, made.transactions.get("ipv4 filter", ())) == after
    assert sorted(change.action for change in made.changes) == sorted(actions.split())
    again = plan(after, declared)
    assert (again.changes, again.transactions) == ((), {})


def test_foreign_rules_are_never_in_a_transaction():
    made = plan("x a* y a* z a", [rule("a", 1), rule("b")])
    assert not [
        command for command in made.transactions["ipv4 filter"] for foreign in "xyz" if f"-i {foreign} " in command
    ]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('-i a -m comment --comment "fleetkit.ecs:s" -j DROP', ("-i a -j DROP", True)),
        ("-i a -m comment --comment fleetkit.ecs:s -j DROP", ("-i a -j DROP", True)),
        (
            '-p tcp -m comment --comment "fleetkit.ecs:s" -m tcp --dport 1 -j DROP',
            ("-p tcp -m tcp --dport 1 -j DROP", True),
        ),
        ('-m comment --comment "fleetkit.ecs:s"', ("", True)),
    ],
)
def test_the_comment_is_found_wherever_it_stands(text, result):
    assert unmarked(text, "s") == result


@pytest.mark.parametrize(
    "comment", ['"fleetkit.ecs:s2"', '"fleetkit.ecs:s and more"', '"a fleetkit.ecs:s"', "s", '"fleetkitXecs:s"']
)
def test_another_comment_is_not_ours(comment):
    text = f"-m comment --comment {comment} -j DROP"
    assert unmarked(text, "s") == (text, False)


def test_stale_rules_are_found_in_every_table_and_each_table_is_one_transaction():
    raw, nat = Place("ipv4", "raw", "PREROUTING"), Place("ipv6", "nat", "OUTPUT")
    host = Host({raw: (line("a*"),), nat: (line("b*"),), INPUT: (line("c*"),), Place("ipv4", "filter", "OUTPUT"): ()})
    made = plan_set(host, RuleSet("s", (rule("a"), rule("b", place=Place("ipv4", "filter", "OUTPUT")))))
    assert set(made.transactions) == {"ipv4 filter", "ipv4 raw", "ipv6 nat"}
    assert len(made.transactions["ipv4 filter"]) == 3
    assert [change.owner for change in made.changes] == ["ipv6 nat"] + ["ipv4 filter"] * 3 + ["ipv4 raw"]


DOCKER_USER = Place("ipv4", "filter", "DOCKER-USER")


def test_a_missing_chain_is_refused_or_foreseen():
    wanted = RuleSet("s", (rule("a", 1, DOCKER_USER), rule("b")))
    with pytest.raises(Refusal, match=r"chain DOCKER-USER does not exist in table filter .*Docker creates it"):
        plan_set(Host({}), wanted)
    foreseen = plan_set(Host({INPUT: ()}), wanted, foresee=True)
    assert [change.action for change in foreseen.changes] == ["create", "create"]
    assert "DOCKER-USER does not exist" in foreseen.warnings[0]
    assert [command.split()[1] for command in foreseen.transactions["ipv4 filter"]] == ["INPUT"]


def test_a_rule_for_a_chain_that_docker_will_make_is_written_down_and_waits():
    wanted = RuleSet("s", (rule("a", 1, DOCKER_USER), rule("b")), persist=True)
    for foresee in (True, False):
        made = plan_set(Host({}, unit=Unit()), wanted, foresee=foresee)
        assert [change.name.split()[1] for change in made.changes if change.kind == "rule"] == ["INPUT"]
        assert [entry["rule"] for entry in made.result["deferred"]] == [f"-A DOCKER-USER {line('a*')}"]
        assert made.warnings == ()
    there = plan_set(Host({DOCKER_USER: ()}, unit=Unit()), wanted)
    assert there.result["deferred"] == []
    assert [change.name.split()[1] for change in there.changes if change.kind == "rule"] == ["DOCKER-USER", "INPUT"]


def test_docker_with_its_own_nftables_is_explained():
    wanted = RuleSet("s", (rule("a", 1, DOCKER_USER),), persist=True)
    made = plan_set(Host({}, unit=Unit(), docker=Docker(active=True, nftables=True)), wanted)
    assert "there is no DOCKER-USER: the rule waits for ever" in made.warnings[0]


@pytest.mark.parametrize(
    ("chains", "sentence"),
    [
        ({}, "Docker's chains are in iptables-legacy, but iptables on this host is nft.*--set iptables"),
        ({DOCKER_USER: ()}, "both backends of iptables hold Docker's chains: iptables on this host is nft"),
    ],
)
def test_a_mix_of_backends_is_refused_with_an_explanation(chains, sentence):
    with pytest.raises(Refusal, match=sentence):
        plan_set(Host(chains, docker=Docker(elsewhere="legacy")), RuleSet("s", (rule("b"),)))
    assert plan_set(Host(chains, docker=Docker(elsewhere="legacy")), RuleSet("s")).changes == ()


@pytest.mark.parametrize(("chain", "dockers"), [("DOCKER", True), ("DOCKER-USER", True), ("DOCKER_OUTPUT", False)])
def test_the_chains_of_dockers_embedded_dns_are_not_dockers_firewall(chain, dockers):
    assert Place("ipv4", "nat", chain).made_by_docker == dockers


def test_what_ecs_init_makes_itself_is_refused_where_it_is_installed():
    (place, spec), *_more = ecs_init.CREDENTIAL_RULES
    match, target = spec.split(" -j ")
    wanted = RuleSet("s", (Rule(place, match, f"-j {target}"),))
    with pytest.raises(Refusal, match="would double them: -t nat -A PREROUTING"):
        plan_set(Host({}, ecs_init=True), wanted)
    assert len(plan_set(Host({}), wanted).changes) == 1


ROUTE_LOCALNET = "net.ipv4.conf.all.route_localnet"
PATH = Beside(sysctls=((ROUTE_LOCALNET, "1"),), loopback_routes=("169.254.170.2",))
NAT = Place("ipv4", "nat", "PREROUTING")


def test_a_sysctl_is_never_in_force_without_the_rules_that_close_what_it_opens():
    wanted = RuleSet("s", (rule("a"), rule("b", place=NAT)), True, PATH)
    closed = Kernel(sysctls={ROUTE_LOCALNET: "0"}, defaults={ROUTE_LOCALNET: "0"})
    up = plan_set(Host({INPUT: (), NAT: ()}, unit=Unit(), kernel=closed), wanted)
    assert [change.owner if change.kind == "rule" else change.kind for change in up.changes[:4]] == [
        *("ipv4 filter", "sysctl", "route", "ipv4 nat")
    ]
    opened = Kernel(sysctls={ROUTE_LOCALNET: "1"}, defaults={ROUTE_LOCALNET: "0"}, routes=("169.254.170.2",))
    host = Host({INPUT: (line("a*"),), NAT: (line("b*"),)}, unit=Unit(), kernel=opened, had=PATH)
    down = plan_set(host, RuleSet("s"))
    assert [change.owner if change.kind == "rule" else change.kind for change in down.changes] == [
        *("ipv4 nat", "sysctl", "ipv4 filter", "route")
    ]
    assert down.changes[1].after == "0"


def test_a_route_to_the_loopback_is_made_only_without_a_default_route():
    wanted = RuleSet("s", (), True, PATH)
    for routes, kinds in (((), ["route"]), (("default",), []), (("169.254.170.2",), [])):
        made = plan_set(Host({}, unit=Unit(), kernel=Kernel(routes=routes)), wanted)
        assert [change.kind for change in made.changes if change.kind == "route"] == kinds


GUARD = Beside(prohibited=(("ipv4", "10.0.0.1"), ("ipv6", "fd00::1")))
V4_RULES = ("3 nop", "1 to 10.0.0.1 iif lo goto 3", "2 to 10.0.0.1 prohibit")


def routing(made):
    return [(change.action, change.owner, change.name) for change in made.changes if change.kind == "routing_rule"]


def test_routing_rules_are_made_so_that_the_host_is_never_cut_off():
    wanted = RuleSet("s", (), True, GUARD)
    host = Host({}, unit=Unit(), ip_versions=frozenset({"ipv4"}), kernel=Kernel({"ipv4": ("0 lookup local",)}))
    made = plan_set(host, wanted)
    assert routing(made) == [("create", "ipv4", f"pref {words}") for words in V4_RULES]
    assert "1 IPv6 rule(s) of s were skipped" in made.warnings[0]
    again = plan_set(replace(host, kernel=Kernel({"ipv4": V4_RULES})), wanted)
    assert routing(again) == []


def test_routing_rules_go_in_the_other_order_in_every_copy_and_not_what_another_set_needs():
    kernel = Kernel({"ipv4": (*V4_RULES, V4_RULES[2], "2 to 10.0.0.2 prohibit")})
    host = Host({}, unit=Unit(), kernel=kernel, had=GUARD)
    gone = [("delete", "ipv4", f"pref {words}") for words in (V4_RULES[2], V4_RULES[2], V4_RULES[1], V4_RULES[0])]
    assert routing(plan_set(host, RuleSet("s"))) == gone
    shared = replace(host, others={"t": Beside(prohibited=(("ipv4", "10.0.0.2"),))})
    assert routing(plan_set(shared, RuleSet("s"))) == gone[:-1]


def test_another_missing_chain_is_not_dockers():
    with pytest.raises(Refusal, match="this module places rules in chains, it does not create them"):
        plan_set(Host({}), RuleSet("s", (rule("a", place=Place("ipv4", "nat", "MINE")),)))


def test_a_built_in_chain_of_an_unused_table_exists():
    raw = Place("ipv4", "raw", "PREROUTING")
    made = plan_set(Host({}), RuleSet("s", (rule("a", place=raw),)))
    assert made.transactions == {"ipv4 raw": (f"-I PREROUTING 1 {line('a*')}",)}


def test_check_mode_tries_nothing_in_an_unused_table():
    raw = Place("ipv4", "raw", "PREROUTING")
    made = plan_set(Host({}), RuleSet("s", (rule("a", place=raw),)), foresee=True)
    assert (len(made.changes), made.transactions) == (1, {})


def test_docker_user_without_a_jump_is_warned_of():
    wanted = RuleSet("s", (rule("a", place=DOCKER_USER),))
    forward = Place("ipv4", "filter", "FORWARD")
    assert plan_set(Host({DOCKER_USER: (), forward: ("-j DOCKER-USER",)}), wanted).warnings == ()
    assert "FORWARD does not jump" in plan_set(Host({DOCKER_USER: (), forward: ()}), wanted).warnings[0]


def test_rules_of_an_ip_version_that_the_host_lacks_are_skipped():
    v6 = Place("ipv6", "filter", "INPUT")
    made = plan_set(Host({INPUT: ()}, ip_versions=frozenset({"ipv4"})), RuleSet("s", (rule("a"), rule("b", place=v6))))
    assert [change.owner for change in made.changes] == ["ipv4 filter"]
    assert made.warnings == ("1 IPv6 rule(s) of s were skipped: this host has no IPv6 (/proc/sys/net/ipv6)",)
