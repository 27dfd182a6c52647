# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guard costs a converge: tasks, and the processes that read or change the host's tables.

The role's own rules, in a network namespace with Docker's chains, counted by a shim in front of each program. The floor
of a converge with nothing to change is one process for the tables of each IP version, one for its routing rules and one
question to systemd.
"""

from __future__ import annotations

import collections
import sys
import tempfile
from pathlib import Path

import yaml
from common import ROOT, report

sys.path.insert(0, str(ROOT / "tests" / "integration"))

from namespace import BACKENDS, Namespace

PROGRAMS = [f"{family}-{what}" for family in ("iptables", "ip6tables") for what in ("save", "restore")]
PROGRAMS += ["ip"]  # iptables itself tells its backend by what it is a link to
ROLE = ROOT / "roles" / "task_network"
FLOOR_TABLES, FLOOR_ALL = 2, 5
DOCKER = "iptables -N DOCKER-USER; iptables -A DOCKER-USER -j RETURN; iptables -I FORWARD -j DOCKER-USER"


def tasks() -> list[dict]:
    return yaml.safe_load((ROLE / "tasks" / "before_agent.yml").read_text())


def guard() -> dict:
    """What the role gives to the module by default."""
    role = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())
    lists = ("amazons_rule", "more_rules", "accept_rules")
    return {
        "name": "task-network",
        "rules": [rule for name in lists for rule in role[f"__task_network_{name}"]],
        "prohibit_forwarding_to": ["169.254.169.254", "fd00:ec2::254"],
        "restore_ecs_init": True,
        "required_by_docker": True,
    }


def count(host: Namespace) -> collections.Counter[str]:
    """Programs that one run of the module started (and the loader, which a first run starts)."""
    host.shell(": >/run/count; : >/run/systemctl.log")
    result = host.module("netfilter_rules", **guard())
    assert not result.failed, result.msg
    counted = collections.Counter(host.run("cat", "/run/count").split())
    counted["systemctl"] = len(host.run("cat", "/run/systemctl.log").splitlines())
    return counted


def measure(backend: str) -> tuple[collections.Counter[str], collections.Counter[str]]:
    with tempfile.TemporaryDirectory() as directory:
        host = Namespace(Path(directory), backend).start()
        host.shell(DOCKER)
        for program in PROGRAMS:
            real = host.shell(f"command -v {program}").strip()
            host.install(program, f'#!/bin/sh\necho {program} >>/run/count\nexec {real} "$@"\n')
        first, again = count(host), count(host)
        host.stop()
    return first, again


def main():
    backend = BACKENDS[0]
    first, again = measure(backend)
    tables = sum(again[program] for program in PROGRAMS if program != "ip")
    rows = [
        ("", "first run, with its proof by the loader", "nothing to change", "floor"),
        ("tasks", len(tasks()), len(tasks()), 1),
        *((program, first[program], again[program], "") for program in sorted(first | again)),
        ("processes for tables", "", tables, FLOOR_TABLES),
        ("processes", first.total(), again.total(), FLOOR_ALL),
    ]
    figures = {"tasks": len(tasks()), "tasks_floor": 1, "processes_first_run": first.total()}
    figures |= {"processes": again.total(), "processes_floor": FLOOR_ALL}
    figures |= {"table_processes": tables, "table_processes_floor": FLOOR_TABLES}
    report("guard_converge", f"The guard's converge (iptables-{backend})", rows, figures)


if __name__ == "__main__":
    main()
