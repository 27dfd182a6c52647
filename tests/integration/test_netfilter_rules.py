# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""netfilter_rules against the real iptables, both backends, each test in a network namespace of its own."""

from __future__ import annotations

import os

import pytest
from namespace import BACKENDS, Namespace

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

GUARD = {"chain": "DOCKER-USER", "position": 1, "in_interface": "docker+", "destination": "169.254.169.254/32"}
GUARD["jump"] = "DROP"
GUARD_SPEC = "-d 169.254.169.254/32 -i docker+"
CREDENTIALS = {"chain": "INPUT", "protocol": "tcp", "destination": "127.0.0.1", "destination_port": "51679"}
CREDENTIALS |= {"ctstate": ["DNAT"], "jump": "ACCEPT"}
# As every iptables since 1.8 prints it.
CREDENTIALS_SPEC = "-d 127.0.0.1/32 -p tcp -m tcp --dport 51679 -m conntrack --ctstate DNAT"


def ours(spec: str, jump: str, name: str = "guard") -> str:
    return f'{spec} -m comment --comment "fleetkit.ecs:{name}" -j {jump}'


GUARD_RULE = ours(GUARD_SPEC, "DROP")


@pytest.fixture(params=BACKENDS)
def host(request, tmp_path):
    namespace = Namespace(tmp_path, request.param).start()
    yield namespace
    namespace.stop()


@pytest.fixture
def docker(host):
    """A host on which Docker has run: its chains, jumps and RETURN."""
    host.shell(
        "iptables -N DOCKER-USER; iptables -A DOCKER-USER -j RETURN; iptables -I FORWARD -j DOCKER-USER;"
        "iptables -A FORWARD -i docker0 -j ACCEPT"
    )
    return host


def run(host, /, *rules, name="guard", persist=False, **params):
    """Check mode, a real run and a second run: the first predicts the second exactly, the third changes nothing."""
    params = {"name": name, "rules": list(rules), "persist": persist, **params}
    before = host.state()
    predicted = host.module("netfilter_rules", check=True, **params)
    assert not predicted.failed, predicted.msg
    assert host.state() == before
    real = host.module("netfilter_rules", **params)
    assert not real.failed, real.msg
    assert predicted.json == real.json
    again = host.module("netfilter_rules", **params)
    assert (again.changed, again.changes, again.diff, again.rules) == (False, [], None, real.rules)
    return real


def changes(result):
    return [
        (change["action"], change["name"].split(" ", 2)[2]) for change in result.changes if change["kind"] == "rule"
    ]


def test_amazons_rule_goes_above_dockers_return(docker):
    result = run(docker, GUARD)
    assert docker.rules("DOCKER-USER") == [GUARD_RULE, "-j RETURN"]
    assert result.changed
    assert result.rules == [{"ip_version": "ipv4", "table": "filter", "rule": f"-A DOCKER-USER {GUARD_RULE}"}]
    assert result.changes == [
        {"action": "create", "kind": "rule", "name": f"-A DOCKER-USER {GUARD_RULE}", "owner": "ipv4 filter"}
    ]
    assert result.diff["before"] == ""
    assert result.diff["after"] == f"# ipv4 filter DOCKER-USER\n1: -A DOCKER-USER {GUARD_RULE}\n"


def test_a_rule_that_something_was_inserted_above_is_moved_back_and_the_foreign_rule_survives(docker):
    run(docker, GUARD)
    docker.shell("iptables -I DOCKER-USER -s 10.0.0.0/8 -j RETURN")
    result = run(docker, GUARD)
    assert changes(result) == [("update", GUARD_RULE)]
    assert docker.rules("DOCKER-USER") == [GUARD_RULE, "-s 10.0.0.0/8 -j RETURN", "-j RETURN"]
    assert result.diff["before"].startswith("# ipv4 filter DOCKER-USER\n2: ")
    assert result.diff["after"].startswith("# ipv4 filter DOCKER-USER\n1: ")


def test_a_rule_placed_by_hand_is_adopted_with_its_copies(docker):
    docker.shell(f"for i in 1 2 3; do iptables -A DOCKER-USER {GUARD_SPEC} -j DROP; done")
    result = run(docker, GUARD)
    assert docker.rules("DOCKER-USER") == [GUARD_RULE, "-j RETURN"]
    assert [action for action, _rule in changes(result)] == ["update", "delete", "delete"]


def test_an_appended_rule_placed_by_hand_is_adopted_where_it_stands(host):
    host.shell(f"iptables -A INPUT {CREDENTIALS_SPEC} -j ACCEPT; iptables -A INPUT -j REJECT")
    run(host, CREDENTIALS)
    assert host.rules("INPUT") == [ours(CREDENTIALS_SPEC, "ACCEPT"), "-j REJECT --reject-with icmp-port-unreachable"]


