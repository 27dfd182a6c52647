# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Calls of S3, and what a refused one means. Nothing here decides what is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.model import Request

# What each call needs: the action, and whether on the bucket or on the object.
PERMISSIONS = {
    "get_bucket_policy": ("s3:GetBucketPolicy", "bucket"),
    "put_bucket_policy": ("s3:PutBucketPolicy", "bucket"),
    "get_public_access_block": ("s3:GetBucketPublicAccessBlock", "bucket"),
    "put_public_access_block": ("s3:PutBucketPublicAccessBlock", "bucket"),
    "get_bucket_versioning": ("s3:GetBucketVersioning", "bucket"),
    "put_bucket_versioning": ("s3:PutBucketVersioning", "bucket"),
    "create_bucket": ("s3:CreateBucket", "bucket"),
    "head_object": ("s3:GetObject", "object"),
    "get_object": ("s3:GetObject", "object"),
    "put_object": ("s3:PutObject", "object"),
    "delete_object": ("s3:DeleteObject", "object"),
}
DENIED = ("AccessDenied", "403", "Forbidden", "MethodNotAllowed", "AllAccessDisabled")
ELSEWHERE = (
    "301",
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "InvalidLocationConstraint",
)


class Calls:
    """Calls of one S3 client for one request.

    Args:
        s3: the S3 client.
        request: what they are for.
        errors: what a call raises that is refused.
    """

    def __init__(self, s3: Any, request: Request, errors: type[Exception]) -> None:
        self.s3 = s3
        self.request = request
        self.errors = errors
        self.owner = request.owner

    def expect_owner(self, account: Callable[[], str]) -> None:
        """From now on every call fails whose bucket another account owns, by S3's own check."""
        self.owner = self.owner or account()

    def on_bucket(self, operation: str, **params: Any) -> Any:
        """One call that names the bucket; the error of a refused one is raised as a sentence that helps."""
        if self.owner and operation != "create_bucket":
            params["ExpectedBucketOwner"] = self.owner
        try:
            return getattr(self.s3, operation)(Bucket=self.request.bucket, **params, aws_retry=True)
        except self.errors as error:
            sentence = explained(operation, error_of(error), self.request)
            if sentence is None:
                raise
            raise Refusal(sentence) from error

    def on_object(self, operation: str, **params: Any) -> Any:
        return self.on_bucket(operation, Key=self.request.key, **params)


def error_of(error: Exception) -> dict[str, str]:
    """Code and message, as botocore has them."""
    return getattr(error, "response", {}).get("Error", {})


def explained(operation: str, error: dict[str, str], request: Request) -> str | None:
    """What to do about an error, or None where the error itself says it best."""
    code, said = error.get("Code", ""), error.get("Message", "")
    call = "".join(word.title() for word in operation.split("_"))
    if code in DENIED:
        return f"{call} of {request.uri} was refused ({code}: {said}). {_denied(operation, request)}"
    if code == "BucketAlreadyExists":
        return (
            f"bucket: {request.bucket!r} belongs to another account; names of buckets are unique among all accounts "
            "of a partition. Choose another one."
        )
    if code in ELSEWHERE:
        return (
            f"region: bucket {request.bucket!r} is not in {request.region} ({code}: {said}). Give the region it is in."
        )
    if code.startswith("KMS.") or "KMS" in said:
        return f"kms_key_id: S3 cannot use {request.encryption.kms_key_id or 'the key of the object'} ({code}: {said})."
    return None


def _denied(operation: str, request: Request) -> str:
    action, what = PERMISSIONS[operation]
    resource = request.bucket_arn if what == "bucket" else f"{request.bucket_arn}/{request.key}"
    needed = f"The credentials need {action} on {resource}"
    if operation == "head_object":
        needed += (
            f", and s3:ListBucket on {request.bucket_arn}, without which S3 answers the same where there is no object"
        )
    if operation == "put_object" and request.encryption.kms_key_id:
        needed += f", and kms:GenerateDataKey on {request.encryption.kms_key_id}"
    return (
        f"{needed}. S3 says the same where the bucket belongs to another account: then use credentials of that "
        "account, or choose another name for the bucket."
    )
