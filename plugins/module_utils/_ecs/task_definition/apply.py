# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The one ECS call that makes each Change. A table: nothing here decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition import show
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.canonical import canonical
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.model import Revision


class Writer:
    """Writes through one ECS client.

    Args:
        ecs: the ECS client.
        revision: makes a Revision of what registering answers.
        warn: tells a user something.
        shape: the input of RegisterTaskDefinition in botocore's model.
    """

    def __init__(self, ecs: Any, revision: Callable[[Any], Revision], warn: Callable[[str], None], shape: Any) -> None:
        self.ecs = ecs
        self.revision = revision
        self.warn = warn
        self.shape = shape
        self.corrected: dict[str, Any] = {}

    def apply(self, plan: Plan) -> Iterator[Change]:
        for change in plan.changes:
            operation, params = CALLS[change.kind, change.action]
            answer = getattr(self.ecs, operation)(aws_retry=True, **params(change))
            if operation == "register_task_definition":
                self._compare(self.revision(answer), change.after)
            yield change

    def _compare(self, registered: Revision, planned: Revision) -> None:
        """ECS has the last word on the number of the revision, and on defaults that we do not know."""
        if registered.arn != planned.arn:
            actual = Revision(registered.arn, planned.definition, planned.tags)
            self.corrected = {"task_definition": show.revision(actual, self.shape)}
        stored, sent = canonical(registered.definition), canonical(planned.definition)
        if stored != sent:
            self.warn(
                f"ECS registered {', '.join(_differences(stored, sent))} in another way than it was declared. Every "
                "run will make a new revision, until the definition says it as ECS does."
            )


def _differences(stored: Any, sent: Any, path: str = "definition") -> Iterator[str]:
    """The paths of the members that differ, and never their values."""
    if isinstance(stored, Mapping) and isinstance(sent, Mapping):
        for name in sorted({*stored, *sent}):
            yield from _differences(stored.get(name), sent.get(name), f"{path}.{name}")
    elif isinstance(stored, list) and isinstance(sent, list) and len(stored) == len(sent):
        for at, (one, other) in enumerate(zip(stored, sent)):
            yield from _differences(one, other, f"{path}[{at}]")
    elif stored != sent:
        yield path


def _register(change: Change) -> dict[str, Any]:
    # An empty list of tags is refused.
    return {**change.after.definition, **({"tags": _tag_list(change.after.tags)} if change.after.tags else {})}


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return ansible_dict_to_boto3_tag_list(dict(tags), "key", "value")


CALLS: dict[tuple[str, str], tuple[str, Callable[[Change], dict[str, Any]]]] = {
    ("task_definition", "create"): ("register_task_definition", _register),
    ("task_definition", "delete"): ("deregister_task_definition", lambda change: {"taskDefinition": change.name}),
    ("task_definition_tags", "update"): (
        "tag_resource",
        lambda change: {"resourceArn": change.name, "tags": _tag_list(change.after)},
    ),
    ("task_definition_tags", "delete"): (
        "untag_resource",
        lambda change: {"resourceArn": change.name, "tagKeys": list(change.before)},
    ),
}
