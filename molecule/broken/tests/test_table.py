# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What playbook container_instances says at its end of hosts that go on, that fail and that do not answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(PROJECT / "tests" / "tools"))

from table import tables  # noqa: E402 (tests/tools is no package)

LAB = PROJECT / "build" / "lab" / "inventory.yml"


@pytest.fixture(scope="module")
def name(host):
    return host.check_output("hostname")


@pytest.fixture(scope="module")
def lost(tmp_path_factory, name):
    """An inventory with one more host, which does not answer."""
    facts = json.loads(LAB.read_text())["all"]["children"]["container_instances"]["hosts"][name]
    away = {**facts, "ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    inventory = tmp_path_factory.mktemp("lost") / "lost.yml"
    inventory.write_text(json.dumps({"container_instances": {"hosts": {"lost": away}}}))
    return inventory


def play(*options: str, **variables) -> tuple[str, int]:
    given = ["-i", LAB, "-i", PROJECT / "molecule" / "inventory.yml", "-e", json.dumps(variables), *options]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1", "PY_COLORS": "0"}
    run = subprocess.run(
        ["ansible-playbook", "fleetkit.ecs.container_instances", *given],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout + run.stderr, run.returncode


def test_one_host_is_foreseen_and_another_does_not_answer(name, lost):
    said, status = play("-i", str(lost), "--check", agent_task_iam_role_network_host=False)
    ((count, *lines),) = tables(said)
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in lines if not line.startswith(" ")}
    assert status == 4
    assert count == "2 hosts: 1 would change, 1 unreachable"
    assert rows[name] == "would change update agent variable ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST"
    assert "Connection refused" in rows["lost"]
    assert [line.strip() for line in lines if line.startswith(" ")] == ["restart service ecs.service"]


def test_every_host_failed_and_each_is_named_with_the_reason(name):
    said, status = play(agent_variables={"ECS_NO_SUCH": "1"})
    ((count, line),) = tables(said)
    assert status == 2
    assert count == "1 host: 1 failed"
    assert line.startswith(f"{name}  failed  Write the agent's variables: variables: 'ECS_NO_SUCH' is not a variable")


def test_a_limit_and_a_tag_leave_the_rest_out_and_the_table_in(name, lost):
    said, status = play("-i", str(lost), "--limit", name, "--tags", "task_network")
    assert status == 0, said
    assert tables(said) == [["1 host: 1 ok", f"{name}  ok  nothing to change"]]
    assert "Keep tasks on bridges from IMDS" in said
    assert "Look at what the host has" not in said
