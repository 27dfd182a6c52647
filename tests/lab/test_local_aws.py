# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The local AWS behaves as the API's documentation says, where moto alone would not (or is relied upon)."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "222222222222"
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
MANAGED = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"


def client(url: str, service: str, **credentials: str):
    """A boto3 client; without credentials, as administrator of the default account."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", **credentials}
    return boto3.client(service, endpoint_url=url, region_name="us-west-2", **keys)


@pytest.fixture
def iam(url):
    """IAM of the default account."""
    return client(url, "iam")


@pytest.fixture
def ecs(url):
    """ECS of the default account."""
    return client(url, "ecs")


def trust(condition: dict | None = None, **principal: str | list[str]) -> str:
    """A trust policy."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def code_of(call, **params) -> tuple[str, int]:
    """The error that a call gives."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def make_role(iam, name: str, document: str | None = None) -> str:
    """A role and its ARN."""
    document = document or trust(Service="ec2.amazonaws.com")
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]


def make_policy(iam, name: str, document: dict | None = None, path: str = "/") -> str:
    """A policy and its ARN."""
    made = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document or POLICY), Path=path)
    return made["Policy"]["Arn"]


def lab(url: str, path: str, method: str = "GET", content: dict | None = None):
    """One of the lab's own addresses."""
    data = json.dumps(content).encode() if content else None
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_lab/{path}", data=data, method=method)) as reply:
        return json.load(reply)


# The request log


def test_every_request_is_logged_in_order_failed_ones_too(url, iam, ecs):
    lab(url, "requests", "DELETE")
    iam.list_roles()
    code_of(iam.get_role, RoleName="nobody")
    ecs.list_clusters()
    client(url, "s3").create_bucket(
        Bucket="logged-bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    assert lab(url, "requests") == [
        {"service": "iam", "operation": "ListRoles", "status": 200},
        {"service": "iam", "operation": "GetRole", "status": 404},
        {"service": "ecs", "operation": "ListClusters", "status": 200},
        {"service": "s3", "operation": "PUT /logged-bucket", "status": 200},
    ]
    assert lab(url, "requests", "DELETE") == []
    assert lab(url, "requests") == []


# IAM: uniqueness


def test_role_names_are_unique_ignoring_case(iam):
    make_role(iam, "CaseRole")
    params = {"RoleName": "caserole", "AssumeRolePolicyDocument": trust(Service="ec2.amazonaws.com")}
    assert code_of(iam.create_role, **params) == ("EntityAlreadyExists", 409)


def test_policy_names_are_unique_ignoring_case_and_path(iam):
    make_policy(iam, "CasePolicy")
    params = {"PolicyName": "casepolicy", "PolicyDocument": json.dumps(POLICY), "Path": "/elsewhere/"}
    assert code_of(iam.create_policy, **params) == ("EntityAlreadyExists", 409)


def test_a_policy_may_have_the_name_of_one_of_amazons(iam):
    assert make_policy(iam, "AmazonS3ReadOnlyAccess") == f"arn:aws:iam::{ACCOUNT}:policy/AmazonS3ReadOnlyAccess"


def test_instance_profile_names_are_unique_ignoring_case(iam):
    iam.create_instance_profile(InstanceProfileName="CaseProfile")
    params = {"InstanceProfileName": "caseprofile"}
    assert code_of(iam.create_instance_profile, **params) == ("EntityAlreadyExists", 409)


# IAM: roles


def test_update_role_leaves_what_is_not_sent(iam):
    iam.create_role(
        RoleName="updated", AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com"), Description="first",
        MaxSessionDuration=7200,
    )  # fmt: skip
    iam.update_role(RoleName="updated", Description="second")
    role = iam.get_role(RoleName="updated")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("second", 7200)
    iam.update_role(RoleName="updated", MaxSessionDuration=3600)
    role = iam.get_role(RoleName="updated")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("second", 3600)
    iam.update_role(RoleName="updated", Description="")
    assert iam.get_role(RoleName="updated")["Role"].get("Description", "") == ""


def test_a_malformed_trust_policy_is_refused_at_creation_and_update(iam):
    bad = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps", "Action": "sts:AssumeRole"}]})
    params = {"RoleName": "malformed", "AssumeRolePolicyDocument": bad}
    assert code_of(iam.create_role, **params) == ("MalformedPolicyDocument", 400)
    make_role(iam, "well-formed")
    params = {"RoleName": "well-formed", "PolicyDocument": "{"}
    assert code_of(iam.update_assume_role_policy, **params) == ("MalformedPolicyDocument", 400)


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/missing"}},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ["nonsense"]}},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}, "Sid": "with-dash"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Principal": {"AWS": "*"}},
    ],
)
def test_a_trust_policy_needs_principals_that_exist(iam, statement):
    params = {"RoleName": "principals", "AssumeRolePolicyDocument": json.dumps(POLICY | {"Statement": [statement]})}
    assert code_of(iam.create_role, **params) == ("MalformedPolicyDocument", 400)


