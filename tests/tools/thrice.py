# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""thrice.py PLAYBOOK [OPTION...]: run it in check mode, for real and once more.

It fails unless check mode foresaw exactly the tasks that then changed something, host by host, and the second run
changes nothing. Run in a lane, inside the lab's environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = ["-i", "build/lab/inventory.yml", "-i", "molecule/inventory.yml"]


def run(*arguments: str) -> set[tuple[str, str]]:
    """Run the playbook and give what changed: host and task."""
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
    return {(host, name) for host, name, result in results if result.get("changed")}


def reason(result: dict) -> str:
    return str(result.get("msg") or result)[:2000]


def show(title: str, changed: set[tuple[str, str]]) -> None:
    print(f"{title}: {len(changed)}", *(f"  {host}: {name}" for host, name in sorted(changed)), sep="\n", flush=True)


def main() -> None:
    foreseen, done, again = run(*sys.argv[1:], "--check"), run(*sys.argv[1:]), run(*sys.argv[1:])
    show("changed", done)
    if foreseen - done:
        show("foreseen, but not done", foreseen - done)
    if done - foreseen:
        show("done, but not foreseen", done - foreseen)
    if again:
        show("changed in the second run", again)
    if foreseen != done or again:
        sys.exit(1)


if __name__ == "__main__":
    main()
