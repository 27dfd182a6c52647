# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import subprocess

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter import persist
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.loader import LOADER_TEXT
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import (
    File,
    Host,
    Place,
    Rule,
    RuleSet,
    Unit,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.plan import plan_set
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.read import parse_save

INPUT = Place("ipv4", "filter", "INPUT")
DOCKER_USER = Place("ipv4", "filter", "DOCKER-USER")
LATE = RuleSet("s", (Rule(INPUT, "-i a", "-j DROP"), Rule(DOCKER_USER, "-i b", "-j DROP", 1)), persist=True)
EARLY = RuleSet("s", (Rule(INPUT, "-i a", "-j DROP"),), persist=True)
ACTIVE = Unit(enabled=True, active=True)


def persisted(wanted, **changed):
    """A host on which a set is in force and persisted."""
    chains = {}
    for rule in wanted.rules:
        chains[rule.place] = (*chains.get(rule.place, ()), rule.marked(wanted.name))
    files = persist.wanted_files(wanted)
    here = {path: files[kind] for kind, path in persist.paths(wanted.name).items()}
    return Host(**{"chains": chains, "files": here, "unit": ACTIVE, **changed})


def kinds(host, wanted):
    return [(change.action, change.kind) for change in plan_set(host, wanted).changes]


def test_the_rule_file_has_one_plain_line_a_rule_grouped_by_chain():
    wanted = RuleSet("s", (*LATE.rules, Rule(DOCKER_USER, "-i c", "-j DROP", 1), Rule(DOCKER_USER, "", "-j RETURN")))
    assert persist.rule_file(wanted).splitlines()[2:] == [
        "ipv4 filter 1 DOCKER-USER -i b -j DROP",
        "ipv4 filter 2 DOCKER-USER -i c -j DROP",
        "ipv4 filter - DOCKER-USER -j RETURN",
        "ipv4 filter - INPUT -i a -j DROP",
    ]


def test_a_new_set_is_in_force_before_it_is_persisted():
    host = Host({DOCKER_USER: ()}, unit=Unit())
    assert [kind for _action, kind in kinds(host, LATE)] == ["rule", "rule", "rule_file", "loader", "trigger", "unit"]


def test_a_set_that_goes_is_unhooked_first():
    assert [kind for _action, kind in kinds(persisted(LATE), RuleSet("s"))] == [
        *("unit", "rule", "rule", "rule_file", "loader", "trigger")
    ]


def test_a_persisted_set_needs_nothing():
    assert kinds(persisted(LATE), LATE) == []


@pytest.mark.parametrize("unit", [Unit(enabled=True), Unit(active=True), Unit(enabled=True, active=True, stale=True)])
def test_a_unit_that_is_not_enabled_active_and_current_is_mended(unit):
    assert kinds(persisted(LATE, unit=unit), LATE) == [("update", "unit")]


def test_a_set_that_needs_docker_no_more_gets_another_unit():
    assert ("update", "unit") in kinds(persisted(LATE), EARLY)
    assert "Before=docker.service" in persist.unit_file(EARLY)
    assert "Before=docker.service" not in persist.unit_file(LATE)


def test_a_lost_trigger_takes_the_unit_with_it_because_both_are_enabled_together():
    host = persisted(LATE)
    del host.files[persist.paths("s")["trigger"]]
    assert kinds(host, LATE) == [("create", "trigger"), ("update", "unit")]


@pytest.mark.parametrize("change", [{"mode": 0o666}, {"uid": 1000}, {"text": ""}])
def test_a_loader_that_is_not_ours_alone_is_replaced(change):
    host = persisted(LATE)
    host.files[persist.LOADER] = File(**{"text": LOADER_TEXT, "mode": 0o755, "uid": 0, **change})
    assert kinds(host, LATE) == [("update", "loader")]


def test_the_loader_stays_while_another_set_needs_it():
    host = persisted(LATE, other_sets=frozenset({"t"}))
    plan = plan_set(host, RuleSet("s"))
    assert "loader" not in [change.kind for change in plan.changes]
    assert persist.LOADER in plan.after


def test_without_systemd_persistence_is_refused_and_other_sets_are_fine():
    with pytest.raises(Refusal, match="persist needs systemd"):
        plan_set(Host({DOCKER_USER: ()}), LATE)
    assert kinds(Host({}), RuleSet("s")) == []


def test_a_trigger_is_never_the_unit_of_another_set():
    assert "." in persist.trigger_name("s").replace(".service", "")


@pytest.mark.parametrize("shell", [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)])
def test_the_loader_is_valid_shell(shell):
    command = [shell, *(["sh"] if shell == "busybox" else []), "-n"]
    assert subprocess.run(command, input=LOADER_TEXT, text=True, capture_output=True, check=False).stderr == ""


def test_the_loader_says_how_it_is_used():
    done = subprocess.run(["sh"], input=LOADER_TEXT, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (64, "usage: sh load SET\n")


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
