# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role iam by its playbook: check mode, a real run, both again, and what is there then."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
import yaml

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.documents import equal
from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies import build

ACCOUNT, REGION = "123456789012", "us-west-2"
ROLE = Path(__file__).resolve().parents[2] / "roles" / "iam"
SPEC = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]
# The Example of roles/iam/README.md, which is written from the specs.
EXAMPLE = yaml.safe_load(SPEC["examples"])[0]["vars"]
KMS_KEY = EXAMPLE["iam_s3_config_kms_key_arn"]
IN_SCOPE = {"account_id": ACCOUNT, "region": REGION}
HOST_POLICY = "AmazonEC2ContainerServiceforEC2Role"


def play(*options: str, environment: dict | None = None, **variables) -> SimpleNamespace:
    """Run the playbook; gives its output and how many tasks changed or failed something."""
    command = ["ansible-playbook", "fleetkit.ecs.iam", "--extra-vars", json.dumps(variables), *options]
    quiet = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "1", "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false"}
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **quiet, **(environment or {})}
    )
    changed = re.search(r"changed=(\d+)", run.stdout)
    return SimpleNamespace(
        output=run.stdout + run.stderr, code=run.returncode, changed=int(changed[1]) if changed else None
    )


def ran(*options: str, **variables) -> int:
    """How many tasks of a run that must succeed changed something."""
    run = play(*options, **variables)
    assert run.code == 0, run.output
    return run.changed


def role(iam, name: str) -> SimpleNamespace:
    """What a role is, read back."""
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return SimpleNamespace(
        trust=iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"],
        managed={policy["PolicyName"] for policy in attached},
        inline={policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in inline},
    )


def same(found: dict, expected: dict) -> bool:
    """The same policies by name, with the same meaning."""
    return found.keys() == expected.keys() and all(equal(found[name], expected[name]) for name in expected)


def profiles(iam) -> dict[str, list[str]]:
    found = iam.list_instance_profiles()["InstanceProfiles"]
    return {profile["InstanceProfileName"]: [one["RoleName"] for one in profile["Roles"]] for profile in found}


def names_of_roles(iam) -> set[str]:
    return {one["RoleName"] for one in iam.list_roles()["Roles"]}


def writes(aws) -> list[str]:
    return [operation for operation in aws.operations() if not operation.startswith(("Get", "List"))]


def test_without_variables_it_makes_amazons_container_instance_role_and_profile(aws):
    assert ran("--check") == 1
    assert writes(aws) == []
    assert ran() == 1
    # What does not depend on one another is written at the same time, in whatever order.
    assert sorted(writes(aws)) == [
        "AddRoleToInstanceProfile",
        "AttachRolePolicy",
        "CreateInstanceProfile",
        "CreateRole",
    ]
    assert ran("--check") == 0
    assert ran() == 0
    assert len(aws.operations()) <= 2 * 4
    assert names_of_roles(aws.iam) == {"ecsInstanceRole"}
    assert profiles(aws.iam) == {"ecsInstanceRole-profile": ["ecsInstanceRole"]}
    made = role(aws.iam, "ecsInstanceRole")
    assert (made.managed, made.inline) == ({HOST_POLICY}, {})
    assert equal(made.trust, build("trust_ec2", {}))


EVERYTHING = {
    **EXAMPLE,
    "iam_spot_draining": True,
    "iam_trunking": True,
    "iam_trunking_account_setting": True,
    "iam_ecr_pull": True,
    "iam_ecr_repositories": ["app"],
    "iam_cloudwatch_logs": True,
    "iam_log_groups": ["/ecs/app"],
    "iam_anywhere": True,
    "iam_anywhere_permissions": "least_privilege",
    "iam_anywhere_ecr_pull": True,
    "iam_task_execution_permissions": "least_privilege",
    "iam_task_role": True,
    "iam_task_role_policy": json.dumps(build("task_s3_read", {"bucket": "flat"})),
    "iam_task_role_ecs_exec": True,
    "iam_task_role_self_assume": True,
    "iam_task_roles": [*EXAMPLE["iam_task_roles"], {"name": "anywhere", "regions": [], "self_assume": False}],
    "iam_tags": {"owner": "platform"},
}


