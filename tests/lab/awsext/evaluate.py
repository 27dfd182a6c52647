# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What policy documents say of one action on one resource, in the context of one request. Nothing here knows moto.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

Context = dict[str, str]  # keys in lower case, as IAM ignores their case

ALLOWED, IMPLICIT_DENY, EXPLICIT_DENY = "allowed", "implicitDeny", "explicitDeny"


def decide(documents: Iterable[dict], action: str, resource: str, context: Context) -> str:
    """A Deny that matches wins, then an Allow that matches; without either the request is denied."""
    matching = [
        statement["Effect"]
        for document in documents
        for statement in statements_of(document)
        if covers(statement, action, resource) and conditions_hold(statement.get("Condition", {}), context)
    ]
    if "Deny" in matching:
        return EXPLICIT_DENY
    return ALLOWED if "Allow" in matching else IMPLICIT_DENY


def statements_of(document: dict) -> list[dict]:
    """One statement may be written without its list."""
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def covers(statement: dict, action: str, resource: str) -> bool:
    """Is the statement about this action and this resource? "*" is the resource of an action that has none."""
    return _listed(statement, "Action", lambda pattern: like(action.lower(), [pattern.lower()])) and _listed(
        statement, "Resource", lambda pattern: arn_like(resource, [pattern])
    )


def _listed(statement: dict, element: str, matches) -> bool:
    if f"Not{element}" in statement:
        return not any(matches(pattern) for pattern in as_list(statement[f"Not{element}"]))
    return any(matches(pattern) for pattern in as_list(statement.get(element, [])))


def conditions_hold(conditions: dict, context: Context) -> bool:
    """Every operator and every key of it must hold."""
    return all(operator_holds(operator, wanted, context) for operator, wanted in conditions.items())


def operator_holds(operator: str, wanted: dict, context: Context) -> bool:
    """One condition operator: every key must hold. An operator that is not known never holds."""
    if_exists = operator.endswith("IfExists")
    name = operator.removesuffix("IfExists")
    for key, values in wanted.items():
        actual = context.get(key.lower())
        if actual is None and (if_exists or name in NEGATED):
            continue
        if name not in OPERATORS or actual is None or not OPERATORS[name](actual, as_list(values)):
            return False
    return True


def as_list(value) -> list[str]:
    """IAM takes one string where it takes a list."""
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def like(actual: str, patterns: list[str]) -> bool:
    """Wildcards * and ?; brackets mean nothing to IAM."""
    return any(fnmatchcase(actual, pattern.replace("[", "[[]")) for pattern in patterns)


def arn_like(actual: str, patterns: list[str]) -> bool:
    """The six parts of an ARN are matched one by one, so that a wildcard never reaches across a colon; "*" is any."""
    return any(pattern == "*" or _arn_like(actual.split(":", 5), pattern.split(":", 5)) for pattern in patterns)


def _arn_like(actual: list[str], pattern: list[str]) -> bool:
    same_length = len(actual) == len(pattern)
    return same_length and all(like(part, [wanted]) for part, wanted in zip(actual, pattern))


OPERATORS = {
    "StringEquals": lambda actual, values: actual in values,
    "StringNotEquals": lambda actual, values: actual not in values,
    "StringEqualsIgnoreCase": lambda actual, values: actual.lower() in [value.lower() for value in values],
    "StringLike": like,
    "StringNotLike": lambda actual, values: not like(actual, values),
    "Bool": lambda actual, values: actual.lower() in [value.lower() for value in values],
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "ArnNotEquals": lambda actual, values: not arn_like(actual, values),
    "ArnNotLike": lambda actual, values: not arn_like(actual, values),
}
NEGATED = {name for name in OPERATORS if "Not" in name}
