# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What is in force: one call where nothing has to change, and who asks where something has to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.model import (
    Caller,
    Facts,
    Request,
    Setting,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.plan import (
    is_settled,
    refuse_for_another,
)


class Reader:
    """Reads through one ECS client.

    Args:
        ecs: the ECS client.
        sts: gives an STS client; asked only before a change, and where ECS refuses to say.
        errors: what a call raises that is refused.
    """

    def __init__(self, ecs: Any, sts: Callable[[], Any], errors: type[Exception]) -> None:
        self.ecs = ecs
        self.sts = sts
        self.errors = errors

    def facts(self, request: Request) -> Facts:
        try:
            setting = self.setting(request)
        except self.errors:
            if request.principal_arn:
                refuse_for_another(self._caller(), request.principal_arn)
            raise
        return Facts(setting, None if is_settled(setting, request) else self._caller())

    def setting(self, request: Request) -> Setting | None:
        """In force for the principal; where it is to be absent, only what the principal has itself."""
        principal = {"principalArn": request.principal_arn} if request.principal_arn else {}
        found = self.ecs.list_account_settings(
            name=request.name, effectiveSettings=not request.absent, **principal, aws_retry=True
        )["settings"]
        return next((setting_of(entry) for entry in found), None)

    def _caller(self) -> Caller:
        return Caller.of(self.sts().get_caller_identity(aws_retry=True)["Arn"])


def setting_of(entry: dict[str, Any]) -> Setting:
    """As ListAccountSettings and PutAccountSetting answer it."""
    return Setting(entry["name"], entry["value"], entry["principalArn"])
