# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""thrice.py [--at-most=N] PLAYBOOK [OPTION...]: run it in check mode, for real and once more.

It fails unless check mode foresaw exactly the tasks that then changed something, host by host, and the second run
changes nothing, with at most N module runs on a host. Run in a lane, inside the lab's environment.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "bench"))

from common import on_the_host  # noqa: E402 (the benchmarks are not a package)

INVENTORY = ["-i", "build/lab/inventory.yml", "-i", "molecule/inventory.yml"]


def run(*arguments: str) -> tuple[set[tuple[str, str]], dict[str, int]]:
    """Run the playbook. Gives what changed, host and task, and how many module runs each host had."""
    environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
    command = ["ansible-playbook", *INVENTORY, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    try:
        plays = json.loads(done.stdout[done.stdout.index("{") :])["plays"]
    except ValueError:
        sys.exit(done.stdout + done.stderr)
    results = [
        (host, task["task"]["name"], result)
        for play in plays
        for task in play["tasks"]
        for host, result in task["hosts"].items()
    ]
    failed = [f"{host}: {name}: {reason(result)}" for host, name, result in results if result.get("failed")]
    if done.returncode:
        sys.exit("\n".join([f"{' '.join(arguments)} failed:", *failed, done.stderr]))
    by_host = defaultdict(list)
    for host, _name, result in results:
        by_host[host].append(result)
    changed = {(host, name) for host, name, result in results if result.get("changed")}
    return changed, {host: on_the_host(known) for host, known in by_host.items()}


def reason(result: dict) -> str:
    return str(result.get("msg") or result)[:2000]


def show(title: str, changed: set[tuple[str, str]]) -> None:
    print(f"{title}: {len(changed)}", *(f"  {host}: {name}" for host, name in sorted(changed)), sep="\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--at-most", type=int, metavar="N")
    wanted, playbook = parser.parse_known_args()
    (foreseen, _runs), (done, _runs), (again, runs) = run(*playbook, "--check"), run(*playbook), run(*playbook)
    show("changed", done)
    if foreseen - done:
        show("foreseen, but not done", foreseen - done)
    if done - foreseen:
        show("done, but not foreseen", done - foreseen)
    if again:
        show("changed in the second run", again)
    too_many = {host: count for host, count in runs.items() if wanted.at_most and count > wanted.at_most}
    if too_many:
        print(f"module runs on a host without a change, of {wanted.at_most}: {too_many}")
    if foreseen != done or again or too_many:
        sys.exit(1)


if __name__ == "__main__":
    main()
