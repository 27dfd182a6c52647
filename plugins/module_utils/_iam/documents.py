# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Policy documents: validated before anything is written, and compared by meaning.

Source: the IAM JSON policy element reference and grammar
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import check_principal

# Characters without white space, as IAM counts them. The trust limit is a quota an account can have raised
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
MANAGED_POLICY_LIMIT = 6144
INLINE_POLICIES_LIMIT = 10240
TRUST_POLICY_LIMIT = 2048

SID = re.compile(r"[A-Za-z0-9]+")
ROOT_ARN = re.compile(r"^arn:[^:]+:iam::(\d{12}):root$")
DELETED_PRINCIPAL = re.compile(r"^A(?:ROA|IDA)[A-Z0-9]{12,}$")
IDENTITY_ELEMENTS = frozenset(
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"],
)
TRUST_ELEMENTS = (IDENTITY_ELEMENTS - {"Resource", "NotResource"}) | {"Principal", "NotPrincipal"}


def parse(parameter: str, value: Any, elements: frozenset[str] = IDENTITY_ELEMENTS) -> dict[str, Any]:
    """The document as a dict, or a Refusal that names the parameter and the place.

    Args:
        parameter: what the user calls it, for the message.
        value: a dict or its JSON text.
        elements: the statement elements that this kind of policy has.
    """
    document = _load(parameter, value)
    unknown = sorted(set(document) - {"Version", "Id", "Statement"})
    if unknown:
        raise Refusal(f"{parameter}: {unknown[0]!r} is not a policy element; use Version, Id and Statement.")
    if document.get("Version", "2012-10-17") not in ("2012-10-17", "2008-10-17"):
        raise Refusal(f"{parameter}: Version {document['Version']!r} does not exist; write '2012-10-17'.")
    if not statements(document):
        raise Refusal(f"{parameter}: it has no Statement.")
    for number, statement in enumerate(statements(document), start=1):
        _check_statement(f"{parameter}: statement {number}", statement, elements)
    return document


def parse_statement(parameter: str, value: Any, sid: str, elements: frozenset[str]) -> dict[str, Any]:
    """One statement as a dict under that Sid, or a Refusal that names the parameter."""
    statement = _load(parameter, value, "a statement is a mapping such as Effect: Allow, Principal: ..., Action: ...")
    if "Statement" in statement:
        raise Refusal(f"{parameter}: this is a whole policy; give one statement out of its Statement.")
    if statement.get("Sid") not in (None, "", sid):
        raise Refusal(
            f"{parameter}: its Sid is {statement['Sid']!r} and sid is {sid!r}; leave it out, or make it equal."
        )
    _check_statement(parameter, statement, elements)
    return {"Sid": sid, **{element: content for element, content in statement.items() if element != "Sid"}}


