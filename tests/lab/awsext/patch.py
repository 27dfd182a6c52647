# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the extensions take the place of moto's methods."""

from __future__ import annotations

import functools
from collections.abc import Callable


def replaces(owner: type, name: str) -> Callable:
    """Put the decorated function in the place of owner.name; it gets the original (or None) first, then self."""

    def install(function: Callable) -> Callable:
        original = getattr(owner, name, None)

        @functools.wraps(function)
        def method(self, *args, **kwargs):
            return function(original, self, *args, **kwargs)

        setattr(owner, name, method)
        return function

    return install
