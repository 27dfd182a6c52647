# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""An activation as results and diffs show it: without its id, which is half of what registers a server."""

from __future__ import annotations

import datetime
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.model import Activation, Request


def show(activation: Activation) -> dict[str, Any]:
    return {
        "role": activation.role,
        "registration_limit": activation.registration_limit,
        "registrations_count": activation.registrations_count,
        "default_instance_name": activation.default_instance_name,
        "description": activation.description,
        "tags": dict(activation.tags),
    }


def show_new(request: Request) -> dict[str, Any]:
    """One that is to be created."""
    return {
        "role": request.role,
        "registration_limit": request.registration_limit,
        "registrations_count": 0,
        "default_instance_name": request.default_instance_name,
        "description": request.description,
        "tags": dict(request.tags),
    }


def date(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
