# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The object that holds ecs.config and the bucket around it, as they are and as they were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]

# Whose statement it is in the policy of a bucket; S3 wants it to be unique there.
TLS_SID = "FleetkitEcsTlsOnly"
# The name of the metadata that tells the content, to hosts too. An ETag does not, under SSE-KMS and after an upload in
# parts.
DIGEST = "fleetkit-ecs-sha256"
BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@dataclass(frozen=True)
class Encryption:
    """How an object is encrypted.

    Attributes:
        algorithm: C(AES256) is SSE-S3, C(aws:kms) SSE-KMS.
        kms_key_id: the key of SSE-KMS. S3 tells its ARN; it may be asked for by its id.
    """

    algorithm: str | None
    kms_key_id: str | None = None

    def fits(self, wanted: Encryption) -> bool:
        """Whether it is what is wanted."""
        if self.algorithm != wanted.algorithm:
            return False
        key, asked = self.kms_key_id or "", wanted.kms_key_id or ""
        return key == asked or key.endswith(f":key/{asked}")


@dataclass(frozen=True)
class StoredObject:
    """An object that is there.

    Attributes:
        digest: the SHA-256 that whoever published it last says that it has; None where it was not this module.
        size: in bytes.
        text: its content, read only where it is to be another one; None where it cannot be read as one of ours.
        versioned: whether the bucket keeps it when it is replaced or deleted.
    """

    encryption: Encryption
    digest: str | None = None
    size: int = 0
    text: str | None = field(default=None, repr=False)
    versioned: bool = False


@dataclass(frozen=True)
class Bucket:
    """A bucket that is there.

    Attributes:
        policy: None where it has none.
        public_access_block: what it blocks; None where it blocks nothing.
        versioning: C(Enabled), C(Suspended), or None where it never was; read only where it matters.
    """

    policy: Document | None = None
    public_access_block: Mapping[str, bool] | None = None
    versioning: str | None = None


@dataclass(frozen=True)
class Request:
    """What a task asks for.

    Attributes:
        desired: the text of each variable, None for one that must not be there.
        text: the content of the object; None where it is to be absent.
        digest: its SHA-256.
        versioning: what the bucket's is to be; None leaves it as it is.
        create_bucket: whether a bucket that is not there may be made.
        owner: the account that must own the bucket; None for the caller's own.
        partition, region: of the client.
    """

    bucket: str
    key: str
    encryption: Encryption
    desired: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    text: str | None = field(default=None, repr=False)
    digest: str | None = None
    versioning: str | None = None
    create_bucket: bool = True
    owner: str | None = None
    partition: str = "aws"
    region: str = "us-east-1"

    @property
    def absent(self) -> bool:
        return self.text is None

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def bucket_arn(self) -> str:
        return f"arn:{self.partition}:s3:::{self.bucket}"

    @property
    def tls_only(self) -> dict[str, Any]:
        """The statement that keeps everything from the bucket that does not come by TLS."""
        return {
            "Sid": TLS_SID,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self.bucket_arn, f"{self.bucket_arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }

    def is_content_of(self, found: StoredObject) -> bool:
        """Whether the object has the content already. Its size is S3's own word."""
        return self.text is not None and found.digest == self.digest and found.size == len(self.text.encode())


@dataclass(frozen=True)
class Facts:
    """What was read; where the object is to be absent, nothing of its bucket."""

    bucket: Bucket | None = None
    stored: StoredObject | None = None
