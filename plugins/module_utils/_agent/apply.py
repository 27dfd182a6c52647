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

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import Attributes, ConfigPlan
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.plan import ATTRIBUTES, DIRECTORY
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change


def right_attributes() -> Attributes:
    """Readable by root alone; a module that does not run as root can only write files of its own user's."""
    return Attributes(mode=0o600, uid=os.geteuid(), gid=os.getegid())


class ConfigWriter:
    """Makes the changes of a ConfigPlan.

    Attributes:
        backup_file: the copy of the former file, once one was made.
    """

    def __init__(self, module: Any, path: str, backup: bool) -> None:
        self.module = module
        self.path = Path(path)
        self.backup = backup
        self.backup_file: str | None = None

    def apply(self, plan: ConfigPlan) -> Iterator[Change]:
        text_changes = []
        for change in plan.changes:
            if change.kind == DIRECTORY:
                self._make_directory()
                yield change
            elif change.kind == ATTRIBUTES:
                self._restrict()
                yield change
            else:
                text_changes.append(change)
        if text_changes:
            self._replace(plan.text)
            yield from text_changes

    def _make_directory(self) -> None:
        self.path.parent.mkdir(parents=True)
        self.path.parent.chmod(0o755)

    def _restrict(self) -> None:
        right = right_attributes()
        os.chown(self.path, right.uid, right.gid)
        self.path.chmod(right.mode)

    def _replace(self, text: str) -> None:
        """Put the new text in the old file's place.

        The plan has made the old file's attributes right before, so that the ones which atomic_move copies are right,
        and so are a backup's. For a new file it asks the umask. A secret is never readable, not even for a moment.
        """
        descriptor, new = tempfile.mkstemp(dir=self.module.tmpdir)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode("utf-8", "surrogateescape"))
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0o077)
        try:
            if self.backup:
                self.backup_file = self.module.backup_local(str(self.path)) or None
            self.module.atomic_move(new, str(self.path))
        except OSError:
            raise
        except Exception as error:  # what AnsibleModule raises, around an OSError
            raise OSError(str(error)) from error
        finally:
            os.umask(umask)
        self._restrict()
