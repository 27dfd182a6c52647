# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users install: the built collection has what it needs, nothing of the workshop, and runs from an empty tree."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
from pathlib import Path

import ansible_collections.amazon
import artifact
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
STAGE = Path(os.environ["PYTHONPATH"]) / "ansible_collections" / "fleetkit" / "ecs"
WORKSHOP = (
    *(".ci/", ".github/", ".gitignore", ".yamllint", "Makefile", "pyproject.toml"),
    *("changelogs/fragments/", "molecule/", "tests/", "galaxy.yml"),
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return artifact.build(tmp_path_factory.mktemp("artifact"))


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """An empty tree with the built collection, and what it depends on as Galaxy would have given it."""
    tree = tmp_path_factory.mktemp("tree") / "ansible_collections"
    tree.mkdir()
    (tree / "amazon").symlink_to(next(iter(ansible_collections.amazon.__path__)))
    command = ["ansible-galaxy", "collection", "install", "--offline", built, "--collections-path", tree]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=away_from_the_checkout(tree.parent))
    assert run.returncode == 0, run.stdout + run.stderr
    return tree.parent


def away_from_the_checkout(tree: Path) -> dict[str, str]:
    """An environment in which only that tree has collections."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**environment, "ANSIBLE_COLLECTIONS_PATH": str(tree), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}


def test_it_has_every_file_but_those_of_the_workshop(built):
    with tarfile.open(built) as archive:
        shipped = {member.name for member in archive if member.isfile()} - {"MANIFEST.json", "FILES.json"}
    files = [path for path in STAGE.rglob("*") if path.is_file() and path.parent.name != "__pycache__"]
    tracked = {str(path.relative_to(STAGE)) for path in files}
    meant = {name for name in tracked if not name.startswith((*WORKSHOP, ".git/"))}
    assert shipped == meant


def test_every_playbook_is_found_in_what_was_installed_and_says_its_tasks(installed, tmp_path):
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("{container_instances: {hosts: {one: }}, external_instances: {hosts: {two: }}}")
    playbooks = sorted(f"fleetkit.ecs.{path.stem}" for path in (ROOT / "playbooks").glob("*.yml"))
    command = ["ansible-playbook", "-i", inventory, "--list-tasks", *playbooks]
    run = subprocess.run(
        command, cwd=tmp_path, env=away_from_the_checkout(installed), capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    found = re.findall(rf"playbook: {installed}/ansible_collections/fleetkit/ecs/playbooks/(\w+)\.yml", run.stdout)
    assert [f"fleetkit.ecs.{name}" for name in found] == playbooks


def test_it_runs_from_there_with_nothing_else_of_ours(aws, installed, tmp_path):
    """A playbook by its name, a role with its defaults, modules with all that they import, and the lookup."""
    environment = {**away_from_the_checkout(installed), "ANSIBLE_NOCOLOR": "1"}
    command = ["ansible-playbook", "fleetkit.ecs.iam", "--diff", "--extra-vars", '{"iam_task_role": true}']
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert {role["RoleName"] for role in aws.iam.list_roles()["Roles"]} == {"ecsInstanceRole", "ecsTaskRole"}


def test_every_aws_module_is_in_the_action_group():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    group = {entry for entry in runtime["action_groups"]["ecs"] if isinstance(entry, str)}
    uses_aws = {
        module.stem for module in (ROOT / "plugins" / "modules").glob("*.py") if "AwsModule(" in module.read_text()
    }
    assert group == uses_aws
