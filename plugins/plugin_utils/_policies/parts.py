# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What documents are made of: statements, and ARNs of an account, in regions, in a partition."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import names
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.documents import as_list

Document = dict[str, Any]
Statement = dict[str, Any]

REGION = re.compile(r"\*|[a-z]{2}(?:-[a-z]+)+-\d+")
PARTITIONS = ("aws", "aws-cn", "aws-us-gov")


class Scope(NamedTuple):
    """Where resources are: every ARN that is made from a name is made here."""

    partition: str
    regions: list[str]
    account: str

    @classmethod
    def of(cls, account_id: Any, region: Any, partition: str) -> Scope:
        """Anything left out is any of them."""
        account = "*" if account_id is None else names.check_account("account_id", account_id)
        return cls(check_partition(partition), regions_of(region), account)

    def arns(self, service: str, resource: str) -> list[str]:
        return [f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}" for region in self.regions]


def policy(*statements: Statement) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], resource: Any, **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def check_partition(partition: str) -> str:
    if partition not in PARTITIONS:
        raise Refusal(f"partition: {partition!r} is not one of {', '.join(PARTITIONS)}.")
    return partition


def regions_of(region: Any) -> list[str]:
    """One region or several; none at all means all of them."""
    regions = [str(name) for name in as_list(region)] or ["*"]
    for name in regions:
        if name.startswith("arn:") or "/" in name:
            raise Refusal(
                f"region: {name!r} is more than a region. ECS does not support an aws:SourceArn that names a cluster "
                f"(or any other resource) in the trust policy of tasks; name regions, such as us-west-2, or none."
            )
        if not REGION.fullmatch(name):
            raise Refusal(f"region: {name!r} is not the name of a region, such as us-west-2.")
    return regions


def named(option: str, values: Any, scope: Scope, service: str, prefix: str) -> list[str]:
    """ARNs of resources that are given by name (made in the scope) or by ARN (taken as they are, when of the kind)."""
    found: list[str] = []
    for value in (str(item) for item in as_list(values)):
        if not value:
            raise Refusal(f"{option}: a name is empty.")
        found += [check_arn(option, value, service, prefix)] if is_arn(value) else scope.arns(service, prefix + value)
    return found


def is_arn(value: str) -> bool:
    return value.startswith("arn:")


def check_arn(option: str, arn: str, service: str, prefix: str) -> str:
    pattern = rf"arn:{names.PARTITION}:{service}:[a-z0-9*-]+:(?:\d{{12}}|\*):{re.escape(prefix)}.+"
    if not re.fullmatch(pattern, arn):
        right = f"arn:aws:{service}:us-west-2:123456789012:{prefix}NAME"
        raise Refusal(f"{option}: {arn!r} is not an ARN like {right} (12-digit account).")
    return arn


def only(actions: list[str], resources: Iterable[str], **more: Any) -> list[Statement]:
    """A statement about these resources; none when there are none."""
    listed = list(dict.fromkeys(resources))
    return [allow(actions, listed, **more)] if listed else []
