# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From declared values to the text of each variable, or to sentences that say what is wrong with them.

The agent forgives nothing and says little: a value that it cannot use is replaced by a default, or it exits and
ecs-init restarts it for ever. So everything it would not take as it stands is refused here.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import NAME
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import Variable
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.variables import VARIABLES
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance import attributes

UINT16_MAX = 65535


class Unfit(ValueError):
    """Why a value will not do, and what would; to follow the value in a sentence, and never with a secret in it."""


def validated(variables: Mapping[str, Any], allow_unknown: bool = False) -> dict[str, str | None]:
    """The text of each variable, None for one that must not be there; or a Refusal with every problem there is.

    A variable that is not in the table is refused, or taken as it is given: nothing is known of it, not even whether
    its value is a secret.
    """
    texts: dict[str, str | None] = {}
    problems = []
    for name, value in variables.items():
        if name not in VARIABLES and not (allow_unknown and NAME.fullmatch(name)):
            problems.append(_unknown(name))
            continue
        variable = VARIABLES.get(name, Variable(name, "any", None, secret=True))
        try:
            texts[name] = text_of(variable, value)
        except Unfit as unfit:
            problems.append(f"{name}: {'its value' if variable.secret else _said(value)} {unfit}.")
    if problems:
        raise Refusal("variables: " + " ".join(problems))
    return texts


def text_of(variable: Variable, value: Any) -> str | None:
    """One value as the file has it; None for a value that means that the variable must not be there."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and not variable.type.startswith("json_"):
        _read_alike(value)
    return _read_alike(_CHECKS[variable.type](variable, value))


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name.strip().upper(), VARIABLES)
    hint = f"did you mean {' or '.join(near)}?" if near else "see the names in Amazon's documentation of the agent."
    return f"{name!r} is not a variable of the agent (case matters); {hint}"


def _said(value: Any) -> str:
    said = repr(str(value)) if isinstance(value, str) else json.dumps(value)
    return said if len(said) <= 120 else said[:117] + "..."


def _unfit(variable: Variable, reason: str) -> Unfit:
    agent = f"; what the agent does with a wrong value: {variable.otherwise}" if variable.otherwise else ""
    return Unfit(reason + agent)


def _read_alike(text: str) -> str:
    """Refuse what ecs-init and systemd, which both read the file, would not read alike."""
    if not text.isprintable():
        raise Unfit("has a line break or another control character in it; the file holds one line for a variable")
    if text != text.strip():
        raise Unfit("has spaces at an end, which ecs-init and systemd would drop; write it without")
    if text[0] in "\"'":
        raise Unfit("starts with a quote, which ecs-init would keep and systemd drop; write it without")
    if "\\" in text:
        raise Unfit(
            "needs a backslash in the file (JSON escapes double quotes and control characters with one), which "
            "ecs-init would keep and systemd drop; write it without (registry credentials: in base64, as dockercfg)"
        )
    return text


def _bool(variable: Variable, value: Any) -> str:
    """ecs-init tests some of them for the literal C(true), so that is the only spelling written."""
    spelled = str(value)
    if isinstance(value, (bool, int, str)) and spelled in ("1", "t", "T", "TRUE", "true", "True"):
        return "true"
    if isinstance(value, (bool, int, str)) and spelled in ("0", "f", "F", "FALSE", "false", "False"):
        return "false"
    meant = {"yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false"}
    write = meant.get(spelled.lower(), spelled.lower() if spelled.lower() in ("true", "false") else "true or false")
    raise _unfit(variable, f"is no boolean to the agent; use {write}")


def _whole(variable: Variable, value: Any) -> str:
    if isinstance(value, bool) or not re.fullmatch("-?[0-9]+", str(value)):
        raise _unfit(variable, "is not a whole number; write one such as 10")
    number = int(value)
    if variable.minimum is not None and number < variable.minimum:
        raise _unfit(variable, f"is too small; write {variable.minimum} or more")
    if variable.maximum is not None and number > variable.maximum:
        raise _unfit(variable, f"is too large; write {variable.maximum} or less")
    return str(number)


def _decimal(variable: Variable, value: Any) -> str:
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]+(\.[0-9]+)?", str(value)) or not float(value):
        raise _unfit(variable, "is not a number above 0; write one such as 5 or 0.5")
    return str(value)


_NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)"
_LONGEST = 2**63 - 1


def nanoseconds(text: str) -> Fraction | None:
    """A duration as Go's time.ParseDuration reads it; None for what it does not read."""
    if not re.fullmatch(f"(?:{_PART})+", text):
        return None
    return sum((Fraction(number) * _NANOSECONDS[unit] for number, unit in re.findall(_PART, text)), Fraction(0))


