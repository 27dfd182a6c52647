# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM: uniqueness, conflicts and validation as the API documents them."""

from __future__ import annotations

import copy
import datetime
import json
import math
import re
import time
from collections.abc import Iterable
from types import SimpleNamespace

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import (
    DeleteConflictException,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceededException,
    MalformedPolicyDocument,
    NotFoundException,
    ValidationError,
)
from moto.iam.models import AWSManagedPolicy, IAMBackend, iam_backends
from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator
from moto.iam.responses import IamResponse

from .patch import replaces

POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]+", re.ASCII)
NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
SID = re.compile(r"[0-9A-Za-z]*")
ENTITY_ARN = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):(role|user)/.+")
TRUST_SIZE, POLICY_SIZE = 2048, 6144


# How long IAM takes to know everywhere what it has created (control.py sets it). It is never taken twice, though.
propagation = SimpleNamespace(seconds=0)


def visible(entity) -> bool:
    """Has the news spread? moto's times lack a zone and are UTC."""
    created = entity.create_date.replace(tzinfo=datetime.timezone.utc)
    return (datetime.datetime.now(datetime.timezone.utc) - created).total_seconds() >= propagation.seconds


# By account and partition; none of them ever changes but in how often it is attached.
amazons_policies: dict[tuple[str, str], list[AWSManagedPolicy]] = {}


@replaces(IAMBackend, "_init_aws_policies")
def _init_aws_policies(original, self) -> list[AWSManagedPolicy]:
    """Amazon's managed policies are read once, and not twelve times whenever a test empties the account."""
    key = (self.account_id, self.region_name)
    if key not in amazons_policies:
        amazons_policies[key] = original(self)
    return [copy.copy(policy) for policy in amazons_policies[key]]


@replaces(IAMBackend, "get_role")
def get_role(original, self, role_name: str):
    """A role that IAM does not know yet is NoSuchEntity, for whatever is asked of it."""
    role = original(self, role_name)
    if not visible(role):
        raise NotFoundException(f"The role with name {role_name} cannot be found.")
    return role


@replaces(IAMBackend, "get_policy")
def get_policy(original, self, policy_arn: str):
    """As roles."""
    policy = original(self, policy_arn)
    if not isinstance(policy, AWSManagedPolicy) and not visible(policy):
        raise NotFoundException(f"Policy {policy_arn} does not exist or is not attachable.")
    return policy


@replaces(IAMBackend, "get_instance_profile")
def get_instance_profile(original, self, profile_name: str):
    """As roles."""
    profile = original(self, profile_name)
    if not visible(profile):
        raise NotFoundException(f"Instance Profile {profile_name} cannot be found.")
    return profile


@replaces(IamResponse, "get_account_authorization_details")
def get_account_authorization_details(original, self) -> ActionResult:
    """In pages; without the tags of policies and without what IAM does not know yet."""
    del original
    details = self.backend.get_account_authorization_details(self._get_param("Filter", []))
    found = [("RoleDetailList", role) for role in details["roles"]]
    found += [("Policies", policy) for policy in details["managed_policies"]]
    found = [(key, one) for key, one in found if isinstance(one, AWSManagedPolicy) or visible(one)]
    begin = int(self._get_param("Marker") or 0)
    end = begin + int(self._get_param("MaxItems") or 100)
    answer: dict = {"UserDetailList": list(details["users"]) if begin == 0 else []}
    answer["GroupDetailList"] = list(details["groups"]) if begin == 0 else []
    for key in ("RoleDetailList", "Policies"):
        answer[key] = [
            policy_detail(one) if key == "Policies" else one for kind, one in found[begin:end] if kind == key
        ]
    answer["IsTruncated"] = end < len(found)
    if answer["IsTruncated"]:
        answer["Marker"] = str(end)
    return ActionResult(answer)


def policy_detail(policy) -> dict:
    """moto leaves the name out."""
    versions = [
        {
            "Document": version.document,
            "VersionId": version.version_id,
            "IsDefaultVersion": version.is_default,
            "CreateDate": version.create_date,
        }
        for version in policy.versions
    ]
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": policy.attachment_count,
        "IsAttachable": True,
        "Description": policy.description or "",
        "CreateDate": policy.create_date,
        "UpdateDate": policy.update_date,
        "PolicyVersionList": versions,
    }


@replaces(IAMBackend, "attach_role_policy")
def attach_visible_role_policy(original, self, policy_arn: str, role_name: str) -> None:
    """A policy that IAM does not know yet cannot be attached; moto does not ask get_policy()."""
    policy = self.managed_policies.get(policy_arn)
    if policy is not None and not isinstance(policy, AWSManagedPolicy):
        self.get_policy(policy_arn)
    original(self, policy_arn, role_name)


def refuse_bad_name(kind: str, name: str, longest: int) -> None:
    """Names have an alphabet and a length."""
    if not NAME.fullmatch(name) or len(name) > longest:
        raise ValidationError(f"The specified value for {kind} is invalid: {name}")


