# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A throw-away host for tests of netfilter: its own network, /etc, /run and a systemctl double; the machine's iptables.

Nothing that happens in one reaches the machine's own rules or files.
"""

from __future__ import annotations

import functools
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

# systemd cannot run here. This keeps what "show" answers and runs ExecStartPre as "restart" does; it logs its calls.
# A unit is active or enabled when a file of that name in /run/units says so.
_SYSTEMCTL = """#!/bin/sh
echo "$*" >>/run/systemctl.log
for unit; do :; done
state=/run/units/$unit file=/etc/systemd/system/$unit
yes_no() { [ -e "/run/units/$1/$2" ] && echo "$3" || echo "$4"; }
case $1 in
    show)
        for unit; do
            case $unit in show | --*) continue ;; esac
            echo "Id=$unit"
            echo "UnitFileState=$(yes_no "$unit" enabled enabled '')"
            echo "ActiveState=$(cat "/run/units/$unit/active" 2>/dev/null || echo inactive)"
            echo "InvocationID=$(cat "/run/units/$unit/invocation" 2>/dev/null)"
            echo NeedDaemonReload=no
            echo
        done ;;
    reenable) mkdir -p "$state"; touch "$state/enabled" ;;
    disable) rm -f "$state/enabled" "$state/active" ;;
    restart)
        mkdir -p "$state"
        rm -f "$state/active"
        $(sed -n s/^ExecStartPre=-//p "$file") >&2
        echo active >"$state/active" ;;
    is-active) cat "$state/active" 2>/dev/null || echo inactive ;;
esac
"""

# Imports Ansible once; then each request is a fork that enters the namespace and runs a module there.
_MODULE_SERVER = """
import ctypes, importlib, io, json, os, sys
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

def enter(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    for kind in ("net", "mnt"):
        handle = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
        if libc.setns(handle, 0):
            raise OSError(ctypes.get_errno(), f"setns {kind}")
    os.chdir("/")

def run(request, output):
    enter(request["pid"])
    os.dup2(output, 1)
    os.environ["PATH"] = request["path"]
    sys.stdin = io.StringIO()
    module = importlib.import_module(f"ansible_collections.fleetkit.ecs.plugins.modules.{request['module']}")
    with patch_module_args(request["arguments"]):
        module.main()

for line in sys.stdin:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            run(json.loads(line), writer)
        except SystemExit:
            pass
        except BaseException as error:
            print(f"{type(error).__name__}: {error}")
        sys.stdout.flush()
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        printed = stream.read()
    os.waitpid(child, 0)
    print(json.dumps(printed), flush=True)
"""


@functools.cache
def _module_server() -> subprocess.Popen[str]:
    """One for a session of tests; it ends with its standard input."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [sys.executable, "-c", _MODULE_SERVER]
    return subprocess.Popen(command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


class Namespace:
    """One such host, from start() to stop()."""

    def __init__(self, directory: Path, backend: str) -> None:
        self.backend = backend
        self._tools, self._doubles = directory / "tools", directory / "doubles"
        self._tools.mkdir(parents=True)
        self._doubles.mkdir()
        for tool in _TOOLS:
            (self._tools / tool).symlink_to(shutil.which(f"xtables-{backend}-multi") or "")
        self.install("systemctl", _SYSTEMCTL)
        self._holder: subprocess.Popen[str] | None = None

    @property
    def path(self) -> str:
        return f"{self._doubles}:{self._tools}:{os.environ['PATH']}"

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
        environment = {**os.environ, "PATH": self.path, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
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
        assert self._holder is not None
        request = {"pid": self._holder.pid, "path": self.path, "module": name, "arguments": arguments}
        server = _module_server()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        printed = json.loads(server.stdout.readline())
        start = printed.find("{")
        assert start >= 0, printed
        result = {"failed": False, "diff": None, "warnings": [], **json.JSONDecoder().raw_decode(printed[start:])[0]}
        result["warnings"] = [_text_of(warning) for warning in result["warnings"]]
        return SimpleNamespace(**result, json=result)

    def state(self) -> str:
        """All that a module may have changed, for comparison."""
        kernel = r"for tool in iptables ip6tables; do $tool-save | grep -v ^# | sed 's/ \[.*//'; done"
        places = "/etc/fleetkit-ecs /usr/local/sbin /etc/systemd"
        routing = "ip rule; ip -6 rule; ip -4 route; cat /proc/sys/net/ipv4/conf/all/route_localnet"
        return self.shell(f"{kernel}; {routing}; find {places} -type f -exec head -1000 {{}} + || :", check=False)

    def rules(self, chain: str, table: str = "filter", tool: str = "iptables") -> list[str]:
        """A chain's rules as iptables -S prints them, without -A CHAIN."""
        listing = self.run(tool, "-t", table, "-S", chain)
        return [line.split(" ", 2)[2] for line in listing.splitlines() if line.startswith("-A")]


def _text_of(warning: Any) -> str:
    """Since ansible-core 2.20 a warning in a module's raw result is a structure."""
    return warning if isinstance(warning, str) else warning["event"]["msg"]
