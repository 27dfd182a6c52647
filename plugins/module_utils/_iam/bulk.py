# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The whole account in a few pages, for when that is cheaper than asking for one thing after the other.

GetAccountAuthorizationDetails has every role with all that hangs on it, and the account's own managed policies with
their documents. It lacks a role's description and session length (ListRoles has them), the tags of policies, the tags
of instance profiles, and profiles without a role (ListInstanceProfiles has those).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import (
    Declaration,
    InstanceProfile,
    ManagedPolicy,
    Role,
)

# From how many single reads on a look at the whole account is tried. A role that is right costs at most five.
WORTH_IT = 8
PAGE = 1000


@dataclass(frozen=True)
class Listing:
    """Everything in the account, by its name in lower case: IAM names are unique ignoring case.

    Attributes:
        attached: ARN of every managed policy that some role has, by name; Amazon's own are known from here.
    """

    roles: Mapping[str, Role] = field(default_factory=dict)
    policies: Mapping[str, ManagedPolicy] = field(default_factory=dict)
    profiles: Mapping[str, InstanceProfile] = field(default_factory=dict)
    attached: Mapping[str, str] = field(default_factory=dict)


def pages(iam: Any, operation: str, **params: Any) -> Iterator[dict[str, Any]]:
    """All pages of a list; each page is retried on its own."""
    while True:
        page = getattr(iam, operation)(aws_retry=True, **params)
        yield page
        if not page.get("IsTruncated"):
            return
        params["Marker"] = page["Marker"]


def single_reads(declaration: Declaration) -> int:
    """How many calls it takes to read one thing after the other."""
    roles = sum(
        1
        + (request.policies is not None)
        + (0 if request.role.inline_policies is None else 1 + len(request.role.inline_policies))
        for request in declaration.roles
    )
    return roles + len(declaration.profile_names()) + 2 * len(declaration.policies)


def read(iam: Any, most_pages: int | None, with_profiles: bool) -> Listing | None:
    """The account, or None where it has so many pages that single reads are cheaper.

    The number of pages is not known beforehand. Giving up after as many pages as the single reads would take costs
    at most twice the cheaper way.
    """
    details: list[dict[str, Any]] = []
    for page in pages(iam, "get_account_authorization_details", Filter=["Role", "LocalManagedPolicy"], MaxItems=PAGE):
        details.append(page)
        if most_pages is not None and len(details) >= most_pages and page.get("IsTruncated"):
            return None
    roles = _items(pages(iam, "list_roles", MaxItems=PAGE), "Roles")
    listed = {role["RoleName"]: role for role in roles}
    found = [
        _role(detail, listed[detail["RoleName"]])
        for detail in _items(details, "RoleDetailList")
        if detail["RoleName"] in listed
    ]
    profiles = pages(iam, "list_instance_profiles", MaxItems=PAGE) if with_profiles else ()
    return Listing(
        roles=_by_name(found),
        policies=_by_name(_policy(detail) for detail in _items(details, "Policies")),
        profiles=_by_name(profile(one, tags=None) for one in _items(profiles, "InstanceProfiles")),
        attached={name: arn for role in found for arn, name in (role.managed_policies or {}).items()},
    )


def _items(found: Any, key: str) -> Iterator[dict[str, Any]]:
    for page in found:
        yield from page.get(key, [])


def _by_name(things: Any) -> dict[str, Any]:
    return {thing.name.lower(): thing for thing in things}


def _role(detail: Mapping[str, Any], listed: Mapping[str, Any]) -> Role:
    return Role(
        name=detail["RoleName"],
        arn=detail["Arn"],
        path=detail["Path"],
        description=listed.get("Description", ""),
        trust=detail["AssumeRolePolicyDocument"],
        max_session_duration=listed.get("MaxSessionDuration", 3600),
        permissions_boundary=detail.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        tags=boto3_tag_list_to_ansible_dict(detail.get("Tags", [])),
        managed_policies={one["PolicyArn"]: one["PolicyName"] for one in detail["AttachedManagedPolicies"]},
        inline_policies={one["PolicyName"]: one["PolicyDocument"] for one in detail["RolePolicyList"]},
        instance_profiles=tuple(one["InstanceProfileName"] for one in detail["InstanceProfileList"]),
    )


def _policy(detail: Mapping[str, Any]) -> ManagedPolicy:
    default = detail["DefaultVersionId"]
    versions = sorted(detail["PolicyVersionList"], key=lambda one: int(one["VersionId"][1:]))
    return ManagedPolicy(
        name=detail["PolicyName"],
        arn=detail["Arn"],
        path=detail["Path"],
        description=detail.get("Description", ""),
        document=next(one["Document"] for one in versions if one["VersionId"] == default),
        versions=tuple(one["VersionId"] for one in versions),
        default_version=default,
    )


def profile(found: Mapping[str, Any], tags: Mapping[str, str] | None) -> InstanceProfile:
    """From an answer of the API; a list lacks the tags."""
    return InstanceProfile(
        name=found["InstanceProfileName"],
        arn=found["Arn"],
        path=found["Path"],
        role=next((role["RoleName"] for role in found["Roles"]), ""),
        tags=tags,
    )
