#!/usr/bin/python
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_task_definition
short_description: An Amazon ECS task definition, with a new revision only for a real change
version_added: 0.1.0
description:
  - Registers a revision of a task definition where the latest active revision of its family is another definition than
    the one that is declared, and deregisters what is not wanted any more.
  - The definition is compared in full. What means the same is no change, such as a default that Amazon fills in, a
    null, an empty list, or another order of environment variables. Everything else makes exactly one revision, also
    what is left out now and was there before.
  - A definition that is as declared costs one API call, however many revisions the family has.
  - The input is checked against the API model of the botocore that is installed, so a parameter is known as soon as
    botocore knows it.
extends_documentation_fragment:
  - fleetkit.ecs._attributes
  - fleetkit.ecs._attributes.aws
  - fleetkit.ecs._assume_role
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  definition:
    description:
      - The task definition, exactly as C(aws ecs register-task-definition --cli-input-json) takes it, as a mapping or
        its JSON text. Names are in camel case, and C(family) is among them.
      - An unknown member, a missing one, a word that is none of those allowed and a value of a wrong type are refused
        before any call, with the path, and all of them at once. A member with V(null) counts as left out.
      - Where the API wants a number or a boolean, text that is one is taken, since templates give text (V("8080"),
        V("true")), and so is a whole number where it wants text, such as C(cpu) of the task. A boolean or a fraction
        where it wants text is refused, as YAML does not tell how it was written (V(yes), V(1.10)); put it in quotes.
      - Amazon's model marks the values of C(environment) as sensitive, so they are never shown or logged. A difference
        shows only that they change. The same holds for options of log drivers, labels and options of volume drivers
        that look like a password or a token.
      - With O(state=absent), C(family) is enough and nothing else is looked at.
    type: dict
    required: true
  tags:
    description:
      - Tags of the task definition, as a map of strings. C(tags) in O(definition), which is a list as the CLI takes it,
        is the other way to write them; both at once are refused.
      - Left out in both, a new revision gets the tags of the revision before.
      - Other tags alone make no new revision. They are put on the latest active one.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether tags that are not declared are removed, when any are declared. Tags of C(aws:) always stay.
      - If V(false), a new revision keeps the other tags of the revision before.
    type: bool
    default: true
  keep_revisions:
    description:
      - How many active revisions stay when a new one is registered, itself included. The oldest ones above it are
        deregistered. Left out, all stay.
      - They are counted only when a new revision is registered; at least 1.
      - Tasks that run and services that use a deregistered revision go on, but neither a new service nor RunTask can
        use it.
    type: int
  state:
    description:
      - V(absent) deregisters all active revisions of the family. They stay visible as INACTIVE, and a revision that is
        registered later goes on counting where they ended.
    type: str
    choices: [present, absent]
    default: present
notes:
  - The number of a new revision is ECS' to give. It is one more than the highest known one, active or not, and so check
    mode foresees it, unless revisions above have been deleted for good or somebody else registers one in between. The
    result of a real run always has the real number.
seealso:
  - name: RegisterTaskDefinition
    description: The API reference of everything that a definition can have.
    link: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
  - name: Task definition parameters
    description: What the parameters mean, and their defaults.
    link: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
author:
  - fleetkit.ecs contributors (@fleetkit)
"""

EXAMPLES = r"""
- name: A web server, of which the last five revisions stay active
  fleetkit.ecs.ecs_task_definition:
    definition:
      family: web
      taskRoleArn: arn:aws:iam::123456789012:role/ecsTaskRole
      executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
      networkMode: bridge
      containerDefinitions:
        - name: web
          image: public.ecr.aws/nginx/nginx:1.29
          memory: 256
          portMappings:
            - containerPort: 80
          environment:
            - name: LOG_LEVEL
              value: info
          secrets:
            - name: DATABASE_PASSWORD
              valueFrom: arn:aws:ssm:us-west-2:123456789012:parameter/web/database-password
    tags:
      owner: platform
    keep_revisions: 5
  register: web

- name: The ARN for services and for RunTask
  ansible.builtin.debug:
    msg: "{{ web.task_definition.arn }}"

- name: The same family from text that a template or a file gives
  fleetkit.ecs.ecs_task_definition:
    definition: >-
      {"family": "web", "memory": "256", "cpu": "0.25 vCPU",
       "containerDefinitions": [{"name": "web", "image": "public.ecr.aws/nginx/nginx:1.29"}]}

- name: No new task or service uses the family any more
  fleetkit.ecs.ecs_task_definition:
    definition:
      family: web
    state: absent
"""

RETURN = r"""
task_definition:
  description: The revision that is in force after the run, or in check mode would be. Null when it is absent.
  returned: success
  type: dict
  contains:
    arn:
      description: ARN of the revision.
      type: str
      sample: arn:aws:ecs:us-west-2:123456789012:task-definition/web:4
    family:
      description: Name of the family.
      type: str
      sample: web
    revision:
      description: Number of the revision.
      type: int
      sample: 4
    definition:
      description:
        - The definition in the form in which definitions are compared, without nulls, empty lists and defaults, and
          with those lists sorted whose order says nothing.
        - What may be a secret is masked.
      type: dict
      sample:
        family: web
        containerDefinitions:
          - name: web
            image: public.ecr.aws/nginx/nginx:1.29
            memory: 256
            portMappings: [{"containerPort": 80}]
            environment: [{"name": "LOG_LEVEL", "value": "********"}]
    tags:
      description: Tags of the revision.
      type: dict
      sample: {"owner": "platform"}
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
      description: V(task_definition) for a revision that is registered or deregistered, or V(task_definition_tags).
      type: str
    name:
      description: The family, the family and number of a revision that is deregistered, or the ARN that has the tags.
      type: str
  sample:
    - action: create
      kind: task_definition
      name: web
api_calls:
  description: Number of requests sent, by operation, retries included.
  returned: always
  type: dict
  sample: {"DescribeTaskDefinition": 1}
"""

from functools import partial

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition import parse, show
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.apply import Writer
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.plan import plan_task_definition
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.read import Reader


def main():
    module = AwsModule(
        argument_spec={
            # no_log keeps the environment out of the journal and out of a complaint about the other arguments.
            "definition": {"type": "dict", "required": True, "no_log": True},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "keep_revisions": {"type": "int"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    )
    ecs = module.client("ecs")
    shape = ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape
    given = module.params["definition"]
    module.reveal("definition", show.without_secrets(given, shape), show.texts_to_mask(given, shape))
    with module.refusing():
        request = parse.request({**module.params, "definition": given}, shape)
    reader = Reader(ecs, partial(module.client, "sts"), frozenset(shape.members) - {"tags"})
    writer = Writer(ecs, reader.revision, module.warn, shape)
    module.converge(
        read=partial(reader.facts, request),
        plan=partial(plan_task_definition, request=request),
        apply=writer.apply,
        extras=lambda: writer.corrected,
    )


if __name__ == "__main__":
    main()
