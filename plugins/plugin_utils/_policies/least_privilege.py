# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Least privilege: what the settings of a host or of its tasks need, and no more.

Which call needs which action on which resource is from the service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html), which call
is made when from the agent's own client interface. Every clause here is exercised by test_least_privilege.py.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet import permissions
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import names
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.documents import as_list
from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies.parts import (
    Document,
    Scope,
    Statement,
    allow,
    check_arn,
    check_partition,
    is_arn,
    named,
    only,
    policy,
)
from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies.permissions import SSM_CHANNELS, logging, pulling

CLUSTER_NAME = re.compile(r"[\w-]{1,255}", re.ASCII)
S3_ARN = re.compile(rf"arn:{names.PARTITION}:s3:::(?P<bucket>[a-z0-9][a-z0-9.-]+)/(?P<key>.+)")


class Clusters(NamedTuple):
    """The clusters that a host may join, as the ARNs that statements name."""

    arns: list[str]

    @classmethod
    def of(cls, clusters: Any, scope: Scope) -> Clusters:
        """By name or ARN; any cluster when there are none."""
        given = [str(cluster) for cluster in as_list(clusters)]
        for name in given:
            if not is_arn(name) and not CLUSTER_NAME.fullmatch(name):
                raise Refusal(
                    f"clusters: {name!r} is not a cluster; give a name (letters, digits, - and _) or its ARN."
                )
        return cls(named("clusters", given or ["*"], scope, "ecs", "cluster/"))

    def members(self, kind: str) -> list[str]:
        """What is in them: container instances or tasks, whose ARNs name their cluster."""
        return [f"{arn.replace(':cluster/', f':{kind}/')}/*" for arn in self.arns]

    @property
    def names(self) -> set[str]:
        return {arn.rsplit("/", maxsplit=1)[-1] for arn in self.arns}


def container_instance(
    clusters: Any = (),
    account_id: Any = None,
    region: Any = "*",
    partition: str = "aws",
    spot_draining: bool = False,
    create_default_cluster: bool = False,
    instance_tags: bool = False,
    propagate_ec2_tags: bool = False,
    task_metadata_tags: bool = False,
    deregister: bool = False,
) -> Document:
    """The agent on an EC2 instance, in place of AmazonEC2ContainerServiceforEC2Role.

    Spot draining is ecs:UpdateContainerInstancesState on the instance itself; propagated tags are read by
    ec2:DescribeTags, which has no resources, and then sent at registration like any other tags.
    """
    scope = Scope.of(account_id, region, partition)
    joined = Clusters.of(clusters, scope)
    tagging = instance_tags or propagate_ec2_tags
    statements = _agent(joined)
    if spot_draining:
        statements += only(["ecs:UpdateContainerInstancesState"], joined.members("container-instance"))
    if propagate_ec2_tags:
        statements.append(allow(["ec2:DescribeTags"], "*"))
    if create_default_cluster:
        statements += _creating_the_default_cluster(joined, scope, tagging)
    return policy(*statements, *_at_will(joined, tagging, task_metadata_tags, deregister))


def external_instance(
    clusters: Any = (),
    account_id: Any = None,
    region: Any = "*",
    partition: str = "aws",
    create_default_cluster: bool = False,
    instance_tags: bool = False,
    task_metadata_tags: bool = False,
    deregister: bool = False,
) -> Document:
    """The agents of ECS and of Systems Manager on an external instance, in place of both managed policies.

    Nothing of EC2: no Spot draining, no tags to propagate. Registering with an activation and renewing the role's
    credentials (RegisterManagedInstance, RequestManagedInstanceRoleToken) need no permission. Sources:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/iam-role-ecsanywhere.html and
    https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html
    """
    scope = Scope.of(account_id, region, partition)
    joined = Clusters.of(clusters, scope)
    statements = _agent(joined)
    if create_default_cluster:
        statements += _creating_the_default_cluster(joined, scope, instance_tags)
    statements += _at_will(joined, instance_tags, task_metadata_tags, deregister)
    return policy(*statements, *_ssm_agent(scope))


def _agent(clusters: Clusters) -> list[Statement]:
    """What the agent calls in any case."""
    return [
        allow([*permissions.ON_NOTHING], "*"),
        *only([*permissions.ON_CLUSTER], clusters.arns),
        *only([*permissions.ON_CONTAINER_INSTANCE], clusters.members("container-instance")),
    ]


def _creating_the_default_cluster(clusters: Clusters, scope: Scope, tagging: bool) -> list[Statement]:
    """The agent creates the cluster named default, when its settings name none and there is none."""
    if not clusters.names & {"default", "*"}:
        raise Refusal(
            "create_default_cluster: the agent creates no cluster but the one named default, which clusters does not "
            "name."
        )
    default = scope.arns("ecs", "cluster/default")
    created = only(["ecs:CreateCluster"], default)
    return created + (_tagging_at("CreateCluster", default) if tagging else [])


def _at_will(clusters: Clusters, tagging: bool, task_metadata_tags: bool, deregister: bool) -> list[Statement]:
    """Tags at registration, tags in the tasks' metadata (taskWithTags), and leaving the cluster."""
    instances, tasks = clusters.members("container-instance"), clusters.members("task")
    return [
        *(_tagging_at("RegisterContainerInstance", instances) if tagging else []),
        *(only(["ecs:ListTagsForResource"], instances + tasks) if task_metadata_tags else []),
        *(only(["ecs:DeregisterContainerInstance"], clusters.arns) if deregister else []),
    ]


