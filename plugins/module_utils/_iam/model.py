# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The three IAM things we manage. The same class says what is there and what was asked for:
asked for, None means "no opinion".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.documents import TRUST_POLICY_LIMIT
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import Caller

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Role:
    """An IAM role with all that hangs on it.

    Attributes:
        managed_policies: policy name by ARN.
        inline_policies: document by policy name; None for one whose document was not read.
        instance_profiles: names of the instance profiles that hold the role (read for a deletion only).
    """

    name: str
    arn: str | None = None
    path: str | None = None
    description: str | None = None
    trust: Document | None = None
    max_session_duration: int | None = None
    permissions_boundary: str | None = None
    tags: Mapping[str, str] | None = None
    managed_policies: Mapping[str, str] | None = None
    inline_policies: Mapping[str, Document | None] | None = None
    instance_profiles: tuple[str, ...] = ()


@dataclass(frozen=True)
class InstanceProfile:
    """An instance profile; C(role) is "" for none."""

    name: str
    arn: str | None = None
    path: str | None = None
    role: str | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ManagedPolicy:
    """A customer managed policy.

    Attributes:
        versions: ids of all versions, oldest first (read only where one has to be added or all deleted).
        default_version: the id of the version in force.
        attachments: (kind, name) of the roles, users and groups it is attached to (read for a deletion only).
    """

    name: str
    arn: str | None = None
    path: str | None = None
    description: str | None = None
    document: Document | None = None
    tags: Mapping[str, str] | None = None
    versions: tuple[str, ...] = ()
    default_version: str | None = None
    attachments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Purge:
    """Which undeclared things are removed from a role."""

    managed_policies: bool = True
    inline_policies: bool = True
    tags: bool = True


@dataclass(frozen=True)
class RoleRequest:
    """What an iam_role task asks for.

    Attributes:
        role: the role; its C(managed_policies) stay None, see C(policies).
        policies: names or ARNs of managed policies, or None for no opinion.
        instance_profile: the profile that must hold the role, or None for no opinion.
    """

    role: Role
    policies: tuple[str, ...] | None = None
    instance_profile: str | None = None
    purge: Purge = Purge()
    absent: bool = False


class FoundPolicy(NamedTuple):
    """A managed policy that a role is to have: where it is, or (not there yet) where it would be."""

    arn: str
    exists: bool = True


@dataclass(frozen=True)
class RoleFacts:
    """What was read for a RoleRequest.

    Attributes:
        caller: partition and account, for the ARNs of what does not exist yet.
        policies: where each requested policy is, by the name or ARN it was requested by.
        profile: the requested instance profile.
        trust_limit: characters without white space that a trust policy may have in this account.
    """

    caller: Caller
    role: Role | None = None
    policies: Mapping[str, FoundPolicy] = field(default_factory=dict)
    profile: InstanceProfile | None = None
    trust_limit: int = TRUST_POLICY_LIMIT


class ProfileFacts(NamedTuple):
    caller: Caller
    profile: InstanceProfile | None = None


class PolicyFacts(NamedTuple):
    caller: Caller
    policy: ManagedPolicy | None = None
