# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What there is: the store and, while its activation is of use, that one alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict

from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.model import (
    Activation,
    Facts,
    Kept,
    Request,
    Secret,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.plan import current_of


class Reader:
    """Reads through one client of Systems Manager.

    Args:
        ssm: the client.
        store: what keeps the code.
        clock: gives seconds since the epoch.
        hide: is told a secret that is found.

    Attributes:
        found: what there was.
    """

    def __init__(self, ssm: Any, store: Any, clock: Callable[[], float], hide: Callable[[Secret], None]) -> None:
        self.ssm = ssm
        self.store = store
        self.clock = clock
        self.hide = hide
        self.found = Facts(Kept(), (), 0)

    def facts(self, request: Request) -> Facts:
        self.found = self._facts(request)
        return self.found

    def _facts(self, request: Request) -> Facts:
        kept, now = self.store.read(), self.clock()
        if kept.secret:
            self.hide(kept.secret)
        if kept.secret and not request.absent:
            chosen = [{"FilterKey": "ActivationIds", "FilterValues": [kept.secret.activation_id]}]
            facts = Facts(kept, self._matching(request, Filters=chosen), now)
            if current_of(facts, request):
                return facts
        return Facts(kept, self._matching(request), now)

    def _matching(self, request: Request, **chosen: Any) -> tuple[Activation, ...]:
        return tuple(one for one in self._described(chosen) if one.tags == request.tags)

    def _described(self, params: dict[str, Any]) -> Iterator[Activation]:
        """All pages; each is retried on its own."""
        params = {"MaxResults": 50, **params}
        while True:
            page = self.ssm.describe_activations(aws_retry=True, **params)
            yield from (activation_of(one) for one in page["ActivationList"])
            if not page.get("NextToken"):
                return
            params["NextToken"] = page["NextToken"]


def activation_of(described: dict[str, Any]) -> Activation:
    """As DescribeActivations answers it. Tags of aws: are Amazon's own."""
    tags = boto3_tag_list_to_ansible_dict(described.get("Tags") or [])
    return Activation(
        activation_id=described["ActivationId"],
        role=described.get("IamRole", "").rsplit("/", 1)[-1],
        registration_limit=described.get("RegistrationLimit", 1),
        registrations_count=described.get("RegistrationsCount", 0),
        expires=described["ExpirationDate"].timestamp(),
        expired=described.get("Expired", False),
        created=described["CreatedDate"].timestamp(),
        default_instance_name=described.get("DefaultInstanceName", ""),
        description=described.get("Description", ""),
        tags={key: value for key, value in tags.items() if not key.lower().startswith("aws:")},
    )
