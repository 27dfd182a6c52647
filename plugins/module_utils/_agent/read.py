# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Read the configuration file as it is, and what else on the host a plan for it depends on."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent import state
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import (
    Attributes,
    ConfigFile,
    Host,
    OtherFile,
    Version,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.notices import newest_needed
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal

# What ecs-init reads, in this order: of two values for a variable the later wins.
FILES = ("/var/lib/ecs/ecs.config", "/etc/ecs/ecs.config")


def read_host(path: str, desired: Mapping[str, str | None], version: Version | None = None) -> Host:
    """Read the file, and what else there is when it is one of the agent's.

    Args:
        path: of the file.
        desired: the declared variables.
        version: of the agent, where the task names it.
    """
    file = read_config(path)
    version = version or state.known_version(newest_needed(desired))
    if path not in FILES:
        return Host(file, version=version)
    return Host(file, _other_file(path), version, state.saved_cluster())


def _other_file(path: str) -> OtherFile | None:
    other = FILES[1 - FILES.index(path)]
    try:
        text = Path(other).read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    return OtherFile(other, text, wins=other == FILES[-1])


def read_config(path: str) -> ConfigFile:
    file = Path(path)
    if not file.is_absolute():
        raise Refusal(f"path: {path!r} is not absolute; write one such as /etc/ecs/ecs.config.")
    try:
        status = file.lstat()
    except FileNotFoundError:
        return ConfigFile(str(file))
    if stat.S_ISLNK(status.st_mode):
        # Following it would give somebody else's file our owner and mode; replacing it would cut the link.
        raise Refusal(f"path: {path} is a symbolic link; give the path of the file itself, or remove the link.")
    if not stat.S_ISREG(status.st_mode):
        raise Refusal(f"path: {path} is not a regular file; give the path of a file, such as /etc/ecs/ecs.config.")
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    return ConfigFile(str(file), text, Attributes(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid))
