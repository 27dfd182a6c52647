#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_role
short_description: An IAM role with everything that hangs on it
version_added: 0.1.0
description:
  - Creates, changes and deletes an IAM role together with its trust policy, managed and inline policies, permissions
    boundary, tags and instance profile.
  - A role that is as asked for costs at most five API calls, one of them for each inline policy that is declared.
  - Parameters that are left out are left alone on an existing role.
  - Documents are compared by meaning, so the order, the case of actions, single items written as lists and the like
    are no change. See U(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
options:
  name:
    description: Name of the role. IAM names are unique in the account, whatever the path and ignoring case.
    type: str
    required: true
    aliases: [role_name]
  trust:
    description:
      - The trust policy (who may assume the role), as a mapping or its JSON text.
      - Needed to create the role.
    type: json
    aliases: [assume_role_policy_document]
  managed_policies:
    description:
      - Managed policies to attach, by name or ARN.
      - A name is looked for among what is attached already, then at the path V(/) of the account, then among Amazon's
        own policies. Give the ARN of a policy of yours that has another path.
      - In check mode a policy that does not exist yet is foreseen with a warning; a real run refuses it.
    type: list
    elements: str
    aliases: [managed_policy]
  purge_managed_policies:
    description: Whether attached policies that O(managed_policies) does not name are detached, when it is given.
    type: bool
    default: true
    aliases: [purge_policies, purge_policy]
  inline_policies:
    description: Inline policies, as a map from policy name to document (a mapping or its JSON text).
    type: dict
  purge_inline_policies:
    description: Whether inline policies that O(inline_policies) does not name are deleted, when it is given.
    type: bool
    default: true
  instance_profile:
    description:
      - Name of the instance profile that holds the role, created where it does not exist.
      - A profile holds one role, so another role in it is taken out first.
      - With O(state=absent), a profile that holds this role or none is deleted too.
    type: str
  description:
    description: What the role is for, at most 1000 characters. V("") removes it.
    type: str
  path:
    description:
      - Path of a role that is created, V(/) if left out.
      - IAM cannot move a role. Another path than the existing role's is a warning.
    type: str
    aliases: [prefix, path_prefix]
  max_session_duration:
    description: Longest session in seconds, from 3600 (which is also IAM's default) to 43200.
    type: int
  permissions_boundary:
    description: ARN of the managed policy that bounds the role's permissions. V("") removes the boundary.
    type: str
    aliases: [boundary, boundary_policy_arn]
  tags:
    description: Tags of the role, as a map of strings.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that O(tags) does not name are removed, when it is given. Tags of C(aws:) always stay.
    type: bool
    default: true
  state:
    description:
      - V(absent) detaches its policies, deletes its inline policies, takes it out of its instance profiles and deletes
        the role.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: The role of ECS container instances, as Amazon documents it
  fleetkit.ecs.iam_role:
    name: ecsInstanceRole
    trust: "{{ lookup('fleetkit.ecs.policy', 'trust_ec2') }}"
    managed_policies:
      - AmazonEC2ContainerServiceforEC2Role
    instance_profile: ecsInstanceRole-profile
    tags:
      owner: platform

- name: A role that may also pull images, by an inline policy
  fleetkit.ecs.iam_role:
    name: ecsInstanceRole
    trust: "{{ lookup('fleetkit.ecs.policy', 'trust_ec2') }}"
    inline_policies:
      ecr-pull: "{{ lookup('fleetkit.ecs.policy', 'ecr_pull') }}"

- name: The role is gone, with its instance profile
  fleetkit.ecs.iam_role:
    name: ecsInstanceRole
    instance_profile: ecsInstanceRole-profile
    state: absent
"""

RETURN = r"""
iam_role:
  description:
    - The role as it is after the run, or in check mode as it would be. Null when it is absent.
    - Policies that the task has no opinion on are not read and not returned.
  returned: success
  type: dict
  contains:
    arn:
      description: ARN of the role.
      type: str
      sample: arn:aws:iam::123456789012:role/ecsInstanceRole
    role_name:
      description: Name of the role.
      type: str
      sample: ecsInstanceRole
    path:
      description: Path of the role.
      type: str
      sample: /
    description:
      description: What the role is for.
      type: str
      sample: ""
    assume_role_policy_document:
      description: The trust policy.
      type: dict
      sample: {"Version": "2012-10-17", "Statement": []}
    max_session_duration:
      description: Longest session in seconds.
      type: int
      sample: 3600
    permissions_boundary:
      description: ARN of the permissions boundary, or an empty string.
      type: str
      sample: ""
    tags:
      description: Tags of the role.
      type: dict
      sample: {"owner": "platform"}
    attached_policies:
      description: The managed policies attached to the role.
      returned: when O(managed_policies) is given
      type: list
      elements: dict
      sample:
        - policy_arn: arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role
          policy_name: AmazonEC2ContainerServiceforEC2Role
    inline_policies:
      description: Document by name. Null for a policy that is neither declared nor purged and so was not read.
      returned: when O(inline_policies) is given
      type: dict
      sample: {}
    instance_profile:
      description: The instance profile, as M(fleetkit.ecs.iam_instance_profile) returns it.
      returned: when O(instance_profile) is given
      type: dict
changes:
  description: What was changed, or in check mode what would be.
  returned: always
  type: list
  elements: dict
  sample:
    - action: create
      kind: role
      name: ecsInstanceRole
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"GetRole": 1, "ListAttachedRolePolicies": 1, "ListRolePolicies": 1}
"""

from functools import partial

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.apply import make
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan import plan_role
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.read import Reader

SPEC = {
    "name": {"type": "str", "required": True, "aliases": ["role_name"]},
    "trust": {"type": "json", "aliases": ["assume_role_policy_document"]},
    "managed_policies": {"type": "list", "elements": "str", "aliases": ["managed_policy"]},
    "purge_managed_policies": {"type": "bool", "default": True, "aliases": ["purge_policies", "purge_policy"]},
    "inline_policies": {"type": "dict"},
    "purge_inline_policies": {"type": "bool", "default": True},
    "instance_profile": {"type": "str"},
    "description": {"type": "str"},
    "path": {"type": "str", "aliases": ["prefix", "path_prefix"]},
    "max_session_duration": {"type": "int"},
    "permissions_boundary": {"type": "str", "aliases": ["boundary", "boundary_policy_arn"]},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main():
    module = AwsModule(argument_spec=SPEC)
    with module.refusing():
        request = parse.role_request(module.params)
    iam = module.client("iam")
    reader = Reader(iam, partial(module.client, "sts"))
    module.converge(
        read=partial(reader.role_facts, request),
        plan=partial(plan_role, request=request, predicting=module.check_mode),
        make=partial(make, iam),
    )


if __name__ == "__main__":
    main()
