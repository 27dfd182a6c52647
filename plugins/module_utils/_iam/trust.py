# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The plan of one statement in the trust policy of a role that exists. Pure: no client, no module."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents, show
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import (
    Document,
    Role,
    StatementRequest,
    TrustFacts,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.common import refuse_twin
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.role import (
    deleted_principal_warnings,
    refuse_long_trust,
)

NO_STATEMENT: Document = {"Version": "2012-10-17", "Statement": []}


def plan_trust_statement(facts: TrustFacts, request: StatementRequest, predicting: bool) -> Plan:
    """The one change that makes the statement what was asked for and leaves every other as it is.

    Args:
        facts: what was read.
        request: what was asked for.
        predicting: check mode, where a role that does not exist yet is foreseen; a real run refuses it.
    """
    refuse_twin("role", "role", facts.role, request.role)
    _refuse_another_role(facts, request)
    if facts.role is None:
        return _plan_without_role(facts, request, predicting)
    role, change = facts.role, _change(facts.role.trust or NO_STATEMENT, request)
    after = replace(role, trust=trust_after(role.trust or NO_STATEMENT, request)) if change else role
    if change:
        _refuse_what_iam_would(after, request, facts.trust_limit)
    return Plan(
        changes=(change,) if change else (),
        before=show.trust(role),
        after=show.trust(after),
        result={"iam_role": show.trust(after)},
        warnings=() if change else tuple(deleted_principal_warnings("role", role)),
    )


def trust_after(trust: Document, request: StatementRequest) -> Document:
    """The trust policy as it will be; the very same one when nothing changes."""
    if request.statement is None:
        return documents.without_statement(trust, request.sid)
    return documents.with_statement(trust, request.statement)


def _change(trust: Document, request: StatementRequest) -> Change | None:
    if trust_after(trust, request) is trust:
        return None
    if request.statement is None:
        before = next(one for one in documents.statements(trust) if one.get("Sid") == request.sid)
        return Change("delete", "trust_statement", request.sid, request.role, before=before)
    replaced = documents.replaced_by(trust, request.statement)
    before = replaced[0] if replaced else None
    action = "update" if replaced else "create"
    return Change(action, "trust_statement", request.sid, request.role, before=before, after=request.statement)


def _refuse_another_role(facts: TrustFacts, request: StatementRequest) -> None:
    """An ARN says in which account the role is; a role of the same name in another one is not meant."""
    wanted, found, account = request.arn, facts.role, facts.caller.account
    if wanted and wanted.account != account:
        raise Refusal(
            f"role: {wanted} is in another account than the credentials, which are of {account}; use those of "
            f"{wanted.account}, or assume a role there (assume_role_arn)."
        )
    if wanted and found and str(wanted) != found.arn:
        raise Refusal(f"role: the role of that name is {found.arn}, not {wanted}; correct its path.")


def _plan_without_role(facts: TrustFacts, request: StatementRequest, predicting: bool) -> Plan:
    if request.statement is None:
        return Plan(result={"iam_role": None})
    if not predicting:
        raise Refusal(
            f"role: role {request.role!r} does not exist in account {facts.caller.account}. Create it first "
            "(fleetkit.ecs.iam_role), or correct its name."
        )
    arn = str(request.arn or facts.caller.arn("role", "/", request.role))
    trust = trust_after(NO_STATEMENT, request)
    shown = show.trust(Role(request.role, arn=arn, trust=trust))
    warning = f"role: role {request.role!r} does not exist yet; {arn} is foreseen, with this statement only."
    change = Change("create", "trust_statement", request.sid, request.role, after=request.statement)
    return Plan((change,), after=shown, result={"iam_role": shown}, warnings=(warning,))


def _refuse_what_iam_would(after: Role, request: StatementRequest, limit: int) -> None:
    trust = after.trust or NO_STATEMENT
    if not documents.statements(trust):
        raise Refusal(
            f"sid: {request.sid!r} is the only statement in the trust policy of role {request.role}, and IAM takes no "
            "policy without one. Delete the role (fleetkit.ecs.iam_role, state: absent), or give it another statement "
            "first."
        )
    for where, principal in documents.deleted_principals(trust):
        raise Refusal(
            f"role: {where} in the trust policy of role {request.role} trusts {principal}, the id of a role or user "
            "that has been deleted, and IAM refuses the whole policy with it. Replace or remove that principal first, "
            "with the trust of fleetkit.ecs.iam_role or, where the statement has a Sid, with this module."
        )
    if request.statement is not None:
        refuse_long_trust("statement", trust, limit)