def test_a_trust_policy_has_a_size(iam):
    make_role(iam, "sized")
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
    document = json.dumps(POLICY | {"Statement": [allow] * 30})
    params = {"RoleName": "sized", "PolicyDocument": document}
    assert code_of(iam.update_assume_role_policy, **params) == ("LimitExceeded", 409)


def test_a_role_in_use_cannot_be_deleted(iam):
    make_role(iam, "used")
    iam.put_role_policy(RoleName="used", PolicyName="inline", PolicyDocument=json.dumps(POLICY))
    assert code_of(iam.delete_role, RoleName="used") == ("DeleteConflict", 409)
    iam.delete_role_policy(RoleName="used", PolicyName="inline")
    iam.attach_role_policy(RoleName="used", PolicyArn=MANAGED)
    assert code_of(iam.delete_role, RoleName="used") == ("DeleteConflict", 409)
    iam.detach_role_policy(RoleName="used", PolicyArn=MANAGED)
    iam.create_instance_profile(InstanceProfileName="used")
    iam.add_role_to_instance_profile(InstanceProfileName="used", RoleName="used")
    assert code_of(iam.delete_role, RoleName="used") == ("DeleteConflict", 409)
    iam.remove_role_from_instance_profile(InstanceProfileName="used", RoleName="used")
    iam.delete_role(RoleName="used")


def test_attaching_needs_a_policy_that_exists_and_a_wellformed_arn(iam):
    make_role(iam, "attaching")
    params = {"RoleName": "attaching", "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/missing"}
    assert code_of(iam.attach_role_policy, **params) == ("NoSuchEntity", 404)
    params["PolicyArn"] = "arn:aws::iam::aws:policy/AmazonS3ReadOnlyAccess"
    assert code_of(iam.attach_role_policy, **params) == ("InvalidInput", 400)


def test_attaching_twice_is_attaching_once(iam):
    make_role(iam, "twice")
    arn = make_policy(iam, "twice")
    for _attempt in range(2):
        iam.attach_role_policy(RoleName="twice", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    iam.detach_role_policy(RoleName="twice", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)


def test_a_permissions_boundary_must_exist_and_holds_its_policy(iam):
    make_role(iam, "bounded")
    params = {"RoleName": "bounded", "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/missing"}
    assert code_of(iam.put_role_permissions_boundary, **params) == ("NoSuchEntity", 404)
    arn = make_policy(iam, "boundary")
    iam.put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=arn)
    assert code_of(iam.delete_policy, PolicyArn=arn) == ("DeleteConflict", 409)


# IAM: policies


def test_a_policy_in_use_cannot_be_deleted(iam):
    make_role(iam, "holder")
    arn = make_policy(iam, "held")
    iam.attach_role_policy(RoleName="holder", PolicyArn=arn)
    assert code_of(iam.delete_policy, PolicyArn=arn) == ("DeleteConflict", 409)


def test_a_policy_with_versions_cannot_be_deleted_and_has_five_at_most(iam):
    arn = make_policy(iam, "versions")
    for _version in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(POLICY), SetAsDefault=True)
    params = {"PolicyArn": arn, "PolicyDocument": json.dumps(POLICY)}
    assert code_of(iam.create_policy_version, **params) == ("LimitExceeded", 409)
    assert code_of(iam.delete_policy, PolicyArn=arn) == ("DeleteConflict", 409)
    assert code_of(iam.delete_policy_version, PolicyArn=arn, VersionId="v5") == ("DeleteConflict", 409)
    for version in ("v1", "v2", "v3", "v4"):
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
    iam.delete_policy(PolicyArn=arn)


WITH_PRINCIPAL = {**POLICY["Statement"][0], "Principal": {"AWS": "*"}}


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "{}",
        json.dumps(POLICY | {"Statement": [{"Effect": "Allow"}]}),
        json.dumps(POLICY | {"Statement": WITH_PRINCIPAL}),
    ],
)
def test_a_malformed_policy_is_refused(iam, document):
    params = {"PolicyName": "malformed", "PolicyDocument": document}
    assert code_of(iam.create_policy, **params) == ("MalformedPolicyDocument", 400)


