# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Read what is on the host and, where there is one, the object. Nothing is changed here."""

from __future__ import annotations

import stat
from pathlib import Path

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import effective
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.read import read_host as read_agent
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch import persist, program
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.model import File, Host, Wanted
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal

# Seconds; longer than at boot, as nothing waits for it but a person who wants to know what is wrong.
PATIENCE = 60


def read_host(wanted: Wanted, foresee: bool) -> Host:
    """The host, and the object if it is another one than the present file was made from.

    Args:
        wanted: where the object is.
        foresee: whether a missing AWS CLI is no failure: check mode cannot install it.
    """
    found = None
    try:
        found = _object(wanted)
    except program.NoCli:
        if not foresee:
            raise
    variables = effective(
        (found.data if found else program.content_of(program.FILE)).decode("utf-8", "surrogateescape")
    )
    files = {path: file for path in persist.PATHS if (file := _file(Path(path)))}
    agent = read_agent(str(program.FILE), variables)
    return Host(agent, files, Path(persist.LINK).is_symlink(), found, unknown=lacks_cli(wanted))


def lacks_cli(wanted: Wanted) -> bool:
    return wanted.source is not None and program.cli() is None


def _object(wanted: Wanted) -> program.Object | None:
    if wanted.content is not None:
        return program.Object(wanted.content.encode(), "", vouched=False)
    if wanted.source is None:
        return None
    settings = wanted.source.settings()
    return program.fetch(settings, program.known_etag(settings), PATIENCE)


def refuse_fetched(path: str) -> None:
    """Two owners of one file would undo each other's work, the one when Ansible runs and the other at boot."""
    if path == str(program.FILE) and Path(persist.UNIT_PATH).exists():
        raise Refusal(
            f"path: {path} is fetched from S3 at every boot ({persist.SETTINGS} says from where), which would undo "
            "this. Publish the variables with ecs_config_object; or write the host's own to /var/lib/ecs/ecs.config; "
            "or end that with ecs_config_fetch and state: absent, and run again."
        )


def _file(path: Path) -> File | None:
    try:
        return File(path.read_text(encoding="utf-8"), stat.S_IMODE(path.stat().st_mode))
    except FileNotFoundError:
        return None