def test_own_copies_are_removed(docker):
    run(docker, GUARD)
    docker.shell(f"iptables -A DOCKER-USER {GUARD_RULE}; iptables -A DOCKER-USER {GUARD_RULE}")
    result = run(docker, GUARD)
    assert changes(result) == [("delete", GUARD_RULE)] * 2
    assert docker.rules("DOCKER-USER") == [GUARD_RULE, "-j RETURN"]


def test_rules_no_longer_declared_are_pruned_from_every_table_and_nobody_elses(docker):
    raw = {**GUARD, "table": "raw", "chain": "PREROUTING"}
    run(docker, GUARD, CREDENTIALS, raw)
    run(docker, CREDENTIALS, name="guard2")
    docker.shell("iptables -t mangle -A FORWARD -m comment --comment 'fleetkit.ecs:guard and more' -j ACCEPT")
    foreign = docker.rules("FORWARD", "mangle")
    result = run(docker, raw)
    assert {action for action, _rule in changes(result)} == {"delete"}
    assert docker.rules("DOCKER-USER") == ["-j RETURN"]
    assert docker.rules("INPUT") == [ours(CREDENTIALS_SPEC, "ACCEPT", "guard2")]
    assert docker.rules("PREROUTING", "raw") == [GUARD_RULE]
    assert docker.rules("FORWARD", "mangle") == foreign


def test_rules_with_positions_keep_the_declared_order_and_foreign_rules_theirs(docker):
    drops = [{**GUARD, "in_interface": name} for name in ("docker+", "br-+", "cni+")]
    expected = [ours(f"-d 169.254.169.254/32 -i {name}", "DROP") for name in ("docker+", "br-+", "cni+")]
    run(docker, *drops)
    assert docker.rules("DOCKER-USER") == [*expected, "-j RETURN"]
    docker.shell(f"iptables -D DOCKER-USER 1; iptables -A DOCKER-USER {expected[0]}; iptables -I DOCKER-USER 2 -j LOG")
    run(docker, *drops)
    assert docker.rules("DOCKER-USER") == [*expected, "-j LOG", "-j RETURN"]


def test_appended_rules_keep_their_order(host):
    rules = [{"chain": "INPUT", "source": source, "jump": "ACCEPT"} for source in ("10.0.0.1", "10.0.0.2", "10.0.0.3")]
    expected = [ours(f"-s 10.0.0.{i}/32", "ACCEPT") for i in (1, 2, 3)]
    run(host, *rules)
    host.shell(f"iptables -A INPUT -j LOG; iptables -D INPUT 2; iptables -A INPUT {expected[1]}")
    run(host, *rules)
    assert [rule for rule in host.rules("INPUT") if rule != "-j LOG"] == expected


def test_every_field_is_rendered_as_iptables_prints_it(host):
    """Otherwise the second run, inside run(), would change something."""
    everything = [
        {"chain": "INPUT", "source": "!127.0.0.0/8", "destination": "127.0.0.1/8", "jump": "DROP"}
        | {"ctstate": ["!DNAT", "ESTABLISHED", "RELATED"]},
        {"chain": "INPUT", "in_interface": "! lo", "protocol": "TCP", "destination_port": "51678", "jump": "DROP"},
        {"chain": "INPUT", "protocol": "udp", "destination_port": "!53:60", "jump": "REJECT"},
        {"chain": "INPUT", "protocol": "!tcp", "jump": "RETURN"},
        {"chain": "FORWARD", "in_interface": "br-+", "out_interface": "!eth0.100", "protocol": "icmp", "jump": "REJECT"}
        | {"reject_with": "icmp-admin-prohibited", "ctstate": ["UNTRACKED", "SNAT", "NEW", "INVALID"]},
        {"chain": "FORWARD", "protocol": "tcp", "destination_port": "80:80", "jump": "REJECT"}
        | {"reject_with": "tcp-reset"},
        {"table": "nat", "chain": "PREROUTING", "protocol": "tcp", "destination": "169.254.170.2", "jump": "DNAT"}
        | {"destination_port": "80", "to_destination": "127.0.0.1:51679"},
        {"table": "nat", "chain": "PREROUTING", "source": "10.1.1.1", "jump": "DNAT", "to_destination": "127.0.0.1"},
        {"table": "nat", "chain": "OUTPUT", "protocol": "tcp", "destination": "169.254.170.2", "jump": "REDIRECT"}
        | {"destination_port": "80", "to_ports": "51679"},
        {"table": "nat", "chain": "OUTPUT", "source": "10.1.1.1", "jump": "REDIRECT"},
        {"table": "mangle", "chain": "POSTROUTING", "out_interface": "eth0", "jump": "ACCEPT"},
        {"table": "raw", "chain": "PREROUTING", "jump": "ACCEPT"},
        {"ip_version": "ipv6", "chain": "INPUT", "protocol": "icmpv6", "jump": "ACCEPT"},
        {"ip_version": "ipv6", "chain": "INPUT", "source": "FE80::1/64", "jump": "REJECT"},
        {"ip_version": "ipv6", "chain": "INPUT", "source": "::ffff:1.2.3.4", "jump": "DROP"},
        {"ip_version": "ipv6", "chain": "INPUT", "protocol": "tcp", "jump": "REJECT", "reject_with": "icmp6-no-route"},
        {"ip_version": "ipv6", "table": "nat", "chain": "PREROUTING", "protocol": "tcp", "destination_port": "80"}
        | {"jump": "DNAT", "to_destination": "[fd00::1]:51679"},
    ]
    result = run(host, *everything)
    assert len(result.rules) == len(everything)


