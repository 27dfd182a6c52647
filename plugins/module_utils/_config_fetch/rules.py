# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The table of variables as the program on a host takes it: plain data, small enough for an instance's user data.

It says of a text in a file what _agent/validate.py says of a declared value; a test holds the two together.
"""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import Variable
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.validate import nanoseconds
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.variables import VARIABLES
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance import attributes

# ecs-init compares these with the word itself, where the agent takes all of Go's spellings.
LITERAL = ("ECS_EXTERNAL", "ECS_ENABLE_GPU_SUPPORT", "ECS_GMSA_SUPPORTED", "ECS_AGENT_RUN_PRIVILEGED")

# A value of an attribute, which in validate.py is checked to have no space at an end.
ATTRIBUTE_VALUE = rf"(?! )(?:{attributes.VALUE.pattern})(?<! )"


def rules() -> dict[str, dict[str, Any]]:
    return {name: rule_of(variable) for name, variable in VARIABLES.items()}


def rule_of(variable: Variable) -> dict[str, Any]:
    return _RULES[variable.type](variable)


def _bool(variable: Variable) -> dict[str, Any]:
    if variable.name in LITERAL:
        return {"pattern": "true|false", "words": "true or false"}
    return {"pattern": "1|t|T|TRUE|true|True|0|f|F|FALSE|false|False", "words": "true or false"}


def _whole(variable: Variable) -> dict[str, Any]:
    bounds = {"least": variable.minimum, "most": variable.maximum}
    words = " and ".join(
        f"{word} {bound}"
        for word, bound in (("at least", variable.minimum), ("at most", variable.maximum))
        if bound is not None
    )
    known = {name: bound for name, bound in bounds.items() if bound is not None}
    return {"pattern": "-?[0-9]+", "words": f"a whole number{', ' if words else ''}{words}", **known}


def _decimal(variable: Variable) -> dict[str, Any]:
    del variable
    return {"pattern": r"(?=.*[1-9])[0-9]+(\.[0-9]+)?", "words": "a number above 0"}


def _duration(variable: Variable) -> dict[str, Any]:
    bounds = {
        "least": nanoseconds(variable.minimum) if variable.minimum else 1,
        "most": nanoseconds(variable.maximum) if variable.maximum else 2**63 - 1,
    }
    part = r"([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)"
    said = f" from {variable.minimum or '1ns'}" + (f" to {variable.maximum}" if variable.maximum else "")
    return {
        "duration": True,
        "pattern": f"({part})+",
        "words": f"a duration with units,{said}",
        **{name: int(bound or 0) for name, bound in bounds.items()},
    }


def _enum(variable: Variable) -> dict[str, Any]:
    words = "|".join(map(re.escape, variable.allowed))
    any_case = f"(?i:{words})" if variable.any_case else words
    return {"pattern": any_case, "words": f"one of {', '.join(variable.allowed)}"}


def _string(variable: Variable) -> dict[str, Any]:
    return {"pattern": variable.pattern, "words": variable.shape} if variable.pattern else {}


def _path(variable: Variable) -> dict[str, Any]:
    del variable
    return {"pattern": "/.*", "words": "an absolute path"}


def _port_range(variable: Variable) -> dict[str, Any]:
    del variable
    return {"ports": True, "pattern": "[0-9]+(-[0-9]+)?", "words": "a port or a range of ports up to 65535"}


def _json_object(variable: Variable) -> dict[str, Any]:
    rule: dict[str, Any] = {"json": "object", "words": "a JSON object"}
    if variable.string_values:
        rule |= {"value": f"(?s:.{{0,{variable.value_length or ''}}})", "words": "a JSON object of strings"}
    if variable.key_length:
        rule |= {"key": f".{{0,{variable.key_length}}}"}
        rule["words"] += f" with keys of at most {variable.key_length} and values of at most {variable.value_length}"
    if variable.items == "attribute":
        rule |= {"key": attributes.NAME.pattern, "value": ATTRIBUTE_VALUE}
        rule["words"] += " that Amazon ECS takes as attributes"
    return rule


def _json_array(variable: Variable) -> dict[str, Any]:
    rule: dict[str, Any] = {"json": "array", "items": {"uint16": "port"}.get(str(variable.items), variable.items)}
    if variable.allowed:
        return rule | {
            "item": "|".join(map(re.escape, variable.allowed)),
            "words": f"a JSON array of {', '.join(variable.allowed)}",
        }
    if variable.items == "cidr":
        return rule | {"item": ".*/[0-9]+", "words": "a JSON array of networks such as 10.0.0.0/16"}
    return rule | {"words": f"a JSON array of {rule['items']}s"}


_RULES = {
    "bool": _bool,
    "duration": _duration,
    "enum": _enum,
    "float": _decimal,
    "int": _whole,
    "json_array": _json_array,
    "json_object": _json_object,
    "path": _path,
    "port_range": _port_range,
    "string": _string,
}
