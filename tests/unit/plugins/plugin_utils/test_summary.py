# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table at the end of a playbook: tables of what tasks have registered in, lines out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.fleetkit.ecs.plugins.plugin_utils._summary import Play, table

ROOT = Path(__file__).resolve().parents[4]
WORDS = {"roles": None, "package": "install the agent's package", "config": None, "rules": None}


def play(*hosts: str, **more):
    return Play(WORDS, frozenset({"roles"}), left=frozenset(hosts), **more)


def changes(kind: str, *names: str, **more):
    return {"changed": True, "changes": [{"action": "create", "kind": kind, "name": name, **more} for name in names]}


ROLE = changes("role", "app")
SAME = {"changed": False, "changes": []}
CASES = {
    "what a host's modules changed, in the order of the words": (
        {"one": {"config": changes("variable", "A", "B"), "package": {"changed": True}}},
        play("one"),
        [
            "1 host: 1 changed",
            "one  changed  install the agent's package",
            "              create variable A, B",
        ],
    ),
    "check mode foresees": (
        {"one": {"config": changes("variable", "A")}},
        play("one", check=True),
        ["1 host: 1 would change", "one  would change  create variable A"],
    ),
    "what dnf calls results is no loop": (
        {"one": {"package": {"changed": True, "results": ["Installed: amazon-ecs-init"]}}},
        play("one"),
        ["1 host: 1 changed", "one  changed  install the agent's package"],
    ),
    "many of a kind are counted": (
        {"one": {"rules": changes("routing_rule", "pref 1 " + "x" * 30, "pref 2 " + "x" * 30)}},
        play("one"),
        ["1 host: 1 changed", "one  changed  create 2 routing rules"],
    ),
    "what is AWS' has one row, by every name, though every host knows of it": (
        {"one": {"roles": ROLE}, "two": {"roles": ROLE}},
        play("one", "two"),
        [
            "AWS: changed; 2 hosts: 2 ok",
            "AWS  changed  create role app",
            "one  ok       nothing to change",
            "two  ok       nothing to change",
        ],
    ),
    "every item of a loop counts": (
        {"localhost": {"roles": {"changed": True, "results": [ROLE, SAME, changes("key", *"1234", owner="x")]}}},
        play("localhost", controller=True),
        [
            "AWS: changed",
            "AWS  changed  create role app",
            "              create key 1 of x",
            "              create key 2 of x",
            "              create key 3 of x",
            "              create key 4 of x",
        ],
    ),
    "the controller's failure is AWS', with what was done before": (
        {"localhost": {"roles": ROLE, "__failure": "Make it: AccessDenied"}},
        play("localhost", controller=True),
        ["AWS: failed", "AWS  failed  Make it: AccessDenied", "             create role app"],
    ),
    "nothing ran, as with other tags": (
        {"localhost": {}},
        play("localhost", controller=True),
        ["AWS: not begun", "AWS  not begun"],
    ),
    "a host fails, another does not answer, a third goes on": (
        {
            "one": {"config": SAME},
            "two": {"__failure": "Write it:\n  no such variable"},
            "three": {"package": {"unreachable": True, "msg": "Connection timed out"}},
        },
        play("one", "two"),
        [
            "3 hosts: 1 ok, 1 unreachable, 1 failed",
            "one    ok           nothing to change",
            "two    failed       Write it: no such variable",
            "three  unreachable  Connection timed out",
        ],
    ),
    "every host failed": (
        {"one": {"__failure": "a: b"}, "two": {"__failure": "a: c"}},
        play("one", "two"),
        ["2 hosts: 2 failed", "one  failed  a: b", "two  failed  a: c"],
    ),
    "a handler failed, which no rescue sees": (
        {"one": {"config": changes("variable", "A"), "package": {"failed": True, "msg": "Unit not found"}}},
        play(),
        ["1 host: 1 failed", "one  failed  Unit not found", "             create variable A"],
    ),
    "a host was lost where no task registers": (
        {"one": {"package": {"changed": True}}},
        play(),
        [
            "1 host: 1 lost",
            "one  lost  its own lines above say why",
            "           install the agent's package",
        ],
    ),
    "a host whose turn has not come": (
        {"one": {"config": SAME}, "two": {}, "three": {"config": SAME}},
        play("one", "two", "three"),
        [
            "3 hosts: 2 ok, 1 not begun",
            "one    ok         nothing to change",
            "two    not begun",
            "three  ok         nothing to change",
        ],
    ),
    "a skipped task changed nothing": (
        {"one": {"package": {"changed": False, "skipped": True}, "config": {"changed": False, "skipped": True}}},
        play("one"),
        ["1 host: 1 ok", "one  ok  nothing to change"],
    ),
    "a long reason ends": (
        {"one": {"__failure": "x" * 1000}},
        play("one"),
        ["1 host: 1 failed", f"one  failed  {'x' * 300} ..."],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_table(case):
    variables, of, expected = CASES[case]
    assert table(variables, of) == expected


# What the playbooks give it

SUMMARY = yaml.safe_load((ROOT / "playbooks" / "tasks" / "summary.yml").read_text())[0]["vars"]
LOOKS_ONLY = ("assert", "debug", "fail", "find", "import_", "include_", "meta", "set_fact", "setup", "_info", "_check")


def tasks(content):
    """Every task in a file of tasks, handlers or plays, however deep."""
    for task in content or []:
        inner = [task[key] for key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks") if key in task]
        yield from (each for part in inner for each in tasks(part))
        if not inner and "hosts" not in task and "import_playbook" not in str(task):
            yield task


def changing():
    """The tasks that can change something, of all playbooks and of the roles that they run."""
    files = [*ROOT.glob("playbooks/**/*.yml"), *ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("roles/*/handlers/*.yml")]
    for path in sorted(files):
        for task in tasks(yaml.safe_load(path.read_text())):
            (module,) = [key for key in task if "." in key]
            looks = any(part in module.split(".")[-1] for part in LOOKS_ONLY) or task[module] == {"daemon_reload": True}
            if task.get("changed_when") is not False and not looks:
                yield pytest.param(task, id=f"{path.relative_to(ROOT)}: {task['name']}")


@pytest.mark.parametrize("task", list(changing()))
def test_every_task_that_can_change_something_is_told_of(task):
    assert task.get("register") in SUMMARY["__summary_words"]


def test_all_that_is_about_aws_has_words():
    assert set(SUMMARY["__summary_aws"]) <= set(SUMMARY["__summary_words"])
