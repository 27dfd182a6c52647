# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The one ECS call that makes the Change, and a look at what is in force then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.model import Request
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.plan import is_settled, show
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.read import Reader


class Writer:
    """Writes through one ECS client.

    Args:
        ecs: the ECS client.
        reader: reads the setting back.
        request: what is asked for.
        warn: tells a user something.
    """

    def __init__(self, ecs: Any, reader: Reader, request: Request, warn: Callable[[str], None]) -> None:
        self.ecs = ecs
        self.reader = reader
        self.request = request
        self.warn = warn
        self.read_back: dict[str, Any] = {}

    def apply(self, plan: Plan) -> Iterator[Change]:
        for change in plan.changes:
            self._call(change)
            yield change
            self._look_again()

    def _call(self, change: Change) -> None:
        principal = {"principalArn": self.request.principal_arn} if self.request.principal_arn else {}
        if change.action == "delete":
            self.ecs.delete_account_setting(name=change.name, **principal, aws_retry=True)
        elif change.kind == "account_setting_default":
            self.ecs.put_account_setting_default(name=change.name, value=change.after, aws_retry=True)
        else:
            self.ecs.put_account_setting(name=change.name, value=change.after, **principal, aws_retry=True)

    def _look_again(self) -> None:
        """ECS has the last word; the ARN of a caller's role with a path is known only now."""
        setting = self.reader.setting(self.request)
        self.read_back = {"account_setting": show(setting) or None}
        if not is_settled(setting, self.request):
            self.warn(f"ECS took the change and shows {show(setting)} in force all the same. Look again in a minute.")
