# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ecs_config_object against the local S3, over TLS: its bucket is closed to everything else."""

from __future__ import annotations

import json

import boto3
import pytest
from module_runner import applied, run_module

BUCKET, KEY, REGION, ACCOUNT = "fleet-ecs-config", "prod/ecs.config", "us-west-2", "123456789012"
ARN = f"arn:aws:s3:::{BUCKET}"
VARIABLES = {"ECS_CLUSTER": "prod", "ECS_ENABLE_TASK_IAM_ROLE": True}
PUBLISHED = "# BEGIN fleetkit.ecs\nECS_CLUSTER=prod\nECS_ENABLE_TASK_IAM_ROLE=true\n# END fleetkit.ecs\n"
NO_OP = {"GetBucketPolicy": 1, "GetPublicAccessBlock": 1, "HeadObject": 1}
OURS = {
    "Sid": "FleetkitEcsTlsOnly",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [ARN, f"{ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
FOREIGN = {
    "Sid": "Foreign",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "s3:ListBucket",
    "Resource": ARN,
}


@pytest.fixture(autouse=True)
def _over_tls(aws, tmp_path, monkeypatch):
    for name, value in aws.over_tls(tmp_path).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def s3(aws):
    return boto3.client("s3")


@pytest.fixture
def bucket(s3):
    """One that somebody made by hand."""
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return BUCKET


def once(module: str, **params):
    """One real run. applied() is four, for what has not been seen in check mode yet."""
    result = run_module(module, **params)
    assert not result.failed, result.msg
    return result


def publish(how=once, **params):
    return how("ecs_config_object", **{"bucket": BUCKET, "key": KEY, "variables": VARIABLES, **params})


def unpublish(how=once):
    return how("ecs_config_object", bucket=BUCKET, key=KEY, state="absent")


def kinds(result) -> list[tuple[str, str]]:
    return [(change["action"], change["kind"]) for change in result.changes]


def content(s3, key: str = KEY) -> str:
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()


def policy(s3) -> list[dict]:
    return json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]


def set_policy(s3, *statements: dict) -> None:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))


# Published


def test_a_bucket_is_made_closed_and_for_tls_only_before_the_object_is_in_it(s3):
    made = publish(applied)
    assert kinds(made) == [
        ("create", "bucket"),
        ("create", "public_access_block"),
        ("create", "bucket_policy_statement"),
        ("create", "object"),
    ]
    assert content(s3) == PUBLISHED
    assert policy(s3) == [OURS]
    assert set(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values()) == {True}
    head = s3.head_object(Bucket=BUCKET, Key=KEY)
    assert (head["ServerSideEncryption"], head["ContentType"]) == ("AES256", "text/plain; charset=utf-8")
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == REGION
    assert made.config_object["uri"] == f"s3://{BUCKET}/{KEY}"


@pytest.mark.parametrize(
    ("region", "place", "partition"),
    [
        ("us-east-1", None, "aws"),
        ("cn-north-1", "cn-north-1", "aws-cn"),
        ("us-gov-west-1", "us-gov-west-1", "aws-us-gov"),
    ],
)
def test_a_bucket_is_made_in_the_region_and_partition_of_the_task(aws, region, place, partition):
    publish(region=region)
    s3 = boto3.client("s3", region_name=region)
    assert s3.get_bucket_location(Bucket=BUCKET).get("LocationConstraint") == place
    assert policy(s3)[0]["Resource"] == [f"arn:{partition}:s3:::{BUCKET}", f"arn:{partition}:s3:::{BUCKET}/*"]
    assert publish(region=region).api_calls == NO_OP


def test_a_run_that_has_nothing_to_do_costs_three_calls(aws):
    publish()
    assert publish().api_calls == NO_OP
    assert publish(versioning=False).api_calls == {**NO_OP, "GetBucketVersioning": 1}


def test_a_change_costs_one_write_and_what_the_diff_and_the_owner_need(aws):
    publish()
    changed = publish(variables={"ECS_CLUSTER": "other"})
    assert changed.api_calls == {**NO_OP, "GetObject": 1, "GetCallerIdentity": 1, "PutObject": 1}


def test_only_a_changed_object_is_uploaded(s3):
    publish()
    first = s3.head_object(Bucket=BUCKET, Key=KEY)["LastModified"]
    changed = publish(applied, variables={**VARIABLES, "ECS_CLUSTER": "other", "ECS_RESERVED_MEMORY": 256})
    assert kinds(changed) == [("update", "object")]
    assert "ECS_CLUSTER=other\n" in content(s3)
    lines = [set(changed.diff[side]["object"]["content"]) for side in ("before", "after")]
    assert lines[0] - lines[1] == {"ECS_CLUSTER=prod"}
    assert lines[1] - lines[0] == {"ECS_CLUSTER=other", "ECS_RESERVED_MEMORY=256"}
    assert first <= s3.head_object(Bucket=BUCKET, Key=KEY)["LastModified"]


