# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What a host's registration with AWS Systems Manager is, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

REGISTERED, UNREGISTERED, CLONED, INTERRUPTED = "registered", "unregistered", "cloned", "interrupted"


@dataclass(frozen=True)
class Identity:
    """A managed instance, as the agent's vault names it."""

    instance_id: str
    region: str

    def __str__(self) -> str:
        return f"{self.instance_id} in {self.region}"

    def result(self) -> dict[str, str]:
        return {"managed_instance_id": self.instance_id, "region": self.region}


@dataclass(frozen=True)
class Agent:
    """The agent's program and its service, as they were found.

    Attributes:
        program: its path; None where it is not installed.
        unit: of systemd; a snap has one of its own.
        running, enabled: what systemd says of it.
    """

    program: str | None
    unit: str
    running: bool = False
    enabled: bool = False

    @property
    def source(self) -> str | None:
        """What it was installed from."""
        return None if self.program is None else "snap" if self.program.startswith("/snap/") else "package"


@dataclass(frozen=True)
class Host:
    """What a plan is made from.

    Attributes:
        agent: the program and its service.
        identity: what the agent would take for its own; None where it would find none.
        cloned: why the identity is another machine's; empty where it is not.
        former: the identity in the copy that a run put aside, which then did not end.
        remains: paths of the agent's own and ours that hold a registration, or parts of one.
        shared: the credentials that the agent wrote, as path and profile; None where there are none.
        notes: what lies about and misleads, in sentences.
    """

    agent: Agent
    identity: Identity | None = None
    cloned: str = ""
    former: Identity | None = None
    notes: tuple[str, ...] = ()
    remains: tuple[str, ...] = ()
    shared: str | None = None

    @property
    def status(self) -> str:
        """In one word."""
        if self.former:
            return INTERRUPTED
        if self.identity is None:
            return UNREGISTERED
        return CLONED if self.cloned else REGISTERED


@dataclass(frozen=True)
class Request:
    """What was asked for; the activation is the secret part of it."""

    region: str | None
    activation_id: str | None = field(default=None, repr=False)
    activation_code: str | None = field(default=None, repr=False)
    move: bool = False
    force: bool = False
    absent: bool = False
    credential_profile: str = "default"
