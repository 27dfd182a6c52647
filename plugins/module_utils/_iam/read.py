# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What is there, in as few calls as the API allows. Nothing here decides or changes anything."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import none_if_missing
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents, names
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import (
    Document,
    FoundPolicy,
    InstanceProfile,
    ManagedPolicy,
    PolicyFacts,
    ProfileFacts,
    Role,
    RoleFacts,
    RoleRequest,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import Caller


class Reader:
    """Reads through one IAM client.

    Args:
        iam: the IAM client.
        sts: gives an STS client; asked only when no ARN that was read tells the account and partition.
    """

    def __init__(self, iam: Any, sts: Any) -> None:
        self.iam = iam
        self.sts = sts

    def caller(self, arn: str | None = None) -> Caller:
        """The partition and account, from an ARN of the account's own where there is one."""
        arn = arn or self.sts().get_caller_identity(aws_retry=True)["Arn"]
        _arn, partition, _service, _region, account = arn.split(":")[:5]
        return Caller(partition, account)

    def role_facts(self, request: RoleRequest) -> RoleFacts:
        role = self.role(request)
        profile = self.instance_profile(request.instance_profile) if request.instance_profile else None
        caller = self.caller(role.arn if role else None)
        attached = (role.managed_policies if role else None) or {}
        wanted = () if request.absent else request.policies or ()
        policies = {policy: self.find_policy(policy, attached, caller) for policy in wanted}
        return RoleFacts(caller, role, policies, profile, self.trust_limit(request.role.trust))

    def trust_limit(self, trust: Document | None) -> int:
        """The account's own quota is asked only when the default would refuse the document."""
        if trust is None or documents.size(trust) <= documents.TRUST_POLICY_LIMIT:
            return documents.TRUST_POLICY_LIMIT
        return self.iam.get_account_summary(aws_retry=True)["SummaryMap"]["AssumeRolePolicySizeQuota"]

    def role(self, request: RoleRequest) -> Role | None:
        """GetRole, and only the lists that the request has an opinion on."""
        name = request.role.name
        found = none_if_missing(self.iam.get_role)(RoleName=name, aws_retry=True)
        if found is None:
            return None
        role = found["Role"]
        return Role(
            name=role["RoleName"],
            arn=role["Arn"],
            path=role["Path"],
            description=role.get("Description", ""),
            trust=role["AssumeRolePolicyDocument"],
            max_session_duration=role.get("MaxSessionDuration", 3600),
            permissions_boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            tags=boto3_tag_list_to_ansible_dict(role.get("Tags", [])),
            managed_policies=self._attached(name) if request.absent or request.policies is not None else None,
            inline_policies=self._inline(request),
            instance_profiles=self._profiles_of(name) if request.absent else (),
        )

    def _attached(self, role: str) -> dict[str, str]:
        attached = self._pages("list_attached_role_policies", "AttachedPolicies", RoleName=role)
        return {policy["PolicyArn"]: policy["PolicyName"] for policy in attached}

    def _inline(self, request: RoleRequest) -> dict[str, Any] | None:
        """Documents of the policies that are declared or will be removed; None for the others."""
        declared = request.role.inline_policies
        if declared is None and not request.absent:
            return None
        role = request.role.name
        present = self._pages("list_role_policies", "PolicyNames", RoleName=role)
        needed = present if request.purge.inline_policies else [name for name in present if name in (declared or {})]
        return {name: self._inline_document(role, name) if name in needed else None for name in present}

    def _inline_document(self, role: str, name: str) -> Any:
        return self.iam.get_role_policy(RoleName=role, PolicyName=name, aws_retry=True)["PolicyDocument"]

    def _profiles_of(self, role: str) -> tuple[str, ...]:
        profiles = self._pages("list_instance_profiles_for_role", "InstanceProfiles", RoleName=role)
        return tuple(profile["InstanceProfileName"] for profile in profiles)

    def find_policy(self, policy: str, attached: dict[str, str], caller: Caller) -> FoundPolicy:
        """The ARN of a policy given by name or ARN. What is already attached answers without a call."""
        for arn, name in attached.items():
            if policy in (arn, name):
                return FoundPolicy(arn)
        if policy.startswith("arn:"):
            return FoundPolicy(policy, self._policy(policy) is not None)
        own = f"arn:{caller.partition}:iam::{caller.account}:policy/{policy}"
        amazon = [f"arn:{caller.partition}:iam::aws:policy{path}{policy}" for path in names.AWS_POLICY_PATHS]
        for arn in (own, *amazon):
            if self._policy(arn) is not None:
                return FoundPolicy(arn)
        return FoundPolicy(own, exists=False)

    def instance_profile(self, name: str) -> InstanceProfile | None:
        found = none_if_missing(self.iam.get_instance_profile)(InstanceProfileName=name, aws_retry=True)
        if found is None:
            return None
        profile = found["InstanceProfile"]
        return InstanceProfile(
            name=profile["InstanceProfileName"],
            arn=profile["Arn"],
            path=profile["Path"],
            role=next((role["RoleName"] for role in profile["Roles"]), ""),
            tags=boto3_tag_list_to_ansible_dict(profile.get("Tags", [])),
        )

    def instance_profile_facts(self, name: str) -> ProfileFacts:
        profile = self.instance_profile(name)
        return ProfileFacts(self.caller(profile.arn if profile else None), profile)

    def managed_policy_facts(self, desired: ManagedPolicy, absent: bool) -> PolicyFacts:
        caller = self.caller()
        return PolicyFacts(caller, self.managed_policy(desired, caller, absent))

    def managed_policy(self, desired: ManagedPolicy, caller: Caller, absent: bool) -> ManagedPolicy | None:
        """The policy of that name; ListPolicies only when it is not at the path that was asked for."""
        arn = f"arn:{caller.partition}:iam::{caller.account}:policy{desired.path or '/'}{desired.name}"
        found = self._policy(arn) or self._policy(self._policy_at_another_path(desired.name))
        if found is None:
            return None
        arn, default = found["Arn"], found["DefaultVersionId"]
        version = self.iam.get_policy_version(PolicyArn=arn, VersionId=default, aws_retry=True)["PolicyVersion"]
        changes = absent or not documents.equal(version["Document"], desired.document)
        return ManagedPolicy(
            name=found["PolicyName"],
            arn=arn,
            path=found["Path"],
            description=found.get("Description", ""),
            document=version["Document"],
            tags=boto3_tag_list_to_ansible_dict(found.get("Tags", [])),
            versions=self._versions(arn) if changes else (),
            default_version=default,
            attachments=self._attachments(arn) if absent else (),
        )

    def _policy(self, arn: str | None) -> dict[str, Any] | None:
        found = none_if_missing(self.iam.get_policy)(PolicyArn=arn, aws_retry=True) if arn else None
        return found and found["Policy"]

    def _policy_at_another_path(self, name: str) -> str | None:
        """A policy's name is unique in the account whatever its path, and ignoring case."""
        for policy in self._pages("list_policies", "Policies", Scope="Local"):
            if policy["PolicyName"].lower() == name.lower():
                return policy["Arn"]
        return None

    def _versions(self, arn: str) -> tuple[str, ...]:
        versions = self._pages("list_policy_versions", "Versions", PolicyArn=arn)
        return tuple(version["VersionId"] for version in sorted(versions, key=lambda one: int(one["VersionId"][1:])))

    def _attachments(self, arn: str) -> tuple[tuple[str, str], ...]:
        kinds = (("role", "PolicyRoles"), ("user", "PolicyUsers"), ("group", "PolicyGroups"))
        return tuple(
            (kind, entity[f"{kind.title()}Name"])
            for kind, key in kinds
            for entity in self._pages("list_entities_for_policy", key, PolicyArn=arn, EntityFilter=kind.title())
        )

    def _pages(self, operation: str, key: str, **params: Any) -> list[Any]:
        """Every item under the key, over all pages; each page is retried on its own."""
        items: list[Any] = []
        while True:
            page = getattr(self.iam, operation)(aws_retry=True, **params)
            items.extend(page[key])
            if not page.get("IsTruncated"):
                return items
            params["Marker"] = page["Marker"]
