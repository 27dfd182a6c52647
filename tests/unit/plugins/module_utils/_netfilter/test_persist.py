# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter import persist
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.beside import from_text, routing_rules
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.loader import LOADER_TEXT
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import (
    Beside,
    File,
    Host,
    Kernel,
    Place,
    Rule,
    RuleSet,
    Unit,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.plan import plan_set
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.read import parse_save

INPUT = Place("ipv4", "filter", "INPUT")
DOCKER_USER = Place("ipv4", "filter", "DOCKER-USER")
WANTED = RuleSet("s", (Rule(INPUT, "-i a", "-j DROP"), Rule(DOCKER_USER, "-i b", "-j DROP", 1)), persist=True)
GUARD = replace(WANTED, beside=Beside(prohibited=(("ipv4", "10.0.0.1"),)))
ACTIVE = Unit(enabled=True, active=True)
FILES = ["rule_file", "loader", "docker", "unit"]


def persisted(wanted, **changed):
    """A host on which a set is in force and persisted."""
    chains = {}
    for rule in wanted.rules:
        chains[rule.place] = (*chains.get(rule.place, ()), rule.marked(wanted.name))
    kernel = Kernel({"ipv4": tuple(words for _version, words in routing_rules(wanted.beside.prohibited))})
    host = Host(**{"chains": chains, "kernel": kernel, "unit": ACTIVE, "had": wanted.beside, **changed})
    files = persist.wanted_files(host, wanted)
    here = {path: files[kind] for kind, path in persist.paths(wanted.name).items() if kind in files}
    return replace(host, files=here)


def kinds(host, wanted):
    return [(change.action, change.kind) for change in plan_set(host, wanted).changes]


def test_the_rule_file_has_one_plain_line_a_thing_in_the_order_in_which_it_is_safe():
    rules = (
        *WANTED.rules,
        Rule(Place("ipv4", "nat", "OUTPUT"), "", "-j REDIRECT"),
        Rule(DOCKER_USER, "-i c", "-j DROP", 1),
        Rule(DOCKER_USER, "", "-j RETURN"),
        Rule(INPUT, "-i d", "-j DROP", head=True),
    )
    beside = Beside((("ipv4", "10.0.0.1"),), (("net.ipv4.conf.all.route_localnet", "1"),), ("169.254.170.2",))
    wanted = RuleSet("s", rules, True, beside, required_by_docker=True, restore_ecs_init=True)
    text = persist.rule_file(wanted)
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        "required",
        "prohibit ipv4 10.0.0.1",
        "ipv4 filter 1 DOCKER-USER -i b -j DROP",
        "ipv4 filter 2 DOCKER-USER -i c -j DROP",
        "ipv4 filter - DOCKER-USER -j RETURN",
        "ipv4 filter - INPUT -i a -j DROP",
        "ipv4 filter + INPUT -i d -j DROP",
        "sysctl net.ipv4.conf.all.route_localnet 1",
        "route 169.254.170.2",
        "ipv4 nat - OUTPUT -j REDIRECT",
        "ecs-init",
    ]
    assert from_text(text) == beside


def test_a_new_set_is_in_force_before_it_is_persisted():
    host = Host({DOCKER_USER: ()}, unit=Unit())
    assert [kind for _action, kind in kinds(host, WANTED)] == ["rule", "rule", *FILES]


def test_a_set_that_goes_is_unhooked_first():
    assert [kind for _action, kind in kinds(persisted(WANTED), RuleSet("s"))] == [
        *("unit", "rule", "rule", "rule_file", "loader", "docker")
    ]


def test_a_persisted_set_needs_nothing():
    assert kinds(persisted(WANTED), WANTED) == []
    assert kinds(persisted(GUARD), GUARD) == []


@pytest.mark.parametrize("unit", [Unit(enabled=True), Unit(active=True), Unit(enabled=True, active=True, stale=True)])
def test_a_unit_that_is_not_enabled_active_and_current_is_mended(unit):
    assert kinds(persisted(WANTED, unit=unit), WANTED) == [("update", "unit")]


@pytest.mark.parametrize("change", [{"mode": 0o666}, {"uid": 1000}, {"text": ""}])
def test_a_loader_that_is_not_ours_alone_is_replaced(change):
    host = persisted(WANTED)
    host.files[persist.LOADER] = File(**{"text": LOADER_TEXT, "mode": 0o755, "uid": 0, **change})
    assert kinds(host, WANTED) == [("update", "loader")]


def test_what_sets_share_stays_while_another_set_needs_it():
    host = persisted(GUARD, others={"t": Beside()}, networkd=True)
    plan = plan_set(host, RuleSet("s"))
    files = [change.kind for change in plan.changes if change.kind in persist.paths("s")]
    assert files == ["rule_file", "networkd"]
    assert persist.LOADER in plan.after
    assert f"# {persist.UNIT} is enabled and active" in plan.after


def test_networkd_is_told_only_where_it_is_used_and_as_long_as_a_set_needs_it():
    assert ("create", "networkd") in kinds(persisted(WANTED, networkd=True), GUARD)
    assert ("create", "networkd") not in kinds(persisted(WANTED), GUARD)
    used = persisted(GUARD, networkd=True)
    assert kinds(replace(used, networkd=False), GUARD) == []
    assert ("delete", "networkd") in kinds(used, WANTED)
    assert ("delete", "networkd") not in kinds(replace(used, others={"t": GUARD.beside}), RuleSet("s"))


def test_without_systemd_persistence_is_refused_and_other_sets_are_fine():
    with pytest.raises(Refusal, match="persist needs systemd"):
        plan_set(Host({DOCKER_USER: ()}), WANTED)
    assert kinds(Host({}), RuleSet("s")) == []


def test_docker_waits_for_the_rules_at_each_of_its_starts_and_is_not_bound_to_our_unit():
    """Requires= would stop Docker, and every task, with our unit."""
    assert f"ExecStartPre={persist.LOADER} before-docker" in persist.DOCKER_TEXT
    assert "Requires" not in persist.DOCKER_TEXT
    assert "Before=docker.service ecs.service" in persist.UNIT_TEXT


@pytest.mark.parametrize("shell", [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)])
def test_the_loader_is_valid_shell(shell):
    command = [shell, *(["sh"] if shell == "busybox" else []), "-n"]
    assert subprocess.run(command, input=LOADER_TEXT, text=True, capture_output=True, check=False).stderr == ""


def test_the_loader_says_how_it_is_used():
    done = subprocess.run(["sh"], input=LOADER_TEXT, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (64, "usage: sh load | before-docker | watch\n")


def test_iptables_save_is_read_by_chain():
    text = """\
# Generated by iptables-save v1.8.11 (nf_tables)
*raw
:PREROUTING ACCEPT [0:0]
COMMIT
*filter
:INPUT ACCEPT [449:55042]
:DOCKER-USER - [0:0]
-A INPUT -m comment --comment "a -A b" -j DROP
-A DOCKER-USER -i docker+ -j DROP
-A DOCKER-USER -j RETURN
-A INPUT
COMMIT
"""
    assert parse_save("ipv4", text) == {
        Place("ipv4", "raw", "PREROUTING"): (),
        INPUT: ('-m comment --comment "a -A b" -j DROP', ""),
        DOCKER_USER: ("-i docker+ -j DROP", "-j RETURN"),
    }
