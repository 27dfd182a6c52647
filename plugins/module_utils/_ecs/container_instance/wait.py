# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Waiting with a bound, telling the log of the system how it goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


class Deadline:
    """All waits of a run together never take longer than the timeout.

    Args:
        timeout: seconds.
        log: is told each time that what is waited for changes.
    """

    def __init__(self, timeout: float, log: Callable[[str], Any], clock: Any = time) -> None:
        self.timeout = timeout
        self.log = log
        self.clock = clock
        self.began: float | None = None
        self.waited = 0.0
        self.said = ""

    def wait(self, progress: str) -> bool:
        """Sleep a little; False, at once, when there is no time left."""
        now = self.clock.monotonic()
        self.began = now if self.began is None else self.began
        self.waited = now - self.began
        if progress != self.said:
            self.log(f"{progress}; waited {self.waited:.0f} of at most {self.timeout:g} seconds")
            self.said = progress
        if self.waited >= self.timeout:
            return False
        self.clock.sleep(min(0.25 + self.waited / 4, 5, self.timeout - self.waited))
        self.waited = self.clock.monotonic() - self.began
        return True