def test_amazons_managed_policies_exist(iam):
    assert iam.get_policy(PolicyArn=MANAGED)["Policy"]["Path"] == "/service-role/"


# IAM: instance profiles


def test_an_instance_profile_holds_one_role(iam):
    make_role(iam, "one")
    make_role(iam, "two")
    iam.create_instance_profile(InstanceProfileName="single")
    iam.add_role_to_instance_profile(InstanceProfileName="single", RoleName="one")
    params = {"InstanceProfileName": "single", "RoleName": "two"}
    assert code_of(iam.add_role_to_instance_profile, **params) == ("LimitExceeded", 409)
    assert code_of(iam.remove_role_from_instance_profile, **params) == ("NoSuchEntity", 404)


def test_listing_instance_profiles_honours_the_path(iam):
    iam.create_instance_profile(InstanceProfileName="in-path", Path="/some/path/")
    listed = iam.list_instance_profiles(PathPrefix="/some/")["InstanceProfiles"]
    assert [profile["InstanceProfileName"] for profile in listed] == ["in-path"]


# Trust policies that others write, too


def test_a_principal_that_is_deleted_leaves_its_id_which_cannot_be_written_back(url, iam):
    elsewhere = other_account(url)
    gone = make_role(iam, "gone")
    for client_of in (iam, elsewhere):
        make_role(client_of, "trusts-gone", trust(AWS=gone))
    iam.delete_role(RoleName="gone")
    for client_of in (iam, elsewhere):
        shown = client_of.get_role(RoleName="trusts-gone")["Role"]["AssumeRolePolicyDocument"]
        assert shown["Statement"][0]["Principal"]["AWS"].startswith("AROA")
        params = {"RoleName": "trusts-gone", "PolicyDocument": json.dumps(shown)}
        assert code_of(client_of.update_assume_role_policy, **params) == ("MalformedPolicyDocument", 400)
    make_role(iam, "gone")
    assert iam.get_role(RoleName="trusts-gone")["Role"]["AssumeRolePolicyDocument"] == shown


# STS: trust


def assume(url: str, role_arn: str, **more: str) -> dict:
    """Assume a role as the administrator of the default account; credentials for client()."""
    return keys_of(client(url, "sts").assume_role(RoleArn=role_arn, RoleSessionName="test", **more))


def keys_of(answer: dict) -> dict:
    """Credentials as boto3 takes them."""
    found = answer["Credentials"]
    return {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }


def refused(url: str, role_arn: str, credentials: dict | None = None, **more: str) -> bool:
    """Is assuming this role denied?"""
    sts = client(url, "sts", **(credentials or {}))
    return code_of(sts.assume_role, RoleArn=role_arn, RoleSessionName="test", **more) == ("AccessDenied", 403)


