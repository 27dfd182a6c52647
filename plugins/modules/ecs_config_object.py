#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_config_object
short_description: Publish ecs.config to Amazon S3, for hosts to fetch
version_added: 0.1.0
description:
  - Publishes the variables of the Amazon ECS container agent as one object in S3, which hosts fetch when they start.
  - The variables are checked as M(fleetkit.ecs.ecs_agent_config) does, and the object is byte for byte the file that it
    would write where there is none.
  - The bucket is made where there is none. Its public access is blocked, and one statement of its policy denies
    whatever does not come by TLS. Both are done before the object is put into it. Every other statement of the policy
    stays as it is. An equal statement without a C(Sid) is taken over, in the same write.
  - The object is encrypted as O(kms_key_id) says. The default encryption of the bucket is left alone, as other objects
    may rely on it; S3 itself encrypts every object at the least with SSE-S3. ACLs are never used.
  - The object is written only where its content or encryption is to be another one. Its metadata
    C(fleetkit-ecs-sha256) tells its content for that, because an ETag does not under SSE-KMS. Hosts check by it that
    all of the object has come.
  - It costs three API calls where nothing has to change (C(GetBucketPolicy), C(GetPublicAccessBlock), C(HeadObject)),
    one more with O(versioning). Where something has to, it adds one for each change, C(GetCallerIdentity) without
    O(expected_bucket_owner), C(GetBucketPolicy) once more right before the policy is written, and C(GetObject) to show
    how the content differs. It costs one with O(state=absent), three where the object has to go.
  - See U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config-s3.html) and
    U(https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html).
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.aws
  - fleetkit.ecs._assume_role
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  bucket:
    description:
      - Name of the bucket. Names are unique among all accounts of a partition.
      - S3 shows the policy of a bucket to the account that owns it and to nobody else, so a bucket of another account
        is refused before anything is written.
    type: str
    required: true
  key:
    description: Key of the object, such as V(prod/ecs.config).
    type: str
    default: ecs.config
    aliases: [object]
  variables:
    description:
      - The variables and their values, as O(fleetkit.ecs.ecs_agent_config#module:variables) takes them. It is the whole
        of the object; a variable with no value is not in it.
      - An unknown name is refused, with the nearest known ones, unless O(allow_unknown).
      - The values of C(ECS_ENGINE_AUTH_DATA), C(ECS_LOG_OPTS), C(HTTP_PROXY) and of unknown variables are never shown.
        A difference shows only that they change.
      - Needed unless O(state=absent). Together they may be 65,536 bytes, which is what hosts take.
    type: dict
  allow_unknown:
    description:
      - Whether names are taken that this module does not know, such as that of a variable of a newer agent.
      - Their values are written as they are given, and treated as secrets.
    type: bool
    default: false
  kms_key_id:
    description:
      - ARN or id of the KMS key that encrypts the object (SSE-KMS). It must be of the bucket's own region. An alias is
        refused, because S3 keeps the key that it stood for.
      - Hosts need C(kms:Decrypt) on it as well (C(iam_s3_config_kms_key_arn) of role P(fleetkit.ecs.iam#role)).
      - Left out, it is encrypted with keys of S3 (SSE-S3).
    type: str
    aliases: [encryption_kms_key_id]
  versioning:
    description:
      - Whether the bucket keeps former versions of its objects. Left out, that stays as it is.
      - Former versions hold former secrets. V(false) suspends versioning and deletes none of them.
    type: bool
  create_bucket:
    description: Whether to make the bucket where there is none, in the region of the task. V(false) refuses that.
    type: bool
    default: true
  expected_bucket_owner:
    description:
      - The 12-digit id of the account that must own the bucket, in quotes. Where another does, S3 refuses every call.
      - Left out, writes expect the account of the credentials, which C(GetCallerIdentity) of STS tells. Give it where
        O(endpoint_url) is an endpoint of S3 only.
    type: str
  state:
    description:
      - V(absent) deletes the object. The bucket stays, its policy and its block of public access too, as other objects
        may need them. A warning says so where the bucket keeps former versions.
    type: str
    choices: [present, absent]
    default: present
notes:
  - An O(endpoint_url) must be an C(https) one, as the policy of the bucket denies everything else. Buckets are named in
    the path of requests, so that it may be that of any endpoint.
  - The credentials need C(s3:GetBucketPolicy), C(s3:GetBucketPublicAccessBlock) and C(s3:ListBucket) on the bucket and
    C(s3:GetObject) on the object; to write, C(s3:CreateBucket), C(s3:PutBucketPolicy),
    C(s3:PutBucketPublicAccessBlock), C(s3:PutObject) or C(s3:DeleteObject); with O(versioning),
    C(s3:GetBucketVersioning) and C(s3:PutBucketVersioning); with O(kms_key_id), C(kms:GenerateDataKey), and
    C(kms:Decrypt) for the diff.
seealso:
  - module: fleetkit.ecs.ecs_agent_config
  - plugin: fleetkit.ecs.policy
    plugin_type: lookup
    description: The document C(s3_object), with which a host may read the object and nothing else.
  - name: Storing Amazon ECS container instance configuration in Amazon S3
    description: What Amazon's page has an operator do by hand.
    link: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config-s3.html
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: Publish the configuration of the hosts of a cluster
  fleetkit.ecs.ecs_config_object:
    bucket: my-ecs-config
    key: prod/ecs.config
    variables:
      ECS_CLUSTER: production
      ECS_ENABLE_TASK_IAM_ROLE: true
      ECS_ENGINE_AUTH_TYPE: docker
      ECS_ENGINE_AUTH_DATA:
        https://registry.example.com:
          username: puller
          password: "{{ registry_password | default('a-password-from-a-vault') }}"

- name: Encrypt it with a key of KMS and keep former versions
  fleetkit.ecs.ecs_config_object:
    bucket: my-ecs-config
    key: staging/ecs.config
    kms_key_id: arn:aws:kms:us-west-2:123456789012:key/0123abcd-0123-abcd-0123-0123456789ab
    versioning: true
    expected_bucket_owner: "123456789012"
    variables:
      ECS_CLUSTER: staging

- name: Publish it no longer
  fleetkit.ecs.ecs_config_object:
    bucket: my-ecs-config
    key: staging/ecs.config
    state: absent
"""

RETURN = r"""
config_object:
  description: What is published after the run, or in check mode would be. Null with O(state=absent).
  returned: success
  type: dict
  contains:
    uri:
      description: Where it is, as hosts are told.
      type: str
      sample: s3://my-ecs-config/prod/ecs.config
    bucket:
      description: The bucket.
      type: str
      sample: my-ecs-config
    key:
      description: The key.
      type: str
      sample: prod/ecs.config
    kms_key_id:
      description: The key that encrypts it, as it was asked for. Null with SSE-S3.
      type: str
    variables:
      description: The variables as hosts read them. Values that are or may hold credentials are masked.
      type: dict
      sample:
        ECS_CLUSTER: production
        ECS_ENGINE_AUTH_DATA: "********"
changes:
  description: What was changed, or in check mode what would be, in this order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: One of V(create), V(update) and V(delete).
      type: str
    kind:
      description:
        - One of V(bucket), V(public_access_block), V(bucket_policy_statement), V(bucket_versioning) and V(object).
      type: str
    name:
      description: The name of the bucket, the C(Sid) of the statement or the key of the object.
      type: str
    owner:
      description: The bucket of a statement or an object.
      type: str
  sample:
    - action: update
      kind: object
      name: prod/ecs.config
      owner: my-ecs-config
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"GetBucketPolicy": 1, "GetPublicAccessBlock": 1, "HeadObject": 1}
"""

from functools import partial

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.secrets import texts_to_mask, without_secrets
from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule, ClientError
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.apply import Writer
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.calls import Calls
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.plan import plan_config_object
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object.read import Reader


def main():
    module = AwsModule(
        argument_spec={
            "bucket": {"type": "str", "required": True},
            "key": {"type": "str", "default": "ecs.config", "aliases": ["object"], "no_log": False},
            # no_log keeps the values out of the journal and out of a complaint about the other arguments.
            "variables": {"type": "dict", "no_log": True},
            "allow_unknown": {"type": "bool", "default": False},
            "kms_key_id": {"type": "str", "aliases": ["encryption_kms_key_id"], "no_log": False},
            "versioning": {"type": "bool"},
            "create_bucket": {"type": "bool", "default": True},
            "expected_bucket_owner": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["variables"])],
    )
    variables = module.params["variables"] or {}
    uri = f"s3://{module.params['bucket']}/{module.params['key']}"
    module.reveal("variables", without_secrets(variables), texts_to_mask(variables, uri))
    # In the path the name of a bucket goes with every endpoint, and with a certificate whatever dots it has.
    s3 = module.client("s3", config={"s3": {"addressing_style": "path"}})
    with module.refusing():
        request = parse.request(module.params, variables, s3.meta)
    calls = Calls(s3, request, ClientError)
    reader = Reader(calls)
    writer = Writer(calls, reader, request, lambda: module.client("sts").get_caller_identity(aws_retry=True)["Account"])
    module.converge(
        read=partial(reader.facts, request),
        plan=partial(plan_config_object, request=request),
        apply=writer.apply,
    )


if __name__ == "__main__":
    main()
