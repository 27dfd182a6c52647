# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.model import (
    BLOCKED,
    Bucket,
    Encryption,
    Facts,
    Request,
    StoredObject,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.plan import plan_config_object

SSE_S3 = Encryption("AES256")
ARN = "arn:aws:kms:us-west-2:123456789012:key/0123abcd-0123-abcd-0123-0123456789ab"
TEXT = "ECS_CLUSTER=prod\n"
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()
PRESENT = Request("fleet", "ecs.config", SSE_S3, {"ECS_CLUSTER": "prod"}, TEXT, DIGEST)
ABSENT = Request("fleet", "ecs.config", SSE_S3)
OURS = PRESENT.tls_only
FOREIGN = {"Sid": "Foreign", "Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "s3:*"}


def policy(*statements):
    return {"Version": "2008-10-17", "Statement": list(statements)}


def stored(text=TEXT, encryption=SSE_S3, **more):
    digest = hashlib.sha256(text.encode()).hexdigest()
    return StoredObject(encryption, **{"digest": digest, "size": len(text), "text": text, **more})


SAFE = Bucket(policy(OURS), BLOCKED)
SETTLED = Facts(SAFE, stored())
CREATE = ("create", "object", "ecs.config")
UPDATE = ("update", "object", "ecs.config")
ADD = ("create", "bucket_policy_statement", "FleetkitEcsTlsOnly")
TAKE = ("update", "bucket_policy_statement", "FleetkitEcsTlsOnly")
VERSIONING = ("update", "bucket_versioning", "fleet")
WITHOUT_SID = {name: value for name, value in OURS.items() if name != "Sid"}


def changes(facts, request=PRESENT):
    return [(change.action, change.kind, change.name) for change in plan_config_object(facts, request).changes]


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        (Facts(), [("create", "bucket", "fleet"), ("create", "public_access_block", "fleet"), ADD, CREATE]),
        (SETTLED, []),
        (Facts(SAFE), [CREATE]),
        (Facts(Bucket(policy(OURS), None), stored()), [("create", "public_access_block", "fleet")]),
        (
            Facts(Bucket(policy(OURS), {**BLOCKED, "BlockPublicAcls": False}), stored()),
            [("update", "public_access_block", "fleet")],
        ),
        (Facts(Bucket(None, BLOCKED), stored()), [ADD]),
        (Facts(Bucket(policy(FOREIGN), BLOCKED), stored()), [ADD]),
        (Facts(Bucket(policy(FOREIGN, OURS), BLOCKED), stored()), []),
        (Facts(Bucket(policy(WITHOUT_SID, FOREIGN), BLOCKED), stored()), [TAKE]),
        (Facts(Bucket(policy({**OURS, "Action": ["S3:*"]}), BLOCKED), stored()), []),
        (Facts(Bucket(policy({**OURS, "Effect": "Allow"}), BLOCKED), stored()), [TAKE]),
        (Facts(SAFE, stored("ECS_CLUSTER=other\n")), [UPDATE]),
        (Facts(SAFE, stored(digest=None)), [UPDATE]),
        (Facts(SAFE, stored(size=1)), [UPDATE]),
        (Facts(SAFE, stored(encryption=Encryption("aws:kms", ARN))), [UPDATE]),
        (Facts(SAFE, stored(encryption=Encryption("aws:kms:dsse", ARN))), [UPDATE]),
        (Facts(SAFE, stored(encryption=Encryption(None))), [UPDATE]),
    ],
)
def test_only_what_is_not_as_declared_changes_and_the_object_last(facts, wanted):
    assert changes(facts) == wanted


@pytest.mark.parametrize(
    ("present", "asked", "same"),
    [
        (ARN, ARN, True),
        (ARN, ARN.rsplit("/", 1)[1], True),
        (ARN, "0123456789ab", False),
        (ARN.replace("0123abcd", "ffffffff"), ARN, False),
        (None, ARN, False),
    ],
)
def test_a_key_is_known_by_its_arn_and_by_its_id(present, asked, same):
    request = replace(PRESENT, encryption=Encryption("aws:kms", asked))
    assert (changes(Facts(SAFE, stored(encryption=Encryption("aws:kms", present))), request) == []) is same


@pytest.mark.parametrize(
    ("present", "asked", "wanted"),
    [
        (None, None, []),
        (None, "Suspended", []),
        (None, "Enabled", [VERSIONING]),
        ("Enabled", "Enabled", []),
        ("Enabled", "Suspended", [VERSIONING]),
        ("Suspended", "Enabled", [VERSIONING]),
    ],
)
def test_versioning_is_what_was_said(present, asked, wanted):
    facts = Facts(Bucket(policy(OURS), BLOCKED, present), stored())
    assert changes(facts, replace(PRESENT, versioning=asked)) == wanted


def test_a_bucket_that_may_not_be_made_is_refused():
    with pytest.raises(Refusal, match="create_bucket is false"):
        plan_config_object(Facts(), replace(PRESENT, create_bucket=False))


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ({**FOREIGN, "Principal": {"AWS": "AROAABCDEFGHIJKLMNOPQ"}}, "'Foreign' in the policy of fleet names AROA"),
        ({**FOREIGN, "Resource": ["arn:aws:s3:::fleet/" + "x" * 20480]}, "S3 takes 20480"),
    ],
)
def test_a_policy_that_s3_would_not_take_is_refused_before_the_first_change(statement, told):
    with pytest.raises(Refusal, match=told):
        plan_config_object(Facts(Bucket(policy(statement), BLOCKED), stored()), PRESENT)
    settled = Facts(Bucket(policy(statement, OURS), BLOCKED), stored())
    assert changes(settled) == []


def test_absent_is_of_the_object_alone():
    assert changes(Facts(stored=stored()), ABSENT) == [("delete", "object", "ecs.config")]
    assert changes(Facts(), ABSENT) == []
    assert "keeps the versions" in plan_config_object(Facts(stored=stored(versioned=True)), ABSENT).warnings[0]


def test_the_diff_goes_by_variables_and_has_no_secret():
    old = 'ECS_CLUSTER=prod\nECS_ENGINE_AUTH_DATA={"r":"old-secret"}\nNOBODY_KNOWS=old-secret\n'
    new = 'ECS_CLUSTER=other\nECS_ENGINE_AUTH_DATA={"r":"new-secret"}\n'
    planned = plan_config_object(Facts(SAFE, stored(old)), replace(PRESENT, text=new, digest="x"))
    assert planned.before["object"]["content"] == [
        "ECS_CLUSTER=prod",
        "ECS_ENGINE_AUTH_DATA=********",
        "NOBODY_KNOWS=********",
    ]
    assert planned.after["object"]["content"] == ["ECS_CLUSTER=other", "ECS_ENGINE_AUTH_DATA=******** (changed)"]
    assert planned.before["policy_statements"] == planned.after["policy_statements"]
    assert "secret" not in str((planned.before, planned.after, planned.result, planned.changes))


def test_what_hosts_would_stumble_over_is_a_warning():
    request = replace(PRESENT, desired={"ECS_EXTERNAL": "true"}, text="ECS_EXTERNAL=true\n")
    told = " ".join(plan_config_object(Facts(SAFE, StoredObject(SSE_S3, size=1)), request).warnings)
    assert "AWS_DEFAULT_REGION" in told
    assert "ECS_CLUSTER: it is not declared" in told
    assert "cannot be read as an ecs.config" in told
