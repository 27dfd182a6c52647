# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Write the configuration file: at once, and at no moment readable by anybody else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.cluster import SAVED_STATE, SERVICE_KIND
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import Attributes, ConfigPlan
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.plan import (
    ATTRIBUTES,
    BLOCK,
    TEXT,
    VARIABLE,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.state import SERVICE, STATE
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change


def right_attributes() -> Attributes:
    """Readable by root alone; a module that does not run as root can only write files of its own user's."""
    return Attributes(mode=0o600, uid=os.geteuid(), gid=os.getegid())


class ConfigWriter:
    """Makes the changes of a ConfigPlan."""

    def __init__(self, module: Any, path: str) -> None:
        self.module = module
        self.path = Path(path)

    def apply(self, plan: ConfigPlan) -> Iterator[Change]:
        writes = {
            ATTRIBUTES: lambda: _restrict(self.path),
            SAVED_STATE: self._forget,
            SERVICE_KIND: lambda: self._service("start"),
        }
        written = False
        for change in plan.changes:
            if change.kind not in (VARIABLE, BLOCK, TEXT):
                writes[change.kind]()
            elif not written:
                self._write(plan)
                written = True
            yield change

    def _forget(self) -> None:
        """An agent that runs would write its state again."""
        self._service("stop")
        STATE.unlink()

    def _service(self, command: str) -> None:
        code, _stdout, stderr = self.module.run_command(["systemctl", command, SERVICE])
        if code:
            raise OSError(f"systemctl {command} {SERVICE}: {stderr.strip() or f'exit code {code}'}")

    def _write(self, plan: ConfigPlan) -> None:
        if plan.backup and plan.former is not None:
            kept = Path(plan.backup)
            kept.unlink(missing_ok=True)  # atomic_move would copy its attributes, whatever they have become
            self._replace(kept, plan.former)
        # No change of its own: check mode cannot know what a package that it foresees would have made.
        if not self.path.parent.is_dir():
            self.path.parent.mkdir(parents=True)
            self.path.parent.chmod(0o755)
        self._replace(self.path, plan.text)

    def _replace(self, path: Path, text: str) -> None:
        """Put a file with this text in the place of what is there.

        The plan has made the old file's attributes right before, so that the ones which atomic_move copies are right.
        For a new file it asks the umask. A secret is never readable, not even for a moment.
        """
        descriptor, new = tempfile.mkstemp(dir=self.module.tmpdir)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode("utf-8", "surrogateescape"))
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0o077)
        try:
            self.module.atomic_move(new, str(path))
        except OSError:
            raise
        except Exception as error:  # what AnsibleModule raises, around an OSError
            raise OSError(str(error)) from error
        finally:
            os.umask(umask)
        _restrict(path)


def _restrict(path: Path) -> None:
    right = right_attributes()
    os.chown(path, right.uid, right.gid)
    path.chmod(right.mode)
