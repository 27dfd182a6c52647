# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Least privilege, proven: with identity policies enforced, a role may make the calls that it needs and no other.

A role is created by our module from our documents and assumed as the service assumes it. Then every call of CALLS is
made with its credentials. What is expected of a role is the whole list of calls that are not denied, so that a
permission too many fails like one too few. A call that is allowed may fail for other reasons, as not everything behind
it exists. Calls that have no HTTP API here (the agent's two web sockets, the SSM agent's own API) are asked of the same
evaluator by name; SIMULATED holds them.
"""

from __future__ import annotations

import functools
import json
import re
import urllib.request

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from module_runner import run_module

from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies import build

ACCOUNT, OTHER_ACCOUNT, REGION = "123456789012", "444455556666", "us-west-2"
KMS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0123abcd-0123-abcd-0123-0123456789ab"
BUCKET, KEY = "my-ecs-config", "prod/ecs.config"
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
CONFIG = Config(retries={"total_max_attempts": 1}, parameter_validation=True)


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def instance(cluster: str) -> str:
    return arn("ecs", f"container-instance/{cluster}/0123")


def task(cluster: str) -> str:
    return arn("ecs", f"task/{cluster}/0123")


LOG_EVENTS = [{"timestamp": 1, "message": "m"}]
DIGEST = "sha256:" + "0" * 64

# name: (service, operation, parameters), as boto3 takes them
CALLS = {
    "register": ("ecs", "register_container_instance", {"cluster": "prod"}),
    "register elsewhere": ("ecs", "register_container_instance", {"cluster": "other"}),
    "register in default": ("ecs", "register_container_instance", {}),
    "register with tags": ("ecs", "register_container_instance", {"cluster": "prod", "tags": [{"key": "a"}]}),
    "discover endpoint": ("ecs", "discover_poll_endpoint", {"cluster": "prod"}),
    "task state": ("ecs", "submit_task_state_change", {"cluster": "prod"}),
    "task state elsewhere": ("ecs", "submit_task_state_change", {"cluster": "other"}),
    "container state": ("ecs", "submit_container_state_change", {"cluster": "prod"}),
    "attachment state": ("ecs", "submit_attachment_state_changes", {"cluster": "prod", "attachments": []}),
    "drain": (
        "ecs",
        "update_container_instances_state",
        {"cluster": "prod", "containerInstances": [instance("prod")], "status": "DRAINING"},
    ),
    "drain elsewhere": (
        "ecs",
        "update_container_instances_state",
        {"cluster": "other", "containerInstances": [instance("other")], "status": "DRAINING"},
    ),
    "create default cluster": ("ecs", "create_cluster", {"clusterName": "default"}),
    "create default cluster with tags": ("ecs", "create_cluster", {"clusterName": "default", "tags": [{"key": "a"}]}),
    "create another cluster": ("ecs", "create_cluster", {"clusterName": "prod"}),
    "tag an instance later": ("ecs", "tag_resource", {"resourceArn": instance("prod"), "tags": [{"key": "a"}]}),
    "tags of an instance": ("ecs", "list_tags_for_resource", {"resourceArn": instance("prod")}),
    "tags of a task": ("ecs", "list_tags_for_resource", {"resourceArn": task("prod")}),
    "tags of a task elsewhere": ("ecs", "list_tags_for_resource", {"resourceArn": task("other")}),
    "deregister": ("ecs", "deregister_container_instance", {"cluster": "prod", "containerInstance": "0123"}),
    "deregister elsewhere": ("ecs", "deregister_container_instance", {"cluster": "other", "containerInstance": "0123"}),
    "set trunking": ("ecs", "put_account_setting", {"name": "awsvpcTrunking", "value": "enabled"}),
    "set another setting": ("ecs", "put_account_setting", {"name": "containerInsights", "value": "enabled"}),
    "read settings": ("ecs", "list_account_settings", {}),
    "register task definition": ("ecs", "register_task_definition", {"family": "f", "containerDefinitions": []}),
    "run task": ("ecs", "run_task", {"cluster": "prod", "taskDefinition": "f"}),
    "delete cluster": ("ecs", "delete_cluster", {"cluster": "prod"}),
    "ec2 tags": ("ec2", "describe_tags", {}),
    "run instances": ("ec2", "run_instances", {"MinCount": 1, "MaxCount": 1, "ImageId": "ami-0123"}),
    "ecr token": ("ecr", "get_authorization_token", {}),
    "ecr image": ("ecr", "batch_get_image", {"repositoryName": "app", "imageIds": [{"imageTag": "1"}]}),
    "ecr image elsewhere": ("ecr", "batch_get_image", {"repositoryName": "other", "imageIds": [{"imageTag": "1"}]}),
    "ecr layers": ("ecr", "batch_check_layer_availability", {"repositoryName": "app", "layerDigests": [DIGEST]}),
    "ecr layer url": ("ecr", "get_download_url_for_layer", {"repositoryName": "app", "layerDigest": DIGEST}),
    "ecr push": ("ecr", "put_image", {"repositoryName": "app", "imageManifest": "{}"}),
    "log stream": ("logs", "create_log_stream", {"logGroupName": "/ecs/app", "logStreamName": "s"}),
    "log events": (
        "logs",
        "put_log_events",
        {"logGroupName": "/ecs/app", "logStreamName": "s", "logEvents": LOG_EVENTS},
    ),
    "log events elsewhere": (
        "logs",
        "put_log_events",
        {"logGroupName": "/other", "logStreamName": "s", "logEvents": LOG_EVENTS},
    ),
    "log group": ("logs", "create_log_group", {"logGroupName": "/ecs/app"}),
    "log group elsewhere": ("logs", "create_log_group", {"logGroupName": "/other"}),
    "log streams": ("logs", "describe_log_streams", {"logGroupName": "/ecs/app"}),
    "s3 object": ("s3", "get_object", {"Bucket": BUCKET, "Key": KEY}),
    "s3 object under kms": ("s3", "get_object", {"Bucket": BUCKET, "Key": "sealed"}),
    "s3 object at a version": ("s3", "get_object", {"Bucket": BUCKET, "Key": KEY, "VersionId": "1"}),
    "s3 another key": ("s3", "get_object", {"Bucket": BUCKET, "Key": "prod/ecs.config.bak"}),
    "s3 another bucket": ("s3", "get_object", {"Bucket": "other-bucket", "Key": KEY}),
    "s3 write": ("s3", "put_object", {"Bucket": BUCKET, "Key": KEY}),
    "s3 list": ("s3", "list_objects_v2", {"Bucket": BUCKET}),
    "s3 location": ("s3", "get_bucket_location", {"Bucket": BUCKET}),
    "s3 buckets": ("s3", "list_buckets", {}),
    "parameter": ("ssm", "get_parameters", {"Names": ["/app/token"]}),
    "parameter elsewhere": ("ssm", "get_parameters", {"Names": ["/other/token"]}),
    "two parameters, one elsewhere": ("ssm", "get_parameters", {"Names": ["/app/token", "/other/token"]}),
    "run command": ("ssm", "send_command", {"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-0123"]}),
    "secret": ("secretsmanager", "get_secret_value", {"SecretId": "app/password"}),
    "secret elsewhere": ("secretsmanager", "get_secret_value", {"SecretId": "other/password"}),
    "list roles": ("iam", "list_roles", {}),
    "create user": ("iam", "create_user", {"UserName": "u"}),
    "assume a role": (
        "sts",
        "assume_role",
        {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other", "RoleSessionName": "session"},
    ),
}

# name: (action, resource, context)
SIMULATED = {
    "poll": ("ecs:Poll", instance("prod"), {"ecs:cluster": arn("ecs", "cluster/prod")}),
    "poll elsewhere": ("ecs:Poll", instance("other"), {"ecs:cluster": arn("ecs", "cluster/other")}),
    "telemetry": ("ecs:StartTelemetrySession", instance("prod"), {"ecs:cluster": arn("ecs", "cluster/prod")}),
    "telemetry elsewhere": ("ecs:StartTelemetrySession", instance("other"), {}),
    "ssm heartbeat": ("ssm:UpdateInstanceInformation", arn("ssm", "managed-instance/mi-0123"), {}),
    "ssm heartbeat of an EC2 instance": ("ssm:UpdateInstanceInformation", arn("ec2", "instance/i-0123"), {}),
    "ssm associations": ("ssm:ListInstanceAssociations", arn("ssm", "managed-instance/mi-0123"), {}),
    "ssm document": ("ssm:GetDocument", arn("ssm", "document/x"), {}),
    "kms": ("kms:Decrypt", KMS_KEY, {}),
    "kms with another key": ("kms:Decrypt", arn("kms", "key/ffffffff-0123-abcd-0123-0123456789ab"), {}),
    "pass a role": ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/other", {"iam:PassedToService": "ecs.amazonaws.com"}),
}
CHANNELS = {
    f"ssmmessages:{action}": (f"ssmmessages:{action}", "*", {})
    for action in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
}
MESSAGES = {
    f"ec2messages:{action}": (f"ec2messages:{action}", "*", {})
    for action in ("AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply")
}
SIMULATED = {**SIMULATED, **CHANNELS, **MESSAGES}

AGENT = {
    "register",
    "discover endpoint",
    "task state",
    "container state",
    "attachment state",
    "poll",
    "telemetry",
}
ANY_CLUSTER = AGENT | {
    "register elsewhere",
    "register in default",
    "task state elsewhere",
    "poll elsewhere",
    "telemetry elsewhere",
}
ECR = {"ecr token", "ecr image", "ecr layers", "ecr layer url"}
LOGS = {"log stream", "log events"}
SSM_AGENT = {"ssm heartbeat", "ssm associations", *CHANNELS, *MESSAGES}
IN_PROD = {"clusters": ["prod"], "account_id": ACCOUNT, "region": REGION}
PARTITION = {"account_id": ACCOUNT, "region": REGION}

# who: (document, its options, the calls that are not denied)
ROLES = {
    "container instance of any cluster": ("container_instance", {}, ANY_CLUSTER),
    "container instance of one cluster": ("container_instance", IN_PROD, AGENT),
    "container instance of a cluster by ARN": (
        "container_instance",
        {"clusters": [arn("ecs", "cluster/prod")]},
        AGENT,
    ),
    "Spot draining": ("container_instance", {**IN_PROD, "spot_draining": True}, AGENT | {"drain"}),
    "instance tags": ("container_instance", {**IN_PROD, "instance_tags": True}, AGENT | {"register with tags"}),
    "propagated tags": (
        "container_instance",
        {**IN_PROD, "propagate_ec2_tags": True},
        AGENT | {"register with tags", "ec2 tags"},
    ),
    "tags in the tasks' metadata": (
        "container_instance",
        {**IN_PROD, "task_metadata_tags": True},
        AGENT | {"tags of an instance", "tags of a task"},
    ),
    "default cluster": (
        "container_instance",
        {"create_default_cluster": True},
        ANY_CLUSTER | {"create default cluster"},
    ),
    "default cluster with tags": (
        "container_instance",
        {"clusters": ["default"], "create_default_cluster": True, "instance_tags": True},
        {
            "discover endpoint",
            "register in default",
            "create default cluster",
            "create default cluster with tags",
        },
    ),
    "leaving": ("container_instance", {**IN_PROD, "deregister": True}, AGENT | {"deregister"}),
    "container instance of another region": ("container_instance", {"region": "eu-west-1"}, {"discover endpoint"}),
    "container instance of another account": (
        "container_instance",
        {"account_id": OTHER_ACCOUNT},
        {"discover endpoint"},
    ),
    "trunking": ("awsvpc_trunking", {}, {"set trunking", "read settings"}),
    "external instance": ("external_instance", IN_PROD, AGENT | SSM_AGENT),
    "external instance of the default cluster": (
        "external_instance",
        {"clusters": ["default"], "create_default_cluster": True},
        SSM_AGENT | {"discover endpoint", "register in default", "create default cluster"},
    ),
    "external instance with everything": (
        "external_instance",
        {**IN_PROD, "instance_tags": True, "task_metadata_tags": True, "deregister": True},
        AGENT | SSM_AGENT | {"register with tags", "tags of an instance", "tags of a task", "deregister"},
    ),
    "ECR": ("ecr_pull", {}, ECR | {"ecr image elsewhere"}),
    "ECR, one repository": ("ecr_pull", {"repositories": ["app"], **PARTITION}, ECR),
    "CloudWatch Logs as Amazon prints it": (
        "cloudwatch_logs",
        {},
        LOGS | {"log events elsewhere", "log group", "log group elsewhere", "log streams"},
    ),
    "CloudWatch Logs, one group": ("cloudwatch_logs", {"log_groups": ["/ecs/app"], **PARTITION}, LOGS),
    "CloudWatch Logs, one group that is created": (
        "cloudwatch_logs",
        {"log_groups": ["/ecs/app"], "create_log_groups": True, **PARTITION},
        LOGS | {"log group"},
    ),
    "S3 object": ("s3_object", {"bucket": BUCKET, "key": KEY}, {"s3 object"}),
    "S3 object at a version": (
        "s3_object",
        {"bucket": BUCKET, "key": KEY, "pinned": True},
        {"s3 object", "s3 object at a version"},
    ),
    "S3 object under KMS": (
        "s3_object",
        {"bucket": BUCKET, "key": "sealed", "kms_key_arn": "the key"},
        {"s3 object under kms"},
    ),
    "S3 object under KMS without its key": ("s3_object", {"bucket": BUCKET, "key": "sealed"}, set()),
    "ECS Exec": ("ecs_exec", {}, set(CHANNELS)),
    "S3 read of a bucket": ("task_s3_read", {"bucket": BUCKET}, {"s3 object", "s3 another key"}),
    "S3 read of a bucket as Amazon prints it": ("task_s3_read", {"bucket": BUCKET, **PARTITION}, set()),
    "task execution": ("task_execution", {}, ECR | LOGS | {"ecr image elsewhere", "log events elsewhere"}),
    "task execution of one application": (
        "task_execution",
        {"repositories": ["app"], "log_groups": ["/ecs/app"], "create_log_groups": True, **PARTITION},
        ECR | LOGS | {"log group"},
    ),
    "task execution with secrets": (
        "task_execution_secrets",
        {"ssm_parameters": ["/app/token"], "secrets": ["app/password"], "kms_keys": [KMS_KEY], **PARTITION},
        {"parameter", "secret", "kms"},
    ),
    "task execution with an environment file": (
        "task_execution_secrets",
        {"environment_files": [f"arn:aws:s3:::{BUCKET}/{KEY}"]},
        {"s3 object", "s3 location"},
    ),
}

SERVICES = {
    "external_instance": ("ssm.amazonaws.com", "trust_ssm", "ssm", "managed-instance/mi-0123"),
    "ecs_exec": ("ecs-tasks.amazonaws.com", "trust_ecs_tasks", "ecs", "task/prod/0123"),
    "task_s3_read": ("ecs-tasks.amazonaws.com", "trust_ecs_tasks", "ecs", "task/prod/0123"),
    "task_execution": ("ecs-tasks.amazonaws.com", "trust_ecs_tasks", "ecs", "task/prod/0123"),
    "task_execution_secrets": ("ecs-tasks.amazonaws.com", "trust_ecs_tasks", "ecs", "task/prod/0123"),
}


def lab(aws, method: str, path: str, content: dict | None = None) -> dict:
    data = json.dumps(content).encode() if content else None
    request = urllib.request.Request(f"{aws.url}/_lab/{path}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def enforced(aws_server):
    """Identity policies are in force, and what the calls name exists where that matters. Roles have their own names."""
    aws = aws_server
    aws.reset()
    aws.session = boto3.Session(region_name=REGION, aws_access_key_id="-", aws_secret_access_key="-")
    aws.client = functools.cache(functools.partial(aws.session.client, endpoint_url=aws.url, config=CONFIG))
    s3, kms = (boto3.client(service, endpoint_url=aws.url) for service in ("s3", "kms"))
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key in (KEY, "prod/ecs.config.bak"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"ECS_CLUSTER=prod")
    aws.key = kms.create_key()["KeyMetadata"]["Arn"]
    s3.put_object(Bucket=BUCKET, Key="sealed", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=aws.key)
    secrets = boto3.client("secretsmanager", endpoint_url=aws.url)
    for name in ("app/password", "other/password"):
        secrets.create_secret(Name=name, SecretString="s")
    lab(aws, "PUT", "enforcement")
    yield aws
    lab(aws, "DELETE", "enforcement")


def assumed(aws, role_arn: str, **headers: str) -> dict:
    """Credentials of the role, as a service gets them."""
    sts = boto3.client("sts", endpoint_url=aws.url)
    added = {f"X-Lab-{name.replace('_', '-')}": value for name, value in headers.items()}
    sts.meta.events.register("before-sign.sts", lambda request, **_more: [
        request.headers.__setitem__(name, value) for name, value in added.items()
    ])  # fmt: skip
    found = sts.assume_role(RoleArn=role_arn, RoleSessionName="session")["Credentials"]
    return {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }


def role_of(name: str, document: str, policies: dict, **more) -> dict:
    """The role, made by our module."""
    _principal, trust, _service, _source = SERVICES.get(document, (None, "trust_ec2", None, None))
    options = {} if trust == "trust_ec2" else {"account_id": ACCOUNT, "region": REGION}
    run = run_module("iam_role", name=name, trust=build(trust, options), inline_policies=policies, **more)
    assert not run.failed, run.msg
    return run.iam_role


def session_of(aws, document: str, role_arn: str) -> dict:
    principal, _trust, service, source = SERVICES.get(document, ("ec2.amazonaws.com", "", "", ""))
    about = {"Source_Arn": arn(service, source), "Source_Account": ACCOUNT} if service else {}
    return assumed(aws, role_arn, Service_Principal=principal, **about)


def not_denied(aws, role_arn: str, credentials: dict) -> set[str]:
    """The names of all calls that the role may make. The clients stay and change hands, as making them takes long."""
    held = aws.session.get_credentials()
    held.access_key, held.secret_key = credentials["aws_access_key_id"], credentials["aws_secret_access_key"]
    held.token = credentials["aws_session_token"]
    called = {
        name
        for name, (service, operation, params) in CALLS.items()
        if passes(getattr(aws.client(service), operation), params)
    }
    asked = {
        name
        for name, (action, resource, context) in SIMULATED.items()
        if lab(aws, "POST", "simulate", {"role": role_arn, "action": action, "resource": resource, "context": context})[
            "allowed"
        ]
    }
    return called | asked


def passes(call, params: dict) -> bool:
    """Whether a call is anything but denied. A call that boto3 itself refuses is a mistake of this test."""
    try:
        call(**params)
    except ClientError as error:
        return error.response["Error"]["Code"] not in DENIED
    except ResponseParserError:  # moto's page for what it has not implemented
        pass
    return True


@pytest.mark.parametrize("who", ROLES)
def test_a_role_may_make_exactly_the_calls_it_needs(enforced, who):
    document, options, expected = ROLES[who]
    options = {name: enforced.key if value == "the key" else value for name, value in options.items()}
    role = role_of(re.sub(r"\W+", "-", who), document, {"policy": build(document, options)})
    credentials = session_of(enforced, document, role["arn"])
    assert not_denied(enforced, role["arn"], credentials) == expected


# What Amazon's managed policy allows beside: the price of taking it instead.
MANAGED = {
    "AmazonEC2ContainerServiceforEC2Role": ("container_instance", ["container_instance", "ecr_pull"]),
    "AmazonECSTaskExecutionRolePolicy": ("task_execution", ["task_execution"]),
}


@pytest.mark.parametrize("name", MANAGED)
def test_least_privilege_takes_away_from_the_managed_policy_and_adds_nothing(enforced, name):
    document, documents = MANAGED[name]
    role = role_of(f"like-{name}", document, {}, managed_policies=[name])
    credentials = session_of(enforced, document, role["arn"])
    managed = not_denied(enforced, role["arn"], credentials)
    least = {policy: build(policy, {}) for policy in documents}
    role_of(f"like-{name}", document, least, managed_policies=[])
    own = not_denied(enforced, role["arn"], credentials)
    assert own <= managed
    if name == "AmazonEC2ContainerServiceforEC2Role":
        assert {"drain", "ec2 tags", "create another cluster", "log events"} <= managed - own


@pytest.mark.parametrize(
    ("document", "source_arn", "source_account", "trusted"),
    [
        ("task_execution", arn("ecs", "task/prod/0123"), ACCOUNT, True),
        ("task_execution", f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task/prod/0123", ACCOUNT, False),
        ("task_execution", f"arn:aws:ecs:{REGION}:{OTHER_ACCOUNT}:task/prod/0123", OTHER_ACCOUNT, False),
        ("task_execution", None, None, False),
        ("external_instance", arn("ssm", "managed-instance/mi-0123"), ACCOUNT, True),
        ("external_instance", arn("ecs", "task/prod/0123"), ACCOUNT, False),
        ("container_instance", None, None, True),
    ],
)
def test_a_service_gets_the_role_only_when_it_acts_for_us(aws, document, source_arn, source_account, trusted):
    role = role_of("r", document, {})
    principal = SERVICES.get(document, ("ec2.amazonaws.com",))[0]
    about = {"Source_Arn": source_arn, "Source_Account": source_account} if source_arn else {}
    if trusted:
        assert assumed(aws, role["arn"], Service_Principal=principal, **about)
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            assumed(aws, role["arn"], Service_Principal=principal, **about)
    with pytest.raises(ClientError, match="AccessDenied"):
        assumed(aws, role["arn"], Service_Principal="lambda.amazonaws.com", **about)


def test_a_role_assumes_itself_only_when_it_trusts_itself(aws):
    role = role_of("r", "task_execution", {})
    credentials = session_of(aws, "task_execution", role["arn"])
    sts = boto3.client("sts", endpoint_url=aws.url, **credentials)
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=role["arn"], RoleSessionName="again")
    trust = build("trust_ecs_tasks", {"account_id": ACCOUNT, "region": REGION, "own_role_arn": role["arn"]})
    assert run_module("iam_role", name="r", trust=trust).changed
    assert sts.assume_role(RoleArn=role["arn"], RoleSessionName="again")["Credentials"]
    assert session_of(aws, "task_execution", role["arn"])
