# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""ecs.service: run now and at every boot, restarted, and registered before anybody goes on."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.introspection import (
    REGISTERED,
    Report,
    wait_until_registered,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.state import SERVICE
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan

DROP_IN = Path("/etc/systemd/system/ecs.service.d/fleetkit-ecs-exit-5.conf")
DROP_IN_TEXT = """\
# Written by the Ansible module fleetkit.ecs.ecs_agent_service.
# Exit 5 is the agent's word for: this can never work (another cluster than the saved one, an attribute that ECS
# refuses). Amazon's RPM stops there; its .deb would start it again every ten seconds for ever.
[Service]
RestartPreventExitStatus=5
"""
LOG = Path("/var/log/ecs/ecs-agent.log")
LINES = 15
CAUSES = (
    "Usual causes: the instance has no instance profile, or on an external host the SSM agent has no credentials "
    "(/var/log/amazon/ssm/errors.log); the role lacks a permission; the cluster does not exist in this region; the "
    "ECS endpoint cannot be reached."
)


@dataclass(frozen=True)
class Request:
    state: str
    stop_at_exit_5: bool


@dataclass(frozen=True)
class Found:
    """What systemd says of ecs.service, and our addition to it.

    Attributes:
        stale: whether a file of the unit has changed since systemd has read it.
        drop_in: the text of ours; None when there is none.
    """

    active: bool
    enabled: bool
    stale: bool = False
    drop_in: str | None = None


@dataclass(frozen=True)
class ServicePlan(Plan):
    """C(commands) are what systemctl is called with, once the files are there."""

    commands: tuple[tuple[str, ...], ...] = ()


def read_service(module: Any, drop_in: Path = DROP_IN) -> Found:
    properties = "--property=ActiveState,UnitFileState,NeedDaemonReload"
    shown = dict(line.split("=", 1) for line in _systemctl(module, "show", properties, SERVICE).split())
    return Found(
        active=shown["ActiveState"] == "active",
        enabled=shown["UnitFileState"] == "enabled",
        stale=shown["NeedDaemonReload"] == "yes",
        drop_in=drop_in.read_text(encoding="utf-8", errors="replace") if drop_in.exists() else None,
    )


def plan_service(found: Found, request: Request) -> ServicePlan:
    """Pure. What check mode cannot see of a package that is yet to come does not count: it is started then."""
    changes, drop_in = [], found.drop_in
    if request.stop_at_exit_5 and drop_in != DROP_IN_TEXT:
        action = "create" if drop_in is None else "update"
        drop_in = DROP_IN_TEXT
        changes.append(Change(action, "drop_in", str(DROP_IN), before=found.drop_in, after=drop_in))
    verb = "restart" if request.state == "restarted" else "start"
    runs = found.active and found.enabled
    if verb == "restart" or not runs:
        changes.append(Change(verb, "service", SERVICE))
    return ServicePlan(
        changes=tuple(changes),
        before={"active": found.active, "enabled": found.enabled, "drop_in": found.drop_in},
        after={"active": True, "enabled": True, "drop_in": drop_in},
        commands=tuple(_commands(changes, found)),
    )


def _commands(changes: list[Change], found: Found) -> Iterator[tuple[str, ...]]:
    kinds = {change.kind: change.action for change in changes}
    if "service" in kinds and not found.enabled:
        yield ("enable", SERVICE)  # which reads all units again by itself
    elif "drop_in" in kinds or ("service" in kinds and found.stale):
        yield ("daemon-reload",)
    if "service" in kinds:
        yield (kinds["service"], SERVICE)


class Service:
    """Makes the changes of a ServicePlan."""

    def __init__(self, module: Any, timeout: float, drop_in: Path = DROP_IN) -> None:
        self._module, self._timeout, self._drop_in = module, timeout, drop_in

    def apply(self, plan: ServicePlan) -> Iterator[Change]:
        if any(change.kind == "drop_in" for change in plan.changes):
            _write(self._drop_in, DROP_IN_TEXT)
        try:
            for command in plan.commands:
                _systemctl(self._module, *command)
            if any(change.kind == "service" for change in plan.changes):
                self._wait()
        except OSError as error:
            raise OSError(f"{error} {CAUSES} {self._last_words()}") from error
        yield from plan.changes

    def _wait(self) -> None:
        report: Report = wait_until_registered(self._timeout)
        if report.status != REGISTERED:
            raise OSError(f"The agent has not registered within {self._timeout} seconds: {report.reason}")

    def _last_words(self) -> str:
        """The reason is in the last lines of the agent's log and of its service's journal."""
        log = LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES:] if LOG.exists() else []
        journal = ["journalctl", f"--unit={SERVICE}", f"--lines={LINES}", "--no-pager", "--output=cat"]
        _code, said, _stderr = self._module.run_command(journal)
        return "The agent said: " + " | ".join([*log, "Its service said:", *said.splitlines()])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor, new = tempfile.mkstemp(dir=path.parent, prefix=".fleetkit.ecs.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    Path(new).chmod(0o644)
    Path(new).replace(path)


def _systemctl(module: Any, *words: str) -> str:
    code, stdout, stderr = module.run_command(["systemctl", *words])
    if code:
        raise OSError(f"systemctl {' '.join(words)}: {stderr.strip() or f'exit code {code}'}")
    return str(stdout)
