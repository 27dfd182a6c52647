# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables that playbooks show at their end, read back from the output of ansible-playbook."""

from __future__ import annotations

import json
import re


def tables(told: str) -> list[list[str]]:
    """Every table of a run, in order: its lines."""
    shown = re.findall(r'^TASK \[Say what was done\].*?=> (\{\n    "msg": \[.*?^\})', told, re.MULTILINE | re.DOTALL)
    return [json.loads(each)["msg"] for each in shown]
