# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What is there, in as few calls as the API allows. Nothing here decides or changes anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import none_if_denied, none_if_missing
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import bulk, documents, names
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.bulk import Listing, pages
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import (
    Account,
    Declaration,
    Document,
    FoundPolicy,
    InstanceProfile,
    ManagedPolicy,
    PolicyRequest,
    ProfileRequest,
    Role,
    RoleRequest,
    StatementRequest,
    TrustFacts,
    attached_as,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import Caller

Item = TypeVar("Item")
Found = TypeVar("Found")


class Reader:
    """Reads through one IAM client.

    Args:
        iam: the IAM client.
        sts: gives an STS client; asked only when no ARN that was read tells the account and partition.
        concurrency: how many calls may be under way at a time.
    """

    def __init__(self, iam: Any, sts: Callable[[], Any], concurrency: int = 1) -> None:
        self.iam = iam
        self.sts = sts
        self.concurrency = concurrency

    def account(self, declaration: Declaration) -> Account:
        """Everything that the declaration asks for, in bulk where that is cheaper."""
        listing = self._listing(declaration)
        owned = self._owned(declaration, listing) if declaration.prune else Declaration()
        asked = declaration.plus(owned)
        roles = self._each(partial(self._role, listing), asked.roles)
        profiles = self._each(partial(self._profile, listing, _tagged_profiles(asked)), asked.profile_names())
        caller = self._caller([*roles, *profiles, *(listing.policies.values() if listing else ())])
        policies = self._each(partial(self._policy_of, listing, caller), asked.policies)
        missing = _policies_to_find(asked, roles, caller)
        found = self._each(partial(self._find_policy, listing, caller), missing)
        return Account(
            caller=caller,
            policies=_present((request.policy.name for request in asked.policies), policies),
            roles=_present((request.role.name for request in asked.roles), roles),
            profiles=_present(asked.profile_names(), profiles),
            found=dict(zip(missing, found)),
            trust_limit=self._trust_limit(*(request.role.trust or {} for request in asked.roles)),
            owned=owned,
        )

    def _each(self, call: Callable[[Item], Found], items: Sequence[Item]) -> list[Found]:
        if self.concurrency == 1 or len(items) < 2:
            return [call(item) for item in items]
        with ThreadPoolExecutor(self.concurrency) as pool:
            return list(pool.map(call, items))

    def _listing(self, declaration: Declaration) -> Listing | None:
        """The whole account, where it is cheaper (or the only way to find what is not named) and allowed."""
        singly = bulk.single_reads(declaration)
        if singly < bulk.WORTH_IT and not declaration.prune:
            return None
        most_pages = None if declaration.prune else singly
        with_profiles = bool(declaration.profile_names()) or declaration.prune
        return none_if_denied(bulk.read)(self.iam, most_pages, with_profiles)

    def _owned(self, declaration: Declaration, listing: Listing | None) -> Declaration:
        """Requests to delete what carries the owner's tag and is not declared."""
        if listing is None:
            raise Refusal("prune: it needs iam:GetAccountAuthorizationDetails, to find what is not declared any more.")
        declared = {
            "policy": {request.policy.name for request in declaration.policies},
            "role": {request.role.name for request in declaration.roles},
            "profile": set(declaration.profile_names()),
        }
        policies = [one for one in listing.policies.values() if one.name not in declared["policy"]]
        profiles = [one for one in listing.profiles.values() if one.name not in declared["profile"]]
        roles = [one for one in listing.roles.values() if one.name not in declared["role"]]
        policy_tags = self._each(lambda one: _tags(self._policy(one.arn)), policies)
        profile_tags = self._each(lambda one: _tags(self._get_profile(one.name)), profiles)
        key, value = declaration.owner or ("", "")
        return Declaration(
            policies=tuple(
                PolicyRequest(ManagedPolicy(one.name, path=one.path), absent=True)
                for one, tags in zip(policies, policy_tags)
                if tags.get(key) == value
            ),
            roles=tuple(
                RoleRequest(Role(one.name), absent=True) for one in roles if (one.tags or {}).get(key) == value
            ),
            profiles=tuple(
                ProfileRequest(InstanceProfile(one.name), absent=True)
                for one, tags in zip(profiles, profile_tags)
                if tags.get(key) == value
            ),
        )

    def _caller(self, known: Iterable[Any]) -> Caller:
        """The partition and account, from an ARN of the account's own where there is one."""
        arn = next((one.arn for one in known if one), None) or self.sts().get_caller_identity(aws_retry=True)["Arn"]
        _arn, partition, _service, _region, account = arn.split(":")[:5]
        return Caller(partition, account)

    def _trust_limit(self, *wanted: Document) -> int:
        """The account's own quota is asked only when the default would refuse a document."""
        if max(map(documents.size, wanted), default=0) <= documents.TRUST_POLICY_LIMIT:
            return documents.TRUST_POLICY_LIMIT
        return self.iam.get_account_summary(aws_retry=True)["SummaryMap"]["AssumeRolePolicySizeQuota"]

    def _role(self, listing: Listing | None, request: RoleRequest) -> Role | None:
        """The role, with what the request has an opinion on and nothing else, however it was read."""
        if listing is None:
            return self.role(request)
        role = listing.roles.get(request.role.name.lower())
        if role is None or request.absent:
            return role
        declared = request.role.inline_policies
        inline = {
            name: document if request.purge.inline_policies or name in (declared or {}) else None
            for name, document in (role.inline_policies or {}).items()
        }
        return replace(
            role,
            managed_policies=role.managed_policies if request.policies is not None else None,
            inline_policies=inline if declared is not None else None,
            instance_profiles=(),
        )

    def role(self, request: RoleRequest) -> Role | None:
        """GetRole, and only the lists that the request has an opinion on."""
        name = request.role.name
        found = none_if_missing(self.iam.get_role)(RoleName=name, aws_retry=True)
        if found is None:
            return self._twin(Role, "Role", name)
        role = found["Role"]
        return Role(
            name=role["RoleName"],
            arn=role["Arn"],
            path=role["Path"],
            description=role.get("Description", ""),
            trust=role["AssumeRolePolicyDocument"],
            max_session_duration=role.get("MaxSessionDuration", 3600),
            permissions_boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            tags=_tags(role),
            managed_policies=self._attached(name) if request.absent or request.policies is not None else None,
            inline_policies=self._inline(request),
            instance_profiles=self._profiles_of(name) if request.absent else (),
        )

    def trust(self, request: StatementRequest) -> TrustFacts:
        """GetRole, and more only where the role does not exist or its policy would be long."""
        role = self.role(RoleRequest(Role(request.role)))
        before = (role.trust if role else None) or {}
        after = documents.with_statement(before, request.statement) if request.statement else before
        written = () if after is before else (after,)
        return TrustFacts(self._caller([role]), role, self._trust_limit(*written))

    def _twin(self, thing: Callable[..., Found], kind: str, name: str) -> Found | None:
        """The thing whose name differs only in case, so that the plan can say so before IAM refuses to create ours."""
        listed = none_if_denied(self._items)(f"list_{names.snake(kind)}s", f"{kind}s", MaxItems=bulk.PAGE)
        twins = (one for one in listed or () if one[f"{kind}Name"].lower() == name.lower())
        # One of exactly this name has been created since: as good as missing, and creating it again says so.
        return next((thing(one[f"{kind}Name"], arn=one["Arn"]) for one in twins if one[f"{kind}Name"] != name), None)

    def _attached(self, role: str) -> dict[str, str]:
        attached = self._items("list_attached_role_policies", "AttachedPolicies", RoleName=role)
        return {policy["PolicyArn"]: policy["PolicyName"] for policy in attached}

    def _inline(self, request: RoleRequest) -> dict[str, Any] | None:
        """Documents of the policies that are declared or will be removed; None for the others."""
        declared = request.role.inline_policies
        if declared is None and not request.absent:
            return None
        role = request.role.name
        present = self._items("list_role_policies", "PolicyNames", RoleName=role)
        needed = present if request.purge.inline_policies else [name for name in present if name in (declared or {})]
        return {name: self._inline_document(role, name) if name in needed else None for name in present}

    def _inline_document(self, role: str, name: str) -> Any:
        return self.iam.get_role_policy(RoleName=role, PolicyName=name, aws_retry=True)["PolicyDocument"]

    def _profiles_of(self, role: str) -> tuple[str, ...]:
        profiles = self._items("list_instance_profiles_for_role", "InstanceProfiles", RoleName=role)
        return tuple(profile["InstanceProfileName"] for profile in profiles)

    def _profile(self, listing: Listing | None, tagged: frozenset[str], name: str) -> InstanceProfile | None:
        """Out of the listing, but one whose tags are declared is asked for: lists lack them."""
        listed = listing and listing.profiles.get(name.lower())
        if listing and (listed is None or listed.name != name or name not in tagged):
            return listed
        return self.instance_profile(name)

    def instance_profile(self, name: str) -> InstanceProfile | None:
        found = self._get_profile(name)
        return bulk.profile(found, _tags(found)) if found else self._twin(InstanceProfile, "InstanceProfile", name)

    def _get_profile(self, name: str) -> dict[str, Any] | None:
        found = none_if_missing(self.iam.get_instance_profile)(InstanceProfileName=name, aws_retry=True)
        return found and found["InstanceProfile"]

    def _policy_of(self, listing: Listing | None, caller: Caller, request: PolicyRequest) -> ManagedPolicy | None:
        """Out of the listing, but tags that are declared and what hangs on a policy that goes are asked for."""
        desired = request.policy
        listed = listing and listing.policies.get(desired.name.lower())
        if listing is None or (listed and request.absent):
            return self.managed_policy(
                replace(desired, path=listed.path) if listed else desired, caller, request.absent
            )
        if listed and desired.tags is not None:
            return replace(listed, tags=_tags(self._policy(listed.arn)))
        return listed

    def managed_policy(self, desired: ManagedPolicy, caller: Caller, absent: bool) -> ManagedPolicy | None:
        """The policy of that name; ListPolicies only when it is not at the path that was asked for."""
        found = self._policy(caller.arn("policy", desired.path, desired.name))
        found = found or self._policy(self._policy_at_another_path(desired.name))
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
            tags=_tags(found),
            versions=self._versions(arn) if changes else (),
            default_version=default,
            attachments=self._attachments(arn) if absent else (),
        )

    def _find_policy(self, listing: Listing | None, caller: Caller, policy: str) -> FoundPolicy:
        """The ARN of a policy given by name or ARN: at the path /, among Amazon's own, or at another path of ours."""
        if policy.startswith("arn:"):
            return FoundPolicy(policy, self._exists(listing, caller, policy))
        own = caller.arn("policy", "/", policy)
        amazon = [f"arn:{caller.partition}:iam::aws:policy{path}{policy}" for path in names.AWS_POLICY_PATHS]
        if listing and listing.attached.get(policy) in amazon:
            amazon = [listing.attached[policy]]
        for arn in (own, *amazon):
            if self._exists(listing, caller, arn):
                return FoundPolicy(arn)
        elsewhere = self._policy_at_another_path(policy, listing) or ""
        return FoundPolicy(elsewhere) if elsewhere.endswith(f"/{policy}") else FoundPolicy(own, exists=False)

    def _exists(self, listing: Listing | None, caller: Caller, arn: str) -> bool:
        if listing and arn in listing.attached.values():
            return True
        if listing and arn.startswith(caller.arn("policy", "/", "")):
            return any(policy.arn == arn for policy in listing.policies.values())
        return self._policy(arn) is not None

    def _policy(self, arn: str | None) -> dict[str, Any] | None:
        found = none_if_missing(self.iam.get_policy)(PolicyArn=arn, aws_retry=True) if arn else None
        return found and found["Policy"]

    def _policy_at_another_path(self, name: str, listing: Listing | None = None) -> str | None:
        """A policy's name is unique in the account whatever its path, and ignoring case."""
        if listing:
            listed = listing.policies.get(name.lower())
            return listed.arn if listed else None
        own = self._items("list_policies", "Policies", Scope="Local", MaxItems=bulk.PAGE)
        return next((policy["Arn"] for policy in own if policy["PolicyName"].lower() == name.lower()), None)

    def _versions(self, arn: str) -> tuple[str, ...]:
        versions = self._items("list_policy_versions", "Versions", PolicyArn=arn)
        return tuple(version["VersionId"] for version in sorted(versions, key=lambda one: int(one["VersionId"][1:])))

    def _attachments(self, arn: str) -> tuple[tuple[str, str], ...]:
        kinds = (("role", "PolicyRoles"), ("user", "PolicyUsers"), ("group", "PolicyGroups"))
        return tuple(
            (kind, entity[f"{kind.title()}Name"])
            for page in pages(self.iam, "list_entities_for_policy", PolicyArn=arn)
            for kind, key in kinds
            for entity in page[key]
        )

    def _items(self, operation: str, key: str, **params: Any) -> list[Any]:
        return [item for page in pages(self.iam, operation, **params) for item in page[key]]


def _tags(answer: dict[str, Any] | None) -> dict[str, str]:
    return boto3_tag_list_to_ansible_dict((answer or {}).get("Tags", []))


def _present(wanted: Iterable[str], found: Iterable[Found | None]) -> dict[str, Found]:
    return {name: thing for name, thing in zip(wanted, found) if thing is not None}


def _tagged_profiles(asked: Declaration) -> frozenset[str]:
    return frozenset(request.profile.name for request in asked.profiles if request.profile.tags is not None)


def _policies_to_find(asked: Declaration, roles: Iterable[Role | None], caller: Caller) -> list[str]:
    """What roles are to have, do not have yet, and is not declared by the same task."""
    declared = {request.policy.name for request in asked.policies}
    declared |= {caller.arn("policy", request.policy.path, request.policy.name) for request in asked.policies}
    wanted = (
        policy
        for request, role in zip(asked.roles, roles)
        for policy in (() if request.absent else request.policies or ())
        if policy not in declared and not attached_as(policy, role.managed_policies if role else None)
    )
    return list(dict.fromkeys(wanted))
