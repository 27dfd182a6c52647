# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts role task_network guards by default. What the guard does is proven on hosts (molecule/guard)."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

DEFAULTS = Path(__file__).resolve().parents[2] / "roles" / "task_network" / "defaults" / "main.yml"


@pytest.mark.parametrize(
    ("said", "guarded"),
    [
        ({}, True),
        ({"agent_variables": {"ECS_CLUSTER": "production"}}, True),
        ({"agent_variables": {"ECS_EXTERNAL": "true"}}, False),
        ({"task_network_external": "yes"}, False),
        ({"agent_variables": {"ECS_EXTERNAL": True}, "task_network_imds_guard": True}, True),
    ],
)
def test_hosts_are_guarded_but_for_external_ones_unless_it_is_said(said, guarded):
    show = ["ansible", "localhost", "-m", "ansible.builtin.debug", "-a", "msg={{ task_network_imds_guard | bool }}"]
    variables = ["--extra-vars", f"@{DEFAULTS}", "--extra-vars", json.dumps(said)]
    run = subprocess.run(
        [*show, *variables], capture_output=True, text=True, check=False, env={**os.environ, "ANSIBLE_NOCOLOR": "1"}
    )
    assert f'"msg": {str(guarded).lower()}' in run.stdout, run.stdout + run.stderr
