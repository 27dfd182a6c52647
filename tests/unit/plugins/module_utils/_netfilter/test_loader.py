# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess

from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.loader import LOADER_TEXT


def test_the_loader_is_posix_sh_without_a_finding():
    command = ["shellcheck", "--shell=sh", "-"]
    run = subprocess.run(command, input=LOADER_TEXT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