def test_what_somebody_put_there_by_hand_is_replaced_and_shown(s3, bucket):
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"ECS_CLUSTER=byhand\nMY_SECRET=hidden\n")
    replaced = publish(applied)
    assert kinds(replaced) == [("create", "bucket_policy_statement"), ("update", "object")]
    assert replaced.diff["before"]["object"]["content"] == ["ECS_CLUSTER=byhand", "MY_SECRET=********"]
    assert content(s3) == PUBLISHED


def test_another_content_with_our_digest_is_seen_by_its_size(s3):
    publish()
    head = s3.head_object(Bucket=BUCKET, Key=KEY)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"", Metadata=head["Metadata"])
    assert kinds(publish()) == [("update", "object")]


def test_secrets_are_in_the_object_and_nowhere_else(s3):
    first, second = ({"https://r.example.com": {"password": word}} for word in ("first-secret", "second-secret"))
    variables = {**VARIABLES, "ECS_ENGINE_AUTH_TYPE": "docker"}
    made = publish(applied, variables={**variables, "ECS_ENGINE_AUTH_DATA": first})
    changed = publish(applied, variables={**variables, "ECS_ENGINE_AUTH_DATA": second})
    assert "second-secret" in content(s3)
    assert not [word for word in ("first-secret", "second-secret") if word in f"{made.json}{changed.json}"]
    assert "ECS_ENGINE_AUTH_DATA=******** (changed)" in changed.diff["after"]["object"]["content"]
    assert changed.config_object["variables"]["ECS_ENGINE_AUTH_DATA"] == "********"
    assert changed.config_object["variables"]["ECS_CLUSTER"] == "prod"


# Encryption and versions


def test_another_encryption_is_a_change_and_the_key_may_be_named_by_id(aws, s3):
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    publish()
    sealed = publish(applied, kms_key_id=key)
    assert kinds(sealed) == [("update", "object")]
    assert s3.head_object(Bucket=BUCKET, Key=KEY)["SSEKMSKeyId"] == key
    assert not publish(kms_key_id=key.rsplit("/", 1)[1]).changed
    assert kinds(publish()) == [("update", "object")]
    assert s3.head_object(Bucket=BUCKET, Key=KEY)["ServerSideEncryption"] == "AES256"


def test_the_default_encryption_of_the_bucket_is_left_alone(s3, bucket):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "somebody-elses"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    publish()
    assert s3.head_object(Bucket=bucket, Key=KEY)["ServerSideEncryption"] == "AES256"
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == rule["ApplyServerSideEncryptionByDefault"]


def test_versioning_is_left_alone_unless_said(s3):
    assert "bucket_versioning" not in str(publish(versioning=False).changes)
    assert kinds(publish(applied, versioning=True)) == [("update", "bucket_versioning")]
    assert not publish().changed
    assert kinds(publish(versioning=False)) == [("update", "bucket_versioning")]
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Suspended"


# The policy of the bucket


def test_other_statements_of_the_policy_stay_as_they_are(s3, bucket):
    set_policy(s3, FOREIGN)
    assert ("create", "bucket_policy_statement") in kinds(publish(applied))
    assert policy(s3) == [FOREIGN, OURS]


def test_an_equal_statement_without_a_sid_is_taken_over_in_one_write(aws, s3, bucket):
    set_policy(s3, {name: value for name, value in OURS.items() if name != "Sid"}, FOREIGN)
    taken = publish()
    assert ("update", "bucket_policy_statement") in kinds(taken)
    assert taken.api_calls["PutBucketPolicy"] == 1
    assert policy(s3) == [OURS, FOREIGN]


def test_a_weakened_statement_and_an_opened_bucket_are_mended(s3):
    publish()
    set_policy(s3, {**OURS, "Action": "s3:GetObject"}, FOREIGN)
    opened = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy"], True)
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=opened)
    mended = publish(applied)
    assert kinds(mended) == [("update", "public_access_block"), ("update", "bucket_policy_statement")]
    assert mended.diff["before"]["policy_statements"][0]["Action"] == "s3:GetObject"
    assert policy(s3) == [OURS, FOREIGN]


def test_a_statement_that_somebody_adds_meanwhile_is_not_lost(s3, bucket, monkeypatch):
    from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object import plan

    planned = plan._warnings

    def meanwhile(*args):
        set_policy(s3, FOREIGN)
        return planned(*args)

    monkeypatch.setattr(plan, "_warnings", meanwhile)
    publish()
    assert policy(s3) == [FOREIGN, OURS]


# Absent


def test_absent_deletes_the_object_and_leaves_the_bucket_safe(s3):
    publish()
    publish(key="other/ecs.config")
    gone = unpublish(applied)
    assert gone.changes == [{"action": "delete", "kind": "object", "name": KEY, "owner": BUCKET}]
    assert policy(s3) == [OURS]
    assert content(s3, "other/ecs.config") == PUBLISHED
    assert unpublish().api_calls == {"HeadObject": 1}


def test_absent_says_that_former_versions_stay(s3):
    publish(versioning=True)
    assert "keeps the versions" in unpublish().warnings[0]


def test_absent_of_what_never_was_is_no_change(aws):
    assert not unpublish(applied).changed


# Refused