def _tagging_at(action: str, resources: list[str]) -> list[Statement]:
    """Tags are authorised beside the call that creates the resource, and with this condition at no other time.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
    """
    return only(["ecs:TagResource"], resources, Condition={"StringEquals": {"ecs:CreateAction": action}})


def _ssm_agent(scope: Scope) -> list[Statement]:
    """The core of Systems Manager: the instance's own record, and the two message channels, which have no resources.

    Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html and
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmessagedeliveryservice.html
    """
    messages = ["AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply"]
    return [
        allow(
            ["ssm:ListInstanceAssociations", "ssm:UpdateInstanceInformation"], scope.arns("ssm", "managed-instance/*")
        ),
        allow([*SSM_CHANNELS, *(f"ec2messages:{message}" for message in messages)], "*"),
    ]


def awsvpc_trunking() -> Document:
    """A host sets the account setting awsvpcTrunking for its own role, which no administrator can do for it.

    ecs:PutAccountSetting has no resource, but a condition key that names the setting. Source:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html
    """
    condition = {"StringEquals": {"ecs:account-setting": "awsvpcTrunking"}}
    return policy(
        allow(["ecs:PutAccountSetting"], "*", Condition=condition),
        allow(["ecs:ListAccountSettings"], "*"),
    )


def s3_object(
    bucket: str, key: str, kms_key_arn: str | None = None, pinned: bool = False, partition: str = "aws"
) -> Document:
    """One object, such as ecs.config: s3:GetObject on its key, and kms:Decrypt on the key that encrypts it.

    A request that names a version needs s3:GetObjectVersion. Without s3:ListBucket a missing object is answered with
    403 like a forbidden one. Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html and
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    arn = f"arn:{check_partition(partition)}:s3:::{bucket}/{key}"
    _check_object("key", arn)
    actions = ["s3:GetObject", *(["s3:GetObjectVersion"] if pinned else [])]
    return policy(allow(actions, arn), *_decrypting("kms_key_arn", kms_key_arn or None))


def _check_object(option: str, arn: str) -> re.Match[str]:
    match = S3_ARN.fullmatch(arn)
    if not match:
        raise Refusal(f"{option}: {arn!r} is not the ARN of an object; write it like arn:aws:s3:::BUCKET/KEY.")
    if set(arn) & set("*?$"):
        raise Refusal(f"{option}: {arn!r} has a wildcard, so it is not one object.")
    return match


def _decrypting(option: str, keys: Any) -> list[Statement]:
    """By the ARN of the key: IAM does not resolve an alias."""
    return only(["kms:Decrypt"], [check_arn(option, str(key), "kms", "key/") for key in as_list(keys)])


def task_execution(
    repositories: Any = (),
    log_groups: Any = (),
    create_log_groups: bool = False,
    ssm_parameters: Any = (),
    secrets: Any = (),
    kms_keys: Any = (),
    environment_files: Any = (),
    account_id: Any = None,
    region: Any = "*",
    partition: str = "aws",
) -> Document:
    """What ECS does for a task before it runs, in place of AmazonECSTaskExecutionRolePolicy.

    Images and logs always; parameters, secrets, the keys that encrypt them, and environment files when named.
    """
    scope = Scope.of(account_id, region, partition)
    return policy(
        *pulling(repositories, scope),
        *logging(log_groups, create_log_groups, scope),
        *injecting(ssm_parameters, secrets, kms_keys, environment_files, scope),
    )


def task_execution_secrets(
    ssm_parameters: Any = (),
    secrets: Any = (),
    kms_keys: Any = (),
    environment_files: Any = (),
    account_id: Any = None,
    region: Any = "*",
    partition: str = "aws",
) -> Document:
    """The same without images and logs, beside AmazonECSTaskExecutionRolePolicy."""
    scope = Scope.of(account_id, region, partition)
    statements = injecting(ssm_parameters, secrets, kms_keys, environment_files, scope)
    if not statements:
        raise Refusal("task_execution_secrets: name ssm_parameters, secrets or environment_files.")
    return policy(*statements)


def injecting(ssm_parameters: Any, secrets: Any, kms_keys: Any, files: Any, scope: Scope) -> list[Statement]:
    """Parameters, secrets and environment files of task definitions.

    kms:Decrypt is needed only for keys of the customer, not for Amazon's own. A secret's ARN ends in six random
    characters, which a name stands for with a pattern. Source:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    """
    parameters = [str(name).removeprefix("/") for name in as_list(ssm_parameters)]
    stored = [_secret(str(name)) for name in as_list(secrets)]
    objects = [_check_object("environment_files", str(file)) for file in as_list(files)]
    buckets = [match.group().removesuffix(f"/{match['key']}") for match in objects]
    return [
        *only(["ssm:GetParameters"], named("ssm_parameters", parameters, scope, "ssm", "parameter/")),
        *only(["secretsmanager:GetSecretValue"], named("secrets", stored, scope, "secretsmanager", "secret:")),
        *_decrypting("kms_keys", kms_keys),
        *only(["s3:GetObject"], [match.group() for match in objects]),
        *only(["s3:GetBucketLocation"], buckets),
    ]


def _secret(value: str) -> str:
    """A task definition may name a key, stage and version after the ARN; permissions are for the whole secret."""
    if not is_arn(value):
        return f"{value}-??????" if value else value
    return ":".join(value.split(":")[:7])