def _duration(variable: Variable, value: Any) -> str:
    text = "" if isinstance(value, bool) else str(value)
    length = nanoseconds(text)
    if text.startswith("-") or length == 0 or re.fullmatch("0+", text):
        raise _unfit(variable, "is not above zero, which the agent takes for unset; leave it out for the default")
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        minutes = f" or {int(text) // 60}m" if text.isdigit() and int(text) % 60 == 0 else ""
        raise _unfit(variable, f"has no unit; write {text}s{minutes}")
    if length is None or length > _LONGEST:
        raise _unfit(variable, "is not a duration; write numbers with the units h, m, s or ms, such as 10m or 1h30m")
    if variable.minimum and length < (nanoseconds(variable.minimum) or 0):
        raise _unfit(variable, f"is too short; write {variable.minimum} or more")
    if variable.maximum and length > (nanoseconds(variable.maximum) or 0):
        raise _unfit(variable, f"is too long; write {variable.maximum} or less")
    return text


def _enum(variable: Variable, value: Any) -> str:
    spelled = value.lower() if variable.any_case and isinstance(value, str) else value
    if spelled not in variable.allowed:
        raise _unfit(variable, f"is not one of {', '.join(variable.allowed)}")
    return spelled


def _string(variable: Variable, value: Any) -> str:
    if not isinstance(value, str):
        raise _unfit(variable, "is not a string; quote it")
    if variable.pattern and not re.fullmatch(variable.pattern, value):
        raise _unfit(variable, f"does not have the right form; write {variable.shape}")
    return value


def _path(variable: Variable, value: Any) -> str:
    if not isinstance(value, str) or not value.startswith("/"):
        raise _unfit(variable, "is not an absolute path; start it with a slash")
    return value


def _port_range(variable: Variable, value: Any) -> str:
    ports = re.fullmatch("([0-9]+)(?:-([0-9]+))?", "" if isinstance(value, bool) else str(value))
    if not ports:
        raise _unfit(variable, "is not a port or a range of ports; write one such as 40000 or 40000-50000")
    first, last = int(ports[1]), int(ports[2] or ports[1])
    if not first <= last <= UINT16_MAX:
        raise _unfit(variable, f"is not a range from a lower to a higher port of at most {UINT16_MAX}")
    return str(value)


def _json_object(variable: Variable, value: Any) -> str:
    value = _parsed(variable, value)
    if not isinstance(value, Mapping):
        raise _unfit(variable, "is not a JSON object; write a mapping")
    for key, item in value.items():
        if variable.string_values and not isinstance(item, str):
            raise _unfit(variable, f"has a value for {key!r} that is not a string; quote it")
        why = attributes.why_unfit(key, item) if variable.items == "attribute" else None
        if why:
            raise _unfit(variable, f"has the attribute {why}")
        if variable.key_length and len(key) > variable.key_length:
            raise _unfit(variable, f"has a key of more than {variable.key_length} characters: {key!r}")
        if variable.value_length and len(item) > variable.value_length:
            raise _unfit(variable, f"has a value for {key!r} of more than {variable.value_length} characters")
    return _compact(value)


def _json_array(variable: Variable, value: Any) -> str:
    value = _parsed(variable, value)
    if not isinstance(value, (list, tuple)):
        raise _unfit(variable, "is not a JSON array; write a list")
    fits, what = _ITEMS[variable.items]
    for item in value:
        if not fits(item):
            raise _unfit(variable, f"has the item {_said(item)}, which is not {what}")
        if variable.allowed and item not in variable.allowed:
            raise _unfit(variable, f"has the item {_said(item)}, which is not one of {', '.join(variable.allowed)}")
    return _compact(value)


def _is_cidr(item: Any) -> bool:
    try:
        return isinstance(item, str) and bool(re.search("/[0-9]+$", item) and ipaddress.ip_interface(item))
    except ValueError:
        return False


_ITEMS: dict[str | None, tuple[Callable[[Any], bool], str]] = {
    "uint16": (
        lambda item: isinstance(item, int) and not isinstance(item, bool) and 0 <= item <= UINT16_MAX,
        f"a port from 0 to {UINT16_MAX}, unquoted",
    ),
    "string": (lambda item: isinstance(item, str), "a string; quote it"),
    "cidr": (_is_cidr, "a network such as 10.0.0.0/16"),
}


def _parsed(variable: Variable, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_constant=_no_constant)
    except ValueError as error:
        raise _unfit(variable, f"is not JSON ({error})") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not in JSON")


def _any(variable: Variable, value: Any) -> str:
    """What is not known is written as it is given, and a boolean as Go and ecs-init both read it."""
    del variable
    if isinstance(value, bool):
        return str(value).lower()
    return _compact(value) if isinstance(value, (Mapping, list)) else str(value)


def _compact(value: Any) -> str:
    """One line, the same for the same content. Not ASCII only, which would take backslashes."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


_CHECKS: dict[str, Callable[[Variable, Any], str]] = {
    "any": _any,
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
