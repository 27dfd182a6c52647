# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The account settings of the role that a host has, through the AWS CLI of the host.

Nobody else can set them for the role, and no credentials leave the host. A host has no boto3, and an endpoint of STS
may be out of its reach, so nobody asks who the caller is: the credentials below are always those of a role.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.model import VALUES, Request, Setting
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.plan import RELAUNCH, is_settled
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.account_setting.read import setting_of

# The agent's state: it is there as soon as the agent has registered.
AGENT_STATE = "/var/lib/ecs/data/agent.db"

# Where the role's credentials are, and nowhere else: a play's environment or an administrator's file must not count.
# An external instance has those that the SSM agent renews; https://docs.aws.amazon.com/AmazonECS/latest/developerguide/
# ecs-anywhere-registration.html. Any other host asks IMDS.
FROM_IMDS = {"AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONFIG_FILE": "/dev/null"}
FROM_SSM_AGENT = {
    "AWS_SHARED_CREDENTIALS_FILE": "/root/.aws/credentials",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
OTHER_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)

CAUSES = (
    "Usual causes: the role lacks ecs:PutAccountSetting or ecs:ListAccountSettings (the policy awsvpc_trunking, or "
    "iam_trunking_account_setting of role iam, has both for awsvpcTrunking); the instance has no instance profile, or "
    "IMDS cannot be reached; the region is wrong; the endpoint of ECS cannot be reached."
)


class CliError(Exception):
    """The AWS CLI failed; the sentence is its own, with what is usually behind it."""


@dataclass(frozen=True)
class HostFacts:
    """What a host tells.

    Attributes:
        settings: what is in force for its role, by name; None where there is no AWS CLI yet.
        registered: whether its agent has registered.
    """

    settings: Mapping[str, Setting] | None
    registered: bool


class Cli:
    """Runs the AWS CLI with the credentials of the host's role.

    Args:
        module: an AnsibleModule.
        region: the region of the settings.
        endpoint_url: of ECS, where it is not Amazon's. The CLI of Debian 12 does not know AWS_ENDPOINT_URL.
        external: whether the host is an external instance.
    """

    def __init__(self, module: Any, region: str, endpoint_url: str | None, external: bool) -> None:
        self._module = module
        self._path = module.get_bin_path("aws", opt_dirs=["/usr/local/bin"])
        endpoint = [f"--endpoint-url={endpoint_url}"] if endpoint_url else []
        self._options = [f"--region={region}", "--output=json", *endpoint]
        self._environment = FROM_SSM_AGENT if external else FROM_IMDS
        for name in OTHER_CREDENTIALS:
            os.environ.pop(name, None)

    def facts(self) -> HostFacts:
        return HostFacts(self._settings(), Path(AGENT_STATE).exists())

    def apply(self, plan: Plan) -> Iterator[Change]:
        if plan.changes and not self._path:
            raise CliError("there is no program aws on this host; install the AWS CLI, the package awscli on Debian")
        for change in plan.changes:
            self._ecs("put-account-setting", f"--name={change.name}", f"--value={change.after}")
            yield change
        if plan.changes:
            self._look_again(plan)

    def _look_again(self, plan: Plan) -> None:
        found = self._settings() or {}
        for change in plan.changes:
            if not is_settled(found.get(change.name), Request(change.name, change.after)):
                raise CliError(f"ECS took {change.name}: {change.after} and does not show it for the role of this host")

    def _settings(self) -> Mapping[str, Setting] | None:
        """One process for all of them."""
        if not self._path:
            return None
        found = self._ecs("list-account-settings", "--effective-settings")["settings"]
        return {entry["name"]: setting_of(entry) for entry in found}

    def _ecs(self, *arguments: str) -> Any:
        environment = {**self._environment, "AWS_PAGER": "", "LC_ALL": "C"}
        command = [self._path, "ecs", *arguments, *self._options]
        rc, out, err = self._module.run_command(command, environ_update=environment, handle_exceptions=False)
        if rc:
            said = " ".join((err or out).split()) or f"aws ended with {rc}"
            raise CliError(f"{said} {CAUSES}")
        return json.loads(out)


def requests(settings: Mapping[str, Any]) -> tuple[Request, ...]:
    """The settings of a task; which names there are beside those we know is asked of ECS."""
    wanted = []
    for name, value in settings.items():
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            raise Refusal(f"settings: the value of {name} is {value!r}; write a string in quotes.")
        wanted.append(Request(name, parse.check_value("settings", name, str(value))))
    return tuple(wanted)


def plan_host(facts: HostFacts, wanted: tuple[Request, ...]) -> Plan:
    """What the role's settings lack. Pure."""
    known = facts.settings or {}
    for request in wanted:
        parse.check_name("settings", request.name, {*known, *VALUES})
        parse.refuse_account_only("settings", request.name)
    changes = tuple(
        _change(known.get(request.name), request)
        for request in wanted
        if not is_settled(known.get(request.name), request)
    )
    return Plan(
        changes=changes,
        before={request.name: _text(known.get(request.name)) for request in wanted},
        after={request.name: request.value for request in wanted},
        result={"account_settings": {request.name: request.value for request in wanted}},
        warnings=tuple(_warnings(facts, changes)),
    )


def _change(present: Setting | None, request: Request) -> Change:
    own = present is not None and not present.is_default
    before = present.value if present else None
    return Change("update" if own else "create", "account_setting", request.name, before=before, after=request.value)


def _text(setting: Setting | None) -> str | None:
    if setting is None:
        return None
    return f"{setting.value} (the default of the account)" if setting.is_default else setting.value


def _warnings(facts: HostFacts, changes: tuple[Change, ...]) -> Iterator[str]:
    if changes and facts.settings is None:
        yield (
            "There is no AWS CLI on this host yet, so nobody knows what its role has. The settings are told as "
            "changes; where another host with the same role has set them already, nothing will change."
        )
    if any(change.name == "awsvpcTrunking" for change in changes):
        registered = "The agent of this host has registered already, so this host is one of them. "
        yield (registered if facts.registered else "") + RELAUNCH