def other_account(url: str):
    """IAM of another account, as its administrator."""
    keys = lab(url, f"accounts/{OTHER_ACCOUNT}", "POST")
    return client(url, "iam", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"])


def test_a_role_that_trusts_nobody_or_does_not_exist_cannot_be_assumed(url, iam):
    assert refused(url, make_role(iam, "trusts-ec2-only"))
    assert refused(url, f"arn:aws:iam::{ACCOUNT}:role/missing")


def test_a_role_that_trusts_the_account_can_be_assumed(url, iam):
    arn = make_role(iam, "trusts-account", trust(AWS=f"arn:aws:iam::{ACCOUNT}:root"))
    identity = client(url, "sts", **assume(url, arn)).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/trusts-account/test"


def test_an_external_id_is_asked_for(url, iam):
    wanted = {"StringEquals": {"sts:ExternalId": "sesame"}}
    arn = make_role(iam, "external-id", trust(wanted, AWS=f"arn:aws:iam::{ACCOUNT}:root"))
    assert refused(url, arn)
    assert refused(url, arn, ExternalId="other")
    assume(url, arn, ExternalId="sesame")


def test_another_account_needs_trust_there_and_permission_here(url, iam):
    source = make_role(iam, "source", trust(AWS=f"arn:aws:iam::{ACCOUNT}:root"))
    session = assume(url, source)
    elsewhere = other_account(url)
    closed = make_role(elsewhere, "closed")
    opened = make_role(elsewhere, "opened", trust(AWS=source))
    assert opened == f"arn:aws:iam::{OTHER_ACCOUNT}:role/opened"
    assert refused(url, opened, session), "the source role has no permission yet"
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": [opened, closed]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName="source", PolicyName="assume", PolicyDocument=document)
    assert refused(url, closed, session), "the destination role does not trust it"
    answer = client(url, "sts", **session).assume_role(RoleArn=opened, RoleSessionName="there")
    identity = client(url, "sts", **keys_of(answer)).get_caller_identity()
    assert identity["Account"] == OTHER_ACCOUNT


def test_session_tags_need_the_trust_of_their_own_action(url, iam):
    tags = {"Tags": [{"Key": "Team", "Value": "a"}]}
    account = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    plain = make_role(iam, "no-tags", trust(**account))
    assert refused(url, plain, **tags)
    allow = {"Effect": "Allow", "Principal": account, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    condition = {"StringEquals": {"aws:RequestTag/Team": "a"}}
    tagged = make_role(
        iam, "tags", json.dumps({"Version": "2012-10-17", "Statement": [allow | {"Condition": condition}]})
    )
    assume(url, tagged, **tags)
    assert refused(url, tagged, Tags=[{"Key": "Team", "Value": "b"}])


def test_a_session_lasts_as_long_as_the_role_allows_and_an_hour_when_a_session_begins_it(url, iam):
    source = make_role(iam, "chain-source", trust(AWS=f"arn:aws:iam::{ACCOUNT}:root"))
    target = make_role(iam, "chain-target", trust(AWS=["*"]))
    params = {"RoleArn": target, "RoleSessionName": "test", "DurationSeconds": 7200}
    assert code_of(client(url, "sts").assume_role, **params) == ("ValidationError", 400)
    iam.update_role(RoleName="chain-target", MaxSessionDuration=7200)
    client(url, "sts").assume_role(**params)
    chained = client(url, "sts", **assume(url, source))
    assert code_of(chained.assume_role, **params) == ("ValidationError", 400)
    chained.assume_role(**{**params, "DurationSeconds": 3600})


@pytest.mark.parametrize(
    "source, works",
    [
        (f"arn:aws:ecs:us-west-2:{ACCOUNT}:task/x", True),
        (f"arn:aws:ecs:us-west-2:{OTHER_ACCOUNT}:task/x", False),
        (None, False),
    ],
)
def test_confused_deputy_conditions_count_for_services(url, iam, source, works):
    wanted = {"ArnLike": {"aws:SourceArn": f"arn:aws:ecs:us-west-2:{ACCOUNT}:*"}}
    name = f"deputy-{works}-{bool(source)}"
    arn = make_role(iam, name, trust(wanted, Service="ecs-tasks.amazonaws.com"))
    sts = client(url, "sts")
    headers = {"X-Lab-Service-Principal": "ecs-tasks.amazonaws.com"} | ({"X-Lab-Source-Arn": source} if source else {})

    def add_headers(request, **_more):
        for name, value in headers.items():
            request.headers[name] = value

    sts.meta.events.register("before-sign.sts", add_headers)
    if works:
        sts.assume_role(RoleArn=arn, RoleSessionName="task")
    else:
        assert code_of(sts.assume_role, RoleArn=arn, RoleSessionName="task") == ("AccessDenied", 403)


# Identity policies, when they are enforced


@pytest.fixture
def enforced(url):
    """Identity policies are in force."""
    lab(url, "enforcement", "PUT")
    yield url
    lab(url, "enforcement", "DELETE")


def session_with(url: str, name: str, *statements: dict, **role: str) -> dict:
    """Credentials of a role that has these statements, and that may be assumed."""
    iam = client(url, "iam")
    document = trust(AWS=f"arn:aws:iam::{ACCOUNT}:root")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **role)["Role"]["Arn"]
    if statements:
        inline = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=inline)
    return assume(url, arn)


def allow(action: str, resource: str = "*", effect: str = "Allow", **more) -> dict:
    """A statement."""
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def test_without_enforcement_a_session_may_do_anything(url):
    assert client(url, "ecs", **session_with(url, "free")).list_clusters()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(
    "service, call, params, code",
    [
        ("ecs", "list_clusters", {}, ("AccessDeniedException", 400)),
        ("iam", "list_roles", {}, ("AccessDenied", 403)),
        ("ec2", "describe_tags", {}, ("UnauthorizedOperation", 403)),
        ("s3", "list_buckets", {}, ("AccessDenied", 403)),
    ],
)
def test_a_role_without_permissions_is_denied_in_the_services_own_words(enforced, service, call, params, code):
    session = session_with(enforced, f"denied-{service}")
    assert code_of(getattr(client(enforced, service, **session), call), **params) == code
    assert client(enforced, "sts", **session).get_caller_identity()["Account"] == ACCOUNT


def test_an_administrator_is_not_bound(enforced):
    client(enforced, "ecs").list_clusters()


