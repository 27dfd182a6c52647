# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Task definitions as users see them in results and diffs: in the canonical form, without what may be a secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.canonical import canonical
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.model import Definition, Revision
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.shape import sensitive
from ansible_collections.fleetkit.ecs.plugins.module_utils._secrets import MASK, texts, worth_masking

# Free entries (options of log drivers, labels, options of volume drivers) that are secret by their own words:
# splunk-token, apikey, http_Passwd, o: username=...,password=...
LOOKS_SECRET = re.compile("token|secret|passw|api[-_]?key", re.IGNORECASE)

Star = Callable[[Any, str], Any]


def revision(one: Revision | None, shape: Any) -> dict[str, Any]:
    if one is None:
        return {}
    return {
        "arn": one.arn,
        "family": one.definition["family"],
        "revision": one.number,
        "definition": without_secrets(canonical(one.definition), shape),
        "tags": dict(one.tags),
    }


def revisions(before: Revision | None, after: Revision, shape: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both for a diff, where a hidden value says that it is another one than before."""
    shown = revision(after, shape)
    if before is not None:
        earlier = dict(_secrets(canonical(before.definition), shape))

        def star(value: Any, where: str) -> str:
            return f"{MASK} (changed)" if earlier.get(where, value) != value else MASK

        shown["definition"] = _starred(canonical(after.definition), shape, star)
    return revision(before, shape), shown


def without_secrets(definition: Definition, shape: Any) -> Any:
    """The definition with stars for what may be secret, which is also what the shape does not know."""
    return _starred(definition, shape, lambda _value, _where: MASK)


def texts_to_mask(definition: Definition, shape: Any) -> set[str]:
    """The texts that Ansible is to mask wherever it meets them in a result."""
    secret = [value for _where, value in _secrets(definition, shape)]
    return worth_masking(secret, texts(without_secrets(definition, shape)))


def _secrets(definition: Definition, shape: Any) -> list[tuple[str, Any]]:
    """Each secret, and where it is."""
    found: list[tuple[str, Any]] = []
    _starred(definition, shape, lambda value, where: found.append((where, value)))
    return found


def _starred(value: Any, shape: Any, star: Star, where: str = "", secret: bool = False) -> Any:
    """The value, where what is or may be secret is replaced by what C(star) makes of it. Names are not secret."""
    secret = secret or sensitive(shape)
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        return {
            name: _starred(item, shape.members[name], star, f"{where}.{name}", secret and name != "name")
            if name in shape.members
            else star(item, f"{where}.{name}")
            for name, item in value.items()
        }
    if kind == "map" and isinstance(value, Mapping):
        return {
            name: _starred(item, shape.value, star, f"{where}.{name}", bool(LOOKS_SECRET.search(f"{name}={item}")))
            for name, item in value.items()
        }
    if kind == "list" and isinstance(value, (list, tuple)):
        places = [_place(item, at) for at, item in enumerate(value)]
        return [_starred(item, shape.member, star, where + at, secret) for item, at in zip(value, places)]
    misfit = kind in ("structure", "map", "list") or isinstance(value, (Mapping, list, tuple))
    return star(value, where) if secret or misfit else value


def _place(item: Any, at: int) -> str:
    """An item is known again by its name, as a list may have been put in another order."""
    return f"[{item.get('name', at) if isinstance(item, Mapping) else at}]"
