# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what there is and what was asked for to a Plan. Pure: no client, no module, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.model import (
    ACTIVATION,
    CODE,
    HOUR,
    Activation,
    Facts,
    Request,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.show import date, show, show_new


def plan_activation(facts: Facts, request: Request) -> Plan:
    """The activation of the store while it is of use, and else a new one; then what is of no use to anybody goes."""
    if request.absent:
        return _plan_absent(facts, request)
    current = current_of(facts, request)
    if current:
        return _plan_kept(facts, current)
    gone = tuple(one for one in facts.matching if is_dead(one, facts.now) or is_superseded(one, request))
    new, kept = show_new(request), facts.kept
    changes = [Change("create", ACTIVATION, request.label, after=request)]
    if kept.where:
        changes.append(Change("update" if kept.secret else "create", CODE, kept.where))
    return Plan(
        changes=(*changes, *(_deletion(one, request) for one in gone)),
        before=_listed(facts.matching),
        after=_listed(
            (one for one in facts.matching if one not in gone),
            {**new, "expiration_date": f"{request.expires_in} hours after its creation"},
        ),
        result={"activation": new, "reason": why_new(facts, request)},
        warnings=_warn_of_lost_codes(facts, request, gone),
    )


def current_of(facts: Facts, request: Request) -> Activation | None:
    """The activation whose code is in the store, while it is of use."""
    return next((one for one in _stored(facts) if unfit(one, request, facts.now) is None), None)


def _stored(facts: Facts) -> tuple[Activation, ...]:
    secret = facts.kept.secret
    return tuple(one for one in facts.matching if secret and one.activation_id == secret.activation_id)


def unfit(activation: Activation, request: Request, now: float) -> str | None:
    """Why an activation is of no use for what is asked; None when it is."""
    if activation.expired or activation.expires <= now:
        return "it has expired"
    if activation.expires <= now + request.rotate_before * HOUR:
        return f"it expires within {request.rotate_before} hours (rotate_before)"
    if activation.registrations_left < request.registrations_needed:
        return f"it has {activation.registrations_left} registrations left, {request.registrations_needed} are needed"
    if activation.role != request.role:
        return f"its role is {activation.role}"
    if activation.default_instance_name != request.default_instance_name:
        return f"its default_instance_name is {activation.default_instance_name!r}"
    return None


def is_dead(activation: Activation, now: float) -> bool:
    """Whether nobody can register with it any more."""
    return activation.expired or activation.expires <= now or not activation.registrations_left


def is_superseded(activation: Activation, request: Request) -> bool:
    """Whether servers would become by it what they are no longer to be."""
    return (activation.role, activation.default_instance_name) != (request.role, request.default_instance_name)


def why_new(facts: Facts, request: Request) -> str:
    """For a person who wonders what became of the one before."""
    if not facts.kept.where:
        return "there is no store that could have a code"
    if not facts.kept.secret:
        return f"{facts.kept.where} has no code"
    reasons = [unfit(one, request, facts.now) for one in _stored(facts)]
    return str(reasons[0]) if reasons else f"the activation of the code in {facts.kept.where} is gone or has other tags"


def _warn_of_lost_codes(facts: Facts, request: Request, gone: tuple[Activation, ...]) -> tuple[str, ...]:
    """Activations that could be used, if only their code was known. Somebody may know it."""
    lost = [
        one
        for one in facts.matching
        if facts.kept.where and one not in (*gone, *_stored(facts)) and unfit(one, request, facts.now) is None
    ]
    if not lost:
        return ()
    until = ", ".join(date(one.expires) for one in lost)
    return (
        f"tags: {len(lost)} more activation(s) with these tags can be used (until {until}) by whoever has the code, "
        f"which is not in {facts.kept.where}. They are left alone; state: absent deletes them.",
    )


def _plan_kept(facts: Facts, current: Activation) -> Plan:
    result = {"activation": show(current), "reason": None}
    if not facts.kept.loose:
        return Plan(before=result, after=result, result=result)
    change = Change("update", CODE, str(facts.kept.where), before="readable by others", after="0600")
    modes: list[dict[str, Any]] = [{change.name: change.before}, {change.name: change.after}]
    return Plan(changes=(change,), before=modes[0], after=modes[1], result=result)


def _plan_absent(facts: Facts, request: Request) -> Plan:
    kept = facts.kept
    changes = [_deletion(one, request) for one in facts.matching]
    if kept.secret:
        changes.append(Change("delete", CODE, str(kept.where)))
    return Plan(
        changes=tuple(changes),
        before={**_listed(facts.matching), "code_in": kept.where if kept.secret else None},
        after={**_listed(()), "code_in": None},
        result={"activation": None, "reason": None},
    )


def _listed(activations: Iterable[Activation], *more: dict[str, Any]) -> dict[str, Any]:
    """For the diff. Of two that are alike otherwise, the date tells them apart."""
    return {"activations": [*({**show(one), "expiration_date": date(one.expires)} for one in activations), *more]}


def _deletion(activation: Activation, request: Request) -> Change:
    return Change("delete", ACTIVATION, f"{request.label} of {date(activation.created)}", before=activation)
