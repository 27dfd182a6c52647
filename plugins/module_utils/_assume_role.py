# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""A role that is assumed before the first call: what AWS takes, the exchange, and why it was refused.

Every AWS module has these options, as AwsModule adds them. Their documentation is the fragment C(_assume_role).
Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import names

# Defaults are filled in by parse(), because one that Ansible fills in looks as if it had been given.
OPTIONS: dict[str, dict[str, Any]] = {
    "assume_role_arn": {"type": "str"},
    "assume_role_session_name": {"type": "str"},
    "assume_role_duration": {"type": "int"},
    "assume_role_external_id": {"type": "str"},
    "assume_role_session_tags": {"type": "dict"},
}
SESSION_NAME = "fleetkit-ecs"

# Seconds. A session that is begun by a session lasts no longer, whatever the role allows.
CHAINED_LIMIT = 3600


@dataclass(frozen=True)
class Assumption:
    """The role to assume, and how; C(duration) is in seconds, None for that of STS."""

    role_arn: str
    session_name: str = SESSION_NAME
    duration: int | None = None
    external_id: str | None = None
    session_tags: Mapping[str, str] = field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        """The parameters of AssumeRole."""
        given = {
            "DurationSeconds": self.duration,
            "ExternalId": self.external_id,
            "Tags": ansible_dict_to_boto3_tag_list(dict(self.session_tags)),
        }
        chosen = {key: value for key, value in given.items() if value}
        return {"RoleArn": self.role_arn, "RoleSessionName": self.session_name, **chosen}


def parse(params: Mapping[str, Any]) -> Assumption | None:
    """The role to assume, None for none, or a Refusal of what STS would not take."""
    given = {option: params[option] for option in OPTIONS if params[option] is not None}
    arn = given.get("assume_role_arn")
    if arn is None and given:
        raise Refusal(f"{next(iter(given))}: it needs assume_role_arn, the role that it is for.")
    if not arn:
        return None
    names.parse_arn("assume_role_arn", arn, "role")
    return Assumption(
        role_arn=arn,
        session_name=_session_name(given.get("assume_role_session_name", SESSION_NAME)),
        duration=_duration(given.get("assume_role_duration")),
        external_id=_external_id(given.get("assume_role_external_id")),
        session_tags=names.check_tags("assume_role_session_tags", given.get("assume_role_session_tags", {})),
    )


def _session_name(value: str) -> str:
    if not names.NAME.fullmatch(value) or not 2 <= len(value) <= 64:
        raise Refusal(
            f"assume_role_session_name: {value!r}; STS takes 2 to 64 characters, which may be letters, digits and "
            f"+=,.@-_ (this has {len(value)})."
        )
    return value


def _duration(value: int | None) -> int | None:
    if value is not None and not 900 <= value <= 43200:
        raise Refusal(f"assume_role_duration: {value} seconds; STS takes 900 to 43200 (15 minutes to 12 hours).")
    return value


def _external_id(value: str | None) -> str | None:
    return None if value is None else names.check_external_id("assume_role_external_id", value)


def exchange(sts: Any, wanted: Assumption) -> dict[str, str]:
    """The credentials of the role, as boto3 takes them.

    Args:
        sts: an STS client with the caller's own credentials.
        wanted: the role to assume.
    """
    if wanted.duration and wanted.duration > CHAINED_LIMIT:
        _refuse_chained(sts.get_caller_identity(aws_retry=True)["Arn"], wanted.duration)
    _keep_out_of_logs()
    issued = sts.assume_role(aws_retry=True, **wanted.request())["Credentials"]
    return {
        "aws_access_key_id": issued["AccessKeyId"],
        "aws_secret_access_key": issued["SecretAccessKey"],
        "aws_session_token": issued["SessionToken"],
    }


def _refuse_chained(caller: str, duration: int) -> None:
    if ":assumed-role/" in caller:
        raise Refusal(
            f"assume_role_duration: {duration} seconds; the caller ({caller}) is itself the session of a role, and AWS "
            f"limits a role that is assumed from there (role chaining) to {CHAINED_LIMIT}. Ask for at most "
            f"{CHAINED_LIMIT}, or assume the role with the credentials of a user."
        )


class _Discreet(logging.Filter):
    """Drops the lines of botocore's debug log that have credentials in them: answers and signed requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.name == "botocore.endpoint" and not str(record.msg).startswith("Sending http request")


_DISCREET = _Discreet()


def _keep_out_of_logs() -> None:
    for logger in ("botocore.auth", "botocore.endpoint", "botocore.parsers"):
        logging.getLogger(logger).addFilter(_DISCREET)


def explain(error: Exception, wanted: Assumption) -> str:
    """Why the role could not be assumed, in a sentence, with the usual causes."""
    told = getattr(error, "response", {}).get("Error", {})
    code, said = told.get("Code", type(error).__name__), str(told.get("Message", error)).rstrip(".")
    if code == "AccessDenied":
        return _explain_denied(said, wanted)
    if code == "ValidationError" and "role chaining" in said:
        return f"assume_role_duration: {wanted.duration} seconds for role {wanted.role_arn}: {said}. Ask for less."
    if code == "ValidationError" and "MaxSessionDuration" in said:
        return (
            f"assume_role_duration: {wanted.duration} seconds is longer than role {wanted.role_arn} allows (its "
            "maximum session duration, 3600 unless it was raised). Ask for less, or raise it."
        )
    if code in ("NoCredentialsError", "PartialCredentialsError"):
        return (
            f"assume_role_arn: there are no credentials to assume {wanted.role_arn} with ({said}). Give the caller's "
            "own by profile, access_key and secret_key, or the environment."
        )
    if code in ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "SignatureDoesNotMatch"):
        return (
            f"assume_role_arn: AWS does not accept the credentials that should assume {wanted.role_arn} "
            f"({code}: {said}). Renew or correct the caller's own."
        )
    return f"assume_role_arn: could not assume {wanted.role_arn}: {code}: {said}."


def _explain_denied(said: str, wanted: Assumption) -> str:
    named = re.search(r"User: (\S+) is not authorized", said)
    external_id = "assume_role_external_id does not meet" if wanted.external_id else "no assume_role_external_id meets"
    tags = ", or one of the two does not allow sts:TagSession, which assume_role_session_tags needs"
    return (
        f"assume_role_arn: {named[1] if named else 'the caller'} may not assume {wanted.role_arn}. Usual causes: "
        "the role does not exist, or it or its trust policy is so new that AWS does not know it everywhere; its trust "
        f"policy does not name the caller, or has a condition that {external_id}; the caller's own policies do not "
        f"allow sts:AssumeRole on it{tags if wanted.session_tags else ''}. AWS said: {said}."
    )
