# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What an account setting is, whose it is, and who is asking."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What each setting takes, as Amazon's pages say; botocore's model has the names only. A setting that is newer than
# this table takes whatever the service takes. Sources:
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutAccountSetting.html and
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
VALUES = {
    "awsvpcTrunking": ("enabled", "disabled"),
    "containerInsights": ("enhanced", "enabled", "disabled"),
    "containerInstanceLongArnFormat": ("enabled", "disabled"),
    "defaultLogDriverMode": ("blocking", "non-blocking"),
    "dualStackIPv6": ("enabled", "disabled"),
    "fargateEventWindows": ("enabled", "disabled"),
    "fargateFIPSMode": ("enabled", "disabled"),
    "fargateTaskRetirementWaitPeriod": ("0", "7", "14"),
    "serviceLongArnFormat": ("enabled", "disabled"),
    "tagResourceAuthorization": ("on", "off"),
    "taskLongArnFormat": ("enabled", "disabled"),
}
# GuardDuty sets it on the account's behalf.
READ_ONLY = "guardDutyActivate"
# Settings of the account as a whole, which no single principal can have.
ACCOUNT_ONLY = ("fargateEventWindows", "fargateTaskRetirementWaitPeriod")

CALLER = re.compile(r"arn:(?P<partition>[^:]+):(?:iam|sts)::(?P<account>\d{12}):(?P<resource>.+)")


@dataclass(frozen=True)
class Setting:
    """A value that is in force, and where it comes from.

    Attributes:
        principal_arn: who has it. The root user's is the default of the account, or ECS' own where that has none.
    """

    name: str
    value: str
    principal_arn: str

    @property
    def is_default(self) -> bool:
        return self.principal_arn.endswith(":root")


@dataclass(frozen=True)
class Request:
    """What a task asks for.

    Attributes:
        value: None when the setting is to be absent.
        principal_arn: whose setting; None for the caller's own.
        account_default: the setting of everyone in the account who has none.
    """

    name: str
    value: str | None
    principal_arn: str | None = None
    account_default: bool = False

    @property
    def absent(self) -> bool:
        return self.value is None


@dataclass(frozen=True)
class Caller:
    """Who asks, by GetCallerIdentity: C(kind) is root, user, role or federated-user."""

    partition: str
    account: str
    kind: str
    name: str

    @classmethod
    def of(cls, arn: str) -> Caller:
        """From the ARN of a caller. A session of a role is the role, whose path that ARN does not tell."""
        match = CALLER.fullmatch(arn)
        if match is None:
            raise ValueError(f"{arn} is not the ARN of a caller")
        kind, _slash, name = match["resource"].partition("/")
        if kind == "assumed-role":
            kind, name = "role", name.split("/")[0]
        return cls(match["partition"], match["account"], kind, name)

    @property
    def principal_arn(self) -> str:
        tail = f"{self.kind}/{self.name}" if self.name else self.kind
        return f"arn:{self.partition}:iam::{self.account}:{tail}"

    def is_principal(self, arn: str) -> bool:
        """Whether the caller is the role or user of this ARN; a role's name is unique, whatever its path."""
        if self.kind == "role":
            return re.sub(r":role/.*/", ":role/", arn) == self.principal_arn
        return arn == self.principal_arn


@dataclass(frozen=True)
class Facts:
    """What is in force for whom it is about, and the caller where that matters."""

    setting: Setting | None
    caller: Caller | None = None
