# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Makes the changes of a plan: a table in one transaction, a file in one rename, the unit by systemctl."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter import persist
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import File
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.plan import RulesPlan
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.read import (
    FAMILIES,
    TOOLS,
    CommandError,
    Commands,
)

# Kinds of change that are made one by one; a table's rules are one transaction, all files are one step.
_SINGLE = ("routing_rule", "sysctl", "route")


class Apply:
    def __init__(self, module: Any, commands: Commands) -> None:
        self._module, self._commands = module, commands
        self._lock: int | None = None

    def lock(self) -> None:
        """Keep the loader out until the set is changed: it would put back what goes, and place twice what comes."""
        with suppress(FileNotFoundError):  # no set, no loader
            self._lock = os.open(persist.RULES_DIRECTORY, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def rehearse(self, plan: RulesPlan) -> RulesPlan:
        """Let iptables judge every transaction before the first is made; this changes nothing."""
        for owner, lines in plan.transactions.items():
            try:
                self._restore(owner, lines, "--test")
            except CommandError as error:
                raise Refusal(
                    f"iptables does not accept these rules of {owner}, and nothing was changed: {error}; "
                    f"the lines were: {' | '.join(lines)}"
                ) from error
        return plan

    def __call__(self, plan: RulesPlan) -> Iterator[Change]:
        for (step, owner), group in groupby(plan.changes, key=_step):
            changes = list(group)
            if step == "rule":
                self._restore(owner, plan.transactions[owner])
                yield from changes
            elif step == "single":
                for change in changes:
                    self._make(change)
                    yield change
            else:
                self._persist(changes)
                yield from changes

    def _restore(self, owner: str, lines: tuple[str, ...], *options: str) -> None:
        """No line declares a chain: that would empty it, even with --noflush."""
        ip_version, table = owner.split()
        script = "\n".join([f"*{table}", *lines, "COMMIT", ""])
        self._commands.run(f"{TOOLS[ip_version]}-restore", "--noflush", "-w", "10", *options, data=script)

    def _make(self, change: Change) -> None:
        verb = "add" if change.action == "create" else "del"
        if change.kind == "routing_rule":
            self._commands.run("ip", FAMILIES[str(change.owner)], "rule", verb, *change.name.split())
        elif change.kind == "route":
            self._commands.run("ip", "-4", "route", verb, *change.name.split())
        else:
            Path("/proc/sys", *change.name.split(".")).write_text(f"{change.after}\n", encoding="ascii")

    def _persist(self, changes: Sequence[Change]) -> None:
        """Files, then systemd, then the loader: it is proven now and not at the next boot."""
        if any(change.kind == "unit" and change.after is None for change in changes):
            self._commands.run("systemctl", "disable", "--now", persist.UNIT)
        for change in changes:
            path = Path(change.name)
            self._write(path, change.after) if change.after else _remove(path)
        kinds = {change.kind: change.after for change in changes}
        if kinds.get("unit"):
            # Reads the files, too, and drops the links of an older [Install].
            self._commands.run("systemctl", "reenable", persist.UNIT)
        elif "unit" in kinds or "docker" in kinds:
            self._commands.run("systemctl", "daemon-reload")
        if "unit" in kinds and kinds["unit"] is None:
            shutil.rmtree(persist.MEMORY, ignore_errors=True)
            with suppress(CommandError):  # it never failed, so systemd has forgotten it already
                self._commands.run("systemctl", "reset-failed", persist.UNIT)
        if any(kinds.values()):
            self._unlock()
            if kinds.get("unit") or kinds.get("loader"):
                self._commands.run("systemctl", "restart", persist.UNIT)
            self._commands.run(persist.LOADER, "load")

    def _write(self, path: Path, file: File) -> None:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self._module.tmpdir)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(file.text)
        self._module.atomic_move(temporary, str(path))
        path.chmod(file.mode)
        os.chown(path, file.uid, 0)


def _step(change: Change) -> tuple[str, str]:
    if change.kind == "rule":
        return "rule", str(change.owner)
    return ("single" if change.kind in _SINGLE else "persist"), ""


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
    # Directories that only we had a use for go with their last file; rmdir spares those that hold anything.
    with suppress(OSError):
        if path.suffix == ".rules":
            path.parent.rmdir()
            path.parent.parent.rmdir()
        elif path.suffix == ".conf":
            path.parent.rmdir()
