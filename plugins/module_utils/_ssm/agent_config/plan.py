# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what is there and what was asked for to the changes. Pure: no file is touched here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.drop_in import path_of, text_of
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.model import (
    CONFIG,
    ConfigPlan,
    Found,
    Request,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.parse import without_users

SETTING, PROXY = "setting", "proxy"


def plan_config(found: Found, request: Request) -> ConfigPlan:
    """Plan both files. What is not named in the agent's own file stays."""
    old = _parsed(found.text)
    new = merged(old, request.settings)
    drop_in = found.drop_in if request.proxy is None else text_of(request.proxy)
    changes = [*_settings(old, new)]
    if drop_in != found.drop_in:
        action = "delete" if drop_in is None else "update" if found.drop_in is not None else "create"
        changes.append(Change(action, PROXY, path_of(found.unit)))
    return ConfigPlan(
        changes=tuple(changes),
        before=_seen(found.text, found.drop_in),
        after=_seen(found.text if new == old else _written(new), drop_in),
        result={"file": CONFIG, "settings": new},
        warnings=tuple(_warnings(new)),
        text=found.text if new == old else _written(new),
        unit=found.unit,
        drop_in=drop_in,
    )


def merged(old: Mapping[str, Any], declared: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The old settings with the declared ones in them; a section that loses its last one goes too."""
    new = dict(old)
    for section, content in declared.items():
        there = {**(old.get(section) or {}), **content}
        new[section] = {name: value for name, value in there.items() if value is not None}
        if not new[section] and old.get(section) != {}:
            del new[section]
    return new


def _parsed(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text) if text and text.strip() else {}
    except ValueError as error:
        found = error
    if not isinstance(found, dict) or not all(isinstance(part, dict) for part in found.values()):
        why = f" ({found})" if isinstance(found, ValueError) else ""
        raise Refusal(
            f"{CONFIG} is not a JSON object of sections{why}. The agent would ignore all of it; mend it or "
            "remove it, and run again."
        )
    return found


def _written(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, indent=4) + "\n"


def _settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = _flat(old), _flat(new)
    for name in sorted(set(before) | set(after)):
        if before.get(name) != after.get(name):
            action = "create" if name not in before else "update" if name in after else "delete"
            yield Change(action, SETTING, name, before=before.get(name), after=after.get(name))


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{section}.{name}": value for section, content in settings.items() for name, value in content.items()}


def _seen(text: str | None, drop_in: str | None) -> str:
    """Both for the diff, without a proxy's user and password."""
    return (text or "") + without_users(drop_in or "")


def _warnings(settings: Mapping[str, Any]) -> Iterator[str]:
    if (settings.get("Profile") or {}).get("ShareCreds") is False:
        yield (
            f"Profile.ShareCreds is false in {CONFIG}: the SSM agent then keeps the role's credentials to itself, "
            "and the agent of Amazon ECS has none."
        )
