# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The one call that makes each Change. A table: nothing here decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.managed_instance.plan import INSTANCE, ROLE, TAGS


def apply_instance(ssm: Any, plan: Plan) -> Iterator[Change]:
    for change in plan.changes:
        operation, params = CALLS[change.kind, change.action]
        try:
            getattr(ssm, operation)(aws_retry=True, **params(change))
        except is_boto3_error_code("InvalidInstanceId"):
            # Somebody else has deregistered it meanwhile, which for that change is as good.
            if change.kind != INSTANCE:
                raise
        yield change


def _tagged(change: Change) -> dict[str, str]:
    return {"ResourceType": "ManagedInstance", "ResourceId": change.name}


CALLS: dict[tuple[str, str], tuple[str, Callable[[Change], dict[str, Any]]]] = {
    (INSTANCE, "delete"): ("deregister_managed_instance", lambda change: {"InstanceId": change.name}),
    (ROLE, "update"): (
        "update_managed_instance_role",
        lambda change: {"InstanceId": change.name, "IamRole": change.after},
    ),
    (TAGS, "update"): (
        "add_tags_to_resource",
        lambda change: {**_tagged(change), "Tags": ansible_dict_to_boto3_tag_list(change.after)},
    ),
    (TAGS, "delete"): (
        "remove_tags_from_resource",
        lambda change: {**_tagged(change), "TagKeys": list(change.before)},
    ),
}