@pytest.mark.parametrize("answer", ["port", "net", "host", "proto"])
def test_every_rejection_of_ipv4(host, answer):
    run(host, {"chain": "INPUT", "jump": "REJECT", "reject_with": f"icmp-{answer}-unreachable"})


@pytest.mark.parametrize("answer", ["port-unreachable", "no-route", "adm-prohibited", "addr-unreachable"])
def test_every_rejection_of_ipv6(host, answer):
    run(host, {"ip_version": "ipv6", "chain": "INPUT", "jump": "REJECT", "reject_with": f"icmp6-{answer}"})


def test_a_chain_that_docker_has_not_made_yet_is_predicted_and_refused(host):
    before = host.state()
    params = {"name": "guard", "persist": False, "rules": [GUARD, CREDENTIALS]}
    predicted = host.module("netfilter_rules", check=True, **params)
    assert predicted.changed
    assert len(predicted.rules) == 2
    assert "DOCKER-USER does not exist" in predicted.warnings[0]
    refused = host.module("netfilter_rules", **params)
    assert refused.failed
    assert "chain DOCKER-USER does not exist in table filter (ipv4): Docker creates it when it starts" in refused.msg
    assert host.state() == before


def test_invalid_rules_are_refused_in_one_message_and_nothing_changes(docker):
    before = docker.state()
    refused = docker.module(
        "netfilter_rules",
        name="guard",
        rules=[GUARD, {**CREDENTIALS, "destination_port": "70000"}, {**GUARD, "destination": "169.254.169.254/33"}],
    )
    assert refused.failed
    assert "rule 2: destination_port '70000'" in refused.msg
    assert "rule 3: destination '169.254.169.254/33'" in refused.msg
    assert docker.state() == before


def test_what_iptables_itself_refuses_changes_nothing(docker):
    """A double stands in for a kernel that lacks a match."""
    before = docker.state()
    said = "iptables-restore: Couldn't load match 'conntrack'"
    docker.install("iptables-restore", f'#!/bin/sh\ncat >/dev/null\necho "{said}" >&2\nexit 2\n')
    refused = docker.module("netfilter_rules", name="guard", rules=[GUARD, CREDENTIALS])
    assert refused.failed
    assert f"nothing was changed: {said}" in refused.msg
    assert refused.changes == []
    assert docker.state() == before


def test_a_missing_jump_to_docker_user_is_warned_of(docker):
    docker.shell("iptables -D FORWARD -j DOCKER-USER")
    result = run(docker, GUARD)
    assert result.warnings == [
        "FORWARD does not jump to DOCKER-USER (ipv4): its rules do nothing until Docker restarts"
    ]


def test_without_ipv6_its_rules_are_skipped_with_a_warning(host):
    host.shell("mount -t tmpfs none /proc/sys/net")
    result = run(host, CREDENTIALS, {"ip_version": "ipv6", "chain": "INPUT", "jump": "ACCEPT"})
    assert [rule["ip_version"] for rule in result.rules] == ["ipv4"]
    assert "1 IPv6 rule(s) of guard were skipped" in result.warnings[0]


RULE_FILE = "/etc/fleetkit-ecs/netfilter.d/guard.rules"
LOADER = "/usr/local/sbin/fleetkit-ecs-netfilter"
UNIT = "/etc/systemd/system/fleetkit-ecs-netfilter-guard.service"
TRIGGER = "/etc/systemd/system/fleetkit-ecs-netfilter-guard.again.service"


