# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""S3: new buckets are private and encrypted, and bucket policies count, conditions included. moto's know none of it.

A bucket policy is in force always, as a trust policy is, for whoever asks; aws:SecureTransport is what the request
really came by. Within an account it may grant what no identity policy does; from another account both sides must. A
bucket of another account is closed without it. Sources:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-policy-language-overview.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html.
"""

from __future__ import annotations

import json

from moto.iam.access_control import PermissionResult
from moto.iam.models import get_account_id_from, iam_backends
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend
from moto.s3.utils import bucket_policy_is_public
from moto.sts.models import AssumedRole
from moto.utilities.utils import get_partition

from . import enforce
from .evaluate import ALLOWED, EXPLICIT_DENY, as_list, decide, statements_of
from .patch import replaces
from .sts import Caller, matched_principal

SSE_S3 = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}
# What only the account that owns a bucket may do, whatever its policy says.
OWNERS_ONLY = ("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy")


class MalformedPolicy(S3ClientError):
    """As S3 words it."""

    code = "MalformedPolicy"


class PublicPolicy(S3ClientError):
    """As S3 words it."""

    code = "AccessDenied"


# Buckets


@replaces(FakeBucket, "__init__")
def new_bucket(original, self, *args, **kwargs):
    """Since 2023 a new bucket is encrypted and closed to the public."""
    original(self, *args, **kwargs)
    self.encryption = SSE_S3
    self.public_access_block = PublicAccessBlock(*["true"] * 4)


@replaces(S3Backend, "delete_bucket_encryption")
def delete_bucket_encryption(_original, self, bucket_name):
    """There is no bucket without."""
    self.get_bucket(bucket_name).encryption = SSE_S3


@replaces(S3Backend, "put_bucket_policy")
def put_bucket_policy(original, self, bucket_name, policy):
    """Refuse what is no policy of this bucket, and a public one where that is blocked."""
    bucket = self.get_bucket(bucket_name)
    complaint = wrong_with(policy, f"arn:{bucket.partition}:s3:::{bucket_name}")
    if complaint:
        raise MalformedPolicy(complaint)
    block = bucket.public_access_block
    if block and block.block_public_policy and bucket_policy_is_public(policy):
        raise PublicPolicy("Access Denied because public policies are prevented by the BlockPublicPolicy setting.")
    original(self, bucket_name, policy)


def wrong_with(policy: bytes, arn: str) -> str:
    """What S3 says of a policy that it does not take."""
    try:
        statements = statements_of(json.loads(policy))
    except ValueError:
        return "Policies must be valid JSON and the first byte must be '{'"
    if not statements:
        return "Missing required field Statement"
    for statement in statements:
        if not {"Principal", "NotPrincipal"} & set(statement):
            return "Missing required field Principal"
        listed = as_list(statement.get("Resource", statement.get("NotResource", [])))
        if not listed or any(one != arn and not one.startswith(f"{arn}/") for one in listed):
            return "Policy has invalid resource"
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    return "" if len(sids) == len(set(sids)) else "Statement IDs (SID) in a single policy must be unique."


@replaces(FakeBucket, "get_permission")
def get_permission(_original, self, action, resource):
    """moto denies where a condition does not hold; what follows has the say."""
    del self, action, resource
    return PermissionResult.NEUTRAL


# Who may


def refusal(request: enforce.Request, key: str | None, enforcing: bool) -> enforce.Refusal | None:
    """S3's AccessDenied, by the policy of the bucket and, where they are enforced, by those of the role session."""
    session = enforce.session_of(key) if key else None
    bucket = enforce.bucket_of(request)
    if bucket is None:
        return enforce.refusal(request, session) if enforcing and session else None
    if request.expected_owner not in (None, bucket.account_id):
        return enforce.access_denied(request, "Access Denied")
    caller = caller_of(key, session, request)
    for need in enforce.needs(request):
        reason = why_not(need, caller, bucket, session.role_arn if enforcing and session else None)
        if reason == NOT_OWNER:
            return enforce.s3_error("405 Method Not Allowed", "MethodNotAllowed", NOT_OWNER)
        if reason:
            text = f'User: {caller.arn} is not authorized to perform: {need.action} on resource: "{need.resource}"'
            return enforce.access_denied(request, f"{text} {reason.format(action=need.action)}")
    return None


NOT_OWNER = "The specified method is not allowed against this resource."


def caller_of(key: str | None, session: AssumedRole | None, request: enforce.Request) -> Caller:
    """Who asks; without a signature, nobody."""
    if session:
        return Caller(session.arn, session.account_id, role_arn=session.role_arn)
    if key is None:
        return Caller("anonymous", "anonymous")
    account, partition = get_account_id_from(key), get_partition(request.region)
    user = iam_backends[account][partition].get_user_from_access_key_id(key)
    return Caller(user.arn if user else f"arn:{partition}:iam::{account}:user/moto", account, administrator=True)


def why_not(need: enforce.Need, caller: Caller, bucket: FakeBucket, role_arn: str | None) -> str:
    """Why the caller may not, in Amazon's words; an empty string when it may."""
    context = {**{key.lower(): value for key, value in need.context.items()}, **of_caller(caller)}
    by_policy = resource_decision(need, caller, bucket, context)
    if by_policy == EXPLICIT_DENY:
        return "with an explicit deny in a resource-based policy"
    elsewhere = caller.account_id not in (bucket.account_id, "anonymous")
    if elsewhere and need.action.startswith("s3:") and need.action != "s3:CreateBucket":
        if by_policy != ALLOWED:
            return "because no resource-based policy allows the {action} action"
        if need.action in OWNERS_ONLY:
            return NOT_OWNER
    granted = by_policy == ALLOWED and not elsewhere
    return enforce.denied(role_arn, need, granted) if role_arn else ""


def of_caller(caller: Caller) -> dict[str, str]:
    """What conditions may ask of who asks."""
    return {"aws:principalarn": caller.role_arn or caller.arn, "aws:principalaccount": caller.account_id}


def resource_decision(need: enforce.Need, caller: Caller, bucket: FakeBucket, context: dict[str, str]) -> str:
    """What the bucket's policy says. An Allow to one's own account leaves it to the identity policies."""
    statements = [one for one in policy_of(bucket) if concerns(one, caller, bucket.account_id)]
    return decide([{"Statement": statements}], need.action, need.resource, context)


def policy_of(bucket: FakeBucket) -> list[dict]:
    """The statements of a bucket's policy."""
    return statements_of(json.loads(bucket.policy)) if bucket.policy else []


def concerns(statement: dict, caller: Caller, owner: str) -> bool:
    """Is the statement about this caller?"""
    if "NotPrincipal" in statement:
        return matched_principal(caller, statement["NotPrincipal"]) is None
    how = matched_principal(caller, statement["Principal"])
    to_own_account = how == "account" and statement["Effect"] == "Allow" and caller.account_id == owner
    return how is not None and not to_own_account
