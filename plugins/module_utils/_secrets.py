# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What a secret is shown as, and the second net under what we hide by construction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MASK = "********"


def worth_masking(secret: Any, in_the_open: Iterable[str]) -> set[str]:
    """The texts in C(secret) that Ansible is to mask wherever it meets them in a result.

    This is the second net: by construction no message, result or diff of ours has a secret in it. So it leaves out
    what would only blot out harmless words: texts that are no secret because they also stand in the open (a user name
    C(docker) next to the type C(docker)), and those of one to three characters.
    """
    elsewhere = list(in_the_open)
    return {text for text in texts(secret) if len(text) > 3 and not any(text in other for other in elsewhere)}


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, also in one that is JSON in a string."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
        yield from texts(_decoded(value))


def _decoded(value: Any) -> Any:
    try:
        decoded = json.loads(value)
    except (TypeError, ValueError):
        return None
    return decoded if isinstance(decoded, (dict, list)) else None
