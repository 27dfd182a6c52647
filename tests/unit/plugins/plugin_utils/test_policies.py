# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.documents import (
    IDENTITY_ELEMENTS,
    TRUST_ELEMENTS,
    equal,
    parse,
)
from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies import DOCUMENTS, build


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


def test_every_document_is_compared_with_amazons_page():
    assert set(AMAZON) == set(DOCUMENTS)


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


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
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
