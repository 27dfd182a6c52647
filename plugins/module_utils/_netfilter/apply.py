# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Makes the changes of a plan: a table in one transaction, a file in one rename, a unit by systemctl."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import File
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.plan import RulesPlan
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.read import TOOLS, CommandError, Commands


class Apply:
    def __init__(self, module: Any, commands: Commands) -> None:
        self._module, self._commands = module, commands

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
        for (kind, owner), changes in groupby(plan.changes, key=lambda change: (change.kind, change.owner)):
            if kind == "rule":
                self._restore(str(owner), plan.transactions[str(owner)])
                yield from changes
            else:
                for change in changes:
                    self._make(change)
                    yield change

    def _restore(self, owner: str, lines: tuple[str, ...], *options: str) -> None:
        """No line declares a chain: that would empty it, even with --noflush."""
        ip_version, table = owner.split()
        script = "\n".join([f"*{table}", *lines, "COMMIT", ""])
        self._commands.run(f"{TOOLS[ip_version]}-restore", "--noflush", "-w", "10", *options, data=script)

    def _make(self, change: Change) -> None:
        path, wanted = Path(change.name), change.after
        if change.kind == "unit" and wanted is None:
            self._commands.run("systemctl", "disable", "--now", path.name)
        if wanted is None:
            self._remove(path)
        else:
            self._write(path, wanted)
        if change.kind in ("trigger", "unit"):
            self._commands.run("systemctl", "daemon-reload")
        if change.kind == "unit":
            self._forget(path.name) if wanted is None else self._hook(path.name)

    def _forget(self, unit: str) -> None:
        with suppress(CommandError):  # it never failed, so systemd has forgotten it already
            self._commands.run("systemctl", "reset-failed", unit)

    def _hook(self, unit: str) -> None:
        """Enable and start a unit, whatever it was.

        reenable drops the links of an older [Install]; restart proves the loader now and not at the next boot.
        """
        self._commands.run("systemctl", "reenable", unit)
        try:
            self._commands.run("systemctl", "restart", unit)
        except CommandError as error:
            told = self._commands.run("journalctl", "--unit", unit, "--lines=10", "--output=cat", "--no-pager")
            raise CommandError(f"{error} Its last words: {told.strip()}") from error

    def _write(self, path: Path, file: File) -> None:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self._module.tmpdir)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(file.text)
        self._module.atomic_move(temporary, str(path))
        path.chmod(file.mode)
        os.chown(path, file.uid, 0)

    def _remove(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            path.unlink()
        # Our directories go with the last set; rmdir spares those that hold anything.
        with suppress(OSError):
            if path.suffix == ".rules":
                path.parent.rmdir()
                path.parent.parent.rmdir()
