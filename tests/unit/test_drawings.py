# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the drawings of docs/ say of units, rules, roles and rooms is what the code has."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch import persist as config_fetch
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter import persist as netfilter
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.beside import routing_rules
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.ecs_init import CREDENTIAL_RULES

ROOT = Path(__file__).resolve().parents[2]
DRAWINGS = sorted((ROOT / "docs").glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"


def drawing(name: str) -> ElementTree.Element:
    return ElementTree.parse(ROOT / "docs" / f"{name}.svg").getroot()


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def role_variables(role: str, folder: str) -> dict:
    return yaml.safe_load((ROOT / "roles" / role / folder / "main.yml").read_text())


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
def test_a_drawing_can_be_heard_and_seen_in_the_dark_and_asks_nobody_for_anything(path):
    root = ElementTree.parse(path).getroot()
    assert root.get("role") == "img"
    assert [root.findtext(f"{SVG}{name}") for name in ("title", "desc")].count(None) == 0
    assert "prefers-color-scheme: dark" in root.findtext(f"{SVG}style")
    assert "http" not in path.read_text().replace("http://www.w3.org/2000/svg", "").replace("https://www.gnu.org", "")


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
def test_a_drawing_is_on_a_page_with_words_in_its_place(path):
    pages = "".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
    assert re.search(rf"!\[[^\]]{{20,}}\]\({path.name}\)", pages)


def orderings() -> set[tuple[str, str]]:
    """(first, then) as our units and the drop-in of docker.service say it; of the agent, as our own unit has it."""
    agent = (ROOT / "roles" / "agent" / "templates" / "ecs.service.j2").read_text()
    units = {
        netfilter.UNIT: netfilter.UNIT_TEXT,
        "docker.service": netfilter.DOCKER_TEXT,
        config_fetch.UNIT: config_fetch.UNIT_TEXT,
        "ecs.service": agent,
    }
    found = set()
    for unit, text in units.items():
        for word, others in re.findall(r"^(After|Before)=(.+)$", text, re.MULTILINE):
            found |= {(other, unit) if word == "After" else (unit, other) for other in others.split()}
    return found


def test_the_order_at_boot_is_that_of_the_units():
    root = drawing("boot_order")
    units = {group.get("data-unit") for group in root.iter(f"{SVG}g")}
    drawn = {(way.get("data-first"), way.get("data-then")) for way in root.iter(f"{SVG}path") if way.get("data-first")}
    # The network is up before the agent too, by way of the fetch or by itself: an arrow that would say nothing.
    expected = {pair for pair in orderings() if set(pair) <= units} - {("network-online.target", "ecs.service")}
    assert drawn == expected


def test_the_packets_meet_the_rules_that_are_made():
    shown = texts(drawing("packet_path"))
    address = "169.254.169.254"
    rules = [words for _version, words in routing_rules([("ipv4", address)])]
    assert [rule for rule in rules if rule not in shown] == []
    path = " ".join(rule for _place, rule in CREDENTIAL_RULES)
    nat = [text for text in shown if text.startswith(("DNAT", "REDIRECT"))]
    assert len(nat) == 2
    assert [text for text in nat if f"-j {text}" not in path] == []
    made = role_variables("task_network", "vars")
    bridges = {
        rule["in_interface"] for rule in [*made["__task_network_amazons_rule"], *made["__task_network_more_rules"]]
    }
    assert {f"-i {bridge} -j DROP" for bridge in bridges} == {text for text in shown if text.startswith("-i ")}


def test_the_roles_and_policies_have_the_names_that_the_role_gives_them():
    root = drawing("iam_graph")
    names = {text.text for text in root.iter(f"{SVG}text") if text.get("data-name")}
    names |= {name for text in root.iter(f"{SVG}text") if text.get("data-names") for name in (text.text or "").split()}
    given = {str(value) for name, value in role_variables("iam", "defaults").items() if name.endswith("_name")}
    amazons = {str(value) for name, value in role_variables("iam", "vars").items() if name.endswith("_policy")}
    literal = set(re.findall(r"(?<=['\"])[a-z][a-z-]+(?=['\"])", (ROOT / "roles/iam/vars/main.yml").read_text()))
    assert given <= names
    assert names <= given | amazons | literal


@pytest.mark.parametrize("room", ["playbooks", "roles", "plugins/module_utils"])
def test_the_rooms_are_those_of_the_tree(room):
    (group,) = [group for group in drawing("architecture").iter(f"{SVG}g") if group.get("data-path") == room]
    drawn = {text.get("data-item") for text in group.iter(f"{SVG}text")} - {None}
    entries = [path for path in (ROOT / room).iterdir() if path.name != "__pycache__"]
    wanted = "*.yml" if room == "playbooks" else "*"
    assert drawn == {path.stem for path in entries if path.match(wanted) and (path.is_dir() or room == "playbooks")}


def test_the_families_of_modules_are_those_of_the_tree():
    (group,) = [
        group for group in drawing("architecture").iter(f"{SVG}g") if group.get("data-path") == "plugins/modules"
    ]
    drawn = {text.get("data-item") for text in group.iter(f"{SVG}text")} - {None}
    assert drawn == {f"{path.stem.split('_')[0]}_" for path in (ROOT / "plugins" / "modules").glob("*.py")}
