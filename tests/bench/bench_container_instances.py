# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module runs that reach a host that is right already, and the time they take: ours, the usual modules and the floor.

Each side converges a fresh host of the lab and is counted on its second run. The floor is one module run for each
subject: facts, package, variables, service, rules and their verification.
"""

from __future__ import annotations

import subprocess
import sys
import time

from common import ROOT, on_the_host, playbook, report
from ecslab.hosts import Host  # common has put the lab on the path

FLOOR = 6
INVENTORY = ["-i", "build/lab/inventory.yml", "-i", "molecule/inventory.yml"]


def measure(name: str, host: str) -> tuple[int, float]:
    """Module runs and seconds of the second run."""
    arguments = [*INVENTORY, "--limit", host, name]
    playbook(arguments)
    start = time.monotonic()
    results = playbook(arguments)
    seconds = time.monotonic() - start
    changed = [result for result in results if result.get("changed") and not result.get("skipped")]
    if name.startswith("fleetkit"):
        assert not changed, "the second run changed something"
    return on_the_host(results), seconds


def main():
    subprocess.run([sys.executable, "tests/lab/lab.py", "up", "--fresh", "--hosts", "2"], cwd=ROOT, check=True)
    playbook(["fleetkit.ecs.iam"])
    ours, seconds = measure("fleetkit.ecs.container_instances", Host("trixie", 1).name)
    peer, peer_seconds = measure("tests/bench/peer_container_instances.yml", Host("trixie", 2).name)
    rows = [
        ("", "fleetkit.ecs", "usual modules", "floor"),
        ("module runs on the host", ours, peer, FLOOR),
        ("seconds, one host", f"{seconds:.1f}", f"{peer_seconds:.1f}", "-"),
    ]
    figures = {"tasks_ours": ours, "tasks_peer": peer, "tasks_floor": FLOOR}
    figures |= {"seconds_ours": round(seconds, 2), "seconds_peer": round(peer_seconds, 2)}
    report("container_instances", "A host that is right already (no change)", rows, figures)


if __name__ == "__main__":
    main()