def refuse_taken(what: str, name: str, taken: Iterable[str]) -> None:
    """Names are unique ignoring case; moto compares them exactly."""
    if name.lower() in {other.lower() for other in taken}:
        raise EntityAlreadyExists(f"{what} with name {name} already exists.")


def refuse_bad_arn(arn: str) -> None:
    """A malformed ARN is not merely a policy that does not exist."""
    if not POLICY_ARN.fullmatch(arn):
        raise InvalidInput(f"ARN {arn} is not valid.")


def refuse_missing_boundary(backend: IAMBackend, arn: str | None) -> None:
    """A permissions boundary must exist."""
    if arn and arn not in backend.managed_policies:
        raise NotFoundException(f"Scope ARN: {arn} does not exist or is not attachable.")


def statements_of(document: str) -> list[dict]:
    """The statements of a document that is well-formed otherwise; their Sids must be, too."""
    found = json.loads(document)["Statement"]
    statements = found if isinstance(found, list) else [found]
    if not all(SID.fullmatch(statement.get("Sid", "")) for statement in statements):
        raise MalformedPolicyDocument("Statement IDs (SID) must be alpha-numeric.")
    return statements


def refuse_bad_trust(document: str) -> None:
    """A trust policy names principals that exist, and has a size."""
    for statement in statements_of(document):
        if not {"Principal", "NotPrincipal"} & statement.keys():
            raise MalformedPolicyDocument("Missing required field Principal")
        named = statement.get("Principal", {})
        accounts = named.get("AWS", []) if isinstance(named, dict) else []
        for principal in accounts if isinstance(accounts, list) else [accounts]:
            refuse_missing_principal(principal)
    refuse_size(document, TRUST_SIZE, "ACLSizePerRole")


def refuse_missing_principal(principal: str) -> None:
    """Roles and users must exist when a trust policy names them, whatever their account (accounts are not checked)."""
    match = ENTITY_ARN.fullmatch(principal)
    if match:
        backend = iam_backends[match[2]][match[1]]
        entities = backend.get_roles() if match[3] == "role" else backend.users.values()
        if principal in {entity.arn for entity in entities if visible(entity)}:
            return
    elif principal == "*" or re.fullmatch(
        r"(arn:aws[a-z-]*:iam::)?\d{12}(:root)?|arn:aws[a-z-]*:sts::\d{12}:.+", principal
    ):
        return
    raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{principal}"')


def refuse_size(document: str, most: int, quota: str) -> None:
    """White space does not count."""
    if len(re.sub(r"\s", "", document)) > most:
        raise LimitExceededException(f"Cannot exceed quota for {quota}: {most}")


@replaces(IAMPolicyDocumentValidator, "validate")
def validate_identity_policy(original, self) -> None:
    """An identity policy has no principal."""
    original(self)
    for statement in statements_of(self._policy_document):
        if {"Principal", "NotPrincipal"} & statement.keys():
            raise MalformedPolicyDocument("Policy document should not specify a principal.")


@replaces(IAMBackend, "update_assume_role_policy")
def update_assume_role_policy(original, self, role_name: str, policy_document: str) -> None:
    """As at creation."""
    role = self.get_role(role_name)
    IAMTrustPolicyDocumentValidator(policy_document).validate()
    refuse_bad_trust(policy_document)
    role.trust_before = (role.assume_role_policy_document, time.monotonic())
    original(self, role_name, policy_document)


@replaces(IamResponse, "get_role")
def show_role(original, self) -> ActionResult:
    """A trust policy that IAM does not know everywhere yet is shown as it was before."""
    del original
    shown = copy.copy(self.backend.get_role(self._get_param("RoleName")))
    before, changed = getattr(shown, "trust_before", ("", -math.inf))
    if time.monotonic() - changed < propagation.seconds:
        shown.assume_role_policy_document = before
    return ActionResult({"Role": shown})


def overwrite_trust(role_name: str, document: dict) -> None:
    """Somebody else writes the trust policy of a role of the default account."""
    iam_backends[DEFAULT_ACCOUNT_ID]["aws"].get_role(role_name).assume_role_policy_document = json.dumps(document)


@replaces(IAMBackend, "delete_role")
def delete_role(original, self, role_name: str) -> None:
    """Trust policies that name it, of whatever account, show its id from now on."""
    role = self.get_role(role_name)
    original(self, role_name)
    leave_id(role.arn, role.id)


@replaces(IAMBackend, "delete_user")
def delete_user(original, self, user_name: str) -> None:
    """As roles."""
    user = self.get_user(user_name)
    original(self, user_name)
    leave_id(user.arn, f"AIDA{user.id.upper()}")


def leave_id(arn: str, unique_id: str) -> None:
    """What is left of a principal in trust policies."""
    for account in list(iam_backends):
        for backend in list(iam_backends[account].values()):
            for role in backend.get_roles():
                trust = role.assume_role_policy_document
                role.assume_role_policy_document = trust.replace(json.dumps(arn), json.dumps(unique_id))


