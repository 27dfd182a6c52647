# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What policy documents say of a role's request. Pure; what cannot be known from here is said to be unknown.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.documents import as_list
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import IamArn

ASSUME_ROLE = "sts:AssumeRole"

# By key in lower case: the value that a request has, or None where it has none. Any other key is unknown here.
Context = Mapping[str, "str | None"]

# What documents say. The first of these that some statement says is what they say together.
DENIED, MAY_BE_DENIED, ALLOWED, MAY_BE_ALLOWED, UNMET, SILENT = EFFECTS = (
    "denied",
    "may be denied",
    "allowed",
    "may be allowed",
    "condition not met",
    "silent",
)


class Verdict(NamedTuple):
    """What documents say (one of EFFECTS), and the statement that says it with the conditions it turns on."""

    effect: str
    reason: str = ""


def context_of(source: IamArn, external_id: str | None) -> dict[str, str | None]:
    """What is known of a task's request: a role's session that acts for itself, without MFA, over TLS."""
    return {
        "aws:multifactorauthpresent": None,
        "aws:principalaccount": source.account,
        "aws:principalarn": str(source),
        "aws:principalisawsservice": "false",
        "aws:principaltype": "AssumedRole",
        "aws:securetransport": "true",
        "aws:sourceaccount": None,
        "aws:sourcearn": None,
        "sts:externalid": external_id or None,
    }


def trust(document: Mapping[str, Any], source: IamArn, context: Context) -> Verdict:
    """What a trust policy says of a session of the source role."""
    named = [("the trust policy", document)]
    return _decide(named, ASSUME_ROLE, lambda statement: _names(statement, source), context)


def permission(
    named: Iterable[tuple[str, Mapping[str, Any]]], context: Context, resource: str, action: str = ASSUME_ROLE
) -> Verdict:
    """What the (name, document) policies of a role say of an action, by default of assuming another role."""
    return _decide(named, action, lambda statement: _covers(statement, resource), context)


def _decide(
    named: Iterable[tuple[str, Mapping[str, Any]]],
    action: str,
    meant: Callable[[Mapping[str, Any]], bool | None],
    context: Context,
) -> Verdict:
    found = [
        _verdict(statement, f"{_label(statement)} of {name}", meant(statement), context)
        for name, document in named
        for statement in as_list(document.get("Statement"))
        if _is_about(statement, action)
    ]
    return min(found, key=lambda verdict: EFFECTS.index(verdict.effect), default=Verdict(SILENT))


def _label(statement: Mapping[str, Any]) -> str:
    return f"the {statement.get('Effect')} {statement.get('Sid') or 'without a Sid'}"


def _verdict(statement: Mapping[str, Any], label: str, meant: bool | None, context: Context) -> Verdict:
    holds, terms = conditions(statement.get("Condition") or {}, context)
    if meant is False or (holds is False and statement.get("Effect") == "Deny"):
        return Verdict(SILENT)
    if meant is None:
        terms = [*terms, "its NotPrincipal is not looked into"]
    reason = f"{label} ({'; '.join(terms)})" if terms else label
    if holds is False:
        return Verdict(UNMET, reason)
    sure = holds and meant
    if statement.get("Effect") == "Deny":
        return Verdict(DENIED if sure else MAY_BE_DENIED, reason)
    return Verdict(ALLOWED if sure else MAY_BE_ALLOWED, reason)


def _is_about(statement: Mapping[str, Any], action: str) -> bool:
    return _listed(statement, "Action", lambda pattern: like(action.lower(), str(pattern).lower()))


def _covers(statement: Mapping[str, Any], resource: str) -> bool:
    return _listed(statement, "Resource", lambda pattern: like(resource, str(pattern)))


def _listed(statement: Mapping[str, Any], element: str, matches: Callable[[Any], bool]) -> bool:
    if f"Not{element}" in statement:
        return not any(matches(pattern) for pattern in as_list(statement[f"Not{element}"]))
    return any(matches(pattern) for pattern in as_list(statement.get(element)))


def _names(statement: Mapping[str, Any], source: IamArn) -> bool | None:
    """Is the role meant, by its ARN, through its account, or as anybody?"""
    if "NotPrincipal" in statement:
        return None
    root = f"arn:{source.partition}:iam::{source.account}:root"
    accepted = {("AWS", name) for name in ("*", str(source), source.account, root)}
    return bool(accepted & set(documents.principals(statement.get("Principal"))))


# Conditions


def conditions(block: Mapping[str, Any], context: Context) -> tuple[bool | None, list[str]]:
    """Whether all of them hold (None where one cannot be known), and the ones that do not or may not."""
    told = [
        (_holds(operator, key, as_list(values), context), _term(operator, key, as_list(values), context))
        for operator, keys in block.items()
        for key, values in keys.items()
    ]
    unmet = [term for holds, term in told if holds is False]
    unknown = [term for holds, term in told if holds is None]
    if unmet:
        return False, unmet
    return (None, unknown) if unknown else (True, [])


def _term(operator: str, key: str, values: Sequence[Any], context: Context) -> str:
    wanted = f"{operator} {key} = {', '.join(_text(value) for value in values)}"
    if key.lower() not in context:
        return f"{wanted}, which cannot be known from here"
    sent = context[key.lower()]
    return f"{wanted}, and the request has {'none' if sent is None else sent}"


def _holds(operator: str, key: str, values: Sequence[Any], context: Context) -> bool | None:
    if key.lower() not in context:
        return None
    actual, wanted = context[key.lower()], [_text(value) for value in values]
    name = operator.lower()
    if name == "null":
        return wanted == [str(actual is None).lower()]
    if_exists, name = name.endswith("ifexists"), name.replace("ifexists", "")
    negated = "not" in name
    compare = OPERATORS.get(name.replace("not", ""))
    if compare is None or any("${" in value for value in wanted):
        return None
    if actual is None:
        return if_exists or negated
    return any(compare(actual, value) for value in wanted) != negated


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def like(actual: str, pattern: str) -> bool:
    """IAM's wildcards are * and ?; brackets mean nothing to it."""
    return fnmatchcase(actual, re.sub(r"\[", "[[]", pattern))


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "stringequals": lambda actual, value: actual == value,
    "stringequalsignorecase": lambda actual, value: actual.lower() == value.lower(),
    "stringlike": like,
    "arnequals": like,
    "arnlike": like,
    "bool": lambda actual, value: actual.lower() == value.lower(),
}
