# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Input checked against the shapes of the botocore that is installed, and given the types that they ask for.

Nothing here knows a member of any service by name: a parameter that is new in botocore is known here at once.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal

try:
    from botocore.validate import ParamValidator
except ImportError:  # AnsibleAWSModule says so in its own words
    ParamValidator = None

from ansible.module_utils.parsing.convert_bool import boolean


class Unfit(ValueError):
    """Why a value will not do, and what would; to follow the value in a sentence."""


def fitted(value: Any, shape: Any, path: str) -> Any:
    """The value in the types of the shape, without nulls; or a Refusal with every problem there is.

    Args:
        value: as it comes from YAML or a template, where a number or a boolean may have become text, or text a number.
        shape: a botocore shape.
        path: what the value is called in a sentence.
    """
    fitter = _Fitter()
    result = fitter.fit(value, shape, path, False)
    if fitter.problems:
        raise Refusal(" ".join(fitter.problems))
    report = ParamValidator().validate(result, shape)
    if report.has_errors():
        raise Refusal(f"{path}: {report.generate_report()}")
    return result


def sensitive(shape: Any) -> bool:
    """Whether the model says so, which not every botocore's does of the environment."""
    return bool(shape.metadata.get("sensitive")) or shape.name == "EnvironmentVariables"


class _Fitter:
    """Goes through a value and its shape side by side and collects what is wrong."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def fit(self, value: Any, shape: Any, path: str, secret: bool) -> Any:
        secret = secret or sensitive(shape)
        try:
            if shape.type_name == "structure":
                return self._structure(_checked(value, Mapping, "a mapping"), shape, path, secret)
            if shape.type_name == "map":
                return self._map(_checked(value, Mapping, "a mapping"), shape, path, secret)
            if shape.type_name == "list":
                items = _checked(value, (list, tuple), "a list")
                return [self.fit(item, shape.member, f"{path}[{at}]", secret) for at, item in enumerate(items)]
            return _scalar(value, shape)
        except Unfit as unfit:
            whole = isinstance(value, str) and shape.type_name in ("structure", "map", "list")
            self.problems.append(f"{path}: {'its value' if secret or whole else _said(value)} {unfit}.")
            return value

    def _structure(self, value: Mapping[str, Any], shape: Any, path: str, secret: bool) -> dict[str, Any]:
        given = {name: item for name, item in value.items() if item is not None}
        for name in given:
            if name not in shape.members:
                self.problems.append(f"{path}: {name!r} is not a member{_nearest(str(name), shape.members)}.")
        for name in shape.required_members:
            if name not in given:
                self.problems.append(f"{path}.{name}: it is missing and required.")
        return {
            name: self.fit(item, shape.members[name], f"{path}.{name}", secret)
            for name, item in given.items()
            if name in shape.members
        }

    def _map(self, value: Mapping[str, Any], shape: Any, path: str, secret: bool) -> dict[str, Any]:
        return {
            str(name): self.fit(item, shape.value, f"{path}.{name}", secret)
            for name, item in value.items()
            if item is not None
        }


def _checked(value: Any, kind: Any, called: str) -> Any:
    if isinstance(value, kind):
        return value
    raise Unfit(f"is not {called}" + ("; from_json makes one of JSON text" if isinstance(value, str) else ""))


def _scalar(value: Any, shape: Any) -> Any:
    convert = _CONVERT.get(shape.type_name)
    result = convert(value) if convert else value
    allowed = getattr(shape, "enum", None)
    if allowed and result not in allowed:
        raise Unfit(f"is none of {', '.join(allowed)}{_nearest(str(result), allowed)}")
    return result


def _text(value: Any) -> str:
    """A boolean or a fraction may have been written in several ways (C(yes), C(1.10)), and only text keeps which."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Unfit("is not text; put it in quotes" if isinstance(value, (bool, float)) else "is not text")


def _whole_number(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]+\s*", value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Unfit("is not a whole number")


def _number(value: Any) -> float:
    try:
        return float("" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        raise Unfit("is not a number") from None


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    try:
        return boolean(value if isinstance(value, str) else "")
    except TypeError:
        raise Unfit("is not a boolean; write true or false") from None


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "integer": _whole_number,
    "long": _whole_number,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
}


def _nearest(name: str, known: Iterable[str]) -> str:
    """The names that may have been meant, whatever the case they were written in (C(container_port))."""
    names = list(known)
    plain = {re.sub("[^a-z0-9]", "", one.lower()): one for one in names}
    near = difflib.get_close_matches(re.sub("[^a-z0-9]", "", name.lower()), plain, n=2)
    return f"; did you mean {' or '.join(plain[one] for one in near)}" if near else ""


def _said(value: Any) -> str:
    """A single value; of several, some may be secret."""
    if isinstance(value, (Mapping, list, tuple)):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    said = repr(str(value)) if isinstance(value, str) else json.dumps(value, default=str)
    return said if len(said) <= 120 else said[:117] + "..."