def test_everything_at_once_as_it_is_documented(aws):
    iam = aws.iam
    assert ran("--check", **EVERYTHING) > 0
    assert writes(aws) == []
    assert ran(**EVERYTHING) > 0
    assert ran(**EVERYTHING) == 0
    assert profiles(iam) == {
        "ecsInstanceRole-profile": ["ecsInstanceRole"],
        "ecsInstanceRole-trunking-profile": ["ecsInstanceRole-trunking"],
    }
    in_prod = {"clusters": ["prod"], **IN_SCOPE}
    pull = build("ecr_pull", {"repositories": ["app"], **IN_SCOPE})
    config = {"bucket": "my-ecs-config", "key": "prod/ecs.config", "kms_key_arn": KMS_KEY}
    host = {
        "ecs-least-privilege": build("container_instance", {**in_prod, "spot_draining": True}),
        "ecr-pull": pull,
        "ecs-config": build("s3_object", config),
    }
    trust_tasks = build("trust_ecs_tasks", IN_SCOPE)
    own_role = f"arn:aws:iam::{ACCOUNT}:role/ecsTaskRole"
    execution = {"repositories": ["app"], "log_groups": ["/ecs/app"], **IN_SCOPE}
    expected = {
        "ecsInstanceRole": (build("trust_ec2", {}), {"cwlogspolicy"}, host),
        "ecsInstanceRole-trunking": (
            build("trust_ec2", {}),
            {"cwlogspolicy"},
            {**host, "awsvpc-trunking": build("awsvpc_trunking", {})},
        ),
        "ecsAnywhereRole": (
            build("trust_ssm", IN_SCOPE),
            set(),
            {**host, "ecs-least-privilege": build("external_instance", in_prod)},
        ),
        "ecsTaskExecutionRole": (
            trust_tasks,
            set(),
            {
                "ecs-least-privilege": build("task_execution", execution),
                "task-secrets": build("task_execution_secrets", {"secrets": ["app/password"], **IN_SCOPE}),
            },
        ),
        "ecsTaskRole": (
            build("trust_ecs_tasks", {**IN_SCOPE, "own_role_arn": own_role}),
            {"taskRolePolicy"},
            {"ecs-exec": build("ecs_exec", {})},
        ),
        "app": (
            trust_tasks,
            set(),
            {
                "s3-read": build("task_s3_read", {"bucket": "my-task-secrets-bucket"}),
                "ecs-exec": build("ecs_exec", {}),
            },
        ),
        "reports": (trust_tasks, set(), EXAMPLE["iam_task_roles"][1]["policies"]),
        "anywhere": (build("trust_ecs_tasks", {"account_id": ACCOUNT}), set(), {}),
    }
    assert names_of_roles(iam) == set(expected)
    for name, (trust, managed, inline) in expected.items():
        made = role(iam, name)
        assert equal(made.trust, trust), name
        assert made.managed == managed, name
        assert same(made.inline, inline), name
        assert iam.get_role(RoleName=name)["Role"]["Tags"] == [{"Key": "owner", "Value": "platform"}]
    documents = {
        policy["PolicyName"]: iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        for policy in iam.list_policies(Scope="Local")["Policies"]
    }
    documents = {name: version["PolicyVersion"]["Document"] for name, version in documents.items()}
    assert same(
        documents,
        {
            "cwlogspolicy": build("cloudwatch_logs", {"log_groups": ["/ecs/app"], **IN_SCOPE}),
            "taskRolePolicy": build("task_s3_read", {"bucket": "flat"}),
        },
    )


LEAST = {"iam_container_instance_permissions": "least_privilege"}
ADDED = {"iam_ecr_pull": True, "iam_s3_config": True, "iam_s3_config_permissions": "managed"}


def test_one_variable_changes_between_managed_and_least_privilege_and_nothing_of_others_is_lost(aws):
    iam = aws.iam
    ran()
    iam.attach_role_policy(RoleName="ecsInstanceRole", PolicyArn="arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy")
    iam.put_role_policy(
        RoleName="ecsInstanceRole", PolicyName="theirs", PolicyDocument=json.dumps(build("ecs_exec", {}))
    )
    aws.operations()
    assert ran("--check", **LEAST, **ADDED) == 2
    assert writes(aws) == []
    assert ran(**LEAST, **ADDED) == 2
    order = writes(aws)
    assert order.index("PutRolePolicy") < order.index("DetachRolePolicy"), "the host is never without permissions"
    assert ran(**LEAST, **ADDED) == 0
    made = role(iam, "ecsInstanceRole")
    assert made.managed == {"CloudWatchAgentServerPolicy", "AmazonS3ReadOnlyAccess"}
    assert made.inline.keys() == {"theirs", "ecs-least-privilege", "ecr-pull"}

    assert ran() == 2
    made = role(iam, "ecsInstanceRole")
    assert made.managed == {"CloudWatchAgentServerPolicy", "AmazonS3ReadOnlyAccess", HOST_POLICY}
    assert made.inline.keys() == {"theirs", "ecr-pull"}, "what is no longer asked for stays, unless it is purged"

    assert ran(iam_purge_policies=True) == 1
    made = role(iam, "ecsInstanceRole")
    assert (made.managed, made.inline) == ({HOST_POLICY}, {})


