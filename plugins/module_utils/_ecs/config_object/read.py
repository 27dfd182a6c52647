# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What is there: three calls where nothing has to change, one where the object is to be absent."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import SIZE_LIMIT
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.calls import Calls, error_of
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.model import (
    DIGEST,
    Bucket,
    Document,
    Encryption,
    Facts,
    Request,
    StoredObject,
)


class Reader:
    """Reads through the calls of one request."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    def facts(self, request: Request) -> Facts:
        if request.absent:
            return Facts(stored=self._stored())
        # First the policy, which S3 shows to nobody outside of the account that owns the bucket.
        try:
            policy = self.policy()
        except self.calls.errors as error:
            if error_of(error).get("Code") == "NoSuchBucket":
                return Facts()
            raise
        blocks = self._unless("NoSuchPublicAccessBlockConfiguration", "get_public_access_block")
        versioning = self.calls.on_bucket("get_bucket_versioning").get("Status") if request.versioning else None
        bucket = Bucket(policy, blocks and blocks["PublicAccessBlockConfiguration"], versioning)
        return Facts(bucket, self._stored(request))

    def policy(self) -> Document | None:
        answer = self._unless("NoSuchBucketPolicy", "get_bucket_policy")
        return json.loads(answer["Policy"]) if answer else None

    def _unless(self, code: str, operation: str) -> Any:
        """What a call answers; None where its error says that there is nothing."""
        try:
            return self.calls.on_bucket(operation)
        except self.calls.errors as error:
            if error_of(error).get("Code") == code:
                return None
            raise

    def _stored(self, request: Request | None = None) -> StoredObject | None:
        """The object; with its content, where that is to be another one."""
        try:
            head = self.calls.on_object("head_object")
        except self.calls.errors as error:
            if error_of(error).get("Code") == "404":
                return None
            raise
        found = StoredObject(
            encryption=Encryption(head.get("ServerSideEncryption"), head.get("SSEKMSKeyId")),
            digest=head.get("Metadata", {}).get(DIGEST),
            size=head["ContentLength"],
            versioned=head.get("VersionId", "null") != "null",
        )
        if request is None:
            return found
        text = request.text if request.is_content_of(found) else self._text(found)
        return StoredObject(found.encryption, found.digest, found.size, text, found.versioned)

    def _text(self, found: StoredObject) -> str | None:
        """For the diff only, so what cannot be read keeps nobody from replacing it."""
        if found.size > SIZE_LIMIT:
            return None
        try:
            body = self.calls.on_object("get_object")["Body"].read()
        except (Refusal, self.calls.errors):
            return None
        return body.decode("utf-8", "surrogateescape")
