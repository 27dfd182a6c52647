# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From module parameters to a Request. Everything that cannot be right is refused here, before the first call."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.model import (
    ACCOUNT_ONLY,
    READ_ONLY,
    VALUES,
    Request,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import names as iam_names

Params = Mapping[str, Any]


def request(params: Params, known: Iterable[str]) -> Request:
    """One setting; C(known) are the names that botocore's model of ECS has."""
    name, principal, default = params["name"], params["principal_arn"], params["account_default"]
    absent = params["state"] == "absent"
    check_name("name", name, {*known, *VALUES})
    if default and principal:
        raise Refusal(
            "account_default: it is for everyone in the account, and principal_arn for one; give one of them."
        )
    if default and absent:
        raise Refusal(
            "account_default: the default of an account can be changed but not deleted; set the value that ECS itself "
            f"has for {name} instead, as Amazon's page on account settings says it."
        )
    if not default:
        refuse_account_only("name", name)
    return Request(
        name=name,
        value=None if absent else check_value("value", name, params["value"]),
        principal_arn=_principal(principal) if principal else None,
        account_default=default,
    )


def check_name(parameter: str, name: str, known: Iterable[str]) -> str:
    if name == READ_ONLY:
        raise Refusal(f"{parameter}: {name} can only be read; GuardDuty sets it when Runtime Monitoring is turned on.")
    by_lower = {one.lower(): one for one in known}
    if name not in by_lower.values():
        near = [by_lower[one] for one in difflib.get_close_matches(name.strip().lower(), by_lower, n=2)]
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(by_lower.values()))}."
        raise Refusal(f"{parameter}: {name!r} is not an account setting of ECS (case matters); {hint}")
    return name


def refuse_account_only(parameter: str, name: str) -> None:
    if name in ACCOUNT_ONLY:
        raise Refusal(
            f"{parameter}: {name} is a setting of the account as a whole; use fleetkit.ecs.ecs_account_setting with "
            "account_default: true."
        )


def check_value(parameter: str, name: str, value: str) -> str:
    values = VALUES.get(name)
    if values and value not in values:
        quoting = " in quotes, without which YAML has a boolean" if value in ("True", "False") else ""
        raise Refusal(f"{parameter}: {value!r} is not a value of {name}; write {' or '.join(values)}{quoting}.")
    return value


def _principal(arn: str) -> str:
    """The ARN of a role or user. The root user's setting is the account's default, which has its own option."""
    if arn.endswith(":root"):
        raise Refusal(
            f"principal_arn: {arn!r} is the root user, whose setting is the default of everyone in the account; say "
            "account_default: true instead."
        )
    if ":assumed-role/" in arn:
        raise Refusal(
            f"principal_arn: {arn!r} is a session; name the role of it, like "
            f"arn:aws:iam::ACCOUNT:role/{arn.split('/')[1]} (with its path, if it has one)."
        )
    parsed = iam_names.parse_arn("principal_arn", arn, "user" if ":user/" in arn else "role")
    iam_names.check_account("principal_arn", parsed.account)
    return arn