def test_a_persisted_set_is_a_file_a_loader_and_a_unit_and_goes_without_a_trace(docker):
    before = docker.state()
    result = run(docker, GUARD, CREDENTIALS, persist=True)
    assert [change["kind"] for change in result.changes] == ["rule", "rule", "rule_file", "loader", "trigger", "unit"]
    assert [change["name"] for change in result.changes[2:]] == [RULE_FILE, LOADER, TRIGGER, UNIT]
    assert docker.run("cat", RULE_FILE).splitlines()[2:] == [
        f"ipv4 filter 1 DOCKER-USER {GUARD_SPEC} -j DROP",
        f"ipv4 filter - INPUT {CREDENTIALS_SPEC} -j ACCEPT",
    ]
    assert docker.run("stat", "-c", "%a %u %n", RULE_FILE, LOADER, UNIT).splitlines() == [
        f"644 0 {RULE_FILE}",
        f"755 0 {LOADER}",
        f"644 0 {UNIT}",
    ]
    for text in (RULE_FILE, f"{GUARD_SPEC} -j DROP\n", "load_chain FAMILY TABLE CHAIN", "# unit is enabled and active"):
        assert text in result.diff["after"]
    gone = run(docker, state="absent")
    assert [change["kind"] for change in gone.changes] == ["unit", "rule", "rule", "rule_file", "loader", "trigger"]
    assert (gone.rules, gone.persisted) == ([], False)
    assert docker.state() == before
    assert docker.run("ls", "/etc").count("fleetkit") == 0


def test_the_loader_goes_with_the_last_set(host):
    run(host, CREDENTIALS, persist=True)
    run(host, CREDENTIALS, persist=True, name="other")
    run(host, state="absent")
    assert host.run("ls", LOADER)
    run(host, state="absent", name="other")
    assert "No such file" in host.run("ls", LOADER, check=False)


def test_no_longer_persisted_means_that_the_files_go_and_the_rules_stay(host):
    run(host, CREDENTIALS, persist=True)
    result = run(host, CREDENTIALS)
    assert [change["kind"] for change in result.changes] == ["unit", "rule_file", "loader", "trigger"]
    assert host.rules("INPUT") == [ours(CREDENTIALS_SPEC, "ACCEPT")]


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (f"echo '# more' >>{RULE_FILE}", "rule_file"),
        (f"chmod 777 {LOADER}", "loader"),
        (f"chown 1 {LOADER}", "loader"),
        (f"sed -i s/PartOf/Partof/ {UNIT}", "unit"),
        ("rm /run/units/fleetkit-ecs-netfilter-guard.service/active", "unit"),
        ("rm /run/units/fleetkit-ecs-netfilter-guard.service/enabled", "unit"),
    ],
)
def test_drift_of_what_persists_a_set_is_mended(host, spoil, kind):
    run(host, CREDENTIALS, persist=True)
    host.shell(spoil)
    result = run(host, CREDENTIALS, persist=True)
    assert [(change["action"], change["kind"]) for change in result.changes] == [("update", kind)]


def test_without_systemd_persistence_is_refused_before_the_first_change(host):
    host.shell("rm -r /run/systemd")
    before = host.state()
    refused = host.module("netfilter_rules", name="guard", rules=[CREDENTIALS])
    assert refused.failed
    assert "persist needs systemd" in refused.msg
    assert host.state() == before


def load(host, name="guard"):
    """The loader's words and its exit code, as systemctl status would show them."""
    return host.shell(f"{LOADER} load {name} 2>&1 || echo exit $?", check=False)


