# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workflows of the forge run what a checkout runs: make targets, every one of them, every scenario, every lane.

Their syntax, permissions and pins are what make lint looks at (check-jsonschema, zizmor).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github" / "workflows").glob("*.yml")}
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
CHECKS = WORKFLOWS["ci"]["jobs"]["checks"]
MATRIX = CHECKS["strategy"]["matrix"]
# What a workflow has no use for: they measure, write or start something, or are several of the others.
AT_HOME = {"help", "test", "readmes", "release", "lab-up", "lab-down", "lock", "clean"}


def steps():
    return [
        step for workflow in WORKFLOWS.values() for job in workflow["jobs"].values() for step in job.get("steps", [])
    ]


def run_by_name() -> set[str]:
    """The targets that steps name themselves, and those of the matrix."""
    commands = "\n".join(step.get("run", "") for step in steps())
    named = set(re.findall(r"\bmake ([a-z-]+)", commands))
    return named | set(MATRIX["target"]) | {one["target"] for one in MATRIX["include"]}


def test_every_target_that_a_workflow_runs_is_there():
    assert run_by_name() - TARGETS == set()


def test_every_target_that_tests_something_is_run_by_a_workflow():
    measuring = {target for target in TARGETS if target.startswith("bench")}
    assert TARGETS - measuring - AT_HOME - run_by_name() == set()


def test_every_scenario_is_run():
    scenarios = {path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml")}
    assert set(WORKFLOWS["ci"]["jobs"]["molecule"]["strategy"]["matrix"]["scenario"]) == scenarios


def test_both_lanes_are_run():
    """3.11 is a lane of its own, and the locks say which later Pythons the other one is for."""
    locks = {path.stem.removeprefix("python") for path in (ROOT / "tests" / "requirements").glob("python*.txt")}
    assert locks == {"3.11", "3.12-3.14"}
    assert MATRIX["python"] == ["3.11", "3.13"]


@pytest.mark.parametrize("step", [step for step in steps() if "uses" in step], ids=lambda step: step["uses"])
def test_an_action_is_pinned_to_a_commit(step):
    assert re.search(r"@[0-9a-f]{40}$", step["uses"])


def test_nothing_may_write_but_the_job_that_makes_the_release():
    granted = {
        (name, job): content.get("permissions")
        for name, one in WORKFLOWS.items()
        for job, content in one["jobs"].items()
    }
    assert all(one["permissions"] == {} for one in WORKFLOWS.values())
    assert granted.pop(("release", "publish")) == {"contents": "write"}
    assert all(permissions == {"contents": "read"} for permissions in granted.values())
