# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From module parameters to a Request. Everything that cannot be right is refused here, before the first call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import names
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.model import Request
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.roles import role_name

MOST_REGISTRATIONS = 1000
MOST_HOURS = 30 * 24
LONGEST_TEXT = 256
PARAMETER = re.compile(r"(/[\w.-]+)+|[\w.-]+", re.ASCII)


def request(params: Mapping[str, Any], task_is_no_log: bool) -> Request:
    if not params["tags"]:
        raise Refusal(
            "tags: give at least one tag, such as fleet: shops. Systems Manager gives an activation no name, so it is "
            "found again by its tags."
        )
    tags = names.check_tags("tags", params["tags"], service="Systems Manager")
    _check_names_of_stores(params)
    if params["state"] == "absent":
        return Request(tags=tags)
    if not params["role"]:
        raise Refusal("role: it is missing; give the name or ARN of a role that trusts ssm.amazonaws.com.")
    _check_there_is_a_place(params, task_is_no_log)
    limit = _between("registration_limit", params["registration_limit"], 1, MOST_REGISTRATIONS, "servers")
    hours = _between("expires_in", params["expires_in"], 1, MOST_HOURS, "hours (30 days)")
    return Request(
        tags=tags,
        role=role_name("role", params["role"]),
        registration_limit=limit,
        registrations_needed=_between(
            "registrations_needed", params["registrations_needed"], 1, limit, "servers (registration_limit)"
        ),
        expires_in=hours,
        rotate_before=_between(
            "rotate_before", params["rotate_before"], 0, hours - 1, "hours (less than expires_in, or none would last)"
        ),
        default_instance_name=_text("default_instance_name", params["default_instance_name"]),
        description=_text("description", params["description"], any_character=True),
    )


def _between(parameter: str, value: int, least: int, most: int, what: str) -> int:
    if not least <= value <= most:
        raise Refusal(f"{parameter}: {value} is not between {least} and {most} {what}.")
    return value


def _text(parameter: str, value: str, any_character: bool = False) -> str:
    if len(value) > LONGEST_TEXT:
        raise Refusal(f"{parameter}: it has {len(value)} characters; Systems Manager takes {LONGEST_TEXT}.")
    if not any_character and not names.TAG.fullmatch(value):
        raise Refusal(f"{parameter}: {value!r} may have letters, digits, spaces and _.:/=+-@ only.")
    return value


def _check_there_is_a_place(params: Mapping[str, Any], task_is_no_log: bool) -> None:
    """The code must have somewhere to go that nobody else reads."""
    if not (params["code_file"] or params["code_parameter"] or task_is_no_log):
        raise Refusal(
            "code_file, code_parameter: Amazon shows the code of an activation once, so give one of them to keep it "
            "in. Or say no_log: true on the task, whose registered result then has the code, and no output does."
        )


def _check_names_of_stores(params: Mapping[str, Any]) -> None:
    file, parameter = params["code_file"], params["code_parameter"]
    if file and not Path(file).is_absolute():
        raise Refusal(f"code_file: {file!r} is not an absolute path.")
    if not parameter:
        return
    if not PARAMETER.fullmatch(parameter) or re.match(r"/?(aws|ssm)", parameter, re.IGNORECASE):
        raise Refusal(
            f"code_parameter: {parameter!r} is not the name of a parameter of yours: letters, digits and _.-, each "
            "level after a slash, and not beginning with aws or ssm; write it like /fleetkit/activation."
        )
