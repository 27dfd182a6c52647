# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""A task definition as it is registered, as it is asked for, and what was read to tell the difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Definition = Mapping[str, Any]


@dataclass(frozen=True)
class Revision:
    """A registered revision of a family.

    Attributes:
        arn: it ends with the number of the revision.
        definition: what RegisterTaskDefinition takes, without tags.
    """

    arn: str
    definition: Definition
    tags: Mapping[str, str]

    @property
    def number(self) -> int:
        return number_of(self.arn)


@dataclass(frozen=True)
class Request:
    """What was asked for.

    Attributes:
        definition: every member of its right type; None where the family is to be absent.
        tags: None means "no opinion".
        keep_revisions: how many ACTIVE revisions stay when one is added; None keeps all.
        shape: the input of RegisterTaskDefinition in botocore's model, which says what in it is sensitive.
    """

    family: str
    definition: Definition | None = None
    tags: Mapping[str, str] | None = None
    purge_tags: bool = True
    keep_revisions: int | None = None
    shape: Any = None

    @property
    def absent(self) -> bool:
        return self.definition is None


@dataclass(frozen=True)
class Facts:
    """What was read.

    Attributes:
        latest: the latest ACTIVE revision.
        next_arn: the ARN that the next revision will have; read only where one is needed.
        active: the numbers of all ACTIVE revisions; read only where some may have to go.
    """

    latest: Revision | None = None
    next_arn: str | None = None
    active: tuple[int, ...] = ()


def number_of(arn: str) -> int:
    return int(arn.rsplit(":", 1)[1])


def family_of(arn: str) -> str:
    return arn.rsplit("/", 1)[1].rsplit(":", 1)[0]
