# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.calls import explained
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.model import Encryption, Request

REQUEST = Request("fleet", "ecs.config", Encryption("aws:kms", "KEY"), text="x", region="us-west-2")


@pytest.mark.parametrize(
    ("operation", "code", "told"),
    [
        ("get_public_access_block", "AccessDenied", "s3:GetBucketPublicAccessBlock on arn:aws:s3:::fleet"),
        (
            "head_object",
            "403",
            "s3:GetObject on arn:aws:s3:::fleet/ecs.config, and s3:ListBucket on arn:aws:s3:::fleet,",
        ),
        ("put_object", "AccessDenied", "s3:PutObject on arn:aws:s3:::fleet/ecs.config, and kms:GenerateDataKey on KEY"),
        ("get_bucket_policy", "MethodNotAllowed", "belongs to another account"),
        ("create_bucket", "BucketAlreadyExists", "'fleet' belongs to another account"),
        ("get_bucket_policy", "PermanentRedirect", "'fleet' is not in us-west-2"),
        ("put_object", "KMS.NotFoundException", "kms_key_id: S3 cannot use KEY"),
        ("get_bucket_policy", "NoSuchBucket", None),
        ("get_bucket_policy", "SlowDown", None),
    ],
)
def test_an_error_says_what_to_do_or_is_left_as_it_is(operation, code, told):
    sentence = explained(operation, {"Code": code, "Message": "said"}, REQUEST)
    assert (sentence is None) if told is None else (told in sentence)
