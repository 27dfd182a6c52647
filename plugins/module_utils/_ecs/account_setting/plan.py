# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what is in force and who asks to the change, if any. Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.model import (
    Caller,
    Facts,
    Request,
    Setting,
)

RELAUNCH = (
    "awsvpcTrunking: container instances that were launched before keep the limit of network interfaces that they "
    "have. Drain them and launch new ones; another registration of the agent is not enough."
)


def is_settled(setting: Setting | None, request: Request) -> bool:
    """Whether nothing has to change.

    A setting of a principal that only equals the default of the account is not its own: it would change with the
    default. So it is set once, although the value in force stays the same.
    """
    if request.absent:
        return setting is None
    if setting is None or setting.value != request.value:
        return False
    return setting.is_default == request.account_default


def plan_account_setting(facts: Facts, request: Request) -> Plan:
    setting = facts.setting
    if is_settled(setting, request) or facts.caller is None:
        return Plan(before=show(setting), after=show(setting), result={"account_setting": show(setting) or None})
    owner = _owner(facts.caller, setting, request)
    wanted = None if request.value is None else Setting(request.name, request.value, owner)
    return Plan(
        changes=(_change(setting, owner, request),),
        before=show(setting),
        after=show(wanted),
        result={"account_setting": show(wanted) or None},
        warnings=(RELAUNCH,) if request.name == "awsvpcTrunking" else (),
    )


def _owner(caller: Caller, setting: Setting | None, request: Request) -> str:
    """Whose setting it will be, or a Refusal when this caller cannot make it so."""
    if request.account_default:
        _refuse_unseen_default(setting, request)
        return f"arn:{caller.partition}:iam::{caller.account}:root"
    if request.principal_arn:
        refuse_for_another(caller, request.principal_arn)
        return request.principal_arn
    _refuse_without_own(caller)
    # What it has already names its path, which the ARN of a session does not.
    return caller.principal_arn if setting is None or setting.is_default else setting.principal_arn


def refuse_for_another(caller: Caller, principal_arn: str) -> None:
    """Only the root user and the principal itself may; an administrator is neither."""
    partition, account = principal_arn.split(":")[1], principal_arn.split(":")[4]
    if (partition, account) != (caller.partition, caller.account):
        raise Refusal(
            f"principal_arn: {principal_arn!r} is of account {account} in partition {partition}, and these credentials "
            f"are of account {caller.account} in partition {caller.partition}."
        )
    if caller.kind == "root" or caller.is_principal(principal_arn):
        return
    raise Refusal(
        f"principal_arn: these credentials are those of {caller.principal_arn}, and ECS lets nobody but the root user "
        f"and {principal_arn} itself see or change its settings, not even an administrator. Three ways out: run it "
        "with its own credentials (role fleetkit.ecs.agent does so on a host that has the role, with "
        "agent_account_settings; assume_role_arn does where the trust policy of the role lets you); run it as the root "
        "user; or set it for everyone in the account and region with account_default: true instead of principal_arn."
    )


def _refuse_without_own(caller: Caller) -> None:
    if caller.kind == "root":
        raise Refusal(
            "account_default: these are the root user's credentials, whose setting is the default of everyone in the "
            "account. Say account_default: true if that is meant, or name a role or user with principal_arn."
        )
    if caller.kind == "federated-user":
        raise Refusal(
            "principal_arn: a federated user has the settings of the account and cannot have its own; use a role or "
            "an IAM user, or account_default: true."
        )


def _refuse_unseen_default(setting: Setting | None, request: Request) -> None:
    """ECS shows the default of the account only to callers that have no setting of their own."""
    if request.account_default and setting is not None and not setting.is_default:
        raise Refusal(
            f"account_default: {setting.principal_arn} has a {request.name} of its own ({setting.value}), which hides "
            "the default of the account from it, so nobody could tell whether there is something to change. Remove "
            "that one first (state: absent, without account_default), or use other credentials."
        )


def _change(setting: Setting | None, owner: str, request: Request) -> Change:
    before = setting.value if setting else None
    if request.account_default:
        return Change("update", "account_setting_default", request.name, before=before, after=request.value)
    own = setting is not None and not setting.is_default
    action = "delete" if request.absent else "update" if own else "create"
    return Change(action, "account_setting", request.name, owner, before, request.value)


def show(setting: Setting | None) -> dict[str, Any]:
    if setting is None:
        return {}
    return {"name": setting.name, "value": setting.value, "principal_arn": setting.principal_arn}
