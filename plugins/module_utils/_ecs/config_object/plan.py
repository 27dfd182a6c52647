# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what is there and what was asked for to a Plan. Pure: no client, no module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import effective, masked, shown
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import ConfigFile, Host
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.notices import notices
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.model import (
    BLOCKED,
    TLS_SID,
    Bucket,
    Document,
    Encryption,
    Facts,
    Request,
    StoredObject,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html
POLICY_LIMIT = 20480
NO_POLICY: Document = {"Version": "2012-10-17", "Statement": []}

# The kinds of change, and of writes. The object comes last: nothing is in the bucket before it is safe.
BUCKET = "bucket"
BLOCK = "public_access_block"
STATEMENT = "bucket_policy_statement"
VERSIONING = "bucket_versioning"
OBJECT = "object"


def plan_config_object(facts: Facts, request: Request) -> Plan:
    """The bucket made safe and the object brought to what was declared; or the object gone, and nothing else."""
    if request.absent:
        return _plan_absent(facts.stored, request)
    if facts.bucket is None and not request.create_bucket:
        raise Refusal(
            f"bucket: there is no bucket {request.bucket!r}, and create_bucket is false. Correct its name, or make it."
        )
    return Plan(
        changes=(*_bucket_changes(facts.bucket, request), *_object_changes(facts.stored, request)),
        before=_shown_before(facts, request),
        after=_shown_after(facts, request),
        result={"config_object": _result(request)},
        warnings=tuple(_warnings(facts, request)),
    )


def _plan_absent(stored: StoredObject | None, request: Request) -> Plan:
    if stored is None:
        return Plan(result={"config_object": None})
    kept = (
        f"{request.uri}: the bucket keeps the versions that there have been, secrets included, for whoever may read "
        "versions (s3:GetObjectVersion). Delete them, or change the secrets."
    )
    return Plan(
        changes=(Change("delete", OBJECT, request.key, request.bucket),),
        before={"object": {"key": request.key, "encryption": _encryption(stored.encryption), "size": stored.size}},
        result={"config_object": None},
        warnings=(kept,) if stored.versioned else (),
    )


# What changes


def _bucket_changes(bucket: Bucket | None, request: Request) -> Iterator[Change]:
    found = bucket or Bucket()
    if bucket is None:
        yield Change("create", BUCKET, request.bucket)
    if found.public_access_block != BLOCKED:
        action = "update" if found.public_access_block else "create"
        yield Change(action, BLOCK, request.bucket, before=found.public_access_block, after=BLOCKED)
    policy = found.policy or NO_POLICY
    after = documents.with_statement(policy, request.tls_only)
    if after is not policy:
        _refuse_what_s3_would(after, request)
        replaced = documents.replaced_by(policy, request.tls_only)
        action = "update" if replaced else "create"
        yield Change(action, STATEMENT, TLS_SID, request.bucket, before=replaced, after=request.tls_only)
    versioning = _versioning(bucket, request)
    if versioning != found.versioning:
        yield Change("update", VERSIONING, request.bucket, before=found.versioning, after=versioning)


def _refuse_what_s3_would(policy: Document, request: Request) -> None:
    for where, principal in documents.deleted_principals(policy):
        raise Refusal(
            f"bucket: {where} in the policy of {request.bucket} names {principal}, the id of a role or user that has "
            "been deleted, and S3 refuses the whole policy with it. Replace or remove that principal first."
        )
    size = len(documents.compact(policy))
    if size > POLICY_LIMIT:
        raise Refusal(
            f"bucket: with the statement {TLS_SID} the policy of {request.bucket} has {size} characters, and S3 takes "
            f"{POLICY_LIMIT}. Make room first."
        )


def _versioning(bucket: Bucket | None, request: Request) -> str | None:
    """As it will be. Where it never was there is nothing to suspend."""
    found = bucket.versioning if bucket else None
    return found if request.versioning in (None, found or "Suspended") else request.versioning


def _object_changes(stored: StoredObject | None, request: Request) -> Iterator[Change]:
    if stored is None:
        yield Change("create", OBJECT, request.key, request.bucket)
    elif not (request.is_content_of(stored) and stored.encryption.fits(request.encryption)):
        yield Change("update", OBJECT, request.key, request.bucket)


# What is shown


def _shown_before(facts: Facts, request: Request) -> dict[str, Any]:
    if facts.bucket is None:
        return {}
    found, stored = facts.bucket, facts.stored
    return {
        **_shown_bucket(found, request, documents.replaced_by(found.policy or NO_POLICY, request.tls_only)),
        "object": stored
        and {
            "key": request.key,
            "encryption": _encryption(_as_asked(stored.encryption, request.encryption)),
            "content": None if stored.text is None else masked(stored.text).splitlines(),
        },
    }


def _shown_after(facts: Facts, request: Request) -> dict[str, Any]:
    found = facts.bucket or Bucket()
    after = Bucket(found.policy, BLOCKED, _versioning(facts.bucket, request))
    text, former = request.text or "", facts.stored.text if facts.stored else None
    return {
        **_shown_bucket(after, request, [request.tls_only]),
        "object": {
            "key": request.key,
            "encryption": _encryption(request.encryption),
            "content": masked(text, _replaced(former, text)).splitlines(),
        },
    }


def _shown_bucket(bucket: Bucket, request: Request, statements: list[Any]) -> dict[str, Any]:
    """Of the policy only what is or will be ours: the rest stays as it is."""
    return {
        "bucket": request.bucket,
        "public_access_block": bucket.public_access_block,
        "policy_statements": statements,
        **({"versioning": bucket.versioning} if request.versioning else {}),
    }


def _as_asked(present: Encryption, wanted: Encryption) -> Encryption:
    """A key that was asked for by its id is shown by it on both sides."""
    return wanted if present.fits(wanted) else present


def _encryption(encryption: Encryption) -> dict[str, str | None]:
    return {"algorithm": encryption.algorithm, "kms_key_id": encryption.kms_key_id}


def _replaced(former: str | None, text: str) -> set[str]:
    """The variables that have another value than before, as hidden ones would look the same."""
    before, after = effective(former or ""), effective(text)
    return {name for name, value in after.items() if name in before and before[name] != value}


def _result(request: Request) -> Mapping[str, Any]:
    return {
        "uri": request.uri,
        "bucket": request.bucket,
        "key": request.key,
        "kms_key_id": request.encryption.kms_key_id,
        "variables": {name: shown(name, value) for name, value in effective(request.text or "").items()},
    }


def _warnings(facts: Facts, request: Request) -> Iterator[str]:
    text = request.text or ""
    values = effective(text)
    yield from notices(Host(ConfigFile(request.uri)), request.desired, text, values)
    if "ECS_CLUSTER" not in values:
        yield "ECS_CLUSTER: it is not declared, so no host takes it whose own /var/lib/ecs/ecs.config names none."
    if facts.stored is not None and facts.stored.text is None:
        yield f"{request.uri}: what is there cannot be read as an ecs.config, so the diff does not show it."
