# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""STS: AssumeRole as the role's trust policy allows it. moto never looks at the trust policy.

The caller is a role session, an IAM user, or (any other static key) an administrator of the default account. A
request with the header X-Lab-Service-Principal comes from that AWS service, on behalf of X-Lab-Source-Arn and
X-Lab-Source-Account: the lab's IMDS and the tests of confused-deputy conditions use it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse
from moto.utilities.utils import get_partition

from .enforce import document_of
from .evaluate import ALLOWED, as_list, conditions_hold, decide, like, statements_of
from .patch import replaces

# Seconds; also the longest session of a role whose own limit was never set.
CHAINED_LIMIT = 3600


class AccessDenied(ServiceException):
    """As STS words it."""

    code = "AccessDenied"


class ValidationError(ServiceException):
    """As STS words it."""

    code = "ValidationError"


@dataclass
class Caller:
    """Who asks, as trust policies and conditions see it."""

    arn: str
    account_id: str
    role_arn: str | None = None
    service: str | None = None
    administrator: bool = False
    context: dict[str, str] = field(default_factory=dict)


@replaces(TokenResponse, "assume_role")
def assume_role(original, self):
    """Refuse what the trust policy, or the caller's own policies where they count, do not allow, and too long sessions.

    Session tags need sts:TagSession on both sides as well.
    """
    role_arn = self._get_param("RoleArn")
    caller = caller_of(self)
    for action in ("sts:AssumeRole", "sts:TagSession") if self._get_param("Tags") else ("sts:AssumeRole",):
        if not allowed(caller, role_arn, action):
            return denied(self, f"User: {caller.arn} is not authorized to perform: {action} on resource: {role_arn}")
    refuse_long_session(caller, role_arn, self._get_int_param("DurationSeconds", CHAINED_LIMIT))
    return original(self)


def refuse_long_session(caller: Caller, role_arn: str, seconds: int) -> None:
    """A session lasts at most as long as the role allows, and one that a session begins at most an hour."""
    if seconds > (find_role(role_arn).max_session_duration or CHAINED_LIMIT):
        raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    if caller.role_arn and seconds > CHAINED_LIMIT:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )


def denied(response: TokenResponse, message: str) -> tuple[str, dict]:
    """An AccessDenied with its own status; the service's model has no such error, and moto would answer 400."""
    _status, headers, body = response.serialized(ActionResult(AccessDenied(message)))
    return body, {**headers, "status": 403}


def caller_of(response: TokenResponse) -> Caller:
    """Who signed the request."""
    headers, key = response.headers, response.get_access_key()
    _user_id, arn, account_id = response.backend.get_caller_identity(key, response.region)
    session = response.backend.get_assumed_role_from_access_key(key)
    known_user = iam_backends[account_id][get_partition(response.region)].get_user_from_access_key_id(key)
    # moto gives a key that it does not know a user's ARN under sts.
    caller = Caller(arn.replace(":sts::", ":iam::") if ":user/" in arn else arn, account_id)
    caller.role_arn = session.role_arn if session else None
    caller.administrator = not session and (not known_user or known_user.name == "administrator")
    caller.service = headers.get("X-Lab-Service-Principal")
    caller.context = {
        "sts:externalid": response._get_param("ExternalId"),
        "sts:rolesessionname": response._get_param("RoleSessionName"),
        "aws:sourcearn": headers.get("X-Lab-Source-Arn"),
        "aws:sourceaccount": headers.get("X-Lab-Source-Account"),
        "aws:principalarn": caller.role_arn or caller.arn,
        "aws:principalaccount": account_id,
        **{f"aws:requesttag/{tag['Key'].lower()}": tag["Value"] for tag in response._get_param("Tags", [])},
    }
    caller.context = {key: value for key, value in caller.context.items() if value is not None}
    return caller


def allowed(caller: Caller, role_arn: str, action: str = "sts:AssumeRole") -> bool:
    """Both sides of the question: the role's trust, and the caller's own permissions."""
    role = find_role(role_arn)
    if role is None:
        return False
    grants = [how for how in (grant(caller, statement, action) for statement in trust_of(role)) if how]
    if "deny" in grants or not grants:
        return False
    if caller.service or caller.administrator:
        return True
    same_account = role.account_id == caller.account_id
    return (same_account and "named" in grants) or permitted_by_own_policies(caller, role_arn, action)


def find_role(role_arn: str):
    """The role of this ARN, in whatever account; None when it does not exist."""
    parts = role_arn.split(":")
    if len(parts) != 6 or not parts[4].isdigit() or parts[1] not in ("aws", "aws-cn", "aws-us-gov"):
        return None
    roles = iam_backends[parts[4]][parts[1]].get_roles()
    return next((role for role in roles if role.arn == role_arn), None)


def trust_of(role) -> list[dict]:
    """The statements of a role's trust policy."""
    return statements_of(json.loads(role.assume_role_policy_document))


def grant(caller: Caller, statement: dict, action: str) -> str | None:
    """What a statement says of this caller: 'deny', 'named', 'account' (left to its own policies), or nothing."""
    if not like(action.lower(), [listed.lower() for listed in as_list(statement.get("Action", []))]):
        return None
    how = matched_principal(caller, statement.get("Principal", {}))
    if not how or not conditions_hold(statement.get("Condition", {}), caller.context):
        return None
    return "deny" if statement["Effect"] == "Deny" else how


def matched_principal(caller: Caller, principal: str | dict) -> str | None:
    """Is the caller 'named' (itself, or anyone), covered through its 'account', or not meant?"""
    if principal == "*":
        return "named"
    if caller.service:
        return "named" if caller.service in as_list(principal.get("Service", [])) else None
    named = {"*", caller.arn, caller.role_arn}
    account = {caller.account_id, f"arn:{caller.arn.split(':')[1]}:iam::{caller.account_id}:root"}
    accepted = set(as_list(principal.get("AWS", [])))
    if accepted & named:
        return "named"
    return "account" if accepted & account else None


def permitted_by_own_policies(caller: Caller, role_arn: str, action: str) -> bool:
    """Do the policies of the calling role (or user) allow the action on that role?"""
    backend = iam_backends[caller.account_id][caller.arn.split(":")[1]]
    if caller.role_arn:
        entity = find_role(caller.role_arn)
    else:
        entity = next((user for user in backend.users.values() if user.arn == caller.arn), None)
    if entity is None:
        return False
    documents = [document_of(policy) for policy in entity.managed_policies.values()]
    documents += [json.loads(document) for document in entity.policies.values()]
    return decide(documents, action, role_arn, caller.context) == ALLOWED
