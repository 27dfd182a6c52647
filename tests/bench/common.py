# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every benchmark needs: counting runs, a table, and the figures as a flat JSON map."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "build" / "bench"
sys.path.insert(0, str(ROOT / "tests" / "lab"))

import local_aws  # noqa: E402 (the lab is not a package)
from ecslab import settings  # noqa: E402

launch = local_aws.launch
LAB_SSH = settings.SSH_KEY

# Actions that never reach the host: Ansible runs them on the controller.
ON_THE_CONTROLLER = {
    "assert",
    "debug",
    "fail",
    "set_fact",
    "meta",
    "include_tasks",
    "include_vars",
    "validate_argument_spec",
}


def requests(url: str) -> list[str]:
    """The API operations that the local AWS has seen since the last call."""
    with urllib.request.urlopen(f"{url}/_lab/requests", timeout=30) as answer:
        seen = [request["operation"] for request in json.load(answer)]
    urllib.request.urlopen(urllib.request.Request(f"{url}/_lab/requests", method="DELETE"), timeout=30).close()
    return seen


def behave(url: str, **behaviour: object) -> None:
    """Make the local AWS as slow or as unkind as the real one can be: see the lab's Control."""
    body = json.dumps(behaviour).encode()
    urllib.request.urlopen(urllib.request.Request(f"{url}/_lab/behaviour", body, method="PUT"), timeout=30).close()


def wait_for_idle_processors() -> None:
    """New hosts are at work for a while after they are up: nothing is timed before they rest, or half a minute."""
    end = time.monotonic() + 30
    before = processor_times()
    while time.monotonic() < end:
        time.sleep(1)
        now = processor_times()
        if (now[3] - before[3]) / max(sum(now) - sum(before), 1) > 0.8:
            return
        before = now


def processor_times() -> list[int]:
    """Of all processors, by the kernel's columns; the fourth is idle."""
    return [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]


def playbook(arguments: list[str], tasks: list[dict] | None = None, **environment: str) -> list[dict]:
    """Run a playbook (or tasks on localhost) and give the result of every task on every host."""
    if tasks is not None:
        path = OUTPUT / "tasks.yml"
        path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        arguments = [*arguments, str(path)]
    settings = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", **environment}
    run = subprocess.run(
        ["ansible-playbook", *arguments],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    plays = json.loads(run.stdout[run.stdout.index("{") :])["plays"]
    return [result for play in plays for task in play["tasks"] for result in task["hosts"].values()]


def on_the_host(results: list[dict]) -> int:
    """How many module runs went to the host; each item of a loop is one, and none that is delegated."""
    count = 0
    for result in results:
        action = result.get("action", "").rsplit(".", maxsplit=1)[-1]
        if action not in ON_THE_CONTROLLER and not result.get("skipped"):
            count += sum("_ansible_delegated_vars" not in item for item in result.get("results", [result]))
    return count


def report(name: str, title: str, rows: list[tuple[str, ...]], figures: dict[str, float]) -> None:
    """Print the table and write the figures."""
    print(f"\n{title}")
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)))
    OUTPUT.mkdir(parents=True, exist_ok=True)
    path = OUTPUT / f"{name}.json"
    path.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"  written to {path.relative_to(ROOT)}")