@pytest.mark.parametrize(
    "statements, allowed",
    [
        ([allow("ecs:DeregisterContainerInstance")], True),
        ([allow("ecs:deregister*")], True),
        ([allow("ecs:Deregister*", f"arn:aws:ecs:*:{ACCOUNT}:cluster/bound")], True),
        ([allow("ecs:Deregister*", f"arn:aws:ecs:us-west-2:{ACCOUNT}:cluster/other")], False),
        ([allow("ecs:Deregister*", "arn:*:cluster/bound")], False),
        ([allow("ecs:Register*")], False),
        ([allow("ecs:*"), allow("ecs:*", effect="Deny", Condition={"StringLike": {"ecs:cluster": "*/bound"}})], False),
        ([allow("ecs:*", Condition={"ArnEquals": {"ecs:cluster": f"arn:aws:ecs:*:{ACCOUNT}:cluster/bound"}})], True),
        ([allow("ecs:*", Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}})], False),
    ],
    ids=str,
)
def test_action_resource_and_conditions_count(enforced, iam, statements, allowed):
    name = f"one-of-{len(iam.list_roles()['Roles'])}"
    ecs = client(enforced, "ecs", **session_with(enforced, name, *statements))
    code, _status = code_of(ecs.deregister_container_instance, cluster="bound", containerInstance="x")
    assert (code != "AccessDeniedException") is allowed


def test_a_boundary_takes_away(enforced, iam):
    boundary = make_policy(iam, "only-s3")
    session = session_with(enforced, "in-boundary", allow("*"), PermissionsBoundary=boundary)
    assert code_of(client(enforced, "ecs", **session).list_clusters) == ("AccessDeniedException", 400)


def test_tags_at_registration_need_a_permission_of_their_own(enforced, ecs):
    ecs.create_cluster(clusterName="tagged")
    session = session_with(enforced, "registers", allow("ecs:RegisterContainerInstance"))
    bound = client(enforced, "ecs", **session)
    register(bound, "tagged")
    with pytest.raises(ClientError, match=r"ecs:TagResource on resource: .*container-instance/tagged/"):
        register(bound, "tagged", tags=[{"key": "a", "value": "b"}])


