# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what was seen to which link between two roles is broken. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import IamArn
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access import evaluate

OK, WRONG, UNKNOWN = "ok", "wrong", "unknown"


@dataclass(frozen=True)
class RoleFacts:
    """A role as its own account shows it.

    Attributes:
        arn: its ARN; None where there is no role of that name.
        trust: its trust policy.
        policies: (name, document) of its inline and attached policies.
        boundary: the same of its permissions boundary.
        unread: the call that the credentials may not make, so that the rest is not known.
    """

    arn: str | None = None
    trust: Mapping[str, Any] = field(default_factory=dict)
    policies: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    boundary: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    unread: str = ""


@dataclass(frozen=True)
class Answer:
    """What came of one request: the ARN of who could make it, or the service's refusal, or no answer at all."""

    arn: str = ""
    refusal: str = ""
    unreachable: str = ""


@dataclass(frozen=True)
class Facts:
    """What was asked about and what was seen.

    Attributes:
        source: the role whose sessions are to assume the other.
        destination: the role that is to be assumed.
        external_id: the external id that is sent along.
        caller: whose credentials the module has.
        source_role: the source role, where it was looked at.
        destination_role: the destination role, where it was looked at.
        before: the session of the source role that asked STS for the destination role.
        assumed: what STS answered.
        call: what came of the call that was made as the destination role.
        operation: that call, as a person would say it.
    """

    source: IamArn
    destination: IamArn
    external_id: str | None = None
    caller: Answer = field(default_factory=Answer)
    source_role: RoleFacts = field(default_factory=RoleFacts)
    destination_role: RoleFacts = field(default_factory=RoleFacts)
    before: Answer = field(default_factory=Answer)
    assumed: Answer = field(default_factory=Answer)
    call: Answer = field(default_factory=Answer)
    operation: str = ""


@dataclass(frozen=True)
class Finding:
    """What one check says."""

    status: str
    found: str
    fault: str = ""
    remedy: str = ""


def is_session_of(arn: str, role: IamArn) -> bool:
    """A session's ARN has the role's name without its path."""
    return arn.startswith(f"arn:{role.partition}:sts::{role.account}:assumed-role/{role.name}/")


# The two roles, each in its account


def source_role(facts: Facts) -> Finding:
    """Whether the source role is where it is said to be."""
    return _stranger(facts, facts.source) or _absent(facts.source_role, facts.source) or _there(facts.source)


def destination_role(facts: Facts) -> Finding:
    """Whether the destination role is where it is said to be."""
    there = facts.destination
    return _stranger(facts, there) or _absent(facts.destination_role, there) or _there(there)


def _there(role: IamArn) -> Finding:
    return Finding(OK, f"role {role} exists")


def _stranger(facts: Facts, role: IamArn) -> Finding | None:
    """Why these credentials can say nothing of that role."""
    if facts.caller.unreachable:
        return _no_way(facts.caller)
    account = facts.caller.arn.split(":")[4]
    if account == role.account:
        return None
    return Finding(
        WRONG,
        f"the credentials are those of {facts.caller.arn} in account {account}, and role {role.name} is in account "
        f"{role.account}",
        "wrong_account",
        f"use credentials of account {role.account}, or correct the ARN {role}",
    )


def _absent(found: RoleFacts, role: IamArn) -> Finding | None:
    if found.unread:
        return _unread(found)
    if found.arn is None:
        return Finding(
            WRONG,
            f"role {role.name} does not exist in account {role.account}",
            "role_missing",
            f"create it, or correct the ARN {role}",
        )
    if found.arn != str(role):
        return Finding(
            WRONG,
            f"role {role.name} is {found.arn} and not {role}",
            "wrong_path",
            f"write {found.arn}: the path is part of the ARN",
        )
    return None


def _unread(found: RoleFacts) -> Finding:
    return Finding(
        UNKNOWN,
        f"the credentials may not call {found.unread}",
        remedy=f"allow {found.unread}, or ask with the credentials of an administrator of that account",
    )


def _no_way(answer: Answer) -> Finding:
    return Finding(
        WRONG,
        f"STS could not be reached: {answer.unreachable}",
        "endpoint_unreachable",
        "check the region, name resolution, the way to the endpoint sts.REGION.amazonaws.com (a VPC endpoint where "
        "there is no internet), the proxy and endpoint_url",
    )


# What the policies of both sides say


def permission(facts: Facts) -> Finding:
    """Whether the source role's own policies let it ask for the destination role."""
    source, destination, role = facts.source, facts.destination, facts.source_role
    cannot = _stranger(facts, source) or _absent(role, source)
    if cannot:
        return cannot
    context = evaluate.context_of(source, facts.external_id)
    subject, verdict = weakest(role, context, str(destination))
    return judged(
        verdict,
        ok=f"role {source.name} may call {evaluate.ASSUME_ROLE} on {destination}",
        silent=Finding(
            WRONG,
            f"role {source.name} may not call {evaluate.ASSUME_ROLE} on {destination}: no statement of {subject} "
            "allows it",
            "permission_missing",
            f"give role {source.name} the policy assume_destination_role for {destination}, as the playbook "
            "fleetkit.ecs.cross_account does",
        ),
    )


