# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What AWS says of hosts that were looked at: in batches over all of them, never host by host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

try:
    from botocore.exceptions import ClientError
except ImportError:  # AnsibleAWSModule says so in its own words
    ClientError = OSError  # type: ignore[misc,assignment]

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import none_if_missing
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet import read
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet.checks import members, role_of
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet.model import Aws, Look
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import parse_arn
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.read import read_role

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")

Client = Callable[[str], Any]


def ask(client: Client, looks: Sequence[Look]) -> Aws:
    """As much as the hosts make necessary; what may not be read is said and leaves the rest alone."""
    aws = Aws()
    clusters = sorted({look.cluster for look in looks if look.cluster})
    if clusters:
        aws = _part(aws, "ecs", "container_instances", lambda: _container_instances(client("ecs"), clusters))
    known = members(looks, aws).values()
    inside = sorted({one.instance_id for one in known if one.instance_id and not one.look.external})
    outside = sorted({one.instance_id for one in known if one.instance_id and one.look.external})
    if inside:
        aws = _part(aws, "ec2", "ec2", lambda: read.read_ec2_instances(client("ec2"), inside))
    if outside:
        aws = _part(aws, "ssm", "ssm", lambda: read.read_managed_instances(client("ssm"), outside))
    profiles = sorted({arn for one in aws.ec2.values() if (arn := one.get("IamInstanceProfile", {}).get("Arn"))})
    if profiles:
        aws = _part(aws, "iam", "profiles", lambda: _roles_of(client("iam"), profiles))
    roles = sorted({arn for one in members(looks, aws).values() if (arn := role_of(one))})
    if roles:
        aws = _part(aws, "iam", "roles", lambda: _roles(client("iam"), roles))
    return aws


def _part(aws: Aws, part: str, name: str, look: Callable[[], Any]) -> Aws:
    """One part more. A refusal of AWS is a finding: who may look at less sees less."""
    if part in aws.unread:
        return aws
    try:
        return replace(aws, **{name: look()})
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        return replace(aws, unread={**aws.unread, part: f"may not call {part}:{error.operation_name}"})


def _container_instances(ecs: Any, clusters: Sequence[str]) -> list[dict[str, Any]]:
    """A cluster that does not exist has none."""
    found = read.at_once(none_if_missing(lambda cluster: read.read_container_instances(ecs, [cluster])), clusters)
    return [one for each in found for one in each or ()]


def _roles_of(iam: Any, profiles: Iterable[str]) -> dict[str, str]:
    def role_in(arn: str) -> str:
        name = arn.rpartition("/")[2]
        answer = none_if_missing(iam.get_instance_profile)(InstanceProfileName=name, aws_retry=True)
        roles = answer["InstanceProfile"]["Roles"] if answer else []
        return roles[0]["Arn"] if roles else ""

    return {arn: role_in(arn) for arn in profiles}


def _roles(iam: Any, arns: Iterable[str]) -> dict[str, Any]:
    return {arn: read_role(iam, parse_arn("role", arn, "role"), with_policies=True) for arn in arns}
