# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Keep what is secret among declared variables out of everything that a module says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import MASK
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.variables import VARIABLES


def without_secrets(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The declared variables as they may be shown. An unknown name may be a secret one's, misspelled."""
    return {name: MASK if _is_secret(name) else value for name, value in variables.items()}


def texts_to_mask(variables: Mapping[str, Any], path: str) -> set[str]:
    """The texts that Ansible is to mask wherever it meets them in a result.

    This is the second net: by construction no message, result or diff of ours has a secret in it. So it leaves out
    what would only blot out harmless words: texts that are no secret because they also stand in the open (a user name
    C(docker) next to the type C(docker)), and those of one to three characters.
    """
    in_the_open = [path, *VARIABLES, *_texts(without_secrets(variables))]
    secret = set(_texts({name: value for name, value in variables.items() if _is_secret(name)}))
    return {text for text in secret if len(text) > 3 and not any(text in other for other in in_the_open)}


def _is_secret(name: str) -> bool:
    return name not in VARIABLES or VARIABLES[name].secret


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, also in one that is JSON in a string."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
        yield from _texts(_decoded(value))


def _decoded(value: Any) -> Any:
    try:
        decoded = json.loads(value)
    except (TypeError, ValueError):
        return None
    return decoded if isinstance(decoded, (dict, list)) else None
