# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What a user should read even where nothing changes. Pure: sentences out of what is asked for and what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import (
    effective,
    read_unlike,
    setting,
    split_lines,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import Host, OtherFile, Variable, Version
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.state import version_of
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.variables import VARIABLES

Values = Mapping[str, str]
Desired = Mapping[str, "str | None"]

# What the agent keeps tasks from taking unless it is told otherwise: SSH, Docker's API and its own two ports.
DEFAULT_RESERVED = (22, 2375, 2376, 51678, 51679)
NEVER_BY_PROXY = ("169.254.169.254", "169.254.170.2", "/var/run/docker.sock")


def notices(host: Host, desired: Desired, text: str, in_effect: Values) -> list[str]:
    """Everything there is to say.

    Args:
        host: what is there.
        desired: the declared variables.
        text: the file as it will be.
        in_effect: the variables of both files as they will be.
    """
    files = {host.file.path: text, **({host.other.path: host.other.text} if host.other else {})}
    return [
        *(sentence for name in sorted(desired) for sentence in _of_variable(name, desired[name], host.version)),
        *_elsewhere(host.other, desired),
        *(sentence for path in sorted(files) for sentence in _unlike(path, files[path])),
        *_together(desired, in_effect),
    ]


def newest_needed(desired: Desired) -> Version:
    """The agent version that knows all of the variables."""
    known = [VARIABLES[name].since for name, value in desired.items() if value is not None and name in VARIABLES]
    return max(filter(None, map(version_of, known)), default=(0, 0, 0))


def _of_variable(name: str, value: str | None, version: Version | None) -> Iterator[str]:
    variable = VARIABLES.get(name)
    if value is None or variable is None:
        return
    if variable.notice:
        yield f"{name}: {variable.notice}."
    yield from _by_version(variable, version)


def _by_version(variable: Variable, version: Version | None) -> Iterator[str]:
    since, until = version_of(variable.since), version_of(variable.until)
    if until and (version is None or version >= until):
        yield f"{variable.name}: agents from {variable.until} on no longer read it."
    if version and since and version < since:
        yield (
            f"{variable.name} needs agent {variable.since} or later (ecs-init {variable.since}-1), and this host has "
            f"{'.'.join(map(str, version))}: it does nothing until the agent is upgraded."
        )


def _elsewhere(other: OtherFile | None, desired: Desired) -> Iterator[str]:
    """What the other file says of the same variables, where that is what counts."""
    if other is None:
        return
    there = effective(other.text)
    for name in sorted(set(desired) & set(there)):
        if desired[name] is None:
            yield f"{name}: it is still set in {other.path}, which ecs-init reads too. Remove it there."
        elif other.wins and there[name] != desired[name]:
            yield (
                f"{name}: {other.path} sets it too and is read last, so the value declared for here does not apply. "
                "Declare it for that file, or remove it there."
            )


def _unlike(path: str, text: str) -> Iterator[str]:
    for line in split_lines(text):
        why = read_unlike(line)
        if why:
            yield f"{path}: {setting(line)[0] or 'a line'} {why}."


def _together(desired: Desired, in_effect: Values) -> Iterator[str]:
    """Variables that need one another."""
    if desired.get("ECS_EXTERNAL") == "true" and not in_effect.get("AWS_DEFAULT_REGION"):
        yield "ECS_EXTERNAL: an external agent cannot find out its region and exits without AWS_DEFAULT_REGION."
    if desired.get("HTTP_PROXY"):
        direct = in_effect.get("NO_PROXY", "").split(",")
        missing = [address for address in NEVER_BY_PROXY if address not in direct]
        if missing:
            yield f"HTTP_PROXY: the agent needs {', '.join(missing)} without the proxy; add them to NO_PROXY."
    ports = desired.get("ECS_RESERVED_PORTS")
    if ports:
        free = [str(port) for port in DEFAULT_RESERVED if str(port) not in ports.strip("[]").split(",")]
        if free:
            yield f"ECS_RESERVED_PORTS: it takes the place of the default list, so tasks may now use {', '.join(free)}."
