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
DOCKER = (
    "iptables -N DOCKER-USER; iptables -A DOCKER-USER -j RETURN; iptables -I FORWARD -j DOCKER-USER;"
    "iptables -A FORWARD -i docker0 -j ACCEPT"
)
RULE_FILE = "/etc/fleetkit-ecs/netfilter.d/guard.rules"
LOADER = "/usr/local/sbin/fleetkit-ecs-netfilter"
UNIT_NAME = "fleetkit-ecs-netfilter.service"
UNIT = f"/etc/systemd/system/{UNIT_NAME}"
DROP_IN = "/etc/systemd/system/docker.service.d/fleetkit-ecs-netfilter.conf"


@pytest.fixture(params=BACKENDS)
def host(request, tmp_path):
    namespace = Namespace(tmp_path, request.param).start()
    yield namespace
    namespace.stop()


@pytest.fixture
def docker(host):
    """A host on which Docker has run: its chains, jumps and RETURN."""
    host.shell(DOCKER)
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


def test_a_persisted_rule_for_a_chain_of_dockers_waits_for_docker(host):
    result = run(host, GUARD, CREDENTIALS, persist=True)
    assert [entry["rule"] for entry in result.deferred] == [f"-A DOCKER-USER {GUARD_RULE}"]
    assert [entry["rule"] for entry in result.rules] == [f"-A INPUT {ours(CREDENTIALS_SPEC, 'ACCEPT')}"]
    assert result.warnings == []
    host.shell(f"{DOCKER}; {LOADER} load")
    assert host.rules("DOCKER-USER") == [GUARD_RULE, "-j RETURN"]
    there = host.module("netfilter_rules", name="guard", rules=[GUARD, CREDENTIALS])
    assert (there.changed, there.deferred, len(there.rules)) == (False, [], 2)


def test_an_inserted_rule_goes_to_the_head_and_stays_where_it_is(host):
    host.shell("iptables -A INPUT -j LOG")
    run(host, {**CREDENTIALS, "action": "insert"})
    assert host.rules("INPUT") == [ours(CREDENTIALS_SPEC, "ACCEPT"), "-j LOG"]
    host.shell("iptables -I INPUT -s 10.0.0.1 -j ACCEPT")
    assert not run(host, {**CREDENTIALS, "action": "insert"}).changed


def test_a_rule_of_any_chain_goes_into_a_chain_of_the_users_own(host):
    host.shell("iptables -t mangle -N mine.own; iptables -t mangle -A mine.own -j RETURN")
    run(host, {"table": "mangle", "chain": "mine.own", "action": "insert", "source": "10.0.0.1", "jump": "DROP"})
    assert host.rules("mine.own", "mangle") == [ours("-s 10.0.0.1/32", "DROP"), "-j RETURN"]


OTHER_BACKEND = {"nft": "legacy", "legacy": "nft"}


@pytest.mark.parametrize("here", [False, True])
def test_dockers_chains_in_the_other_backend_are_a_reason_to_refuse(host, here):
    """Docker was started with the one, and then the alternative was changed."""
    if len(BACKENDS) < 2:
        pytest.fail("this test needs both backends of iptables")
    other = OTHER_BACKEND[host.backend]
    host.shell(f"xtables-{other}-multi iptables -N DOCKER-USER")
    if here:
        host.shell(DOCKER)
    before = host.state()
    refused = host.module("netfilter_rules", name="guard", rules=[GUARD])
    assert refused.failed
    assert ("both backends" in refused.msg) == here
    assert f"iptables on this host is {host.backend}" in refused.msg
    assert host.state() == before


def test_what_ecs_init_makes_itself_is_refused_where_it_is_installed(host):
    host.shell("mount -t tmpfs none /usr/libexec; touch /usr/libexec/amazon-ecs-init")
    rule = {"table": "nat", "chain": "OUTPUT", "protocol": "tcp", "destination": "169.254.170.2", "jump": "REDIRECT"}
    refused = host.module(
        "netfilter_rules", name="guard", rules=[{**rule, "destination_port": "80", "to_ports": "51679"}]
    )
    assert "makes these rules itself and would double them: -t nat -A OUTPUT" in refused.msg


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