def test_managed_policies_of_the_other_roles_in_another_partition_by_the_text_of_a_survey(aws):
    variables = {"iam_container_instance": "false", "iam_anywhere": "true", "iam_task_execution": "yes"}
    flat = {
        "iam_task_role": "true",
        "iam_task_role_s3_bucket": "my-bucket",
        "iam_regions": "cn-north-1\ncn-northwest-1",
    }
    flat["iam_anywhere_policies"] = "CloudWatchAgentServerPolicy\nAmazonSSMPatchAssociation\n"
    china = {"AWS_REGION": "cn-north-1", "AWS_DEFAULT_REGION": "cn-north-1"}
    run = play(environment=china, **variables, **flat)
    assert run.code == 0, run.output
    assert play(environment=china, **variables, **flat).changed == 0
    iam = boto3.client("iam", endpoint_url=aws.url, region_name="cn-north-1")
    assert names_of_roles(iam) == {"ecsAnywhereRole", "ecsTaskExecutionRole", "ecsTaskRole"}
    assert role(iam, "ecsAnywhereRole").managed == {
        HOST_POLICY,
        "AmazonSSMManagedInstanceCore",
        "CloudWatchAgentServerPolicy",
        "AmazonSSMPatchAssociation",
    }
    assert role(iam, "ecsTaskExecutionRole").managed == {"AmazonECSTaskExecutionRolePolicy"}
    for name, service in (("ecsAnywhereRole", "ssm"), ("ecsTaskRole", "ecs")):
        condition = role(iam, name).trust["Statement"][0]["Condition"]
        sources = [f"arn:aws-cn:{service}:{region}:{ACCOUNT}:*" for region in ("cn-north-1", "cn-northwest-1")]
        assert condition["ArnLike"] == {"aws:SourceArn": sources}
        assert condition["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    (policy,) = iam.list_policies(Scope="Local")["Policies"]
    version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId="v1")["PolicyVersion"]
    assert policy["Arn"] == f"arn:aws-cn:iam::{ACCOUNT}:policy/taskRolePolicy"
    assert version["Document"]["Statement"][0]["Resource"] == ["arn:aws-cn:s3:::my-bucket/*"]


CLUSTER_ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/prod"


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        (
            {
                "iam_s3_config": True,
                "iam_task_role": True,
                "iam_task_role_name": "ECSInstanceRole",
                "iam_task_role_policy": "{}",
                "iam_task_role_s3_bucket": "b",
                "iam_container_instance_policies": ["arn:aws::iam::aws:policy/X"],
            },
            ["iam_s3_config_bucket: it is empty", "must differ", "put the bucket into", "arn:aws::iam::aws:policy/X"],
        ),
        (
            {"iam_task_roles": [{"name": "app", "regions": [CLUSTER_ARN]}]},
            ["does not support an aws:SourceArn"],
        ),
        ({**LEAST, "iam_clusters": ["arn:aws:ecs:us-west-2:1234567890123456:cluster/prod"]}, ["12-digit account"]),
        ({"iam_task_roles": [{"name": "app", "policies": {"p": {"Version": "2012-10-17"}}}]}, ["app", "Statement"]),
        ({"iam_task_roles": [{"name": "app", "bucket": "b"}]}, ["bucket", "Supported parameters include"]),
        ({"iam_container_instance_permissions": "least"}, ["iam_container_instance_permissions", "least_privilege"]),
    ],
    ids=["four at once", "cluster of a task role", "16 digits", "no statement", "unknown key", "choice"],
)
def test_bad_input_is_refused_before_the_first_change(aws, variables, says):
    run = play(**variables)
    assert run.code == 2, run.output
    assert not [part for part in says if part not in run.output], run.output
    assert writes(aws) == []
