# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""A hybrid activation, the code that Amazon shows once, and what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

HOUR = 3600
# Kinds of changes.
ACTIVATION, CODE = "activation", "activation_code"


@dataclass(frozen=True)
class Secret:
    """What registers a server: the id of an activation and its code. Neither is ever shown."""

    activation_id: str = field(repr=False)
    activation_code: str = field(repr=False)


@dataclass(frozen=True)
class Activation:
    """As DescribeActivations has it.

    Attributes:
        role: name of the role that registered servers get.
        expires, created: seconds since the epoch.
    """

    activation_id: str = field(repr=False)
    role: str
    registration_limit: int
    registrations_count: int
    expires: float
    expired: bool
    created: float
    default_instance_name: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def registrations_left(self) -> int:
        return max(0, self.registration_limit - self.registrations_count)


@dataclass(frozen=True)
class Kept:
    """What is in the store.

    Attributes:
        where: its name, as changes show it; None when there is no store.
        secret: None when there is nothing in it.
        loose: a file that others than its owner may read, or whose owner is somebody else.
    """

    where: str | None = None
    secret: Secret | None = None
    loose: bool = False


@dataclass(frozen=True)
class Request:
    """What a task asks for.

    Attributes:
        tags: all that the activation has; Systems Manager gives it no name to be found by.
        role: name of a role; None where the activation is to be absent.
        registrations_needed: fewer than these left, and it is of no use.
        expires_in, rotate_before: hours.
    """

    tags: Mapping[str, str]
    role: str | None = None
    registration_limit: int = 1
    registrations_needed: int = 1
    expires_in: int = 24
    rotate_before: int = 1
    default_instance_name: str = ""
    description: str = ""

    @property
    def absent(self) -> bool:
        return self.role is None

    @property
    def label(self) -> str:
        """How changes name it: the id is half of a secret."""
        return ", ".join(f"{key}={value}" for key, value in sorted(self.tags.items()))


@dataclass(frozen=True)
class Facts:
    """What was read.

    Attributes:
        kept: what is in the store.
        matching: activations that have exactly the tags. Where that of the store is of use, no other was looked for.
        now: seconds since the epoch.
    """

    kept: Kept
    matching: tuple[Activation, ...]
    now: float
