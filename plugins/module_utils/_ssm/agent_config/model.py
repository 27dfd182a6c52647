# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What the SSM agent is told, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Plan

CONFIG = "/etc/amazon/ssm/amazon-ssm-agent.json"


@dataclass(frozen=True)
class Request:
    """What was asked for.

    Attributes:
        settings: sections of settings; a value of None must not be there.
        proxy: variables of the environment; None leaves what is there.
    """

    settings: Mapping[str, Mapping[str, Any]]
    proxy: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Found:
    """What is there.

    Attributes:
        text: of the agent's file; None when there is none.
        unit: of systemd.
        drop_in: the text of ours; None when there is none.
    """

    text: str | None
    unit: str
    drop_in: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ConfigPlan(Plan):
    """A plan, and the two texts that make all of its changes; None for a file that must not be there."""

    text: str | None = None
    unit: str = ""
    drop_in: str | None = field(default=None, repr=False)
