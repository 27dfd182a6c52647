# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What the agent's variables and its configuration file are, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Plan

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Variable:
    """What one variable may be set to.

    Attributes:
        name: as the agent or ecs-init reads it; case matters.
        type: which check of validate.py it goes through.
        since: the first agent version that knows it; None where that is older than the records.
        until: the first agent version that no longer reads it.
        secret: it is or may hold a credential, so its value is never shown.
        allowed: the values of an enum, or of the items of an array.
        any_case: the agent does not mind the case of an enum.
        minimum, maximum: inclusive; a duration's as a duration.
        items: what the items of an array are (C(uint16), C(string) or C(cidr)), or of an object (C(attribute)).
        string_values: every value of an object must be a string.
        key_length, value_length: the longest keys and values of an object that the API takes.
        pattern, shape: a string's form, as a regular expression and in words.
        otherwise: what the agent does with a wrong value, which is the reason for refusing it here.
        notice: what a user should know who sets it.
    """

    name: str
    type: str
    since: str | None
    until: str | None = None
    secret: bool = False
    allowed: tuple[str, ...] = ()
    any_case: bool = False
    minimum: Any = None
    maximum: Any = None
    items: str | None = None
    string_values: bool = False
    key_length: int | None = None
    value_length: int | None = None
    pattern: str | None = None
    shape: str | None = None
    otherwise: str | None = None
    notice: str | None = None


@dataclass(frozen=True)
class Attributes:
    """Who may read a file."""

    mode: int
    uid: int
    gid: int

    def __str__(self) -> str:
        return f"mode {self.mode:04o}, uid {self.uid}, gid {self.gid}"


@dataclass(frozen=True)
class ConfigFile:
    """A configuration file as it was found.

    Attributes:
        path: where it is or will be.
        text: its content; None when there is no file. Bytes that are not UTF-8 are surrogates.
        attributes: None when there is no file.
    """

    path: str
    text: str | None = field(default=None, repr=False)
    attributes: Attributes | None = None


@dataclass(frozen=True)
class OtherFile:
    """The other one of the two files that ecs-init reads.

    Attributes:
        wins: whether it is read last, so that its values take the place of ours.
    """

    path: str
    text: str = field(repr=False)
    wins: bool = False


@dataclass(frozen=True)
class Host:
    """What a plan is made from.

    Attributes:
        file: the file to write.
        other: the other file, where there is one and ours is one of the two.
        version: of the agent, as far as it is known.
        saved_cluster: what the agent's saved state is of; None where it has none or the file is not the agent's.
    """

    file: ConfigFile
    other: OtherFile | None = None
    version: Version | None = None
    saved_cluster: str | None = None


@dataclass(frozen=True)
class ConfigPlan(Plan):
    """A plan for a configuration file: the changes, and the one text that makes all of them.

    C(before) and C(after) are for people and have their secrets masked; C(text) goes to the file, and C(former) to
    the path C(backup), where there is one.
    """

    text: str = field(default="", repr=False)
    former: str | None = field(default=None, repr=False)
    backup: str | None = None
