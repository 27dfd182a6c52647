# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.model import Encryption

ID = "0123abcd-0123-abcd-0123-0123456789ab"
KEY = f"arn:aws:kms:us-west-2:123456789012:key/{ID}"
DEFAULTS = {
    "bucket": "fleet-config",
    "key": "prod/ecs.config",
    "allow_unknown": False,
    "kms_key_id": None,
    "versioning": None,
    "create_bucket": True,
    "expected_bucket_owner": None,
    "state": "present",
}


def request(
    variables=None, endpoint="https://s3.us-west-2.amazonaws.com", partition="aws", region="us-west-2", **params
):
    meta = SimpleNamespace(endpoint_url=endpoint, partition=partition, region_name=region)
    variables = {"ECS_CLUSTER": "prod"} if variables is None else variables
    return parse.request({**DEFAULTS, **params}, variables, meta)


def test_the_content_is_what_a_host_would_have_and_its_digest_tells_it():
    one = request({"ECS_CLUSTER": "prod", "ECS_RESERVED_MEMORY": 256, "ECS_LOGLEVEL": None})
    assert one.text == "# BEGIN fleetkit.ecs\nECS_CLUSTER=prod\nECS_RESERVED_MEMORY=256\n# END fleetkit.ecs\n"
    assert one.digest != request({"ECS_CLUSTER": "other"}).digest
    assert one.digest == request({"ECS_RESERVED_MEMORY": "256", "ECS_CLUSTER": "prod"}).digest


@pytest.mark.parametrize(
    ("kms_key_id", "encryption"),
    [
        (None, Encryption("AES256")),
        ("", Encryption("AES256")),
        (KEY, Encryption("aws:kms", KEY)),
        (ID, Encryption("aws:kms", ID)),
        (f"mrk-{'0' * 32}", Encryption("aws:kms", f"mrk-{'0' * 32}")),
    ],
)
def test_a_key_makes_it_sse_kms(kms_key_id, encryption):
    assert request(kms_key_id=kms_key_id).encryption == encryption


@pytest.mark.parametrize(
    ("partition", "region", "arn"),
    [
        ("aws", "us-west-2", "arn:aws:s3:::fleet-config"),
        ("aws-cn", "cn-north-1", "arn:aws-cn:s3:::fleet-config"),
        ("aws-us-gov", "us-gov-west-1", "arn:aws-us-gov:s3:::fleet-config"),
    ],
)
def test_the_statement_is_of_the_partition(partition, region, arn):
    assert request(partition=partition, region=region).tls_only["Resource"] == [arn, f"{arn}/*"]


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"bucket": "s3://fleet-config"}, "is not the name of a bucket"),
        ({"bucket": "Fleet"}, "lower-case"),
        ({"bucket": "192.168.5.4"}, "is not the name of a bucket"),
        ({"bucket": "a..b"}, "is not the name of a bucket"),
        ({"key": "/ecs.config"}, "without a slash at its ends"),
        ({"key": "prod/"}, "without a slash at its ends"),
        ({"key": "a\nb"}, "is not the key of a file"),
        ({"kms_key_id": "alias/fleet"}, "An alias will not do"),
        ({"kms_key_id": KEY.replace("us-west-2", "eu-west-1")}, "is of eu-west-1 .* region is us-west-2"),
        ({"kms_key_id": KEY.replace("arn:aws:", "arn:aws-cn:")}, "aws-cn"),
        ({"expected_bucket_owner": "1234"}, "has 4 digits"),
        ({"endpoint": "http://localhost:4566"}, "without TLS"),
        ({"variables": {}}, "none of them has a value"),
        ({"variables": {"ECS_CLUSTER": None}}, "none of them has a value"),
        ({"variables": {"ECS_CLUSTR": "x"}}, "did you mean ECS_CLUSTER"),
        ({"variables": {"ECS_PAUSE_LABELS": {"k": "x" * 65536}}}, "hosts take an ecs.config of up to 65536"),
    ],
)
def test_what_cannot_be_right_is_refused(params, told):
    with pytest.raises(Refusal, match=told):
        request(**params)


def test_what_is_to_be_absent_needs_no_variables():
    assert request({}, state="absent").absent
