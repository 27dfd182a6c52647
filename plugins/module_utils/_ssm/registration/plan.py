# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what the host is and what was asked for to the changes. Pure: nothing is run here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.model import Host, Identity, Request

REGISTRATION, FORMER, COPY, SERVICE = "registration", "former_registration", "registration_copy", "service"
CREDENTIALS = "credentials"
NEW = "(given by AWS Systems Manager)"


def plan_registration(host: Host, request: Request, check_mode: bool = False) -> Plan:
    """Plan the registration.

    Args:
        host: what is there.
        request: what was asked for.
        check_mode: whether the agent and the activation may still be to come.
    """
    if request.absent:
        return _plan_absent(host)
    present = host.identity or host.former
    needed = present is None or request.force or (request.move and present.region != request.region)
    _refuse(host, request, needed, present, check_mode)
    left = _left(host, needed)
    changes = (*_recover(host), *_register(needed, present, request), *_service(host, needed))
    return Plan(
        changes=changes,
        before={
            **_seen(host.identity, host.agent.running and host.agent.enabled),
            **({"left by a run that did not end": str(host.former)} if host.former else {}),
        },
        after=_seen(Identity(NEW, str(request.region)) if needed else present, True),
        result={"region": request.region, "registered": True, "left": left.result() if left else None},
        warnings=host.notes,
    )


def _plan_absent(host: Host) -> Plan:
    """Forget it all: what AWS knows of it is deregistered there."""
    present = host.identity or host.former
    left = None if host.cloned or present is None else present
    changes = []
    if host.agent.running or host.agent.enabled:
        changes.append(Change("update", SERVICE, host.agent.unit, before="started", after="stopped"))
    if host.remains:
        changes.append(Change("delete", REGISTRATION, str(present or "remains of one"), before=list(host.remains)))
    if host.shared:
        changes.append(Change("delete", CREDENTIALS, host.shared))
    return Plan(
        changes=tuple(changes),
        before={**_seen(present, host.agent.running), "files": list(host.remains), "credentials": host.shared},
        after={**_seen(None, False), "files": [], "credentials": None},
        result={"region": None, "registered": False, "left": left.result() if left else None},
    )


def _left(host: Host, needed: bool) -> Identity | None:
    """Whom the host is not any more. Whom a clone was is somebody else."""
    if needed:
        return None if host.cloned else host.identity or host.former
    return host.former if host.former and host.identity not in (None, host.former) else None


def _refuse(host: Host, request: Request, needed: bool, present: Identity | None, check_mode: bool) -> None:
    if host.agent.program is None and not check_mode:
        raise Refusal("amazon-ssm-agent is not installed on this host; install it first (role fleetkit.ecs.ssm_agent).")
    if host.cloned and not request.force:
        raise Refusal(
            f"{host.cloned} Nothing was changed. To register this host as itself, run again with force: true."
        )
    if present and present.region != request.region and not needed:
        raise Refusal(
            f"region: this host is {present}, not in {request.region}. Nothing was changed. To register it in "
            f"{request.region}, run again with move: true; {present.instance_id} is then left."
        )
    if needed and not request.activation_code and not check_mode:
        again = f" again (it is {present})" if present else ""
        raise Refusal(
            f"activation_id, activation_code: the host is to be registered{again}, "
            "which takes an activation with registrations left (fleetkit.ecs.ssm_activation)."
        )


def _recover(host: Host) -> Iterator[Change]:
    """A run that did not end left its copy: it is put back where it is all there is, and is not needed otherwise."""
    if host.former and host.identity is None:
        yield Change("create", FORMER, host.former.instance_id, after=str(host.former))
    if host.former:
        yield Change("delete", COPY, host.former.instance_id, before=str(host.former))


def _register(needed: bool, present: Identity | None, request: Request) -> Iterator[Change]:
    if needed:
        action = "update" if present else "create"
        yield Change(action, REGISTRATION, str(request.region), before=str(present) if present else None, after=NEW)


def _service(host: Host, registers: bool) -> Iterator[Change]:
    """An agent that runs keeps the identity that it started with, so it is started anew."""
    right = host.agent.running and host.agent.enabled
    if registers or not right or host.former:
        state = "running" if host.agent.running else "stopped"
        yield Change("update", SERVICE, host.agent.unit, before=state, after="started with this registration")


def _seen(identity: Identity | None, running: bool) -> dict[str, Any]:
    shown = identity.result() if identity else {"managed_instance_id": None, "region": None}
    return {**shown, "service": "runs, and starts at boot" if running else "does not run, or not after a boot"}