def test_an_object_under_sse_kms_is_decrypted_by_its_reader(enforced):
    key = client(enforced, "kms").create_key()["KeyMetadata"]["Arn"]
    s3 = client(enforced, "s3")
    s3.create_bucket(Bucket="sealed", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="sealed", Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    reads = allow("s3:GetObject", "arn:aws:s3:::sealed/k")
    bound = client(enforced, "s3", **session_with(enforced, "reads", reads))
    assert code_of(bound.get_object, Bucket="sealed", Key="k") == ("AccessDenied", 403)
    bound = client(enforced, "s3", **session_with(enforced, "decrypts", reads, allow("kms:Decrypt", key)))
    assert bound.get_object(Bucket="sealed", Key="k")["Body"].read() == b"x"


def test_what_has_no_call_here_can_be_asked_for(enforced):
    session_with(enforced, "polls", allow("ecs:Poll", "arn:aws:ecs:*:*:container-instance/prod/*"))
    question = {"role": f"arn:aws:iam::{ACCOUNT}:role/polls", "action": "ecs:Poll"}
    instance = f"arn:aws:ecs:us-west-2:{ACCOUNT}:container-instance"
    assert lab(enforced, "simulate", "POST", {**question, "resource": f"{instance}/prod/1"})["allowed"]
    refused = lab(enforced, "simulate", "POST", {**question, "resource": f"{instance}/other/1"})
    assert refused == {"allowed": False, "reason": "because no identity-based policy allows the ecs:Poll action"}


# ECS


def register(ecs, cluster: str, **params) -> dict:
    """Register as the agent of an external host does."""
    answer = ecs.register_container_instance(
        cluster=cluster,
        instanceIdentityDocument="",
        instanceIdentityDocumentSignature="",
        versionInfo={"agentVersion": "1.105.1", "agentHash": "a8b3e7d3", "dockerVersion": "DockerVersion: 26.1.5"},
        attributes=[{"name": "ecs.os-type", "value": "linux"}, {"name": "ecs.capability.external"}],
        totalResources=[{"name": "CPU", "type": "INTEGER", "integerValue": 2048}],
        **params,
    )
    return answer["containerInstance"]


def test_an_external_instance_registers_and_is_described(ecs):
    ecs.create_cluster(clusterName="external")
    arn = register(ecs, "external")["containerInstanceArn"]
    assert ecs.list_container_instances(cluster="external")["containerInstanceArns"] == [arn]
    found = ecs.describe_container_instances(cluster="external", containerInstances=[arn])["containerInstances"][0]
    assert found["agentConnected"] is True
    assert found["ec2InstanceId"].startswith("mi-")
    assert found["versionInfo"]["agentVersion"] == "1.105.1"
    assert {"name": "ecs.os-type", "value": "linux"} in found["attributes"]
    assert {"name": "ecs.capability.external"} in found["attributes"]
    assert ecs.describe_clusters(clusters=["external"])["clusters"][0]["registeredContainerInstancesCount"] == 1


def test_registering_again_with_the_arn_keeps_it(ecs):
    ecs.create_cluster(clusterName="again")
    arn = register(ecs, "again")["containerInstanceArn"]
    assert register(ecs, "again", containerInstanceArn=arn)["containerInstanceArn"] == arn
    assert ecs.list_container_instances(cluster="again")["containerInstanceArns"] == [arn]


def test_creating_a_cluster_again_keeps_its_instances(ecs):
    ecs.create_cluster(clusterName="kept")
    register(ecs, "kept")
    again = ecs.create_cluster(clusterName="kept")["cluster"]
    assert again["registeredContainerInstancesCount"] == 1


@pytest.mark.parametrize("cluster", ["missing", "default"])
def test_a_cluster_that_does_not_exist(ecs, cluster):
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        register(ecs, cluster)
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        ecs.list_container_instances(cluster=cluster)


def test_a_bad_attribute_is_refused(ecs):
    ecs.create_cluster(clusterName="attributes")
    params = {"cluster": "attributes", "attributes": [{"name": "no spaces allowed", "value": "x"}]}
    assert code_of(ecs.register_container_instance, **params) == ("InvalidParameterException", 400)


def test_poll_endpoint(url, ecs):
    ecs.create_cluster(clusterName="polled")
    assert ecs.discover_poll_endpoint(cluster="polled")["endpoint"] == f"{url}/"


def test_deregistering(ecs):
    ecs.create_cluster(clusterName="left")
    arn = register(ecs, "left")["containerInstanceArn"]
    gone = ecs.deregister_container_instance(cluster="left", containerInstance=arn, force=True)["containerInstance"]
    assert gone["status"] == "INACTIVE"
    assert ecs.list_container_instances(cluster="left")["containerInstanceArns"] == []
    params = {"cluster": "left", "containerInstance": arn}
    assert code_of(ecs.deregister_container_instance, **params) == ("InvalidParameterException", 400)


def test_one_that_is_deregistered_is_remembered_as_inactive_and_no_longer_listed(ecs):
    ecs.create_cluster(clusterName="remembered")
    arn = register(ecs, "remembered")["containerInstanceArn"]
    ecs.deregister_container_instance(cluster="remembered", containerInstance=arn)
    found = ecs.describe_container_instances(cluster="remembered", containerInstances=[arn, "0" * 32])
    assert [one["status"] for one in found["containerInstances"]] == ["INACTIVE"]
    assert [failure["reason"] for failure in found["failures"]] == ["MISSING"]


def test_container_instances_are_listed_by_their_hosts_and_another_filter_is_refused(ecs):
    ecs.create_cluster(clusterName="filtered")
    first, second = register(ecs, "filtered"), register(ecs, "filtered")
    wanted = f"ec2InstanceId in ['{first['ec2InstanceId']}']"
    listed = ecs.list_container_instances(cluster="filtered", filter=wanted)["containerInstanceArns"]
    assert listed == [first["containerInstanceArn"]]
    both = f"ec2InstanceId in ['{first['ec2InstanceId']}', '{second['ec2InstanceId']}']"
    assert len(ecs.list_container_instances(cluster="filtered", filter=both)["containerInstanceArns"]) == 2
    params = {"cluster": "filtered", "filter": "task:group == service:web"}
    assert code_of(ecs.list_container_instances, **params) == ("InvalidParameterException", 400)


def test_draining_stops_the_tasks_of_services_after_a_while_and_no_others(url, ecs):
    ecs.create_cluster(clusterName="drained")
    arn = register(ecs, "drained")["containerInstanceArn"]
    one = {"name": "x", "image": "x", "memory": 64}
    ecs.register_task_definition(family="drained", containerDefinitions=[one])
    for group in ("service:web", "family:drained"):
        ecs.start_task(cluster="drained", taskDefinition="drained", containerInstances=[arn], group=group)
    lab(url, "behaviour", "PUT", {"drain_seconds": 0.3})
    where = {"cluster": "drained", "containerInstances": [arn]}
    answer = ecs.update_container_instances_state(status="DRAINING", **where)
    assert {"name": "ecs.os-type", "value": "linux"} in answer["containerInstances"][0]["attributes"]
    counts = [ecs.describe_container_instances(**where)["containerInstances"][0]["runningTasksCount"]]
    end = time.monotonic() + 10
    while counts[-1] != 1 and time.monotonic() < end:
        counts.append(ecs.describe_container_instances(**where)["containerInstances"][0]["runningTasksCount"])
    lab(url, "behaviour", "DELETE")
    assert (counts[0], counts[-1]) == (2, 1)
    left = ecs.list_tasks(cluster="drained", containerInstance=arn)["taskArns"]
    assert [task["group"] for task in ecs.describe_tasks(cluster="drained", tasks=left)["tasks"]] == ["family:drained"]


def test_attributes_have_limits_and_are_deleted_by_name(ecs):
    ecs.create_cluster(clusterName="limits")
    arn = register(ecs, "limits")["containerInstanceArn"]

    def put(*names):
        return {"cluster": "limits", "attributes": [{"name": name, "value": "x", "targetId": arn} for name in names]}

    assert code_of(ecs.put_attributes, **put("a b")) == ("InvalidParameterException", 400)
    assert code_of(ecs.put_attributes, **put(*map(str, range(11)))) == ("InvalidParameterException", 400)
    ecs.put_attributes(**put(*map(str, range(10))))
    assert code_of(ecs.put_attributes, **put("one-more"))[0] == "AttributeLimitExceededException"
    ecs.delete_attributes(cluster="limits", attributes=[{"name": "1", "targetId": arn}])
    found = ecs.describe_container_instances(cluster="limits", containerInstances=[arn])["containerInstances"][0]
    assert "1" not in {one["name"] for one in found["attributes"]}


def test_a_task_definition_comes_back_with_what_ecs_fills_in_and_in_its_order(ecs):
    environment = [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]
    sent = {"name": "a", "image": "nginx", "memory": 64, "portMappings": [{"containerPort": 80}]}
    ecs.register_task_definition(
        family="filled",
        cpu="0.5 vCPU",
        enableFaultInjection=True,
        containerDefinitions=[{**sent, "environment": environment, "healthCheck": {"command": ["CMD", "true"]}}],
        volumes=[{"name": "v"}],
        tags=[{"key": "k", "value": "v"}],
    )
    answer = ecs.describe_task_definition(taskDefinition="filled", include=["TAGS"])
    described = answer["taskDefinition"]
    container = described["containerDefinitions"][0]
    assert (described["networkMode"], described["cpu"], described["enableFaultInjection"]) == ("bridge", "512", True)
    assert described["volumes"] == [{"name": "v", "host": {}}]
    assert container["portMappings"] == [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}]
    assert (container["cpu"], container["essential"], container["mountPoints"]) == (0, True, [])
    assert container["healthCheck"] == {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3}
    assert container["environment"] == environment[::-1]
    assert answer["tags"] == [{"key": "k", "value": "v"}]
    assert "tags" not in ecs.describe_task_definition(taskDefinition="filled")


