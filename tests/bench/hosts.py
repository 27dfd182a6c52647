# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Six hosts over SSH with pipelining: ours, the same outcome by the usual modules, and a bare ping, from one run.

Each side configures six untouched hosts, and is then timed again where nothing is left to change. It has the machine
to itself: agents and guards at work on the other's hosts would take processors from it, which a fleet's do not. One
more host goes first, so that neither side is the one to read what all hosts of this machine share. The sides take
turns, and every figure is a median. A ping is C(ansible all -m ping) on the same hosts: Ansible's own start, six
connections and the smallest module.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict

from common import LAB_SSH, OUTPUT, ROOT, on_the_host, playbook, report, wait_for_idle_processors

HOSTS = 6
ROUNDS = 3
TASKS_ALLOWED = 6
OURS, PEER = "fleetkit.ecs.container_instances", "tests/bench/peer_container_instances.yml"
VERIFY = "fleetkit.ecs.verify"
PINGS_ALLOWED = 3
INVENTORY = OUTPUT / "ssh_inventory.json"
SETTINGS = {
    "ANSIBLE_PIPELINING": "true",
    "ANSIBLE_FORKS": str(HOSTS),
    "ANSIBLE_HOST_KEY_CHECKING": "false",
    "ANSIBLE_SSH_COMMON_ARGS": "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR",
}


def lab(*arguments: str) -> None:
    subprocess.run([sys.executable, "tests/lab/lab.py", *arguments], cwd=ROOT, check=True)


def untouched_hosts() -> list[str]:
    """Six new hosts and one more that let the lab's key in; gives the inventory's options."""
    lab("down")  # the local AWS too, which would know former hosts of these names
    lab("up", "--hosts", str(HOSTS + 1))
    known = json.loads((ROOT / "build" / "lab" / "inventory.yml").read_text())
    members = known["all"]["children"]["container_instances"]["hosts"]
    common = {"ansible_connection": "ssh", "ansible_user": "root", "ansible_ssh_private_key_file": str(LAB_SSH)}
    for variables in members.values():
        variables |= {**common, "ansible_host": variables["lab_address"]}
    OUTPUT.mkdir(parents=True, exist_ok=True)
    INVENTORY.write_text(json.dumps(known))
    return ["-i", str(INVENTORY), "-i", "molecule/inventory.yml"]


def timed(function, *arguments) -> tuple[float, object]:
    start = time.monotonic()
    result = function(*arguments)
    return time.monotonic() - start, result


def ping(arguments: list[str]) -> None:
    command = ["ansible", *arguments, "container_instances", "-m", "ansible.builtin.ping"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **SETTINGS}, check=True, capture_output=True)


def converge(name: str, arguments: list[str]) -> list[dict]:
    return playbook([*arguments, name], **SETTINGS)


def measure(name: str, seconds: dict[str, list[float]], tasks: dict[str, float]) -> None:
    """Time one first run of a side on new hosts, a run without a change, and what is compared with that."""
    inventory = untouched_hosts()
    *six, one = sorted(json.loads(INVENTORY.read_text())["all"]["children"]["container_instances"]["hosts"])
    hosts = [*inventory, "--limit", ",".join(six)]
    playbook(["fleetkit.ecs.iam"])
    converge(name, [*inventory, "--limit", one])
    ping(hosts)
    wait_for_idle_processors()
    seconds[f"first {name}"].append(timed(converge, name, hosts)[0])
    wait_for_idle_processors()
    elapsed, results = timed(converge, name, hosts)
    seconds[name].append(elapsed)
    tasks[name] = on_the_host(results) / HOSTS
    changed = [result for result in results if result.get("changed") and not result.get("skipped")]
    assert not changed, f"the second run of {name} changed something"
    if name == OURS:
        seconds["ping"].append(timed(ping, hosts)[0])
        elapsed, results = timed(converge, VERIFY, [*hosts, "-e", f"verify_report={OUTPUT / 'verify'}"])
        seconds[VERIFY].append(elapsed)
        tasks[VERIFY] = sum("checks" in result for result in results) / HOSTS


def main() -> None:
    seconds: dict[str, list[float]] = defaultdict(list)
    tasks: dict[str, float] = {}
    for number in range(ROUNDS):
        for name in (OURS, PEER):
            measure(name, seconds, tasks)
            print(f"{number + 1} of {ROUNDS}: {name}: first run {seconds[f'first {name}'][-1]:.1f} s", flush=True)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    show({name: median[f"first {name}"] for name in (OURS, PEER)}, median, tasks)


def show(first: dict[str, float], again: dict[str, float], tasks: dict[str, float]) -> None:
    rows = [
        ("", "fleetkit.ecs", "usual modules", "ping"),
        ("module runs on a host, no change", f"{tasks[OURS]:g}", f"{tasks[PEER]:g}", "1"),
        ("seconds, first run", f"{first[OURS]:.1f}", f"{first[PEER]:.1f}", "-"),
        ("seconds, no change", f"{again[OURS]:.1f}", f"{again[PEER]:.1f}", f"{again['ping']:.1f}"),
        ("ratio to the usual modules, first run", f"{first[OURS] / first[PEER]:.2f}", "1", "-"),
        ("ratio to the usual modules, no change", f"{again[OURS] / again[PEER]:.2f}", "1", "-"),
        ("ratio to ping, no change", f"{again[OURS] / again['ping']:.1f}", f"{again[PEER] / again['ping']:.1f}", "1"),
    ]
    rows += [
        ("verify: module runs on a host", f"{tasks[VERIFY]:g}", "-", "1"),
        ("verify: seconds", f"{again[VERIFY]:.1f}", "-", f"{again['ping']:.1f}"),
        ("verify: ratio to ping", f"{again[VERIFY] / again['ping']:.1f}", "-", "1"),
    ]
    figures = {
        "verify_tasks_per_host": tasks[VERIFY],
        "verify_ratio_to_ping": round(again[VERIFY] / again["ping"], 2),
        "verify_ratio_to_ping_allowed": PINGS_ALLOWED,
        "tasks_per_host": tasks[OURS],
        "tasks_per_host_peer": tasks[PEER],
        "tasks_per_host_allowed": TASKS_ALLOWED,
        "noop_ratio_to_peer": round(again[OURS] / again[PEER], 3),
        "noop_ratio_to_ping": round(again[OURS] / again["ping"], 2),
        "first_ratio_to_peer": round(first[OURS] / first[PEER], 3),
        "seconds_noop": round(again[OURS], 2),
        "seconds_first": round(first[OURS], 2),
        "seconds_first_peer": round(first[PEER], 2),
    }
    report("hosts", f"{HOSTS} hosts over SSH with pipelining", rows, figures)


if __name__ == "__main__":
    main()
