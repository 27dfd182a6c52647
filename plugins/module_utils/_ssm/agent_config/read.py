# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Read the agent's file and our drop-in."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.drop_in import path_of
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.model import CONFIG, Found
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.read import Places, program_of, unit_of


def read_config(places: Places) -> Found:
    """Both, as they are."""
    unit = unit_of(program_of(places))
    return Found(_text(places, CONFIG), unit, _text(places, path_of(unit)))


def _text(places: Places, path: str) -> str | None:
    file: Path = places.root / path.lstrip("/")
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else None
