# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What Systems Manager says of registered servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.amazon.aws.plugins.module_utils.transformation import boto3_resource_to_ansible_dict

from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.managed_instance.model import ManagedInstance, Request

# EC2 instances are described by the same call and are no servers that have registered.
REGISTERED = {"Key": "ResourceType", "Values": ["ManagedInstance"]}
PAGE = 50
# Where a key of a filter is in the answer.
FIELDS = {
    "ActivationIds": "ActivationId",
    "AgentVersion": "AgentVersion",
    "IamRole": "IamRole",
    "InstanceIds": "InstanceId",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "ResourceType": "ResourceType",
}


def described(ssm: Any, filters: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All that the filters let through.

    Systems Manager does not take filters by tag together with others, so then the others are for us. Source:
    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html
    """
    by_tag = [one for one in filters if one["Key"] not in FIELDS]
    others = [REGISTERED, *(one for one in filters if one["Key"] in FIELDS)]
    for instance in _pages(ssm, by_tag or others):
        if all(instance.get(FIELDS[one["Key"]]) in one["Values"] for one in others):
            yield instance


def _pages(ssm: Any, filters: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each page is retried on its own."""
    params: dict[str, Any] = {"Filters": filters, "MaxResults": PAGE}
    while True:
        page = ssm.describe_instance_information(aws_retry=True, **params)
        yield from page["InstanceInformationList"]
        if not page.get("NextToken"):
            return
        params["NextToken"] = page["NextToken"]


def read_instance(ssm: Any, request: Request) -> ManagedInstance | None:
    """One call, and one more when something is asked of its tags. One that is not there is documented as an error."""
    try:
        found = next(described(ssm, [{"Key": "InstanceIds", "Values": [request.instance_id]}]), None)
    except is_boto3_error_code("InvalidInstanceId"):
        return None
    if found is None:
        return None
    tags = None
    if request.tags is not None and not request.absent:
        answer = ssm.list_tags_for_resource(
            ResourceType="ManagedInstance", ResourceId=request.instance_id, aws_retry=True
        )
        tags = boto3_tag_list_to_ansible_dict(answer["TagList"])
    role = found.get("IamRole", "").rsplit("/", 1)[-1]
    return ManagedInstance(request.instance_id, found.get("Name", ""), role, tags)


def shown(instance: dict[str, Any]) -> dict[str, Any]:
    """As amazon.aws shows things. The id of its activation is half of what registers a server, so it is left out."""
    known = {name: value for name, value in instance.items() if name != "ActivationId"}
    return boto3_resource_to_ansible_dict(known, transform_tags=False, force_tags=False)
