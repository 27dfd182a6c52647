# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: policy
short_description: The IAM policy documents of ECS hosts and tasks
version_added: 0.1.0
description:
  - Gives a policy document by name, as a mapping, with the account, regions and partition filled in.
  - >-
    Nothing is asked of AWS. A malformed account id, region or ARN and an option that the document does not take are
    refused.
  - >-
    Which call needs which action on which resource is from Amazon's service authorization reference, for ECS
    U(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html).
options:
  _terms:
    description:
      - >-
        Names of the documents. Trust policies say who may assume a role. Permissions come as Amazon's pages print
        them, and as least privilege, which grants what the settings of a host or of its tasks need and no more.
      - V(trust_ec2) is the trust policy of a container instance role. It takes no conditions, because EC2 sends none.
        See U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html).
      - V(trust_ssm) is the trust policy of the ECS Anywhere role. With O(account_id) it gets the conditions against a
        confused deputy. See U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/iam-role-ecsanywhere.html).
      - V(trust_ecs_tasks) is the trust policy of task and task execution roles, always with those conditions. With
        O(own_role_arn) a session of the role may assume the role again. See
        U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html).
      - V(trust_cross_account_destination) is the trust policy of a role in another account that a task role may assume,
        V(assume_destination_role) is the permission on the task role's side.
      - V(ecr_pull) pulls private images. C(ecr:GetAuthorizationToken) has no resource, C(ecr:BatchGetImage),
        C(ecr:GetDownloadUrlForLayer) and C(ecr:BatchCheckLayerAvailability) can be limited to O(repositories).
      - V(cloudwatch_logs) is what Amazon's page prints. Limited to O(log_groups) it is what the awslogs driver calls,
        C(logs:CreateLogStream) and C(logs:PutLogEvents), and with O(create_log_groups) C(logs:CreateLogGroup).
      - V(ecs_exec) is the four calls of C(ssmmessages) that ECS Exec needs. They have no resources.
      - V(task_s3_read) reads the objects of one bucket.
      - V(s3_object) reads one object, such as C(ecs.config). It has C(s3:GetObject) on the key, with O(pinned)
        C(s3:GetObjectVersion), and with O(kms_key_arn) C(kms:Decrypt). A missing object is answered with 403, as only
        C(s3:ListBucket) would make that a 404.
      - >-
        V(container_instance) is least privilege in place of the managed policy AmazonEC2ContainerServiceforEC2Role.
        C(ecs:DiscoverPollEndpoint) has no resource. C(ecs:RegisterContainerInstance), C(ecs:SubmitTaskStateChange),
        C(ecs:SubmitContainerStateChange) and C(ecs:SubmitAttachmentStateChanges) are on the cluster, C(ecs:Poll) and
        C(ecs:StartTelemetrySession) on the container instances in it. What the other calls need is said with the
        option that brings them. Images and logs are not in it; add V(ecr_pull) and V(cloudwatch_logs) if tasks have no
        execution role. Amazon warns that console pages which create clusters expect the managed policy on
        C(ecsInstanceRole).
      - >-
        V(external_instance) is least privilege in place of the two managed policies of the ECS Anywhere role. It is the
        same without what belongs to EC2, and for the SSM agent C(ssm:UpdateInstanceInformation) and
        C(ssm:ListInstanceAssociations) on managed instances, and the actions of C(ssmmessages) and C(ec2messages),
        which have no resources.
      - >-
        V(task_execution) is least privilege in place of AmazonECSTaskExecutionRolePolicy. It pulls images and writes
        logs, and reads what task definitions name only when that is named here too. C(ssm:GetParameters) is for
        O(ssm_parameters), C(secretsmanager:GetSecretValue) for O(secrets), C(kms:Decrypt) for O(kms_keys),
        C(s3:GetObject) and C(s3:GetBucketLocation) for O(environment_files). V(task_execution_secrets) is the same
        without images and logs, to be added to the managed policy. See
        U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html).
      - V(awsvpc_trunking) lets a host set the account setting C(awsvpcTrunking) for its own role and read it
        (C(ecs:PutAccountSetting) with the condition C(ecs:account-setting), C(ecs:ListAccountSettings)). See
        U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html).
    type: list
    elements: str
    required: true
  account_id:
    description:
      - Account that a service must be acting for, or in which resources given by name are. 12 digits, quoted.
      - V(trust_ecs_tasks) needs it, V(trust_ssm) takes it. In ARNs of resources it is any account if left out.
      - >-
        V(task_s3_read) takes it to give the form that Amazon's page shows. That form grants nothing, because a task
        that calls S3 sends no C(aws:SourceArn) or C(aws:SourceAccount), so the lookup warns.
    type: str
  region:
    description:
      - Regions that a service must be acting in, or in which resources given by name are. All of them if left out.
      - IAM roles are global, so name every region in which the role is used.
      - ECS does not support a C(aws:SourceArn) of one cluster in the trust policy of tasks, so an ARN is refused.
    type: list
    elements: str
  partition:
    description: Partition of the ARNs in the document, V(aws), V(aws-cn) or V(aws-us-gov). It is V(aws) if left out.
    type: str
  role_arn:
    description:
      - The destination role for V(assume_destination_role), the task role for V(trust_cross_account_destination).
    type: str
  own_role_arn:
    description:
      - The role's own ARN, for V(trust_ecs_tasks), when its sessions may assume it again. IAM accepts the document only
        when the role exists already.
    type: str
  external_id:
    description: The external id that V(trust_cross_account_destination) asks for.
    type: str
  bucket:
    description: Name of the bucket for V(task_s3_read) and V(s3_object).
    type: str
  key:
    description: Key of the one object for V(s3_object), without wildcards.
    type: str
  kms_key_arn:
    description: ARN of the key that encrypts the object of V(s3_object) (SSE-KMS). Not an alias, which IAM ignores.
    type: str
  pinned:
    description: Whether a version of the object of V(s3_object) is asked for by its id.
    type: bool
  clusters:
    description:
      - Clusters that V(container_instance) and V(external_instance) may join, by name or ARN. Any cluster if left out.
    type: list
    elements: str
  spot_draining:
    description:
      - For C(ECS_ENABLE_SPOT_INSTANCE_DRAINING). C(ecs:UpdateContainerInstancesState) on container instances of the
        clusters, for V(container_instance).
    type: bool
  create_default_cluster:
    description:
      - For hosts that join the cluster named default, which the agent creates when it is missing.
        C(ecs:CreateCluster) on that one.
    type: bool
  instance_tags:
    description:
      - For C(ECS_CONTAINER_INSTANCE_TAGS). C(ecs:TagResource) on container instances, only while they register
        (C(ecs:CreateAction)). See
        U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html).
    type: bool
  propagate_ec2_tags:
    description:
      - For C(ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM) with C(ec2_instance). C(ec2:DescribeTags), which has no
        resource, and what O(instance_tags) gives, for V(container_instance).
    type: bool
  task_metadata_tags:
    description:
      - For tasks that ask for their tags (C(taskWithTags) of the task metadata endpoint). C(ecs:ListTagsForResource) on
        tasks and container instances of the clusters.
    type: bool
  deregister:
    description: For hosts that leave by themselves. C(ecs:DeregisterContainerInstance) on the clusters.
    type: bool
  repositories:
    description: ECR repositories by name or ARN, for V(ecr_pull) and V(task_execution). Any repository if left out.
    type: list
    elements: str
  log_groups:
    description: Log groups by name or ARN, for V(cloudwatch_logs) and V(task_execution). Any log group if left out.
    type: list
    elements: str
  create_log_groups:
    description: For C(awslogs-create-group). C(logs:CreateLogGroup) on the log groups.
    type: bool
  ssm_parameters:
    description: Parameters of Systems Manager by name or ARN, for V(task_execution).
    type: list
    elements: str
  secrets:
    description:
      - Secrets of Secrets Manager by name or ARN, for V(task_execution). Only an ARN names exactly one, as the ARN ends
        in six characters that a name does not tell.
    type: list
    elements: str
  kms_keys:
    description: ARNs of the customer's keys that encrypt those parameters and secrets.
    type: list
    elements: str
  environment_files:
    description: ARNs of the objects in S3 that task definitions name as C(environmentFiles).
    type: list
    elements: str
