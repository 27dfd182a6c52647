# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Write the agent's file and our drop-in, each at once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.drop_in import path_of
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.model import CONFIG, ConfigPlan
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.plan import PROXY, SETTING
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.read import Places


class Writer:
    """Makes the changes of a ConfigPlan."""

    def __init__(self, module: Any, places: Places) -> None:
        self.module = module
        self.places = places

    def apply(self, plan: ConfigPlan) -> Iterator[Change]:
        written = False
        for change in plan.changes:
            if change.kind == PROXY:
                # It may hold a password.
                self._replace(path_of(plan.unit), plan.drop_in, 0o600)
                self._reload()
            elif change.kind == SETTING and not written:
                self._replace(CONFIG, plan.text, 0o644)
                written = True
            yield change

    def _replace(self, name: str, text: str | None, mode: int) -> None:
        """Put a file with this text in the place of what is there, whose owner and mode stay."""
        path: Path = self.places.root / name.lstrip("/")
        if text is None:
            path.unlink()
            return
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor, new = tempfile.mkstemp(dir=path.parent, prefix=".fleetkit.ecs.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists() and mode != 0o600:
            status = path.stat()
            os.chown(new, status.st_uid, status.st_gid)
            mode = status.st_mode & 0o7777
        Path(new).chmod(mode)
        Path(new).replace(path)

    def _reload(self) -> None:
        code, _stdout, stderr = self.module.run_command(["systemctl", "daemon-reload"])
        if code:
            raise OSError(f"systemctl daemon-reload: {stderr.strip() or f'exit code {code}'}")
