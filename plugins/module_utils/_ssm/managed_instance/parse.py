# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From module parameters to what Systems Manager is asked. What cannot be right is refused here, before any call."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import names
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.documents import as_list
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.managed_instance.model import Request
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.roles import role_name

INSTANCE_ID = re.compile(r"mi-[0-9a-f]{17}")
FILTERS = ("ActivationIds", "AgentVersion", "IamRole", "InstanceIds", "PingStatus", "PlatformTypes", "tag-key")
MOST_VALUES = 100


def request(params: Mapping[str, Any]) -> Request:
    role, tags = params["role"], params["tags"]
    return Request(
        instance_id=check_instance_id("instance_id", params["instance_id"]),
        absent=params["state"] == "absent",
        role=None if role is None else role_name("role", role),
        tags=None if tags is None else names.check_tags("tags", tags, service="Systems Manager"),
        purge_tags=params["purge_tags"],
    )


def check_instance_id(parameter: str, value: str) -> str:
    if not INSTANCE_ID.fullmatch(value):
        ec2 = " (i-... is an EC2 instance, which has neither a role nor a registration here)"
        raise Refusal(
            f"{parameter}: {value!r} is not the id of a managed instance, mi- and 17 hexadecimal digits"
            f"{ec2 if value.startswith('i-') else ''}."
        )
    return value


def filters(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Filters of DescribeInstanceInformation from a map of a key to a value or a list of them."""
    found = []
    for key, value in given.items():
        values = [str(one) for one in as_list(value)]
        if key not in FILTERS and not re.fullmatch(r"tag:.{1,128}", key):
            near = difflib.get_close_matches(key, FILTERS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FILTERS)} and tag:KEY."
            raise Refusal(f"filters: {key!r} is not a filter of managed instances (case matters); {hint}")
        if not 1 <= len(values) <= MOST_VALUES or "" in values:
            raise Refusal(f"filters: {key} takes 1 to {MOST_VALUES} values, none of them empty.")
        if key == "InstanceIds":
            values = [check_instance_id("filters.InstanceIds", one) for one in values]
        if key == "IamRole":
            values = [role_name("filters.IamRole", one) for one in values]
        found.append({"Key": key, "Values": values})
    return found
