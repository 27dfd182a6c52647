# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What an object to fetch and a host are, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent import model as agent_model
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch import program


@dataclass(frozen=True)
class Source:
    """An object in S3, and how a host reaches it.

    Attributes:
        endpoint_url: of S3, where it is not Amazon's own in that region.
        external: whether the credentials are those that the SSM agent keeps.
        profile: under which it keeps them; C(default) where that is None.
    """

    bucket: str
    key: str
    region: str
    endpoint_url: str | None = None
    external: bool = False
    profile: str | None = None

    def settings(self) -> dict[str, Any]:
        """As the program on the host takes them."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class File:
    """A file of ours on a host: what is in it and who may read it."""

    text: str = field(repr=False)
    mode: int = 0o644


@dataclass(frozen=True)
class Wanted:
    """What is asked for: a source for the host to fetch from, or the content itself, or neither of ours any more."""

    source: Source | None = None
    content: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Host:
    """What a plan is made from.

    Attributes:
        agent: the present ecs.config, and what else is around it.
        files: of ours that are there, by path.
        enabled: whether systemd starts our unit with the agent's.
        object: what S3 or the task gave; None where that is what the present file was made from.
        unknown: whether S3 could not be asked, for lack of the AWS CLI.
    """

    agent: agent_model.Host
    files: Mapping[str, File]
    enabled: bool
    object: program.Object | None = None
    unknown: bool = False


@dataclass(frozen=True)
class FetchPlan(agent_model.ConfigPlan):
    """A plan for ecs.config and what fetches it.

    Attributes:
        files: what is written, by path; None for what goes.
        remember: what the file is made from, where that is to be remembered.
    """

    files: Mapping[str, File | None] = field(default_factory=dict)
    remember: tuple[Source, program.Object] | None = field(default=None, repr=False)
