# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What hosts said when they were looked at, and what AWS says of the same hosts, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import RoleFacts

Described = Mapping[str, Any]


@dataclass(frozen=True)
class Look:
    """What came of looking at one host: who it is and its checks, or why it could not be looked at.

    Attributes:
        name: as the inventory has it.
        problem: why there is nothing else; empty where there is.
        unreachable: whether Ansible did not get to it at all.
    """

    name: str
    cluster: str = ""
    container_instance_arn: str = ""
    instance_id: str = ""
    external: bool = False
    checks: Sequence[Mapping[str, str]] = ()
    problem: str = ""
    unreachable: bool = False

    @classmethod
    def of(cls, name: str, result: Mapping[str, Any]) -> Look:
        """From the result of ecs_host_check, as Ansible registers it."""
        if "checks" not in result:
            told = str(result.get("msg") or "there is no result of ecs_host_check").strip()
            return cls(name, problem=told, unreachable=bool(result.get("unreachable")))
        who = result.get("host") or {}
        return cls(
            name=name,
            cluster=(who.get("cluster") or "").rpartition("/")[2],
            container_instance_arn=who.get("container_instance_arn") or "",
            instance_id=who.get("instance_id") or "",
            external=bool(who.get("external")),
            checks=tuple(result["checks"]),
        )


@dataclass(frozen=True)
class Aws:
    """What AWS says.

    Attributes:
        container_instances: every one of the hosts' clusters.
        ec2: instances by id, as EC2 describes them.
        ssm: managed instances by id, as Systems Manager describes them.
        profiles: ARN of the role in an instance profile by the profile's ARN; empty for none.
        roles: roles by ARN.
        unread: why a part of it is not known, by the part's name (C(ecs), C(ec2), C(ssm) or C(iam)).
    """

    container_instances: Sequence[Described] = ()
    ec2: Mapping[str, Described] = field(default_factory=dict)
    ssm: Mapping[str, Described] = field(default_factory=dict)
    profiles: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, RoleFacts] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Member:
    """One host that could be looked at, with what AWS has of it."""

    look: Look
    aws: Aws
    registered: Sequence[Described] = ()

    @property
    def described(self) -> Described | None:
        """Its container instance: the one that its agent says it is, or else the connected one of its id."""
        named = [one for one in self.registered if one["containerInstanceArn"] == self.look.container_instance_arn]
        connected = sorted(self.registered, key=lambda one: not one.get("agentConnected"))
        return next(iter(named or connected), None)

    @property
    def instance_id(self) -> str:
        return (self.described or {}).get("ec2InstanceId") or self.look.instance_id