def test_a_persisted_set_is_a_file_a_loader_and_a_unit_and_goes_without_a_trace(docker):
    before = docker.state()
    result = run(docker, GUARD, CREDENTIALS, persist=True)
    kinds = ["rule", "rule", "rule_file", "loader", "docker", "unit"]
    assert [change["kind"] for change in result.changes] == kinds
    assert [change["name"] for change in result.changes[2:]] == [RULE_FILE, LOADER, DROP_IN, UNIT]
    assert docker.run("cat", RULE_FILE).splitlines()[2:] == [
        f"ipv4 filter 1 DOCKER-USER {GUARD_SPEC} -j DROP",
        f"ipv4 filter - INPUT {CREDENTIALS_SPEC} -j ACCEPT",
    ]
    assert docker.run("stat", "-c", "%a %u %n", RULE_FILE, LOADER, DROP_IN, UNIT).splitlines() == [
        f"644 0 {RULE_FILE}",
        f"755 0 {LOADER}",
        f"644 0 {DROP_IN}",
        f"644 0 {UNIT}",
    ]
    for text in (RULE_FILE, f"{GUARD_SPEC} -j DROP\n", "load_chain FAMILY TABLE CHAIN", f"# {UNIT_NAME} is enabled"):
        assert text in result.diff["after"]
    gone = run(docker, state="absent")
    assert [change["kind"] for change in gone.changes] == ["unit", "rule", "rule", "rule_file", "loader", "docker"]
    assert (gone.rules, gone.persisted) == ([], False)
    assert docker.state() == before
    assert docker.run("find", "/etc", "/run", "-name", "*fleetkit*", "-not", "-path", "/run/units/*") == ""


def test_what_sets_share_goes_with_the_last_set(host):
    run(host, CREDENTIALS, persist=True)
    run(host, CREDENTIALS, persist=True, name="other")
    gone = run(host, state="absent")
    assert [change["kind"] for change in gone.changes] == ["rule", "rule_file"]
    assert host.run("ls", LOADER)
    run(host, state="absent", name="other")
    assert "No such file" in host.run("ls", LOADER, check=False)


def test_no_longer_persisted_means_that_the_files_go_and_the_rules_stay(host):
    run(host, CREDENTIALS, persist=True)
    result = run(host, CREDENTIALS)
    assert [change["kind"] for change in result.changes] == ["unit", "rule_file", "loader", "docker"]
    assert host.rules("INPUT") == [ours(CREDENTIALS_SPEC, "ACCEPT")]


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (f"echo '# more' >>{RULE_FILE}", "rule_file"),
        (f"chmod 777 {LOADER}", "loader"),
        (f"chown 1 {LOADER}", "loader"),
        (f"sed -i s/Before/before/ {UNIT}", "unit"),
        (f"sed -i s/Wants/wants/ {DROP_IN}", "docker"),
        (f"rm /run/units/{UNIT_NAME}/active", "unit"),
        (f"rm /run/units/{UNIT_NAME}/enabled", "unit"),
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


IMDS = {"prohibit_forwarding_to": ["169.254.169.254", "fd00:ec2::254"]}
ROUTE_LOCALNET = "net.ipv4.conf.all.route_localnet"


def priorities(host, family="-4"):
    return [line.replace("\tfrom all ", "") for line in host.run("ip", family, "rule").splitlines()[1:4]]


