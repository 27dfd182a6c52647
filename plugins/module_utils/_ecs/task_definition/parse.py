# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From parameters to a Request; what cannot be right is refused here, before any call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.model import Request
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.shape import fitted

FAMILY = re.compile(r"[A-Za-z0-9_-]{1,255}")


def request(params: Mapping[str, Any], shape: Any) -> Request:
    """What was asked for.

    Args:
        params: the module's parameters.
        shape: the input of RegisterTaskDefinition in the botocore that is installed.
    """
    if params["state"] == "absent":
        return Request(family=_family(params["definition"].get("family")))
    definition = fitted(params["definition"], shape, "definition")
    if params["keep_revisions"] is not None and params["keep_revisions"] < 1:
        raise Refusal(f"keep_revisions: {params['keep_revisions']} is less than 1; the newest revision always stays.")
    return Request(
        family=_family(definition["family"]),
        definition={name: value for name, value in definition.items() if name != "tags"},
        tags=_tags(params["tags"], definition.get("tags"), shape.members["tags"]),
        purge_tags=params["purge_tags"],
        keep_revisions=params["keep_revisions"],
        shape=shape,
    )


def _family(name: Any) -> str:
    if name is None:
        raise Refusal("definition.family: it is missing and required.")
    if not isinstance(name, str) or not FAMILY.fullmatch(name):
        raise Refusal(
            f"definition.family: {name!r} is not the name of a family: up to 255 letters, digits, underscores and "
            "hyphens, without a revision."
        )
    return name


def _tags(tags: Mapping[str, Any] | None, in_definition: Any, shape: Any) -> dict[str, str] | None:
    """Either way of writing them means the same."""
    if tags is not None and in_definition is not None:
        raise Refusal("tags: they are in the definition too; write them in one place.")
    if tags is None and in_definition is None:
        return None
    listed = in_definition
    if tags is not None:
        listed = fitted([{"key": key, "value": value} for key, value in tags.items()], shape, "tags")
    keys = [tag.get("key", "") for tag in listed]
    for key in keys:
        if key.lower().startswith("aws:"):
            raise Refusal(f"tags: {key!r} begins with aws:, which is Amazon's own prefix.")
        if not key or keys.count(key) > 1:
            raise Refusal(f"tags: {key!r} is there twice." if key else "tags: a tag has no key.")
    return {tag["key"]: tag.get("value", "") for tag in listed}
