# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Write what a plan says: our files and systemd's knowledge of them first, then ecs.config in one step."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.apply import ConfigWriter
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch import persist, program
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.model import FetchPlan
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.plan import KINDS
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change

NOT_LOADED = 5


class Apply:
    def __init__(self, module: Any) -> None:
        self._module = module

    def __call__(self, plan: FetchPlan) -> Iterator[Change]:
        ours = [change for change in plan.changes if change.kind in KINDS.values()]
        if ours:
            self._files(plan)
        yield from ours
        rest = tuple(change for change in plan.changes if change not in ours)
        yield from ConfigWriter(self._module, str(program.FILE)).apply(dataclasses.replace(plan, changes=rest))
        if plan.remember:
            source, found = plan.remember
            program.remember(source.settings(), found)

    def _files(self, plan: FetchPlan) -> None:
        """A unit that goes is stopped last: before systemd forgets what needs it, that would stop the agent."""
        goes = persist.UNIT_PATH in plan.files and plan.files[persist.UNIT_PATH] is None
        if goes:
            self._systemctl("disable", persist.UNIT)
        for path, file in plan.files.items():
            if file:
                program.replace(Path(path), file.text.encode(), file.mode)
            else:
                Path(path).unlink()
        if goes:
            program.RECORD.unlink(missing_ok=True)
            for directory in (program.SETTINGS.parent, program.RECORD.parent):
                with contextlib.suppress(OSError):  # which spares one that holds anything
                    directory.rmdir()
        if persist.UNIT_PATH in plan.files:
            self._systemctl("daemon-reload")
            self._systemctl("stop" if goes else "enable", persist.UNIT)

    def _systemctl(self, *words: str) -> None:
        code, _stdout, stderr = self._module.run_command(["systemctl", *words])
        if words[0] == "stop" and code == NOT_LOADED:
            return  # it was not running, so systemd has forgotten it already
        if code:
            raise OSError(f"systemctl {' '.join(words)}: {stderr.strip() or f'exit code {code}'}")
