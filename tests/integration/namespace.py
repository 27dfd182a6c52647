# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A throw-away host for tests of netfilter: its own network, /etc, /run and a systemctl double; the machine's iptables.

Nothing that happens in one reaches the machine's own rules or files.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

BACKENDS = [backend for backend in ("nft", "legacy") if shutil.which(f"xtables-{backend}-multi")]
_TOOLS = [f"{family}{suffix}" for family in ("iptables", "ip6tables") for suffix in ("", "-save", "-restore")]

# A namespace of its own for the network and for mounts, with what a boot would give.
_SETUP = """
set -e
mount --make-rprivate /
mount -t tmpfs none /run
mount -t tmpfs none /usr/local/sbin
mkdir -p /run/systemd/system /run/etc
cp -a /etc/. /run/etc
mount --bind /run/etc /etc
mkdir -p /etc/systemd/system
rm -rf /etc/fleetkit-ecs
ip link set lo up
echo ready
exec sleep infinity
"""

# systemd cannot run here. This keeps what "show" answers and runs ExecStart as "restart" does; it logs its calls.
_SYSTEMCTL = """#!/bin/sh
echo "$*" >>/run/systemctl.log
for unit; do :; done
state=/run/units/$unit file=/etc/systemd/system/$unit
mkdir -p "$state"
yes_no() { [ -e "$state/$1" ] && echo "$2" || echo "$3"; }
case $1 in
    show)
        echo "UnitFileState=$(yes_no enabled enabled '')"
        echo "ActiveState=$(yes_no active active inactive)"
        echo NeedDaemonReload=no ;;
    reenable) touch "$state/enabled" ;;
    disable) rm -f "$state/enabled" "$state/active" ;;
    restart)
        rm -f "$state/active"
        $(sed -n s/^ExecStart=//p "$file") >&2 && touch "$state/active" ;;
    is-active) yes_no active active inactive ;;
esac
"""

_RUN_MODULE = """
import json, sys
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fleetkit.ecs.plugins.modules import {module}
with patch_module_args(json.load(sys.stdin)):
    {module}.main()
"""


class Namespace:
    """One such host, from start() to stop()."""

    def __init__(self, directory: Path, backend: str) -> None:
        self._tools, self._doubles = directory / "tools", directory / "doubles"
        self._tools.mkdir(parents=True)
        self._doubles.mkdir()
        for tool in _TOOLS:
            (self._tools / tool).symlink_to(shutil.which(f"xtables-{backend}-multi") or "")
        self.install("systemctl", _SYSTEMCTL)
        self._holder: subprocess.Popen[str] | None = None

    def install(self, program: str, text: str) -> None:
        """A double of a program, before the machine's own on PATH; never written through a link to the real one."""
        path = self._doubles / program
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def start(self) -> Namespace:
        command = ["unshare", "--net", "--mount", "sh", "-c", _SETUP]
        self._holder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self._holder.stdout is not None
        told = self._holder.stdout.readline()
        assert told == "ready\n", told + self._holder.stdout.read()
        return self

    def stop(self) -> None:
        assert self._holder is not None
        self._holder.kill()
        self._holder.communicate()

    def spawn(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        """Starts a program in the namespace, with the collection importable and the backend's tools on PATH."""
        assert self._holder is not None
        entered = ["nsenter", f"--target={self._holder.pid}", "--net", "--mount", "--wd=/", *command]
        environment = {
            **os.environ,
            "PATH": f"{self._doubles}:{self._tools}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "ANSIBLE_NOCOLOR": "1",
        }
        return subprocess.Popen(entered, env=environment, text=True, **options)

    def run(self, *command: str, stdin: str | None = None, check: bool = True) -> str:
        pipe = subprocess.PIPE
        with self.spawn(*command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            out, err = process.communicate(stdin, timeout=120)
        assert process.returncode == 0 or not check, f"{command}: {out}{err}"
        return str(out + ("" if check else err))

    def shell(self, script: str, check: bool = True) -> str:
        return self.run("sh", "-e", "-c", script, check=check)

    def module(self, name: str, /, check: bool = False, **params: Any) -> SimpleNamespace:
        """Runs a module in the namespace; gives its result as attributes, C(failed) included."""
        arguments = {**params, "_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": "/run"}
        printed = self.run(
            sys.executable, "-c", _RUN_MODULE.format(module=name), stdin=json.dumps(arguments), check=False
        )
        start = printed.find("{")
        assert start >= 0, printed
        result = {"failed": False, "diff": None, "warnings": [], **json.JSONDecoder().raw_decode(printed[start:])[0]}
        result["warnings"] = [_text_of(warning) for warning in result["warnings"]]
        return SimpleNamespace(**result, json=result)

    def state(self) -> str:
        """All that a module may have changed, for comparison."""
        kernel = r"for tool in iptables ip6tables; do $tool-save | grep -v ^# | sed 's/ \[.*//'; done"
        places = "/etc/fleetkit-ecs /usr/local/sbin /etc/systemd/system/fleetkit*"
        return self.shell(f"{kernel}; find {places} -type f -exec head -1000 {{}} + || :", check=False)

    def rules(self, chain: str, table: str = "filter", tool: str = "iptables") -> list[str]:
        """A chain's rules as iptables -S prints them, without -A CHAIN."""
        listing = self.run(tool, "-t", table, "-S", chain)
        return [line.split(" ", 2)[2] for line in listing.splitlines() if line.startswith("-A")]


def _text_of(warning: Any) -> str:
    """Since ansible-core 2.20 a warning in a module's raw result is a structure."""
    return warning if isinstance(warning, str) else warning["event"]["msg"]
