# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The one call that makes each Change. A table: nothing here decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.calls import Calls
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.model import DIGEST, Request
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.plan import (
    BLOCK,
    BUCKET,
    NO_POLICY,
    OBJECT,
    STATEMENT,
    VERSIONING,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.read import Reader
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents


class Writer:
    """Writes through the calls of one request.

    Args:
        calls: the calls.
        reader: reads the policy anew.
        request: what was asked for.
        account: gives the caller's account. Writes expect it to own the bucket where no other was named, so that
            nothing is put into a bucket that somebody else has under this name.
    """

    def __init__(self, calls: Calls, reader: Reader, request: Request, account: Callable[[], str]) -> None:
        self.calls = calls
        self.reader = reader
        self.request = request
        self.account = account

    def apply(self, plan: Plan) -> Iterator[Change]:
        for change in plan.changes:
            self.calls.expect_owner(self.account)
            WRITES[change.kind, change.action == "delete"](self, change)
            yield change

    def create_bucket(self, _change: Change) -> None:
        """us-east-1 is where a bucket is without a place, and may not be named as one."""
        place = {"CreateBucketConfiguration": {"LocationConstraint": self.request.region}}
        self.calls.on_bucket("create_bucket", **({} if self.request.region == "us-east-1" else place))

    def block_public_access(self, change: Change) -> None:
        self.calls.on_bucket("put_public_access_block", PublicAccessBlockConfiguration=change.after)

    def add_statement(self, change: Change) -> None:
        """Into the policy as it is now: S3 takes only a whole one, and cannot be asked whether it is still the same."""
        policy = documents.with_statement(self.reader.policy() or NO_POLICY, change.after)
        self.calls.on_bucket("put_bucket_policy", Policy=documents.compact(policy))

    def set_versioning(self, change: Change) -> None:
        self.calls.on_bucket("put_bucket_versioning", VersioningConfiguration={"Status": change.after})

    def put_object(self, _change: Change) -> None:
        encryption, text = self.request.encryption, self.request.text or ""
        key = {"SSEKMSKeyId": encryption.kms_key_id} if encryption.kms_key_id else {}
        self.calls.on_object(
            "put_object",
            Body=text.encode(),
            ContentType="text/plain; charset=utf-8",
            Metadata={DIGEST: self.request.digest},
            ServerSideEncryption=encryption.algorithm,
            **key,
        )

    def delete_object(self, _change: Change) -> None:
        self.calls.on_object("delete_object")


WRITES: dict[tuple[str, bool], Callable[[Writer, Change], None]] = {
    (BUCKET, False): Writer.create_bucket,
    (BLOCK, False): Writer.block_public_access,
    (STATEMENT, False): Writer.add_statement,
    (VERSIONING, False): Writer.set_versioning,
    (OBJECT, False): Writer.put_object,
    (OBJECT, True): Writer.delete_object,
}
