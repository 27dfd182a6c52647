# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What is registered: one call where nothing has to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_message
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.canonical import equal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.model import (
    Facts,
    Request,
    Revision,
    family_of,
    number_of,
)


class Reader:
    """Reads through one ECS client.

    Args:
        ecs: the ECS client.
        sts: gives an STS client; asked only for a family that has never had a revision, as no ARN tells the account.
        members: the members of a definition that can be registered; what else is described is ECS' own.
    """

    def __init__(self, ecs: Any, sts: Callable[[], Any], members: frozenset[str]) -> None:
        self.ecs = ecs
        self.sts = sts
        self.members = members

    def facts(self, request: Request) -> Facts:
        if request.definition is None:
            return Facts(active=self._active(request.family))
        latest = self._latest(request.family)
        if latest and equal(latest.definition, request.definition):
            return Facts(latest)
        return Facts(
            latest=latest,
            next_arn=self._next_arn(request.family, latest),
            active=self._active(request.family) if latest and request.keep_revisions else (),
        )

    def _latest(self, family: str) -> Revision | None:
        """By the family's name alone it is the latest ACTIVE revision."""
        try:
            answer = self.ecs.describe_task_definition(taskDefinition=family, include=["TAGS"], aws_retry=True)
        except is_boto3_error_message("Unable to describe task definition"):
            return None
        return self.revision(answer)

    def revision(self, answer: dict[str, Any]) -> Revision:
        """What describing or registering answers."""
        described = answer["taskDefinition"]
        return Revision(
            arn=described["taskDefinitionArn"],
            definition={name: value for name, value in described.items() if name in self.members},
            tags=boto3_tag_list_to_ansible_dict(answer.get("tags") or [], "key", "value"),
        )

    def _next_arn(self, family: str, latest: Revision | None) -> str:
        """Numbers are never used again, so the highest one may be that of a revision that is not active any more."""
        inactive = self.ecs.list_task_definitions(
            familyPrefix=family, status="INACTIVE", sort="DESC", maxResults=1, aws_retry=True
        )["taskDefinitionArns"]
        known = [*([latest.arn] if latest else []), *(arn for arn in inactive if family_of(arn) == family)]
        if not known:
            return f"{self._prefix()}/{family}:1"
        last = max(known, key=number_of)
        return f"{last.rsplit(':', 1)[0]}:{number_of(last) + 1}"

    def _prefix(self) -> str:
        """Up to the family, the ARN that a task definition of the caller has."""
        caller = self.sts().get_caller_identity(aws_retry=True)["Arn"].split(":")
        return f"arn:{caller[1]}:ecs:{self.ecs.meta.region_name}:{caller[4]}:task-definition"

    def _active(self, family: str) -> tuple[int, ...]:
        return tuple(sorted(number_of(arn) for arn in self._active_arns(family) if family_of(arn) == family))

    def _active_arns(self, family: str) -> Iterator[str]:
        """All pages of the list; each page is retried on its own."""
        params = {"familyPrefix": family, "status": "ACTIVE"}
        while True:
            page = self.ecs.list_task_definitions(aws_retry=True, **params)
            yield from page["taskDefinitionArns"]
            if not page.get("nextToken"):
                return
            params["nextToken"] = page["nextToken"]