def test_forwarding_is_prohibited_by_routing_rules_and_they_go_without_a_trace(host):
    before = host.state()
    result = run(host, persist=True, rules=None, **IMDS)
    for family, address in (("-4", "169.254.169.254"), ("-6", "fd00:ec2::254")):
        assert priorities(host, family) == [f"1:to {address} iif lo goto 3", f"2:to {address} prohibit", "3:nop"]
    assert [change["kind"] for change in result.changes[:6]] == ["routing_rule"] * 6
    assert "ipv4 routing rule, pref 2 to 169.254.169.254 prohibit" in result.diff["after"]
    host.shell("ip rule del pref 2; ip rule del pref 3")
    assert [change["action"] for change in run(host, persist=True, rules=None, **IMDS).changes] == ["create"] * 2
    run(host, state="absent")
    assert host.state() == before


def test_what_the_host_forwards_is_refused_and_what_it_sends_itself_is_not(host):
    """A container's packet comes in by a bridge, whatever its name; the routes are the same for both."""
    host.shell(
        "ip link add any0 type bridge; ip addr add 172.20.0.1/16 dev any0; ip link set any0 up;"
        "ip link add eth9 type bridge; ip addr add 10.9.0.2/24 dev eth9; ip link set eth9 up;"
        "ip route add default via 10.9.0.1; echo 1 >/proc/sys/net/ipv4/ip_forward"
    )
    forwarded = ("ip", "route", "get", "169.254.169.254", "from", "172.20.0.5", "iif", "any0")
    assert "dev eth9" in host.run(*forwarded)
    own = host.run("ip", "route", "get", "169.254.169.254")
    run(host, persist=True, rules=None, **IMDS)
    assert "dev eth9" not in host.run(*forwarded, check=False)
    assert "Permission denied" in host.run(*forwarded, check=False)
    assert host.run("ip", "route", "get", "169.254.169.254") == own
    assert "dev eth9" in host.run("ip", "route", "get", "10.1.1.1", "from", "172.20.0.5", "iif", "any0")


def test_networkd_is_told_to_leave_the_routing_rules_alone_where_it_is_used(host):
    drop_in = "/etc/systemd/networkd.conf.d/fleetkit-ecs-netfilter.conf"
    host.shell("mkdir -p /run/units/systemd-networkd.service; touch /run/units/systemd-networkd.service/enabled")
    run(host, persist=True, rules=None, **IMDS)
    assert "ManageForeignRoutingPolicyRules=no" in host.run("cat", drop_in)
    run(host, state="absent")
    assert "No such file" in host.run("ls", drop_in, check=False)


FILTER = {"chain": "INPUT", "action": "insert", "source": "!127.0.0.0/8", "destination": "127.0.0.0/8", "jump": "DROP"}
FILTER |= {"ctstate": ["!RELATED", "ESTABLISHED", "DNAT"]}
DNAT = {"table": "nat", "chain": "PREROUTING", "protocol": "tcp", "destination": "169.254.170.2", "jump": "DNAT"}
DNAT |= {"destination_port": "80", "to_destination": "127.0.0.1:51679"}
PATH = {"sysctls": {ROUTE_LOCALNET: 1}, "loopback_routes": ["169.254.170.2"], "persist": True}


def without_empty_tables(state):
    """The kernel keeps a table that was used once."""
    return [line for line in state.splitlines() if line[:1] not in "*:" and line != "COMMIT"]


def test_the_credential_path_comes_and_goes_in_the_safe_order(host):
    before = host.state()
    result = run(host, FILTER, DNAT, **PATH)
    assert [change["kind"] for change in result.changes[:4]] == ["rule", "sysctl", "route", "rule"]
    assert result.changes[3]["owner"] == "ipv4 nat"
    assert host.run("cat", "/proc/sys/net/ipv4/conf/all/route_localnet") == "1\n"
    assert host.run("ip", "route") == "169.254.170.2 dev lo scope link \n"
    gone = run(host, state="absent")
    assert [change["kind"] for change in gone.changes[:5]] == ["unit", "rule", "sysctl", "rule", "route"]
    assert without_empty_tables(host.state()) == without_empty_tables(before)


