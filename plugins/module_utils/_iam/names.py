# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Names, paths and ARNs of IAM: what is well formed, and what to write instead.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal

NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
PATH = re.compile(r"/(?:[\x21-\x7e]+/)?")
POLICY_PATH = re.compile(r"/(?:[\w.,+@=-]+/)*", re.ASCII)
PARTITION = r"aws(?:-[a-z]+)*"
ARN = re.compile(
    rf"arn:(?P<partition>{PARTITION}):iam::(?P<account>\d{{12}}|aws):(?P<kind>[a-z-]+)(?P<path>/.*/|/)(?P<name>[\w+=,.@-]+)",
    re.ASCII,
)
ANY_PRINCIPAL_ARN = re.compile(rf"arn:{PARTITION}:(?:iam|sts)::\d{{12}}:(?:root|[a-z-]+/.+)", re.ASCII)
TAG = re.compile(r"[\w\s.:/=+@-]*")
EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]+", re.ASCII)
UNIQUE_ID = re.compile(r"A[A-Z0-9]{15,}")

# Where Amazon keeps its own managed policies, the most usual first.
AWS_POLICY_PATHS = ("/", "/service-role/", "/aws-service-role/", "/job-function/")


class Caller(NamedTuple):
    """Whose account and partition we build ARNs for."""

    partition: str
    account: str

    def arn(self, kind: str, path: str | None, name: str) -> str:
        """The ARN of something of this account, existing or not."""
        return f"arn:{self.partition}:iam::{self.account}:{kind}{path or '/'}{name}"


class IamArn(NamedTuple):
    partition: str
    account: str
    kind: str
    path: str
    name: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:{self.kind}{self.path}{self.name}"


def snake(term: str) -> str:
    """Amazon's C(InstanceProfile) as boto3 and we write it, C(instance_profile)."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", term).lower()


def check_name(parameter: str, name: str, longest: int) -> str:
    if not NAME.fullmatch(name):
        raise Refusal(f"{parameter}: {name!r} is not an IAM name; it may have letters, digits and +=,.@-_ only.")
    if len(name) > longest:
        raise Refusal(f"{parameter}: {name!r} has {len(name)} characters; IAM allows {longest}.")
    return name


def check_path(parameter: str, path: str | None, pattern: re.Pattern[str] = PATH) -> str | None:
    if path is not None and (not pattern.fullmatch(path) or len(path) > 512):
        raise Refusal(f"{parameter}: {path!r} is not an IAM path; it starts and ends with a slash, such as /ecs/.")
    return path


def check_account(parameter: str, account: Any) -> str:
    """An account id as its 12 digits; a YAML integer has lost leading zeros, so it is refused when short."""
    text = str(account)
    if not re.fullmatch(r"\d{12}", text):
        has = f"has {len(text)} digits" if text.isdigit() else "is not a number"
        raise Refusal(f"{parameter}: {text!r} {has}; an AWS account id has 12 digits (quote it to keep leading zeros).")
    return text


def parse_arn(parameter: str, arn: str, kind: str) -> IamArn:
    """A well-formed IAM ARN of the kind (C(policy), C(role)), or a Refusal that says what would be right."""
    match = ARN.fullmatch(arn)
    if match and match["kind"] == kind:
        return IamArn(**match.groupdict())
    name = arn.rsplit("/", maxsplit=1)[-1]
    account = "ACCOUNT" if kind != "policy" or re.search(r":\d+:", arn) else "aws"
    right = f"arn:aws:iam::{account}:{kind}/{name if NAME.fullmatch(name) else 'NAME'}"
    owner = "12-digit account" if kind != "policy" else "12-digit account, or 'aws' for Amazon's own"
    wrong = _wrong_in_arn(arn, kind)
    raise Refusal(f"{parameter}: {arn!r} is not the ARN of an IAM {kind}{wrong}; write it like {right} ({owner}).")


def _wrong_in_arn(arn: str, kind: str) -> str:
    """The first thing that is wrong with it, in brackets."""
    parts = arn.split(":", 5)
    if parts[0] != "arn" or len(parts) < 6:
        return " (an ARN is arn:PARTITION:iam::ACCOUNT:..., six parts between colons)"
    _arn, partition, service, region, account, resource = parts
    if not re.fullmatch(PARTITION, partition):
        return f" (its partition is {partition!r}; aws, aws-cn and aws-us-gov are some)"
    if service != "iam":
        return f" (its service is {service!r})"
    if region:
        return f" (it has the region {region!r}, and IAM has none)"
    if account.isdigit() and len(account) != 12:
        return f" (its account has {len(account)} digits)"
    return "" if resource.startswith(f"{kind}/") else f" (it is one of {resource.split('/')[0]!r})"


def check_external_id(parameter: str, value: str) -> str:
    """An external id as STS takes it."""
    if not EXTERNAL_ID.fullmatch(value) or not 2 <= len(value) <= 1224:
        raise Refusal(
            f"{parameter}: {value!r}; STS takes 2 to 1224 characters, which may be letters, digits and +=,.@:/-_ "
            f"(this has {len(value)})."
        )
    return value


def check_tags(parameter: str, value: Mapping[str, Any], service: str = "IAM") -> dict[str, str]:
    """Tags as strings; a YAML boolean is refused because nobody can tell which spelling was meant."""
    if len(value) > 50:
        raise Refusal(f"{parameter}: {len(value)} tags; {service} allows 50.")
    for key, content in value.items():
        if key.lower().startswith("aws:"):
            raise Refusal(f"{parameter}: {key!r} begins with aws:, which is Amazon's own prefix.")
        if isinstance(content, bool) or not isinstance(content, (str, int, float)):
            raise Refusal(f"{parameter}: the value of {key!r} is {content!r}; write a quoted string.")
        if not 1 <= len(key) <= 128 or len(str(content)) > 256:
            raise Refusal(
                f"{parameter}: {key!r} is too long; {service} allows 128 characters in a key and 256 in a value."
            )
        if not TAG.fullmatch(key) or not TAG.fullmatch(str(content)):
            raise Refusal(
                f"{parameter}: {key!r}: {content!r} has characters that {service} does not take; use letters, digits, "
                "spaces and _.:/=+-@."
            )
    return {key: str(content) for key, content in value.items()}


def check_principal(where: str, kind: str, name: str) -> None:
    """Refuse a principal that IAM would refuse, before the first write."""
    if kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
        raise Refusal(f"{where}: {kind!r} is no kind of principal; use AWS, Service, Federated or CanonicalUser.")
    if kind != "AWS" or name == "*" or UNIQUE_ID.fullmatch(name):
        return
    if name.startswith("arn:"):
        if not ANY_PRINCIPAL_ARN.fullmatch(name):
            raise Refusal(
                f"{where}: {name!r} is not the ARN of a principal; write it like arn:aws:iam::123456789012:role/NAME "
                f"(12-digit account)."
            )
    else:
        check_account(where, name)
