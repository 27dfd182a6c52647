# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What a custom attribute of a container instance may be called and may say.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Attribute.html
"""

from __future__ import annotations

import re

NAME = re.compile(r"[A-Za-z0-9_./\\-]{1,128}")
VALUE = re.compile(r"[A-Za-z0-9_./\\@: -]{0,128}")
MOST = 10  # custom ones of a container instance, and in one call


def why_unfit(name: str, value: str) -> str | None:
    """What is wrong with an attribute, to follow the word "attribute" in a sentence; None where nothing is."""
    if not NAME.fullmatch(name):
        return f"{name!r}: a name has 1 to 128 letters, digits, hyphens, underscores, slashes, backslashes or periods"
    if not VALUE.fullmatch(value) or value != value.strip():
        return (
            f"{name!r}: a value has at most 128 letters, digits, hyphens, underscores, periods, at signs, slashes, "
            "backslashes, colons or spaces, and no space at an end"
        )
    return None


def is_custom(name: str) -> bool:
    """Whether it is an operator's, and not one that the agent or Amazon ECS sets."""
    return not name.startswith(("ecs.", "com.amazonaws."))