def test_a_sysctl_of_an_interface_that_is_not_there_yet_waits(host):
    accept_ra = "net.ipv6.conf.docker0.accept_ra"
    run(host, FILTER, sysctls={accept_ra: 0}, persist=True)
    host.shell(f"ip link add docker0 type bridge; {LOADER} load")
    assert host.run("cat", f"/proc/sys/{accept_ra.replace('.', '/')}") == "0\n"


def test_the_loader_is_kept_out_while_a_set_is_changed(host):
    """Between two steps of the module it would put back what goes, or place twice what comes."""
    run(host, CREDENTIALS, persist=True)
    host.shell("iptables -F INPUT")
    while_locked = f"({LOADER} load >/run/said &) ; sleep 0.5; cat /run/said"
    assert host.shell(f"flock --close /etc/fleetkit-ecs/netfilter.d sh -c '{while_locked}'") == ""
    host.shell("until grep -q 'looked after' /run/said; do sleep 0.1; done")


def load(host):
    """The loader's words and its exit code, as systemctl status would show them."""
    return host.shell(f"{LOADER} load 2>&1 || echo exit $?", check=False)


class TestLoader:
    """The program that runs at boot, without Ansible and without Python."""

    SET = (GUARD, {**GUARD, "in_interface": "br-+"}, CREDENTIALS)

    @pytest.fixture
    def loaded(self, docker):
        run(docker, *self.SET, persist=True, prohibit_forwarding_to=["169.254.169.254"])
        return docker

    def test_after_a_flush_everything_comes_back_as_it_was(self, loaded):
        whole = loaded.rules("DOCKER-USER"), loaded.rules("INPUT"), priorities(loaded)
        loaded.shell(
            "iptables -F DOCKER-USER; iptables -A DOCKER-USER -j RETURN; iptables -F INPUT; ip rule del pref 2"
        )
        assert load(loaded) == (
            "guard: put in force: ip -4 rule pref 2 to 169.254.169.254 prohibit\n"
            f"guard: put in force: ipv4 filter DOCKER-USER {GUARD_SPEC} -j DROP\n"
            f"guard: put in force: ipv4 filter DOCKER-USER {GUARD_SPEC.replace('docker+', 'br-+')} -j DROP\n"
            f"guard: put in force: ipv4 filter INPUT {CREDENTIALS_SPEC} -j ACCEPT\n"
            "guard: 4 looked after, 0 waiting for Docker\n"
        )
        assert (loaded.rules("DOCKER-USER"), loaded.rules("INPUT"), priorities(loaded)) == whole
        assert not self.has_drift(loaded)

    def has_drift(self, host):
        prohibited = ["169.254.169.254"]
        rules = list(self.SET)
        return host.module(
            "netfilter_rules", check=True, name="guard", rules=rules, prohibit_forwarding_to=prohibited
        ).changed

    def test_a_load_that_finds_all_in_force_takes_no_lock(self, loaded):
        """ecs-init does not wait for the lock: it would fail because we look."""
        told = loaded.shell(f"flock /run/xtables.lock timeout 5 {LOADER} load")
        assert told == "guard: 4 looked after, 0 waiting for Docker\n"

    def test_a_second_load_changes_nothing(self, loaded):
        whole = loaded.state()
        assert load(loaded) == "guard: 4 looked after, 0 waiting for Docker\n"
        assert loaded.state() == whole

    def test_order_is_repaired_and_foreign_rules_stay(self, loaded):
        first, second = loaded.rules("DOCKER-USER")[:2]
        loaded.shell(f"iptables -D DOCKER-USER 1; iptables -A DOCKER-USER {first}; iptables -I DOCKER-USER -j LOG")
        assert load(loaded).count("put in its place") == 2
        assert loaded.rules("DOCKER-USER") == [first, second, "-j LOG", "-j RETURN"]

    def test_what_a_snapshot_brought_back_goes_if_it_is_ours_and_not_declared_or_twice_there(self, loaded):
        whole = loaded.rules("DOCKER-USER")
        stale = ours("-s 10.0.0.1/32", "DROP")
        for rule in (stale, whole[0], whole[1], "-s 10.0.0.2/32 -j DROP"):
            loaded.shell(f"iptables -A DOCKER-USER {rule}")
        load(loaded)
        load(loaded)
        assert loaded.rules("DOCKER-USER") == [*whole, "-s 10.0.0.2/32 -j DROP"]

    def test_an_appended_rule_stays_where_it_is(self, loaded):
        loaded.shell("iptables -A INPUT -j LOG")
        load(loaded)
        assert loaded.rules("INPUT") == [ours(CREDENTIALS_SPEC, "ACCEPT"), "-j LOG"]

    def test_an_inserted_rule_comes_back_at_the_head(self, host):
        run(host, {**CREDENTIALS, "action": "insert"}, persist=True)
        host.shell("iptables -F INPUT; iptables -A INPUT -j REJECT")
        load(host)
        assert host.rules("INPUT")[0] == ours(CREDENTIALS_SPEC, "ACCEPT")
        host.shell("iptables -I INPUT -j LOG")
        assert "put in" not in load(host)

    def test_a_position_beyond_the_end_is_the_end(self, docker):
        rules = [{**GUARD, "position": 5}, {**GUARD, "position": 6, "in_interface": "br-+"}]
        docker.shell("for i in 1 2 3 4; do iptables -A DOCKER-USER -s 10.0.0.$i -j RETURN; done")
        run(docker, *rules, persist=True)
        expected = [rule for rule in docker.rules("DOCKER-USER") if "comment" in rule]
        docker.shell("iptables -F DOCKER-USER; iptables -A DOCKER-USER -j RETURN")
        for added in (2, 0):
            assert load(docker).count("put in force") == added
            assert docker.rules("DOCKER-USER") == ["-j RETURN", *expected]

    def test_without_docker_its_chain_is_waited_for_and_the_rest_is_loaded(self, loaded):
        loaded.shell("iptables -F; iptables -X")
        told = load(loaded)
        assert told.endswith("guard: 2 looked after, 2 waiting for Docker\n")
        assert loaded.rules("INPUT") == [ours(CREDENTIALS_SPEC, "ACCEPT")]

    def test_while_docker_runs_a_flushed_docker_user_comes_back_with_its_jump(self, loaded):
        whole = loaded.rules("DOCKER-USER")
        loaded.shell("mkdir -p /run/units/docker.service; echo active >/run/units/docker.service/active")
        loaded.shell("iptables -F; iptables -X")
        assert "put in force: ipv4 filter FORWARD -j DOCKER-USER" in load(loaded)
        assert loaded.rules("DOCKER-USER") == whole
        assert loaded.rules("FORWARD") == ["-j DOCKER-USER"]

    def test_a_missing_jump_comes_back(self, loaded):
        loaded.shell("iptables -D FORWARD -j DOCKER-USER")
        assert "guard: put in force: ipv4 filter FORWARD -j DOCKER-USER\n" in load(loaded)
        assert loaded.rules("FORWARD")[0] == "-j DOCKER-USER"

    def test_another_missing_chain_fails(self, host):
        host.shell("iptables -N mine")
        run(host, {"chain": "mine", "jump": "DROP"}, persist=True)
        host.shell("iptables -F mine; iptables -X mine")
        told = load(host)
        assert told.startswith("guard: there is no chain mine in table filter (ipv4)")
        assert told.endswith("exit 1\n")

    def test_a_rule_that_cannot_be_made_fails_and_leaves_its_chain(self, loaded):
        loaded.shell(f"sed -i 's/--dport 51679/--dport nonsense/' {RULE_FILE}")
        before = loaded.rules("INPUT")
        told = load(loaded)
        assert "guard: chain INPUT of table filter (ipv4) is unchanged: " in told
        assert told.endswith("exit 1\n")
        assert loaded.rules("INPUT") == before

    def test_a_line_that_is_not_known_fails(self, loaded):
        loaded.shell(f"echo 'arp filter 1 INPUT -j DROP' >>{RULE_FILE}")
        assert "guard: not known: arp filter 1 INPUT -j DROP\n" in load(loaded)

    def test_without_any_set_it_fails(self, loaded):
        loaded.shell(f"rm {RULE_FILE}")
        assert load(loaded) == "all: there is no set in /etc/fleetkit-ecs/netfilter.d\nexit 1\n"

    def test_docker_starts_only_when_what_it_needs_is_in_force(self, host):
        broken = f"sed -i 's/--dport 51679/--dport nonsense/' {RULE_FILE}"
        gate = f"{LOADER} before-docker >/dev/null 2>&1 && echo starts || echo does not start"
        run(host, CREDENTIALS, GUARD, persist=True)
        host.shell(broken)
        assert host.shell(gate) == "starts\n"
        run(host, CREDENTIALS, GUARD, persist=True, required_by_docker=True)
        assert host.shell(gate) == "starts\n"
        host.shell(broken)
        assert host.shell(gate) == "does not start\n"
        host.shell(f"rm {RULE_FILE}")
        assert host.shell(gate) == "does not start\n"

    def test_a_sysctl_goes_back_when_the_rules_that_it_needs_cannot_be_made(self, host):
        run(host, FILTER, DNAT, **PATH)
        host.shell(f"iptables -F INPUT; sed -i 's/--ctstate RELATED/--ctstate NONSENSE/' {RULE_FILE}")
        assert f"guard: {ROUTE_LOCALNET} is 0 and not 1 while a rule is missing" in load(host)
        assert host.run("cat", "/proc/sys/net/ipv4/conf/all/route_localnet") == "0\n"

    def test_ipv6_rules_are_loaded_or_skipped(self, host):
        run(host, {"ip_version": "ipv6", "chain": "INPUT", "source": "fd00::1", "jump": "DROP"}, persist=True)
        host.shell("ip6tables -F")
        assert "put in force: ipv6 filter INPUT -s fd00::1/128 -j DROP" in load(host)
        host.shell("mount -t tmpfs none /proc/sys/net")
        assert load(host).startswith("guard: no IPv6 here, skipped: ipv6 filter - INPUT -s fd00::1/128 -j DROP\n")

    def test_every_word_of_a_rule_is_only_a_word(self, loaded):
        loaded.shell(f"echo 'ipv4 filter - INPUT -i $(touch${{IFS}}/run/x) -j DROP; touch /run/x * `id`' >>{RULE_FILE}")
        assert load(loaded).endswith("exit 1\n")
        assert loaded.shell("ls /run").split().count("x") == 0