def refused(**params) -> str:
    results = [publish(run_module, check=check, **params) for check in (True, False)]
    assert [result.failed for result in results] == [True, True]
    assert results[0].msg == results[1].msg
    assert results[1].changes == []
    return results[1].msg


def test_a_bucket_that_is_not_there_is_refused_where_none_may_be_made(s3):
    assert "no bucket 'fleet-ecs-config'" in refused(create_bucket=False)


def test_variables_are_checked_as_on_a_host(aws):
    told = refused(variables={"ECS_CLUSTR": "prod", "ECS_LOGLEVEL": "loud"})
    assert "did you mean ECS_CLUSTER" in told
    assert "ECS_LOGLEVEL" in told
    assert aws.operations() == []
    assert publish(allow_unknown=True, variables={**VARIABLES, "ECS_NEW": "x"}).changed


def test_a_bucket_of_somebody_else_is_refused_and_nothing_is_put_into_it(aws, s3):
    squatter = boto3.client("s3", **aws.keys_of_account("222222222222"))
    squatter.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    everything = {**FOREIGN, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "s3:*"}
    for statements in ([], [{**everything, "Resource": [ARN, f"{ARN}/*"]}]):
        if statements:
            document = {"Version": "2012-10-17", "Statement": statements}
            squatter.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))
        told = refused()
        assert "s3:GetBucketPolicy on arn:aws:s3:::fleet-ecs-config" in told
        assert "belongs to another account" in told
    assert squatter.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_a_bucket_that_changes_hands_meanwhile_gets_nothing(aws, s3, bucket, monkeypatch):
    """Between the reads and the writes; the caller may write to it all the same."""
    from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object import plan

    publish()
    squatter = boto3.client("s3", **aws.keys_of_account("222222222222"))
    planned = plan._warnings

    def meanwhile(*args):
        s3.delete_object(Bucket=BUCKET, Key=KEY)
        s3.delete_bucket(Bucket=BUCKET)
        squatter.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        document = {"Version": "2012-10-17", "Statement": [{**FOREIGN, "Action": "s3:*", "Resource": f"{ARN}/*"}]}
        squatter.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))
        return planned(*args)

    monkeypatch.setattr(plan, "_warnings", meanwhile)
    told = publish(run_module, variables={"ECS_CLUSTER": "other"})
    assert told.failed
    assert "PutObject" in told.msg
    assert squatter.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_an_expected_owner_is_expected_of_every_call(aws, bucket):
    assert "belongs to another account" in refused(expected_bucket_owner="222222222222")
    made = publish(expected_bucket_owner=ACCOUNT)
    assert "GetCallerIdentity" not in made.api_calls


def test_an_endpoint_without_tls_is_refused_before_the_bucket_would_do_so(aws):
    assert "without TLS" in refused(endpoint_url=aws.url)
    assert aws.operations() == []


# With the least permissions


def session(aws, *statements: tuple[list[str], str]) -> dict[str, str]:
    """Credentials of a role that has them, as modules take them."""
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    name = f"publisher-{len(aws.iam.list_roles()['Roles'])}"
    role = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document(trust)))["Role"]
    if statements:
        granted = [{"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in statements]
        aws.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document(*granted)))
    keys = aws.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="publisher")["Credentials"]
    return {
        "access_key": keys["AccessKeyId"],
        "secret_key": keys["SecretAccessKey"],
        "session_token": keys["SessionToken"],
    }


def document(*statements: dict) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


READS = (["s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock", "s3:ListBucket", "s3:GetBucketVersioning"], ARN)
WRITES = (["s3:CreateBucket", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketVersioning"], ARN)
OF_THE_OBJECT = (["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], f"{ARN}/{KEY}")


def test_the_documented_permissions_are_enough(aws):
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    keys = session(aws, READS, WRITES, OF_THE_OBJECT, (["kms:GenerateDataKey", "kms:Decrypt"], key))
    aws.enforce()
    assert publish(versioning=True, kms_key_id=key, **keys).changed
    assert publish(variables={"ECS_CLUSTER": "other"}, kms_key_id=key, **keys).changed
    assert once("ecs_config_object", bucket=BUCKET, key=KEY, state="absent", **keys).changed


@pytest.mark.parametrize(
    "missing",
    ["s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock", "s3:ListBucket", "s3:PutBucketPolicy", "s3:PutObject"],
)
def test_a_missing_permission_is_named(aws, bucket, missing):
    granted = [([one for one in actions if one != missing], on) for actions, on in (READS, WRITES, OF_THE_OBJECT)]
    keys = session(aws, *granted)
    aws.enforce()
    told = publish(run_module, **keys)
    assert told.failed
    assert f"{missing} on {ARN}" in told.msg


def test_a_former_object_that_cannot_be_read_is_replaced_all_the_same(aws, s3):
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    publish(kms_key_id=key, variables={"ECS_CLUSTER": "other"})
    keys = session(aws, READS, WRITES, OF_THE_OBJECT)
    aws.enforce()
    replaced = publish(**keys)
    assert "cannot be read" in replaced.warnings[0]
    assert content(s3) == PUBLISHED