def weakest(
    role: RoleFacts, context: evaluate.Context, resource: str, action: str = evaluate.ASSUME_ROLE
) -> tuple[str, evaluate.Verdict]:
    """Which of a role's policies and its permissions boundary says the worse, and what: both must allow."""
    sides = [("its policies", evaluate.permission(role.policies, context, resource, action))]
    if role.boundary:
        sides.append(("its permissions boundary", evaluate.permission(role.boundary, context, resource, action)))
    return min(sides, key=lambda side: _SEVERITY.index(side[1].effect))


# From the worst.
_SEVERITY = (
    evaluate.DENIED,
    evaluate.SILENT,
    evaluate.UNMET,
    evaluate.MAY_BE_DENIED,
    evaluate.MAY_BE_ALLOWED,
    evaluate.ALLOWED,
)


def trust(facts: Facts) -> Finding:
    """Whether the destination role's trust policy lets the source role in."""
    source, destination, role = facts.source, facts.destination, facts.destination_role
    cannot = _stranger(facts, destination) or _absent(role, destination)
    if cannot:
        return cannot
    context = evaluate.context_of(source, facts.external_id)
    deleted = [name for _statement, name in documents.deleted_principals(role.trust)]
    stale = f"; it names {', '.join(deleted)}, the id of a role or user that has been deleted" if deleted else ""
    return judged(
        evaluate.trust(role.trust, source, context),
        ok=f"role {destination.name} trusts {source}",
        silent=Finding(
            WRONG,
            f"no statement of the trust policy of role {destination.name} lets {source} in{stale}",
            "trust_missing",
            f"add a statement for {source} to it, as the playbook fleetkit.ecs.cross_account does"
            + (" (a role that was deleted and made again is another principal to IAM)" if deleted else ""),
        ),
    )


def judged(verdict: evaluate.Verdict, ok: str, silent: Finding) -> Finding:
    if verdict.effect == evaluate.ALLOWED:
        return Finding(OK, ok)
    if verdict.effect == evaluate.SILENT:
        return silent
    if verdict.effect == evaluate.DENIED:
        return Finding(WRONG, f"it is denied by {verdict.reason}", "explicit_deny", "change or remove that statement")
    if verdict.effect == evaluate.UNMET:
        return Finding(
            WRONG,
            f"a condition is not met: {verdict.reason}",
            "condition_not_met",
            "send what the condition asks for (an external id goes into the task's AWS configuration as external_id), "
            "or change the condition",
        )
    return Finding(UNKNOWN, f"it {verdict.effect} by {verdict.reason}", remedy="ask as the role itself, from a task")


# What STS says


def assume_role(facts: Facts) -> Finding:
    """Whether a session of the source role does become the destination role."""
    for answer in (facts.caller, facts.before, facts.assumed):
        if answer.unreachable:
            return _no_way(answer)
    if not facts.before.arn:
        return Finding(
            UNKNOWN,
            f"STS was not asked, as {facts.caller.arn} is not role {facts.source.name} and may not assume it",
            remedy="ask from a container of a task, with fleetkit.ecs.ecs_task_role_check on its host",
        )
    if facts.assumed.refusal:
        return Finding(
            WRONG,
            f"STS refused {facts.before.arn}: {facts.assumed.refusal}",
            "access_denied",
            "STS does not say why: mend what the other checks find, on both sides; if they find nothing, look at "
            "service control policies, resource control policies and the policy of the VPC endpoint, or wait, as IAM "
            "takes some seconds to spread a change",
        )
    return Finding(OK, f"{facts.before.arn} became {facts.assumed.arn}")


def call(facts: Facts) -> Finding:
    """Whether the destination role can do what was to be tried."""
    if not facts.assumed.arn:
        return Finding(UNKNOWN, f"{facts.operation} was not tried, as the destination role was not assumed")
    if facts.call.unreachable:
        return Finding(
            WRONG,
            f"{facts.operation} got no answer: {facts.call.unreachable}",
            "endpoint_unreachable",
            "check the region and the way to that service's endpoint",
        )
    if facts.call.refusal:
        return Finding(
            WRONG,
            f"{facts.operation} was refused: {facts.call.refusal}",
            "call_refused",
            f"allow it in the policies of {facts.destination}, and in the resource's own policy",
        )
    return Finding(OK, f"{facts.operation} works as {facts.assumed.arn}")


CHECKS: Mapping[str, Callable[[Facts], Finding]] = {
    "source_role": source_role,
    "permission": permission,
    "destination_role": destination_role,
    "trust": trust,
    "assume_role": assume_role,
    "call": call,
}


def report(names: Sequence[str], facts: Any, checks: Mapping[str, Callable[[Any], Finding]]) -> dict[str, Any]:
    """What a module returns of its checks."""
    found = [(name, checks[name](facts)) for name in names]
    return {
        "ok": all(finding.status != WRONG for _name, finding in found),
        "checks": [{"name": name, **asdict(finding)} for name, finding in found],
    }
