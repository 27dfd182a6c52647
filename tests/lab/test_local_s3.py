# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The local S3 behaves as the API's documentation says, where moto alone would not (or is relied upon)."""

from __future__ import annotations

import json
import urllib.request
import uuid

import boto3
import local_aws
import pytest
from test_local_aws import ACCOUNT, OTHER_ACCOUNT, allow, client, code_of, lab, session_with

REGION = {"LocationConstraint": "us-west-2"}
KEY = "prod/ecs.config"
DENIED = ("AccessDenied", 403)


@pytest.fixture(scope="module")
def url():
    """One server for all of these tests; each has a bucket of its own."""
    with local_aws.launch() as address:
        yield address


@pytest.fixture(scope="module")
def over_tls(url, tmp_path_factory):
    """A client of S3 over TLS, for some credentials."""
    certificate = tmp_path_factory.mktemp("tls") / "certificate.pem"
    with urllib.request.urlopen(f"{url}/_lab/certificate") as reply:
        certificate.write_bytes(reply.read())

    def connect(**credentials: str):
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", **credentials}
        address = url.replace("http:", "https:")
        return boto3.client("s3", endpoint_url=address, region_name="us-west-2", verify=str(certificate), **keys)

    return connect


@pytest.fixture
def enforced(url):
    """Identity policies are in force."""
    lab(url, "enforcement", "PUT")
    yield url
    lab(url, "enforcement", "DELETE")


