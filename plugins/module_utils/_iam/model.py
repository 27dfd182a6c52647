# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The three IAM things we manage. The same class says what is there and what was asked for:
asked for, None means "no opinion".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.documents import TRUST_POLICY_LIMIT
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import Caller, IamArn

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Role:
    """An IAM role with all that hangs on it.

    Attributes:
        managed_policies: policy name by ARN.
        inline_policies: document by policy name; None for one whose document was not read or, asked for, one that must
            not be there.
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


@dataclass(frozen=True)
class ProfileRequest:
    """What an iam_instance_profile task asks for."""

    profile: InstanceProfile
    purge_tags: bool = True
    absent: bool = False


@dataclass(frozen=True)
class PolicyRequest:
    """What an iam_managed_policy task asks for."""

    policy: ManagedPolicy
    purge_tags: bool = True
    absent: bool = False


@dataclass(frozen=True)
class Declaration:
    """All that one task asks for; the single modules ask for one thing.

    Attributes:
        owner: key and value of the tag that everything declared gets, or None.
        prune: whether what carries that tag and is not declared goes.
    """

    policies: tuple[PolicyRequest, ...] = ()
    roles: tuple[RoleRequest, ...] = ()
    profiles: tuple[ProfileRequest, ...] = ()
    owner: tuple[str, str] | None = None
    prune: bool = False

    def plus(self, other: Declaration) -> Declaration:
        """This one's requests and the other's."""
        return replace(
            self,
            policies=(*self.policies, *other.policies),
            roles=(*self.roles, *other.roles),
            profiles=(*self.profiles, *other.profiles),
        )

    def profile_names(self) -> list[str]:
        """Every instance profile that is asked for, by itself or along with its role."""
        declared = [request.profile.name for request in self.profiles]
        held = [request.instance_profile for request in self.roles if request.instance_profile]
        return list(dict.fromkeys([*declared, *held]))


class FoundPolicy(NamedTuple):
    """A managed policy that a role is to have: where it is, or (not there yet) where it would be."""

    arn: str
    exists: bool = True


def attached_as(policy: str, attached: Mapping[str, str] | None) -> str | None:
    """The ARN under which a policy, given by name or ARN, is attached already."""
    return next((arn for arn, name in (attached or {}).items() if policy in (arn, name)), None)


@dataclass(frozen=True)
class RoleFacts:
    """What was read for a RoleRequest.

    Attributes:
        caller: partition and account, for the ARNs of what does not exist yet.
        policies: where each requested policy is, by the name or ARN it was requested by. What is attached already
            need not be in it.
        profile: the requested instance profile.
        trust_limit: characters without white space that a trust policy may have in this account.
        unborn: ARNs of roles that will not exist yet when this one is created.
    """

    caller: Caller
    role: Role | None = None
    policies: Mapping[str, FoundPolicy] = field(default_factory=dict)
    profile: InstanceProfile | None = None
    trust_limit: int = TRUST_POLICY_LIMIT
    unborn: frozenset[str] = frozenset()

    def place_of(self, policy: str) -> FoundPolicy:
        """What is attached already comes first: an own policy may have the name of one of Amazon's."""
        arn = attached_as(policy, self.role.managed_policies if self.role else None)
        return FoundPolicy(arn) if arn else self.policies[policy]


class ProfileFacts(NamedTuple):
    caller: Caller
    profile: InstanceProfile | None = None


class PolicyFacts(NamedTuple):
    caller: Caller
    policy: ManagedPolicy | None = None


@dataclass(frozen=True)
class Account:
    """What was read for a Declaration, each thing by the name that it was asked for by.

    Attributes:
        found: where the managed policies are that roles are to have and do not have yet, by name or ARN.
        owned: requests to delete what carries the owner's tag and is not declared (read only to prune).
    """

    caller: Caller
    policies: Mapping[str, ManagedPolicy] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    profiles: Mapping[str, InstanceProfile] = field(default_factory=dict)
    found: Mapping[str, FoundPolicy] = field(default_factory=dict)
    trust_limit: int = TRUST_POLICY_LIMIT
    owned: Declaration = field(default_factory=Declaration)


@dataclass(frozen=True)
class StatementRequest:
    """What an iam_trust_statement task asks for.

    Attributes:
        arn: the role's ARN, where it was given and not only its name.
        statement: the statement with its Sid; None to remove the one of that Sid.
    """

    role: str
    sid: str
    arn: IamArn | None = None
    statement: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class TrustFacts:
    """What was read for a StatementRequest."""

    caller: Caller
    role: Role | None = None
    trust_limit: int = TRUST_POLICY_LIMIT