def test_a_family_is_its_latest_active_revision_and_numbers_are_not_used_again(ecs):
    def register() -> int:
        container = {"name": "a", "image": "nginx", "memory": 64}
        answer = ecs.register_task_definition(family="counted", containerDefinitions=[container])
        return answer["taskDefinition"]["revision"]

    assert [register(), register(), register()] == [1, 2, 3]
    ecs.deregister_task_definition(taskDefinition="counted:3")
    assert ecs.describe_task_definition(taskDefinition="counted")["taskDefinition"]["revision"] == 2
    assert ecs.describe_task_definition(taskDefinition="counted:3")["taskDefinition"]["status"] == "INACTIVE"
    ecs.delete_task_definitions(taskDefinitions=["counted:3"])
    assert register() == 4
    for revision in (1, 2, 4):
        ecs.deregister_task_definition(taskDefinition=f"counted:{revision}")
    with pytest.raises(ClientError, match="Unable to describe task definition"):
        ecs.describe_task_definition(taskDefinition="counted")


def test_revisions_are_listed_a_hundred_at_a_time(ecs):
    for _number in range(101):
        ecs.register_task_definition(
            family="many", containerDefinitions=[{"name": "a", "image": "nginx", "memory": 64}]
        )
    first = ecs.list_task_definitions(familyPrefix="many")
    second = ecs.list_task_definitions(familyPrefix="many", nextToken=first["nextToken"])
    assert [arn.rsplit(":", 1)[1] for arn in first["taskDefinitionArns"]] == [str(n) for n in range(1, 101)]
    assert [arn.rsplit(":", 1)[1] for arn in second["taskDefinitionArns"]] == ["101"]
    assert "nextToken" not in second
    newest = ecs.list_task_definitions(familyPrefix="many", sort="DESC", maxResults=1)["taskDefinitionArns"]
    assert newest[0].endswith(":101")