@pytest.fixture
def bucket(url):
    """A bucket with one object in it; its name."""
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    s3 = client(url, "s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=REGION)
    s3.put_object(Bucket=name, Key=KEY, Body=b"ECS_CLUSTER=prod\n")
    return name


def set_policy(url: str, bucket: str, *statements: dict) -> None:
    """The policy of a bucket; its resources are written as those of BUCKET."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}).replace("BUCKET", bucket)
    client(url, "s3").put_bucket_policy(Bucket=bucket, Policy=policy)


def concerning(principal, effect: str = "Allow", action: str = "s3:*", **more) -> dict:
    """A statement of a bucket policy."""
    return {**allow(action, ["arn:aws:s3:::BUCKET", "arn:aws:s3:::BUCKET/*"], effect, **more), "Principal": principal}


TLS_ONLY = concerning("*", "Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})


# Buckets


def test_a_new_bucket_is_closed_to_the_public_and_encrypted(url, bucket):
    s3 = client(url, "s3")
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    s3.delete_bucket_encryption(Bucket=bucket)
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.head_object(Bucket=bucket, Key=KEY)["ServerSideEncryption"] == "AES256"


@pytest.mark.parametrize(
    "statement, code",
    [
        ({**concerning("*"), "Resource": "arn:aws:s3:::another/*"}, "MalformedPolicy"),
        (allow("s3:*", "arn:aws:s3:::BUCKET"), "MalformedPolicy"),
        (concerning("*"), "AccessDenied"),
    ],
    ids=["of another bucket", "without a principal", "public, while that is blocked"],
)
def test_what_is_no_policy_of_the_bucket_is_refused(url, bucket, statement, code):
    with pytest.raises(client(url, "s3").exceptions.ClientError, match=code):
        set_policy(url, bucket, statement)


def test_a_policy_without_statements_is_refused(url, bucket):
    with pytest.raises(client(url, "s3").exceptions.ClientError, match="MalformedPolicy"):
        set_policy(url, bucket)


# TLS


def test_a_bucket_for_tls_only_is_closed_to_plain_requests_of_whomever(url, over_tls, bucket):
    set_policy(url, bucket, TLS_ONLY)
    for plain in (client(url, "s3"), client(url, "s3", **session_with(url, "plain"))):
        assert code_of(plain.get_object, Bucket=bucket, Key=KEY) == DENIED
        assert code_of(plain.head_object, Bucket=bucket, Key=KEY) == ("403", 403)
        assert code_of(plain.put_object, Bucket=bucket, Key=KEY, Body=b"x") == DENIED
    assert over_tls().get_object(Bucket=bucket, Key=KEY)["Body"].read() == b"ECS_CLUSTER=prod\n"
    over_tls().put_object(Bucket=bucket, Key=KEY, Body=b"x")


# A role session that may read one object


def reader(url: str, bucket: str, *more: dict) -> dict[str, str]:
    """Credentials that may read the one object."""
    statement = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/{KEY}")
    return session_with(url, f"reader-of-{bucket}", statement, *more)


def test_permission_for_one_object_is_enough_for_it_and_for_nothing_else(enforced, bucket):
    bound = client(enforced, "s3", **reader(enforced, bucket))
    assert bound.get_object(Bucket=bucket, Key=KEY)["Body"].read() == b"ECS_CLUSTER=prod\n"
    assert bound.head_object(Bucket=bucket, Key=KEY)["ContentLength"] == 17
    assert code_of(bound.get_object, Bucket=bucket, Key="another") == DENIED
    assert code_of(bound.head_object, Bucket=bucket, Key="another") == ("403", 403)
    assert code_of(bound.list_objects_v2, Bucket=bucket) == DENIED
    assert code_of(bound.put_object, Bucket=bucket, Key=KEY, Body=b"x") == DENIED
    assert code_of(bound.get_bucket_policy, Bucket=bucket) == DENIED


def test_attributes_need_a_permission_of_their_own(enforced, bucket):
    question = {"Bucket": bucket, "Key": KEY, "ObjectAttributes": ["ObjectSize"]}
    assert code_of(client(enforced, "s3", **reader(enforced, bucket)).get_object_attributes, **question) == DENIED
    attributes = allow("s3:GetObjectAttributes", f"arn:aws:s3:::{bucket}/*")
    keys = session_with(enforced, f"attributes-of-{bucket}", allow("s3:GetObject"), attributes)
    assert client(enforced, "s3", **keys).get_object_attributes(**question)["ObjectSize"] == 17


def test_a_missing_object_is_forbidden_to_whoever_may_not_list(enforced, bucket):
    s3 = client(enforced, "s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.delete_object(Bucket=bucket, Key=KEY)  # leaves a delete marker
    bound = client(enforced, "s3", **reader(enforced, bucket))
    assert code_of(bound.get_object, Bucket=bucket, Key=KEY) == DENIED
    assert code_of(bound.head_object, Bucket=bucket, Key=KEY) == ("403", 403)
    lists = allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    keys = session_with(enforced, f"lister-of-{bucket}", allow("s3:GetObject"), lists)
    assert code_of(client(enforced, "s3", **keys).get_object, Bucket=bucket, Key=KEY) == ("NoSuchKey", 404)
    assert code_of(client(enforced, "s3", **keys).head_object, Bucket=bucket, Key=KEY) == ("404", 404)


def test_an_object_under_sse_kms_is_sealed_and_opened_with_the_callers_own_permission(enforced, bucket):
    key = client(enforced, "kms").create_key()["KeyMetadata"]["Arn"]
    sealed = {"Body": b"x", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    client(enforced, "s3").put_object(Bucket=bucket, Key=KEY, **sealed)
    writes = allow("s3:PutObject", f"arn:aws:s3:::{bucket}/{KEY}")
    bound = client(enforced, "s3", **reader(enforced, bucket, writes))
    assert code_of(bound.get_object, Bucket=bucket, Key=KEY) == DENIED
    assert code_of(bound.put_object, Bucket=bucket, Key=KEY, **sealed) == DENIED
    assert bound.head_object(Bucket=bucket, Key=KEY)["SSEKMSKeyId"] == key
    opens = allow(["kms:Decrypt", "kms:GenerateDataKey"], key)
    keys = session_with(enforced, f"opener-of-{bucket}", allow("s3:*"), opens)
    assert client(enforced, "s3", **keys).get_object(Bucket=bucket, Key=KEY)["Body"].read() == b"x"
    client(enforced, "s3", **keys).put_object(Bucket=bucket, Key=KEY, **sealed)


def test_a_bucket_policy_grants_within_its_account_and_denies_above_all(enforced, bucket):
    keys = session_with(enforced, f"granted-{bucket}")
    role = f"arn:aws:iam::{ACCOUNT}:role/granted-{bucket}"
    bound = client(enforced, "s3", **keys)
    set_policy(enforced, bucket, concerning({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    assert code_of(bound.get_object, Bucket=bucket, Key=KEY) == DENIED
    set_policy(enforced, bucket, concerning({"AWS": role}))
    bound.get_object(Bucket=bucket, Key=KEY)
    set_policy(enforced, bucket, concerning({"AWS": role}), concerning({"AWS": role}, "Deny", "s3:GetObject"))
    assert code_of(bound.get_object, Bucket=bucket, Key=KEY) == DENIED


# Another account


def of_account(url: str, account: str):
    """A client of an administrator of an account."""
    keys = lab(url, f"accounts/{account}", "POST")
    return client(url, "s3", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"])


def test_a_bucket_of_another_account_is_closed_until_its_policy_opens_it(url, bucket):
    stranger = of_account(url, OTHER_ACCOUNT)
    for call, params in (
        (stranger.get_object, {"Key": KEY}),
        (stranger.put_object, {"Key": KEY, "Body": b"x"}),
        (stranger.get_bucket_policy, {}),
    ):
        assert code_of(call, Bucket=bucket, **params) == DENIED
    assert code_of(stranger.create_bucket, Bucket=bucket, CreateBucketConfiguration=REGION)[0] == "BucketAlreadyExists"
    set_policy(url, bucket, concerning({"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}))
    assert stranger.get_object(Bucket=bucket, Key=KEY)["Body"].read() == b"ECS_CLUSTER=prod\n"
    assert code_of(stranger.get_bucket_policy, Bucket=bucket) == ("MethodNotAllowed", 405)


def test_a_request_that_expects_another_owner_is_denied(url, bucket):
    s3 = client(url, "s3")
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"x", ExpectedBucketOwner=ACCOUNT)
    expected = {"Bucket": bucket, "Key": KEY, "ExpectedBucketOwner": OTHER_ACCOUNT}
    assert code_of(s3.put_object, **expected, Body=b"x") == DENIED
