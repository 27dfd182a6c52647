# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/s3_config.md, "At launch": a reader who types its commands has the user data. The rest is typed on hosts."""

from __future__ import annotations

import os
import shlex
import subprocess

import pages


def test_its_commands_write_user_data_that_a_shell_takes(tmp_path):
    launch = pages.section("s3_config.md", "At launch")
    for name, content in pages.files(launch).items():
        (tmp_path / name).write_text(content)
    for command in pages.commands(launch):
        run = subprocess.run(
            shlex.split(command), cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
    assert "fleet-config/ecs.config" in (tmp_path / "user-data.sh").read_text()