def test_an_unknown_lab_address_is_404(url):
    with pytest.raises(urllib.error.HTTPError):
        lab(url, "nothing")


# Account settings of ECS


def in_force(client_, name: str = "awsvpcTrunking", **params) -> tuple[str, str]:
    """The value that is in force and the end of the ARN that it comes from."""
    (setting,) = client_.list_account_settings(name=name, effectiveSettings=True, **params)["settings"]
    return setting["value"], setting["principalArn"].rsplit(":", 1)[1]


def as_caller(url: str, keys: dict, region: str) -> object:
    """ECS in a region, with somebody's credentials."""
    names = {"AccessKeyId": "access_key_id", "SecretAccessKey": "secret_access_key", "SessionToken": "session_token"}
    credentials = {f"aws_{name}": keys[key] for key, name in names.items() if key in keys}
    return boto3.client("ecs", endpoint_url=url, region_name=region, **credentials)


def test_an_account_setting_is_of_one_principal_in_one_region(url, iam):
    made = {name: make_role(iam, name, trust(AWS=f"arn:aws:iam::{ACCOUNT}:root")) for name in ("trunk-1", "trunk-2")}
    sts = client(url, "sts")
    keys = [sts.assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"] for arn in made.values()]
    one, two = (as_caller(url, key, "eu-west-1") for key in keys)
    assert one.list_account_settings()["settings"] == []
    assert one.put_account_setting(name="awsvpcTrunking", value="enabled")["setting"]["principalArn"] == made["trunk-1"]
    assert [setting["value"] for setting in one.list_account_settings()["settings"]] == ["enabled"]
    assert in_force(one) == ("enabled", "role/trunk-1")
    assert in_force(two) == in_force(as_caller(url, keys[0], "eu-west-2")) == ("disabled", "root")
    for call in (two.put_account_setting, two.delete_account_setting, two.list_account_settings):
        value = {"value": "enabled"} if call == two.put_account_setting else {}
        assert code_of(call, name="awsvpcTrunking", principalArn=made["trunk-1"], **value)[0] == "AccessDeniedException"
    one.delete_account_setting(name="awsvpcTrunking")
    assert in_force(one) == ("disabled", "root")


def test_the_root_user_has_the_default_and_may_set_everybodys(url, iam):
    role = make_role(iam, "trunk-3", trust(AWS=f"arn:aws:iam::{ACCOUNT}:root"))
    region = "eu-central-1"
    root = as_caller(url, lab(url, f"accounts/{ACCOUNT}/root", "POST"), region)
    administrator = as_caller(url, lab(url, f"accounts/{ACCOUNT}", "POST"), region)
    root.put_account_setting(name="awsvpcTrunking", value="disabled", principalArn=role)
    administrator.put_account_setting_default(name="awsvpcTrunking", value="enabled")
    assert in_force(administrator) == in_force(root) == ("enabled", "root")
    assert in_force(root, principalArn=role) == ("disabled", "role/trunk-3")
    assert code_of(in_force, client_=administrator, principalArn=role)[0] == "AccessDeniedException"
    nobody = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    assert code_of(in_force, client_=root, principalArn=nobody)[0] == "InvalidParameterException"


@pytest.mark.parametrize(
    "params",
    [
        {"name": "awsvpcTrunking", "value": "ENABLED"},
        {"name": "noSuchSetting", "value": "enabled"},
        {"name": "guardDutyActivate", "value": "on"},
        {"name": "fargateTaskRetirementWaitPeriod", "value": "14"},
    ],
)
def test_a_setting_that_cannot_be_is_refused(ecs, params):
    assert code_of(ecs.put_account_setting, **params)[0] == "InvalidParameterException"


def test_settings_come_in_pages_of_ten_and_a_value_needs_a_name(ecs):
    first = ecs.list_account_settings(effectiveSettings=True)
    rest = ecs.list_account_settings(effectiveSettings=True, nextToken=first["nextToken"])
    assert (len(first["settings"]), len(rest["settings"]), "nextToken" in rest) == (10, 2, False)
    assert code_of(ecs.list_account_settings, value="enabled")[0] == "InvalidParameterException"