ECS_INIT = """
iptables -t nat -A PREROUTING -p tcp -d 169.254.170.2 --dport 80 -j DNAT --to-destination 127.0.0.1:51679
iptables -t filter -I INPUT --dst 127.0.0.0/8 ! --src 127.0.0.0/8 \
    -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
iptables -t filter -I INPUT -p tcp --dport 51678 ! -i lo -j DROP
ip6tables -t filter -I INPUT -p tcp --dport 51678 ! -i lo -j DROP
iptables -t filter -I INPUT -p tcp --dport 51678 -i bridge9 -j ACCEPT
iptables -t nat -A OUTPUT -p tcp -d 169.254.170.2 --dport 80 -j REDIRECT --to-ports 51679
"""


class TestRulesOfEcsInit:
    """Put back exactly so when a flush took them while ecs.service is active, and at no other time."""

    @pytest.fixture
    def ecs(self, host):
        run(host, CREDENTIALS, persist=True, restore_ecs_init=True)
        self.state(host, "activating")
        host.shell(ECS_INIT)
        return host

    def state(self, host, word, invocation="1"):
        unit = "/run/units/ecs.service"
        host.shell(f"mkdir -p {unit}; echo {word} >{unit}/active; echo {invocation} >{unit}/invocation")

    def tables(self, host):
        return host.shell("for t in filter nat; do iptables -t $t -S; done; ip6tables -S")

    def flush(self, host):
        host.shell("iptables -F; iptables -t nat -F; ip6tables -F")

    @pytest.mark.parametrize("state", ["activating", "active"])
    def test_a_flush_is_mended_while_ecs_is_active_and_ecs_init_can_remove_everything(self, ecs, state):
        self.state(ecs, state)
        load(ecs)
        whole = self.tables(ecs)
        self.flush(ecs)
        self.state(ecs, "active")
        assert load(ecs).count("put in force: ecs-init's") == 6
        assert self.tables(ecs).splitlines() == whole.splitlines()
        ecs.shell(ECS_INIT.replace("-A ", "-D ").replace("-I ", "-D "))
        assert "51678" not in self.tables(ecs)
        assert "169.254.170.2" not in self.tables(ecs)

    @pytest.mark.parametrize("state", ["inactive", "failed", "activating", "deactivating"])
    def test_nothing_is_put_back_while_ecs_is_not_active(self, ecs, state):
        self.state(ecs, "active")
        load(ecs)
        self.flush(ecs)
        self.state(ecs, state)
        load(ecs)
        assert "169.254.170.2" not in self.tables(ecs)

    def test_nothing_is_doubled(self, ecs):
        self.state(ecs, "active")
        load(ecs)
        whole = self.tables(ecs)
        ecs.shell("iptables -t nat -F OUTPUT")
        for _time in range(2):
            load(ecs)
            assert sorted(self.tables(ecs).splitlines()) == sorted(whole.splitlines())

    def test_what_this_start_of_ecs_did_not_make_is_not_put_back(self, ecs):
        """ECS_SKIP_LOCALHOST_TRAFFIC_FILTER and its like: ecs-init would leave such a rule behind."""
        self.state(ecs, "active")
        load(ecs)
        self.flush(ecs)
        self.state(ecs, "active", invocation="2")
        load(ecs)
        assert "51678" not in self.tables(ecs)
        assert self.tables(ecs).count("169.254.170.2") == 2

    def test_rules_that_ecs_begins_to_remove_meanwhile_are_taken_away_again(self, ecs):
        self.state(ecs, "active")
        load(ecs)
        self.flush(ecs)
        count = "/run/asked"
        real = ecs.run("sh", "-c", "command -v systemctl").strip()
        ecs.install("systemctl-real", ecs.run("cat", real))
        ecs.install(
            "systemctl",
            f'#!/bin/sh\n[ "$1" = show ] && echo x >>{count}\n'
            f"[ $(wc -l <{count}) -gt 1 ] && echo deactivating >/run/units/ecs.service/active\n"
            'exec systemctl-real "$@"\n',
        )
        load(ecs)
        assert "169.254.170.2" not in self.tables(ecs)


def test_the_watcher_puts_everything_back_within_seconds_and_is_quiet_otherwise(docker):
    run(docker, GUARD, CREDENTIALS, persist=True, prohibit_forwarding_to=["169.254.169.254"])
    whole = docker.rules("DOCKER-USER"), docker.rules("INPUT"), priorities(docker)
    watcher = docker.spawn("sh", "-c", f"exec {LOADER} watch >/run/said 2>&1")
    docker.shell("sleep 2; iptables -F DOCKER-USER; iptables -F INPUT; ip rule del pref 1; ip rule del pref 2")
    docker.shell("until iptables -S INPUT | grep -q ^-A && ip rule | grep -q prohibit; do sleep 0.1; done")
    docker.shell("until grep -q 'looked after' /run/said; do sleep 0.1; done")
    assert (docker.rules("DOCKER-USER"), docker.rules("INPUT"), priorities(docker)) == (
        [*whole[0][:1]],
        *whole[1:],
    )
    said = docker.run("cat", "/run/said")
    assert said.count("put in force") == 4
    docker.shell("sleep 2")
    assert docker.run("cat", "/run/said") == said
    watcher.kill()
    watcher.communicate()
