# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""A server that has registered with Systems Manager, and what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ManagedInstance:
    """What of it can be changed.

    Attributes:
        role: name of the role that its agent gets credentials of.
        tags: None when they were not read, as nothing is asked of them.
    """

    instance_id: str
    name: str
    role: str
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Request:
    """What a task asks for.

    Attributes:
        role, tags: None means "no opinion".
    """

    instance_id: str
    absent: bool = False
    role: str | None = None
    tags: Mapping[str, str] | None = None
    purge_tags: bool = True
