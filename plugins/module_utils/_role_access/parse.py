# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From module parameters to what is asked about. What cannot be right is refused before the first call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import check_external_id, parse_arn
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import Facts

# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
READ_ONLY = re.compile(r"(?:[Gg]et|[Ll]ist|[Dd]escribe|[Hh]ead)(?=[A-Z_])")

# What both modules that check a role's access take.
OPTIONS = {
    "source_role_arn": {"type": "str", "required": True},
    "role_arn": {"type": "str", "required": True},
    "external_id": {"type": "str"},
    "call": {
        "type": "dict",
        "options": {
            "service": {"type": "str", "required": True},
            "operation": {"type": "str", "required": True},
            "parameters": {"type": "dict", "default": {}},
        },
    },
}


def parse(params: Mapping[str, Any]) -> Facts:
    """The facts with only what was asked about."""
    source = parse_arn("source_role_arn", params["source_role_arn"], "role")
    destination = parse_arn("role_arn", params["role_arn"], "role")
    if source.partition != destination.partition:
        raise Refusal(
            f"role_arn: {destination} is in partition {destination.partition} and {source} in {source.partition}; no "
            "role can be assumed across partitions."
        )
    external_id, call = params["external_id"], params["call"]
    if external_id:
        check_external_id("external_id", external_id)
    if call and not READ_ONLY.match(call["operation"]):
        raise Refusal(
            f"call: {call['operation']!r} might change something; name an operation that begins with Get, List, "
            "Describe or Head."
        )
    operation = f"{call['service']} {call['operation']}" if call else ""
    return Facts(source=source, destination=destination, external_id=external_id, operation=operation)
