# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/cross_account.md: a reader who types its commands gets what it promises."""

from __future__ import annotations

import os
import shlex
import subprocess

import pages
from test_role_cross_account import HERE, TASKS, THERE, Accounts, document

TASK_ROLE, REPORTS = f"arn:aws:iam::{HERE}:role/ecsTaskRole", f"arn:aws:iam::{THERE}:role/reports"


def test_its_commands_let_a_task_into_the_other_account_and_out_again(aws, tmp_path):
    aws.iam.create_role(RoleName="ecsTaskRole", AssumeRolePolicyDocument=document(TASKS))
    accounts = Accounts(aws)
    environment = {**os.environ, **accounts.environment("DESTINATION_", THERE)}
    page = pages.section("cross_account.md")
    for name, content in pages.files(page).items():
        (tmp_path / name).write_text(content)
    let_in = []
    for command in pages.commands(page):
        run = subprocess.run(
            shlex.split(command), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
        let_in.append(accounts.task_becomes(REPORTS, TASK_ROLE, ExternalId="fleet-1"))
    assert let_in == [False, True, False]
