# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Read the configuration file as it is."""

from __future__ import annotations

import stat
from pathlib import Path

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import Attributes, ConfigFile
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal


def read_config(path: str) -> ConfigFile:
    file = Path(path)
    if not file.is_absolute():
        raise Refusal(f"path: {path!r} is not absolute; write one such as /etc/ecs/ecs.config.")
    try:
        status = file.lstat()
    except FileNotFoundError:
        return ConfigFile(str(file), directory=file.parent.is_dir())
    if stat.S_ISLNK(status.st_mode):
        # Following it would give somebody else's file our owner and mode; replacing it would cut the link.
        raise Refusal(f"path: {path} is a symbolic link; give the path of the file itself, or remove the link.")
    if not stat.S_ISREG(status.st_mode):
        raise Refusal(f"path: {path} is not a regular file; give the path of a file, such as /etc/ecs/ecs.config.")
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    return ConfigFile(str(file), text, Attributes(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid))
