# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What stays on a host to fetch ecs.config at every boot: a program, its settings and a unit. Pure."""

from __future__ import annotations

import inspect
import json

from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch import program
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.model import File, Source
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.rules import rules

PROGRAM = "/usr/local/libexec/fleetkit-ecs-config-fetch"
SETTINGS = str(program.SETTINGS)
UNIT = "fleetkit-ecs-config-fetch.service"
UNIT_PATH = f"/etc/systemd/system/{UNIT}"
# What "systemctl enable" makes of RequiredBy=.
LINK = f"/etc/systemd/system/ecs.service.requires/{UNIT}"
PATHS = (PROGRAM, SETTINGS, UNIT_PATH)

# Never After=cloud-final.service: user data runs in that, and may wait for this unit.
UNIT_TEXT = f"""\
# Written by fleetkit.ecs: ecs.config from S3, before the agent starts. docs/s3_config.md says more.
[Unit]
Description=ecs.config of the Amazon ECS agent, from S3
Wants=network-online.target
After=network-online.target amazon-ssm-agent.service
Before=ecs.service

[Service]
Type=oneshot
# Once for each boot; a later restart of the agent takes the file that is there.
RemainAfterExit=yes
ExecStart={PROGRAM}
TimeoutStartSec={program.PATIENCE_WITHOUT_FILE + 60}

[Install]
RequiredBy=ecs.service
"""

_NO_RULES = "RULES: dict[str, dict[str, Any]] = {}\n"


def program_text() -> str:
    """The program as it stands on a host: its own source, and the table of variables."""
    filled = inspect.getsource(program).replace(_NO_RULES, f"RULES: dict[str, dict[str, Any]] = {rules()!r}\n")
    return f"#!/usr/bin/python3\n# Written by fleetkit.ecs.\n{filled}"


def settings_text(source: Source) -> str:
    return json.dumps(source.settings(), indent=2, sort_keys=True) + "\n"


def files(source: Source | None) -> dict[str, File]:
    """Everything that stays on a host which fetches from this source; nothing where there is none."""
    if source is None:
        return {}
    return {
        PROGRAM: File(program_text(), 0o755),
        SETTINGS: File(settings_text(source)),
        UNIT_PATH: File(UNIT_TEXT),
    }