class TestLoader:
    """The program that runs at boot, without Ansible and without Python."""

    SET = (GUARD, {**GUARD, "in_interface": "br-+"}, CREDENTIALS)

    @pytest.fixture
    def loaded(self, docker):
        run(docker, *self.SET, persist=True)
        return docker

    def test_after_a_flush_everything_comes_back_as_it_was(self, loaded):
        whole = loaded.rules("DOCKER-USER"), loaded.rules("INPUT")
        loaded.shell("iptables -F DOCKER-USER; iptables -A DOCKER-USER -j RETURN; iptables -F INPUT")
        assert load(loaded) == "guard: 3 rules in force (3 added)\n"
        assert (loaded.rules("DOCKER-USER"), loaded.rules("INPUT")) == whole
        assert not host_has_drift(loaded, self.SET)

    def test_a_second_load_changes_nothing(self, loaded):
        whole = loaded.state()
        assert load(loaded) == "guard: 3 rules in force (0 added)\n"
        assert loaded.state() == whole

    def test_order_is_repaired_and_foreign_rules_stay(self, loaded):
        first, second = loaded.rules("DOCKER-USER")[:2]
        loaded.shell(f"iptables -D DOCKER-USER 1; iptables -A DOCKER-USER {first}; iptables -I DOCKER-USER -j LOG")
        assert load(loaded) == "guard: 3 rules in force (0 added)\n"
        assert loaded.rules("DOCKER-USER") == [first, second, "-j LOG", "-j RETURN"]

    def test_an_appended_rule_stays_where_it_is(self, loaded):
        loaded.shell("iptables -A INPUT -j LOG")
        load(loaded)
        assert loaded.rules("INPUT") == [ours(CREDENTIALS_SPEC, "ACCEPT"), "-j LOG"]

    def test_a_position_beyond_the_end_is_the_end(self, docker):
        rules = [{**GUARD, "position": 5}, {**GUARD, "position": 6, "in_interface": "br-+"}]
        docker.shell("for i in 1 2 3 4; do iptables -A DOCKER-USER -s 10.0.0.$i -j RETURN; done")
        run(docker, *rules, persist=True)
        expected = [rule for rule in docker.rules("DOCKER-USER") if "comment" in rule]
        docker.shell("iptables -F DOCKER-USER; iptables -A DOCKER-USER -j RETURN")
        for added in (2, 0):
            assert load(docker) == f"guard: 2 rules in force ({added} added)\n"
            assert docker.rules("DOCKER-USER") == ["-j RETURN", *expected]

    def test_a_missing_chain_fails_and_the_rest_is_loaded(self, loaded):
        loaded.shell("iptables -F; iptables -X")
        told = load(loaded)
        assert "guard: cannot list chain DOCKER-USER of table filter (ipv4)" in told
        assert "guard: 1 rules in force (1 added)" in told
        assert told.endswith("exit 1\n")
        assert loaded.rules("INPUT") == [ours(CREDENTIALS_SPEC, "ACCEPT")]

    def test_a_missing_jump_fails(self, loaded):
        loaded.shell("iptables -D FORWARD -j DOCKER-USER")
        assert "FORWARD does not jump to DOCKER-USER (ipv4), its rules do nothing: restart docker" in load(loaded)
        assert load(loaded).endswith("exit 1\n")

    def test_a_rule_that_cannot_be_made_fails_and_leaves_its_chain(self, loaded):
        loaded.shell(f"sed -i 's/--dport 51679/--dport nonsense/' {RULE_FILE}")
        before = loaded.rules("INPUT")
        told = load(loaded)
        assert "guard: chain INPUT of table filter (ipv4) is unchanged: " in told
        assert told.endswith("exit 1\n")
        assert loaded.rules("INPUT") == before

    def test_a_set_that_does_not_exist_fails(self, loaded):
        told = load(loaded, "nosuch")
        assert told.startswith("nosuch: /etc/fleetkit-ecs/netfilter.d/nosuch.rules cannot be read")
        assert told.endswith("exit 1\n")

    def test_ipv6_rules_are_loaded_or_skipped(self, host):
        run(host, {"ip_version": "ipv6", "chain": "INPUT", "source": "fd00::1", "jump": "DROP"}, persist=True)
        host.shell("ip6tables -F")
        assert load(host) == "guard: 1 rules in force (1 added)\n"
        host.shell("mount -t tmpfs none /proc/sys/net")
        assert load(host).startswith("guard: no IPv6 here, skipped: filter INPUT -s fd00::1/128 -j DROP\n")

    def test_every_word_of_a_rule_is_only_a_word(self, loaded):
        loaded.shell(f"echo 'ipv4 filter - INPUT -i $(touch${{IFS}}/run/x) -j DROP; touch /run/x * `id`' >>{RULE_FILE}")
        assert load(loaded).endswith("exit 1\n")
        assert loaded.shell("ls /run").split().count("x") == 0


def host_has_drift(host, rules):
    return host.module("netfilter_rules", check=True, name="guard", rules=list(rules)).changed


def test_a_set_in_dockers_chains_loads_after_docker_and_any_other_before(docker):
    run(docker, GUARD, persist=True)
    late = docker.run("cat", UNIT)
    assert "\nAfter=docker.service " in late
    assert "\nBefore=ecs.service\n" in late
    assert "\nPartOf=docker.service nftables.service " in late
    run(docker, CREDENTIALS, persist=True)
    early = docker.run("cat", UNIT)
    assert "\nBefore=docker.service ecs.service\n" in early
    assert "\nAfter=nftables.service " in early
    assert "\nWantedBy=multi-user.target docker.service " in early