seealso:
  - name: Amazon ECS IAM roles
    description: The pages these documents come from.
    link: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-ecs-iam-role-overview.html
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Show the trust policy of container instances
  ansible.builtin.debug:
    msg: "{{ lookup('fleetkit.ecs.policy', 'trust_ec2') }}"

- name: Show the trust policy of tasks in two regions
  ansible.builtin.debug:
    msg: >-
      {{ lookup('fleetkit.ecs.policy', 'trust_ecs_tasks', account_id='111122223333',
                region=['us-west-2', 'eu-west-1']) }}

- name: Show what a task role needs to assume a role in another account
  ansible.builtin.debug:
    msg: >-
      {{ lookup('fleetkit.ecs.policy', 'assume_destination_role',
                role_arn='arn:aws:iam::555566667777:role/destination-account-role') }}

- name: Show what hosts of one cluster need that drain when their Spot instance is interrupted
  ansible.builtin.debug:
    msg: >-
      {{ lookup('fleetkit.ecs.policy', 'container_instance', clusters=['prod'], region='us-west-2',
                account_id='111122223333', spot_draining=true) }}

- name: Show what reads one encrypted object
  ansible.builtin.debug:
    msg: >-
      {{ lookup('fleetkit.ecs.policy', 's3_object', bucket='my-ecs-config', key='prod/ecs.config',
                kms_key_arn='arn:aws:kms:us-west-2:111122223333:key/0123abcd-0123-abcd-0123-0123456789ab') }}
"""

RETURN = r"""
_raw:
  description: The documents, one for each name.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies import OPTIONS, build


def items_of(value):
    """A list as it is meant: the text of a survey has one item a line, and no name or ARN has white space."""
    return [word for item in value for word in str(item).split()] if isinstance(value, list) else value


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        options = {name: items_of(self.get_option(name)) for name in OPTIONS if self.get_option(name) is not None}
        if "task_s3_read" in terms and "account_id" in options:
            Display().warning(
                "policy: task_s3_read with account_id grants nothing to a task that calls S3 itself, because its "
                "requests carry neither aws:SourceArn nor aws:SourceAccount."
            )
        try:
            return [build(name, options) for name in terms]
        except Refusal as refusal:
            raise AnsibleLookupError(str(refusal)) from refusal
