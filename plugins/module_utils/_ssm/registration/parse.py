# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From parameters to a request. What cannot be right is refused here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.model import Request

REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]+")
ACTIVATION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ACTIVATION_CODE = re.compile(r"\S{20,250}")


def request(params: Mapping[str, Any]) -> Request:
    """The request; a value that is wrong is not shown, as it may be the code in the wrong place."""
    if params["state"] == "absent":
        return Request(params["region"], absent=True, credential_profile=params["credential_profile"])
    if not REGION.fullmatch(params["region"]):
        raise Refusal(f"region: {params['region']!r} is not the name of a region; write one such as us-west-2.")
    identifier, code = params["activation_id"], params["activation_code"]
    if bool(identifier) != bool(code):
        raise Refusal("activation_id and activation_code belong together: give both, or neither on a registered host.")
    if identifier and not ACTIVATION_ID.fullmatch(identifier):
        raise Refusal(
            "activation_id: it is not the id of an activation, which is 36 hexadecimal digits and dashes. "
            "Is the code in its place?"
        )
    if code and not ACTIVATION_CODE.fullmatch(code):
        raise Refusal("activation_code: it is not the code of an activation, which has 20 to 250 characters.")
    return Request(params["region"], identifier, code, params["move"], params["force"])
