# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From module parameters to a Request. Everything that cannot be right is refused here, before the first call."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import SIZE_LIMIT, rendered
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.validate import validated
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.model import Encryption, Request
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import PARTITION, check_account

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET = re.compile(r"(?!.*\.\.)(?!(?:\d+\.){3}\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
KMS_KEY = re.compile(
    rf"(?:arn:(?P<partition>{PARTITION}):kms:(?P<region>[a-z0-9-]+):\d{{12}}:key/)?(?P<id>mrk-[0-9a-f]{{32}}|[0-9a-f-]{{36}})"
)
VERSIONING = {True: "Enabled", False: "Suspended", None: None}


def request(params: Mapping[str, Any], variables: Any, meta: Any) -> Request:
    """What was asked for.

    Args:
        params: the module's parameters.
        variables: the declared variables, secrets and all.
        meta: that of the client, which says the partition, the region and the endpoint.
    """
    _refuse_plain(meta.endpoint_url)
    absent, owner = params["state"] == "absent", params["expected_bucket_owner"]
    desired = {} if absent else validated(variables, params["allow_unknown"])
    text = None if absent else _text(desired)
    return Request(
        bucket=_bucket(params["bucket"]),
        key=_key(params["key"]),
        encryption=_encryption(params["kms_key_id"], meta.partition, meta.region_name),
        desired=desired,
        text=text,
        digest=None if text is None else hashlib.sha256(text.encode()).hexdigest(),
        versioning=VERSIONING[params["versioning"]],
        create_bucket=params["create_bucket"],
        owner=owner and check_account("expected_bucket_owner", owner),
        partition=meta.partition,
        region=meta.region_name,
    )


def _refuse_plain(endpoint: str) -> None:
    if endpoint.startswith("http://"):
        raise Refusal(
            f"endpoint_url: {endpoint!r} is without TLS, and the policy of the bucket will deny just that; write it "
            "with https://, and give aws_ca_bundle (or AWS_CA_BUNDLE) where its certificate is your own."
        )


def _text(desired: Mapping[str, str | None]) -> str:
    text = rendered(desired)
    if not text:
        raise Refusal("variables: none of them has a value, and hosts refuse an empty ecs.config; use state: absent.")
    size = len(text.encode())
    if size > SIZE_LIMIT:
        raise Refusal(f"variables: together they are {size} bytes, and hosts take an ecs.config of up to {SIZE_LIMIT}.")
    return text


def _bucket(name: str) -> str:
    if not BUCKET.fullmatch(name):
        raise Refusal(
            f"bucket: {name!r} is not the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens, with "
            "a letter or digit at both ends (no s3://, no ARN)."
        )
    return name


def _key(key: str) -> str:
    if not key or key.startswith("/") or key.endswith("/") or not key.isprintable() or len(key.encode()) > 1024:
        raise Refusal(
            f"key: {key!r} is not the key of a file; write one such as prod/ecs.config, without a slash at its ends."
        )
    return key


def _encryption(kms_key_id: str | None, partition: str, region: str) -> Encryption:
    """With a key of KMS, or SSE-S3."""
    if not kms_key_id:
        return Encryption("AES256")
    match = KMS_KEY.fullmatch(kms_key_id)
    if match is None:
        alias = " An alias will not do: S3 keeps the key that it stands for, so a change could not be seen."
        raise Refusal(
            f"kms_key_id: {kms_key_id!r} is not a key; write its ARN, such as "
            f"arn:{partition}:kms:{region}:123456789012:key/0123abcd-0123-abcd-0123-0123456789ab, or its id."
            + (alias if "alias/" in kms_key_id else "")
        )
    if match["region"] not in (None, region) or match["partition"] not in (None, partition):
        raise Refusal(
            f"kms_key_id: {kms_key_id!r} is of {match['region']} ({match['partition']}), and region is {region} "
            f"({partition}); S3 takes only a key of the bucket's own region. If the bucket is there, give that region."
        )
    return Encryption("aws:kms", kms_key_id)