@replaces(IAMBackend, "create_policy_version")
def create_policy_version(original, self, policy_arn: str, policy_document: str, *args):
    """A version has a size."""
    refuse_size(policy_document, POLICY_SIZE, "PolicySize")
    return original(self, policy_arn, policy_document, *args)


@replaces(IAMBackend, "create_role")
def create_role(original, self, role_name: str, assume_role_policy_document: str, *args, **kwargs):
    """Names unique ignoring case, a valid trust policy, a boundary that exists."""
    refuse_bad_name("roleName", role_name, 64)
    refuse_taken("Role", role_name, (role.name for role in self.get_roles()))
    IAMTrustPolicyDocumentValidator(assume_role_policy_document).validate()
    refuse_bad_trust(assume_role_policy_document)
    refuse_missing_boundary(self, args[1] if len(args) > 1 else kwargs.get("permissions_boundary"))
    return original(self, role_name, assume_role_policy_document, *args, **kwargs)


@replaces(IAMBackend, "create_policy")
def create_policy(original, self, description, path, policy_document, policy_name, tags):
    """Names unique ignoring case, whatever the path; Amazon's own policies are another name space."""
    refuse_bad_name("policyName", policy_name, 128)
    refuse_size(policy_document, POLICY_SIZE, "PolicySize")
    own = (policy.name for policy in self.managed_policies.values() if not isinstance(policy, AWSManagedPolicy))
    if policy_name.lower() in {name.lower() for name in own}:
        raise EntityAlreadyExists(f"A policy called {policy_name} already exists. Duplicate names are not allowed.")
    return original(self, description, path, policy_document, policy_name, tags)


@replaces(IAMBackend, "create_instance_profile")
def create_instance_profile(original, self, name: str, *args, **kwargs):
    """Names unique ignoring case."""
    refuse_bad_name("instanceProfileName", name, 128)
    refuse_taken("Instance Profile", name, self.instance_profiles)
    return original(self, name, *args, **kwargs)


@replaces(IamResponse, "update_role")
def update_role(original, self) -> EmptyResult:
    """A field that is not sent stays as it is; moto would empty it."""
    del original
    role = self.backend.get_role(self._get_param("RoleName"))
    description = self._get_param("Description", role.description)
    duration = self._get_param("MaxSessionDuration", role.max_session_duration)
    self.backend.update_role(role.name, description, duration)
    return EmptyResult()


@replaces(IamResponse, "list_instance_profiles")
def list_instance_profiles(original, self) -> ActionResult:
    """Honour PathPrefix and pages; without tags, as documented."""
    del original
    prefix = self._get_param("PathPrefix") or "/"
    profiles = [one for one in self.backend.get_instance_profiles() if one.path.startswith(prefix) and visible(one)]
    begin = int(self._get_param("Marker") or 0)
    end = begin + int(self._get_param("MaxItems") or 100)
    answer: dict = {"InstanceProfiles": [without_tags(one) for one in profiles[begin:end]], "IsTruncated": False}
    if end < len(profiles):
        answer.update(IsTruncated=True, Marker=str(end))
    return ActionResult(answer)


def without_tags(profile) -> dict:
    """As ListInstanceProfiles shows it."""
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.create_date,
        "Roles": list(profile.roles),
    }


@replaces(IAMBackend, "attach_role_policy")
def attach_role_policy(original, self, policy_arn: str, role_name: str) -> None:
    """Attaching twice is attaching once; moto would count it twice, and the policy could never be deleted."""
    refuse_bad_arn(policy_arn)
    if policy_arn not in self.get_role(role_name).managed_policies:
        original(self, policy_arn, role_name)


@replaces(IAMBackend, "put_role_permissions_boundary")
def put_role_permissions_boundary(original, self, role_name: str, permissions_boundary: str) -> None:
    """A boundary must exist."""
    refuse_missing_boundary(self, permissions_boundary)
    original(self, role_name, permissions_boundary)


@replaces(IAMBackend, "delete_policy")
def delete_policy(original, self, policy_arn: str) -> None:
    """A policy in use, or with more than its default version, cannot be deleted."""
    policy = self.get_policy(policy_arn)
    bounded = any(entity.permissions_boundary_arn == policy_arn for entity in self.get_roles())
    if policy.attachment_count > 0 or bounded:
        raise DeleteConflictException("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise DeleteConflictException(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions."
        )
    original(self, policy_arn)


@replaces(IAMBackend, "remove_role_from_instance_profile")
def remove_role_from_instance_profile(original, self, profile_name: str, role_name: str) -> None:
    """A role that the profile does not hold is NoSuchEntity, not a failure of the server."""
    profile = self.get_instance_profile(profile_name)
    if role_name not in {role.name for role in profile.roles}:
        raise NotFoundException(f"Cannot find the role {role_name} in instance profile {profile_name}.")
    original(self, profile_name, role_name)