def _load(
    parameter: str, value: Any, right: str = "a policy is a mapping with Version and Statement"
) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise Refusal(f"{parameter}: it is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise Refusal(f"{parameter}: {right}, not {type(value).__name__}.")
    return value


def _check_statement(where: str, statement: Any, elements: frozenset[str]) -> None:
    if not isinstance(statement, dict):
        raise Refusal(f"{where} is {statement!r}; it must be a mapping.")
    unknown = sorted(set(statement) - elements)
    if unknown:
        raise Refusal(f"{where} has {unknown[0]!r}, which this kind of policy does not take.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise Refusal(f"{where}: Effect is {statement.get('Effect')!r}; write Allow or Deny.")
    for this, other in (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")):
        if this in elements and (this in statement) == (other in statement):
            raise Refusal(f"{where}: it needs either {this} or {other}.")
    conditions = statement.get("Condition") or {}
    if not isinstance(conditions, dict) or not all(isinstance(keys, dict) for keys in conditions.values()):
        raise Refusal(f"{where}: Condition must be a mapping such as StringEquals: {{'aws:SourceAccount': '...'}}.")
    for element in ("Principal", "NotPrincipal"):
        for kind, name in principals(statement.get(element)):
            check_principal(f"{where}: {element}", kind, name)


def principals(element: Any) -> Iterable[tuple[str, str]]:
    """(kind, name) for each principal; "*" is {"AWS": "*"}."""
    if element is None:
        return
    by_kind = {"AWS": element} if isinstance(element, str) else element
    if not isinstance(by_kind, dict):
        raise Refusal(f"a Principal is '*' or a mapping such as Service: ec2.amazonaws.com, not {element!r}.")
    for kind, names in by_kind.items():
        for name in as_list(names):
            yield kind, _text(name)


def canonical(document: Mapping[str, Any]) -> Hashable:
    """A value that is equal for two documents exactly when IAM gives them the same meaning and Sids."""
    return (
        document.get("Version", "2008-10-17"),
        document.get("Id") or None,
        frozenset(_canonical_statement(statement) for statement in statements(document)),
    )


def equal(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return canonical(one) == canonical(other)


def statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return as_list(document.get("Statement"))


def replaced_by(document: Mapping[str, Any], statement: dict[str, Any]) -> list[dict[str, Any]]:
    """What the statement takes the place of: that of its Sid, and any that means the same and has no Sid."""
    without_sid = _canonical_statement({**statement, "Sid": None})
    return [
        one
        for one in statements(document)
        if one.get("Sid") == statement["Sid"] or _canonical_statement(one) == without_sid
    ]


def with_statement(document: Mapping[str, Any], statement: dict[str, Any]) -> Mapping[str, Any]:
    """The document with this statement in the place of what it replaces; the document itself if it has it already."""
    replaced = replaced_by(document, statement)
    if [_canonical_statement(one) for one in replaced] == [_canonical_statement(statement)]:
        return document
    present = statements(document)
    place = present.index(replaced[0]) if replaced else len(present)
    before, after = ([one for one in part if one not in replaced] for part in (present[:place], present[place:]))
    return {**document, "Statement": [*before, statement, *after]}


def without_statement(document: Mapping[str, Any], sid: str) -> Mapping[str, Any]:
    """The document without the statement of this Sid; the document itself if it has none."""
    left = [one for one in statements(document) if one.get("Sid") != sid]
    return document if len(left) == len(statements(document)) else {**document, "Statement": left}


def _canonical_statement(statement: dict[str, Any]) -> Hashable:
    return (
        statement.get("Sid") or None,
        statement["Effect"],
        *(_texts(statement.get(element), fold=True) for element in ("Action", "NotAction")),
        *(_texts(statement.get(element)) for element in ("Resource", "NotResource")),
        *(_canonical_principals(statement.get(element)) for element in ("Principal", "NotPrincipal")),
        frozenset(_canonical_conditions(statement.get("Condition") or {})),
    )


def _texts(value: Any, fold: bool = False) -> frozenset[str] | None:
    if value is None:
        return None
    return frozenset(_text(item).lower() if fold else _text(item) for item in as_list(value))


def _canonical_principals(element: Any) -> frozenset[tuple[str, str]] | None:
    if element is None:
        return None
    return frozenset((kind, ROOT_ARN.sub(r"\1", name) if kind == "AWS" else name) for kind, name in principals(element))


def _canonical_conditions(conditions: dict[str, Any]) -> Iterable[Hashable]:
    for operator, keys in conditions.items():
        for key, values in keys.items():
            yield operator.lower(), key.lower(), _texts(values)


def as_list(value: Any) -> list[Any]:
    """IAM lets a list of one be written as its item."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _text(value: Any) -> str:
    """IAM stores every scalar as a string: true as "true", 12 as "12"."""
    return value if isinstance(value, str) else json.dumps(value)


def all_principals(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(kind, name) of everyone whom a trust policy names."""
    return [principal for statement in statements(document) for principal in _principals_of(statement)]


def _principals_of(statement: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [one for element in ("Principal", "NotPrincipal") for one in principals(statement.get(element))]


def deleted_principals(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(statement, id) of each AROA... or AIDA... that IAM shows in place of a role or user that has been deleted."""
    return [
        (f"statement {repr(statement['Sid']) if statement.get('Sid') else number}", name)
        for number, statement in enumerate(statements(document), start=1)
        for kind, name in _principals_of(statement)
        if kind == "AWS" and DELETED_PRINCIPAL.match(name)
    ]


def compact(document: Mapping[str, Any]) -> str:
    """The JSON that is sent."""
    return json.dumps(document, separators=(",", ":"))


def size(document: Mapping[str, Any]) -> int:
    """Characters without white space, as IAM counts a document against its limit."""
    return len(re.sub(r"\s", "", compact(document)))
