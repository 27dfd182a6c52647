# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What AWS says of the hosts, judged; and the report of a whole fleet. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet.model import Aws, Look, Member
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet.permissions import needed
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.model import (
    NOT_APPLICABLE,
    OK,
    PENDING,
    WRONG,
    Fault,
    Finding,
    NotApplicable,
    Pending,
    Seen,
    judged,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import parse_arn
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access import evaluate

REACHABLE = "reachable"
UNREACHABLE = "unreachable"


def reachable(look: Look) -> Iterator[Finding]:
    """Whether the host could be looked at."""
    if look.unreachable:
        yield Fault(look.problem, "look at the host's power, its address in the inventory, and SSH")
    elif look.problem:
        yield Fault(look.problem, "run the playbook with -vvv for this host; it needs root and Python 3.9")
    yield Seen("looked at")


def container_instance(member: Member) -> Iterator[Finding]:
    """Whether Amazon ECS has the host as a container instance, once, and hears from its agent."""
    if "ecs" in member.aws.unread:
        yield Pending(member.aws.unread["ecs"], "allow it, or look with other credentials")
        return
    found = member.described
    if found is None:
        who = member.look.container_instance_arn or member.look.instance_id
        if who:
            yield Fault(f"{who} is not in the cluster {member.look.cluster}", "see agent and cluster")
        else:
            yield Pending("nothing on the host says which instance it is", "see agent")
        return
    if not found.get("agentConnected"):
        yield Fault("Amazon ECS does not hear from its agent", "see agent; the host needs a way to the ECS endpoints")
    others = [one for one in member.registered if one is not found]
    for other in others:
        yield Fault(
            f"the host is registered twice, also as {other['containerInstanceArn']}",
            f"run aws ecs deregister-container-instance --force --cluster {member.look.cluster} --container-instance "
            f"{other['containerInstanceArn'].rpartition('/')[2]}, and never remove /var/lib/ecs/data of a running host",
        )
    yield Seen(f"{found['status']}, connected, {found.get('runningTasksCount', 0)} tasks")


def instance_role(member: Member) -> Iterator[Finding]:
    """Whether the host has a role that is there."""
    if member.look.external:
        yield from _managed_role(member)
        return
    instance = member.aws.ec2.get(member.instance_id)
    if instance is None:
        yield _not_known(member, "ec2", "EC2")
        return
    profile = instance.get("IamInstanceProfile", {}).get("Arn")
    attach = (
        f"run aws ec2 associate-iam-instance-profile --instance-id {member.instance_id} --iam-instance-profile "
        "Name=ecsInstanceRole-profile; the playbook fleetkit.ecs.iam makes it"
    )
    if not profile:
        yield Fault("no instance profile is attached", attach)
    elif "iam" in member.aws.unread:
        yield Pending(member.aws.unread["iam"], "allow it, or look with other credentials")
    elif not member.aws.profiles.get(profile):
        yield Fault(f"{profile} has no role", "run the playbook fleetkit.ecs.iam")
    else:
        yield Seen(member.aws.profiles[profile])


def _managed_role(member: Member) -> Iterator[Finding]:
    managed = member.aws.ssm.get(member.instance_id)
    if managed is None:
        yield _not_known(member, "ssm", "Systems Manager")
    elif not managed.get("IamRole"):
        yield Fault(f"{member.instance_id} has no role", "run the playbook fleetkit.ecs.anywhere")
    else:
        yield Seen(managed["IamRole"])


def _not_known(member: Member, part: str, service: str) -> Finding:
    if part in member.aws.unread:
        return Pending(member.aws.unread[part], "allow it, or look with other credentials")
    if not member.instance_id:
        return Pending("nothing says which instance this host is", "see agent and container_instance")
    return Fault(f"{service} does not know {member.instance_id}", "see region and account of the credentials")


def role_policies(member: Member) -> Iterator[Finding]:
    """Whether the role's policies allow what the agent calls in any case."""
    role, found = member.aws.roles.get(role_of(member)), member.described
    if "iam" in member.aws.unread or (role and role.unread):
        yield Pending(member.aws.unread.get("iam") or f"may not call {role.unread if role else ''}",
                      "allow it, or look with other credentials")  # fmt: skip
        return
    if role is None or role.arn is None or found is None:
        yield Pending("there is no role or no container instance to judge by", "see instance_role")
        return
    context = evaluate.context_of(parse_arn("role", role.arn, "role"), None)
    lacking = [
        action
        for action, resource in needed(found["containerInstanceArn"], found["cluster"])
        if not _may(role.policies, context, resource, action)
        or (role.boundary and not _may(role.boundary, context, resource, action))
    ]
    if lacking:
        yield Fault(f"{role.arn} may not {', '.join(lacking)}", "run the playbook fleetkit.ecs.iam, or add them")
    yield Seen(f"{role.arn} may do all that the agent calls in any case")


def _may(policies: Any, context: evaluate.Context, resource: str, action: str) -> bool:
    return evaluate.permission(policies, context, resource, action).effect in (
        evaluate.ALLOWED,
        evaluate.MAY_BE_ALLOWED,
    )


def role_of(member: Member) -> str:
    """ARN of the host's role; empty where it has none that is known."""
    if not member.look.external:
        profile = member.aws.ec2.get(member.instance_id, {}).get("IamInstanceProfile", {}).get("Arn", "")
        return member.aws.profiles.get(profile, "")
    name, found = member.aws.ssm.get(member.instance_id, {}).get("IamRole", ""), member.described
    if not name or found is None:
        return ""
    _arn, partition, _ecs, _region, account, _id = found["containerInstanceArn"].split(":", 5)
    return f"arn:{partition}:iam::{account}:role/{name.rpartition('/')[2]}"


def metadata_options(member: Member) -> Iterator[Finding]:
    """Whether IMDS answers requests with a token only, and its answers go no further than the host."""
    if member.look.external:
        yield NotApplicable("an external host has no IMDS")
        return
    instance = member.aws.ec2.get(member.instance_id)
    if instance is None:
        yield _not_known(member, "ec2", "EC2")
        return
    options = instance.get("MetadataOptions", {})
    set_them = f"run aws ec2 modify-instance-metadata-options --instance-id {member.instance_id}"
    if options.get("HttpTokens") != "required":
        yield Fault("IMDS answers requests without a token", f"{set_them} --http-tokens required")
    if options.get("HttpPutResponseHopLimit") != 1:
        yield Fault(
            f"the hop limit of tokens is {options.get('HttpPutResponseHopLimit')}",
            f"{set_them} --http-put-response-hop-limit 1",
        )
    yield Seen("tokens required, hop limit 1")


def ssm_online(member: Member) -> Iterator[Finding]:
    """Whether Systems Manager hears from an external host."""
    if not member.look.external:
        yield NotApplicable("not an external host")
        return
    managed = member.aws.ssm.get(member.instance_id)
    if managed is None:
        yield _not_known(member, "ssm", "Systems Manager")
    elif managed.get("PingStatus") != "Online":
        yield Fault(f"{member.instance_id} is {managed.get('PingStatus')} in Systems Manager", "see ssm")
    else:
        yield Seen(f"{member.instance_id} is Online")


CHECKS: Mapping[str, Callable[[Member], Iterator[Finding]]] = {
    "container_instance": container_instance,
    "instance_role": instance_role,
    "role_policies": role_policies,
    "metadata_options": metadata_options,
    "ssm_online": ssm_online,
}


def members(looks: Iterable[Look], aws: Aws) -> dict[str, Member]:
    """The hosts that could be looked at, by name, each with what is registered of it."""
    by_instance: dict[str, list[Mapping[str, Any]]] = {}
    by_arn: dict[str, str] = {}
    for one in aws.container_instances:
        by_instance.setdefault(one.get("ec2InstanceId", ""), []).append(one)
        by_arn[one["containerInstanceArn"]] = one.get("ec2InstanceId", "")
    found = {}
    for look in looks:
        if not look.problem:
            instance_id = by_arn.get(look.container_instance_arn) or look.instance_id
            found[look.name] = Member(look, aws, by_instance.get(instance_id, ()) if instance_id else ())
    return found


def report(looks: Sequence[Look], aws: Aws) -> dict[str, Any]:
    """What the module returns."""
    known = members(looks, aws)
    hosts = []
    for look in looks:
        checks = [judged(REACHABLE, reachable(look)), *look.checks]
        if look.name in known:
            checks += [judged(name, check(known[look.name])) for name, check in CHECKS.items()]
        status = UNREACHABLE if look.unreachable else WRONG if _has(checks, WRONG) else OK
        told = known[look.name].instance_id if look.name in known else ""
        hosts.append(
            {"name": look.name, "status": status, "cluster": look.cluster, "instance_id": told, "checks": checks}
        )
    counts = Counter(host["status"] for host in hosts)
    return {
        "ok": counts[OK] == len(hosts),
        "summary": {
            "hosts": len(hosts),
            **{status: counts[status] for status in (OK, WRONG, UNREACHABLE)},
            "checks": {
                status: sum(check["status"] == status for host in hosts for check in host["checks"])
                for status in (OK, WRONG, PENDING, NOT_APPLICABLE)
            },
        },
        "hosts": hosts,
    }


def _has(checks: Iterable[Mapping[str, str]], status: str) -> bool:
    return any(check["status"] == status for check in checks)
