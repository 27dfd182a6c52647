# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Account settings of ECS: per account, region and principal. moto has one value of each for everybody.

Documented by Amazon, and so here (the API reference of PutAccountSetting, PutAccountSettingDefault,
ListAccountSettings and DeleteAccountSetting, the developer guide's page on account settings, and the examples of the
AWS CLI): without principalArn it is about whoever signs, and a role session is its role; principalArn is for the root
user and for that very principal; the root user's setting is the default of everyone; effectiveSettings shows the
principal's own setting or else the default, which then carries the root user's ARN; federated users have no settings of
their own; pages of at most ten; value needs name as well; guardDutyActivate is read-only; the Fargate retirement
settings are the account's. "Invalid setting 'value'" is a text that ECS is known to answer.

Guessed: which of the documented errors (AccessDeniedException, ClientException, InvalidParameterException) answers a
foreign principalArn and a read-only setting, the texts other than the one above, what ECS itself has where an account
has no default (the values are documented, that they carry the root user's ARN is not), and what deleting what is not
set answers. The long ARN formats can be turned off here, which ECS no longer allows.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.iam.models import iam_backends
from moto.sts.models import STSBackend, sts_backends
from moto.utilities.utils import get_partition

from .patch import replaces

SWITCH = ("enabled", "disabled")
# name: (what ECS itself has, what it takes)
SETTINGS = {
    "awsvpcTrunking": ("disabled", SWITCH),
    "containerInsights": ("disabled", ("enabled", "disabled", "enhanced")),
    "containerInstanceLongArnFormat": ("enabled", SWITCH),
    "defaultLogDriverMode": ("non-blocking", ("blocking", "non-blocking")),
    "dualStackIPv6": ("enabled", SWITCH),
    "fargateEventWindows": ("disabled", SWITCH),
    "fargateFIPSMode": ("disabled", SWITCH),
    "fargateTaskRetirementWaitPeriod": ("7", ("0", "7", "14")),
    "guardDutyActivate": ("off", ()),
    "serviceLongArnFormat": ("enabled", SWITCH),
    "tagResourceAuthorization": ("on", ("on", "off")),
    "taskLongArnFormat": ("enabled", SWITCH),
}
ACCOUNT_ONLY = ("fargateEventWindows", "fargateTaskRetirementWaitPeriod")
PAGE = 10
ROOT = "root"


class AccessDeniedException(ServiceException):
    """As ECS calls it."""

    code = "AccessDeniedException"


@replaces(STSBackend, "get_caller_identity")
def get_caller_identity(original, self, access_key_id: str, region: str) -> tuple[str, str, str]:
    """The lab's user of that name stands for the root user of the account, who is no IAM user."""
    user_id, arn, account_id = original(self, access_key_id, region)
    if arn.endswith(f":user/{ROOT}"):
        return account_id, root_of(account_id, region), account_id
    return user_id, arn.replace(":sts::", ":iam::") if ":user/" in arn else arn, account_id


def root_of(account_id: str, region: str) -> str:
    """The ARN of the root user."""
    return f"arn:{get_partition(region)}:iam::{account_id}:root"


class Principals:
    """Who signs a request, and whom it is about."""

    def __init__(self, response: EC2ContainerServiceResponse):
        backend = response.ecs_backend
        sts = sts_backends[backend.account_id][get_partition(backend.region_name)]
        key = response.get_access_key()
        session = sts.get_assumed_role_from_access_key(key)
        self.root = root_of(backend.account_id, backend.region_name)
        self.caller = session.role_arn if session else sts.get_caller_identity(key, backend.region_name)[1]
        self.subject = response._get_param("principalArn") or self.caller
        if self.subject != self.caller:
            self.refuse_to_all_but_root(backend)

    def refuse_to_all_but_root(self, backend) -> None:
        """The root user may do so for whoever exists in the account."""
        if self.caller != self.root:
            raise AccessDeniedException(
                f"User: {self.caller} is not authorized to access the account settings of principal {self.subject}"
            )
        users_and_roles = iam_backends[backend.account_id][get_partition(backend.region_name)]
        known = {one.arn for one in [*users_and_roles.users.values(), *users_and_roles.get_roles()]}
        if self.subject not in known | {self.root}:
            raise InvalidParameterException("Invalid setting 'principalArn'")


def stored(response: EC2ContainerServiceResponse) -> dict[tuple[str, str], str]:
    """What is set in this account and region, by principal and name; it goes when moto is reset."""
    return response.ecs_backend.__dict__.setdefault("settings_of_principals", {})


def name_of(response: EC2ContainerServiceResponse) -> str:
    """The setting that a request names."""
    name = response._get_param("name")
    if name not in SETTINGS:
        raise InvalidParameterException("Invalid setting 'name'")
    return name


def answer(name: str, value: str, principal_arn: str) -> dict[str, Any]:
    """A setting as ECS shows it."""
    kind = "aws_managed" if name == "guardDutyActivate" else "user"
    return {"name": name, "value": value, "principalArn": principal_arn, "type": kind}


def put(response: EC2ContainerServiceResponse, principal_arn: str) -> ActionResult:
    """Store it for a principal."""
    name, value = name_of(response), str(response._get_param("value"))
    if name == "guardDutyActivate":
        raise InvalidParameterException("guardDutyActivate is managed by AWS and cannot be modified")
    if value not in SETTINGS[name][1]:
        raise InvalidParameterException("Invalid setting 'value'")
    stored(response)[principal_arn, name] = value
    return ActionResult({"setting": answer(name, value, principal_arn)})


@replaces(EC2ContainerServiceResponse, "put_account_setting")
def put_account_setting(original, self) -> ActionResult:
    """For the caller, or for a principal that the caller may set it for."""
    del original
    who = Principals(self)
    if who.subject != who.root and name_of(self) in ACCOUNT_ONLY:
        raise InvalidParameterException("You must use the root user to change this setting")
    if ":federated-user/" in who.subject:
        raise InvalidParameterException("Federated users cannot have account settings")
    return put(self, who.subject)


@replaces(EC2ContainerServiceResponse, "put_account_setting_default")
def put_account_setting_default(original, self) -> ActionResult:
    """For everyone in the account, whoever asks."""
    del original
    return put(self, Principals(self).root)


@replaces(EC2ContainerServiceResponse, "delete_account_setting")
def delete_account_setting(original, self) -> ActionResult:
    """Answers what it was."""
    del original
    who, name = Principals(self), name_of(self)
    value = stored(self).pop((who.subject, name), SETTINGS[name][0])
    return ActionResult({"setting": answer(name, value, who.subject)})


@replaces(EC2ContainerServiceResponse, "list_account_settings")
def list_account_settings(original, self) -> ActionResult:
    """Those that are set for the principal, or all that are in force for it."""
    del original
    who, value = Principals(self), self._get_param("value")
    if value and not self._get_param("name"):
        raise InvalidParameterException("You must specify a setting 'name' to filter by 'value'")
    names = [name_of(self)] if self._get_param("name") else sorted(SETTINGS)
    found = [setting for name in names if (setting := find(self, who, name)) and value in (None, setting["value"])]
    start = int(self._get_param("nextToken") or 0)
    end = start + int(self._get_param("maxResults") or PAGE)
    return ActionResult({"settings": found[start:end], **({"nextToken": str(end)} if end < len(found) else {})})


def find(response: EC2ContainerServiceResponse, who: Principals, name: str) -> dict[str, Any] | None:
    """The principal's own; or, when what is in force is asked for, the account's or ECS' own."""
    kept = stored(response)
    if (who.subject, name) in kept:
        return answer(name, kept[who.subject, name], who.subject)
    if not response._get_param("effectiveSettings"):
        return None
    return answer(name, kept.get((who.root, name), SETTINGS[name][0]), who.root)
