# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What the agent left on the host: which version is installed, and which cluster its saved state is of."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.introspection import running_version
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import Version
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal

SERVICE = "ecs.service"
# The package's link to the image of its agent, such as ecs-agent-v1.80.0.tar (or -1.80.0-1.tar on Debian).
IMAGE = Path("/var/cache/ecs/ecs-agent.tar")
# A bolt database: the agent writes the key and then the value, as JSON, and never another cluster to the same file.
STATE = Path("/var/lib/ecs/data/agent.db")
SAVED_CLUSTER = re.compile(rb'cluster-name"([^"\\]+)"')


def version_of(text: str | None) -> Version | None:
    """A version from the text of one, of a package's (1.80.0-1) or of an image's name; None where there is none."""
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text or "")
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def declared_version(text: str | None) -> Version | None:
    """The version that the task names."""
    if text and not re.fullmatch(r"v?\d+\.\d+\.\d+(-[\w.]+)?", text):
        raise Refusal(f"agent_version: {text!r} is not a version; write one such as 1.80.0, or leave it out.")
    return version_of(text)


def known_version(needed: Version) -> Version | None:
    """The version of the agent on this host; one that runs may be newer than the package, as it can update itself."""
    try:
        installed = version_of(str(IMAGE.readlink()))
    except OSError:
        installed = None
    if installed is not None and installed >= needed:
        return installed
    return max(filter(None, (installed, version_of(running_version()))), default=None)


def saved_cluster() -> str | None:
    """The cluster that the agent would compare its configuration with; None where it has saved none."""
    try:
        found = SAVED_CLUSTER.search(STATE.read_bytes())
    except FileNotFoundError:
        return None
    return found[1].decode("utf-8", "replace") if found else None
