# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The EXAMPLES of everything that runs on the controller run as they are written."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml
from examples import PLUGINS, examples

KINDS = ("modules/iam_*.py", "modules/sts_*.py", "modules/ecs_exec_*.py", "lookup/*.py")
ON_THE_CONTROLLER = sorted(plugin for kind in KINDS for plugin in PLUGINS.glob(kind))

# Check mode foresees a role that an earlier example makes.
EXPECTED = r"\[WARNING\]: (No inventory was parsed|role: role '\S+' does not exist yet)"


@pytest.fixture
def playbook(tmp_path):
    plays = [
        {"name": plugin.stem, "hosts": "localhost", "gather_facts": False, "tasks": examples(plugin)}
        for plugin in ON_THE_CONTROLLER
    ]
    path = tmp_path / "examples.yml"
    path.write_text(yaml.safe_dump(plays, sort_keys=False))
    return path


def test_every_example_runs_as_written_in_check_mode_and_for_real(playbook, playbook_environment):
    for options in (["--check"], []):
        command = ["ansible-playbook", *options, str(playbook)]
        run = subprocess.run(command, env=playbook_environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        told = " ".join(run.stderr.split())
        assert "[WARNING]" not in re.sub(EXPECTED, "", told), told
