# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.documents import (
    IDENTITY_ELEMENTS,
    TRUST_ELEMENTS,
    as_list,
    equal,
    parse,
)
from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies import DOCUMENTS, OPTIONS, build


def allow(actions, resource, **more):
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource, **more}],
    }


def trust(principal, **more):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


SOURCE = {
    "ArnLike": {"aws:SourceArn": "arn:aws:ecs:us-west-2:111122223333:*"},
    "StringEquals": {"aws:SourceAccount": "111122223333"},
}

# As Amazon's pages print them.
AMAZON = {
    "assume_destination_role": (
        {"role_arn": "arn:aws:iam::555566667777:role/destination-account-role"},
        allow("sts:AssumeRole", "arn:aws:iam::555566667777:role/destination-account-role"),
    ),
    "cloudwatch_logs": (
        {},
        allow(
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            ["arn:aws:logs:*:*:*"],
        ),
    ),
    "ecr_pull": (
        {},
        allow(
            [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                "ecr:GetAuthorizationToken",
            ],
            "*",
        ),
    ),
    "ecs_exec": (
        {},
        allow(
            [
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "*",
        ),
    ),
    "task_s3_read": (
        {"bucket": "my-task-secrets-bucket", "account_id": "111122223333", "region": "us-west-2"},
        allow(["s3:GetObject"], ["arn:aws:s3:::my-task-secrets-bucket/*"], Condition=SOURCE),
    ),
    "trust_cross_account_destination": (
        {"role_arn": "arn:aws:iam::111122223333:role/my-ECS-task-role"},
        trust({"AWS": "arn:aws:iam::111122223333:role/my-ECS-task-role"}),
    ),
    "trust_ec2": ({}, trust({"Service": "ec2.amazonaws.com"})),
    "trust_ecs_tasks": (
        {"account_id": "111122223333", "region": "us-west-2"},
        trust({"Service": ["ecs-tasks.amazonaws.com"]}, Condition=SOURCE),
    ),
    "trust_ssm": ({}, trust({"Service": ["ssm.amazonaws.com"]})),
}


@pytest.mark.parametrize("name", AMAZON)
def test_a_document_is_what_amazons_page_prints(name):
    options, expected = AMAZON[name]
    assert equal(build(name, options), expected)
    parse("document", build(name, options), TRUST_ELEMENTS if name.startswith("trust") else IDENTITY_ELEMENTS)


# Amazon prints no document for these. What they allow is proven by tests/integration/test_least_privilege.py.
OF_OUR_OWN = {
    "awsvpc_trunking",
    "container_instance",
    "external_instance",
    "s3_object",
    "task_execution",
    "task_execution_secrets",
}


def test_every_document_is_compared_with_amazons_page_or_is_known_to_be_of_our_own():
    assert set(AMAZON) | OF_OUR_OWN == set(DOCUMENTS)


LOOKUP = Path(__file__).resolve().parents[4] / "plugins" / "lookup" / "policy.py"


@pytest.fixture
def documented():
    """The options in the lookup's documentation. Importing it would make this process a controller for other tests."""
    (text,) = re.findall(r'^DOCUMENTATION = r"""(.*?)"""', LOOKUP.read_text(), re.DOTALL | re.MULTILINE)
    return yaml.safe_load(text)["options"]


def test_the_lookup_offers_every_option(documented):
    assert sorted(set(documented) - {"_terms"}) == OPTIONS


def test_the_lookup_documents_every_name(documented):
    text = str(documented["_terms"]["description"])
    assert not [name for name in DOCUMENTS if f"V({name})" not in text]


def test_partition_is_in_every_arn():
    options = {"account_id": "111122223333", "region": ["cn-north-1", "cn-northwest-1"], "partition": "aws-cn"}
    condition = build("trust_ecs_tasks", options)["Statement"][0]["Condition"]
    assert condition["ArnLike"]["aws:SourceArn"] == [
        "arn:aws-cn:ecs:cn-north-1:111122223333:*",
        "arn:aws-cn:ecs:cn-northwest-1:111122223333:*",
    ]
    assert build("cloudwatch_logs", {"partition": "aws-cn"})["Statement"][0]["Resource"] == ["arn:aws-cn:logs:*:*:*"]


def test_a_bucket_policy_for_tasks_has_no_condition_that_no_task_can_meet():
    assert "Condition" not in build("task_s3_read", {"bucket": "b"})["Statement"][0]


def test_ssm_trust_gets_the_conditions_only_with_an_account():
    conditions = build("trust_ssm", {"account_id": "111122223333"})["Statement"][0]["Condition"]
    assert conditions["ArnLike"] == {"aws:SourceArn": "arn:aws:ssm:*:111122223333:*"}


def test_an_external_id_is_asked_for_when_given():
    options = {"role_arn": "arn:aws:iam::111122223333:role/r", "external_id": "x"}
    assert build("trust_cross_account_destination", options)["Statement"][0]["Condition"] == {
        "StringEquals": {"sts:ExternalId": "x"}
    }


EVERYTHING = {
    "account_id": "111122223333",
    "region": "cn-north-1",
    "partition": "aws-cn",
    "bucket": "my-bucket",
    "key": "k",
    "clusters": ["prod"],
    "repositories": ["app"],
    "log_groups": ["/ecs/app"],
    "ssm_parameters": ["/app/token"],
    "secrets": ["app/password"],
    "create_log_groups": True,
    "instance_tags": True,
    "propagate_ec2_tags": True,
    "spot_draining": True,
    "task_metadata_tags": True,
    "deregister": True,
}


@pytest.mark.parametrize("name", sorted(OF_OUR_OWN | {"cloudwatch_logs", "ecr_pull"}))
def test_every_arn_that_is_made_from_a_name_has_the_partition_account_and_region(name):
    taken = inspect.signature(DOCUMENTS[name]).parameters
    document = build(name, {option: value for option, value in EVERYTHING.items() if option in taken})
    parse("document", document)
    for statement in document["Statement"]:
        for resource in as_list(statement["Resource"]):
            made = f"arn:aws-cn:{statement['Action'][0].split(':')[0]}"
            assert resource == "*" or resource.startswith((f"{made}:cn-north-1:111122223333:", f"{made}:::"))


def test_what_is_given_by_arn_stays_as_it_is():
    arns = {
        "clusters": "arn:aws:ecs:eu-west-1:444455556666:cluster/prod",
        "repositories": "arn:aws:ecr:eu-west-1:444455556666:repository/team/app",
        "log_groups": "arn:aws:logs:eu-west-1:444455556666:log-group:/ecs/app",
        "secrets": "arn:aws:secretsmanager:eu-west-1:444455556666:secret:app-a1B2c3",
    }
    assert arns["clusters"] in str(build("container_instance", {"clusters": arns["clusters"]}))
    options = {option: arns[option] for option in ("repositories", "log_groups", "secrets")}
    with_details = {**options, "log_groups": [f"{arns['log_groups']}:*"], "secrets": [f"{arns['secrets']}:password::"]}
    assert build("task_execution", with_details) == build(
        "task_execution", {**options, "log_groups": [arns["log_groups"]]}
    )


def test_members_of_a_cluster_are_named_by_the_cluster():
    statement = build("container_instance", {"clusters": ["a", "b"], "region": ["us-west-2", "eu-west-1"]})[
        "Statement"
    ][2]
    assert statement["Action"] == ["ecs:Poll", "ecs:StartTelemetrySession"]
    assert statement["Resource"] == [
        f"arn:aws:ecs:{region}:*:container-instance/{cluster}/*"
        for cluster in ("a", "b")
        for region in ("us-west-2", "eu-west-1")
    ]


def test_a_role_trusts_itself_only_when_its_own_arn_is_given():
    own = "arn:aws:iam::111122223333:role/r"
    statements = build("trust_ecs_tasks", {"account_id": "111122223333", "own_role_arn": own})["Statement"]
    assert [statement["Principal"] for statement in statements] == [
        {"Service": "ecs-tasks.amazonaws.com"},
        {"AWS": own},
    ]


def test_identity_policies_never_ask_for_the_source_of_a_request():
    for name in OF_OUR_OWN:
        taken = inspect.signature(DOCUMENTS[name]).parameters
        document = build(name, {option: value for option, value in EVERYTHING.items() if option in taken})
        assert "aws:Source" not in str(document)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        (
            "trust_ecs_tasks",
            {"account_id": "111122223333", "region": "arn:aws:ecs:us-west-2:111122223333:cluster/prod"},
            "does not support an aws:SourceArn that names a cluster",
        ),
        ("trust_ecs_tasks", {"account_id": "111122223333", "region": "Oregon"}, "such as us-west-2"),
        ("trust_ssm", {"account_id": "111122223333", "partition": "aws-eu"}, "aws-us-gov"),
        (
            "trust_ecs_tasks",
            {"account_id": "111122223333", "own_role_arn": "arn:aws:iam::444455556666:role/r"},
            "another account",
        ),
        ("container_instance", {"clusters": ["my cluster"]}, "'my cluster' is not a cluster"),
        ("container_instance", {"clusters": ["prod"], "create_default_cluster": True}, "named default"),
        ("external_instance", {"spot_draining": True}, "does not take spot_draining"),
        ("container_instance", {"clusters": ["arn:aws:ecs:us-west-2:1111222233334444:cluster/x"]}, "12-digit"),
        ("s3_object", {"bucket": "my-bucket", "key": "*"}, "wildcard"),
        (
            "s3_object",
            {"bucket": "my-bucket", "key": "k", "kms_key_arn": "alias/x"},
            "kms_key_arn: 'alias/x' is not an ARN",
        ),
        ("task_execution", {"environment_files": ["b/app.env"]}, "arn:aws:s3:::BUCKET/KEY"),
        ("task_execution", {"secrets": [""]}, "empty"),
        ("task_execution_secrets", {}, "name ssm_parameters"),
        ("trust_ec3", {}, "trust_ec2"),
        ("trust_ec2", {"account_id": "111122223333"}, "does not take account_id"),
        ("trust_ecs_tasks", {}, "needs account_id"),
        ("trust_ecs_tasks", {"account_id": "1111222233334444"}, "16 digits"),
        ("trust_ssm", {"account_id": "11122223333"}, "leading zeros"),
        ("assume_destination_role", {"role_arn": "arn:aws::iam::1:role/x"}, "arn:aws:iam::ACCOUNT:role/x"),
    ],
)
def test_wrong_names_and_options_are_refused_with_what_is_right(name, options, says):
    with pytest.raises(Refusal, match=says):
        build(name, options)
