# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard's proof on the lab's hosts (see docs/guard_proof.md). Molecule's scenario guard runs it:

proof.py prepare HOST      start the witness and the probers
proof.py events HOST       the events that the host still has to go through, as JSON
proof.py run HOST EVENT    let an event happen as often as its list says, and wait each time until it is over
proof.py report            evaluate all logs, print the table, write build/bench/guard.json, fail on a leak or a loss
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("lab", "bench")]

import evaluate  # noqa: E402 (neither this folder nor the lab nor the benchmarks are packages)
import events  # noqa: E402
import report as tables  # noqa: E402
from common import report as write_report  # noqa: E402
from ecslab import hosts  # noqa: E402
from ecslab.engine import docker, run, wait_for  # noqa: E402
from ecslab.settings import IMDS_NAME, SUBNET_V6, LabError  # noqa: E402

SHORT = os.environ.get("GUARD_EVENTS") == "short"
ON_HOST = "/var/lib/guard-proof"
RESULTS = ROOT / "build" / "guard"
INVENTORY = ["build/lab/inventory.yml", "molecule/inventory.yml"]
STREAMS = ("docker0", "user", "named")
SOURCES = [*(f"{stream} imds4" for stream in STREAMS), *hosts.when_ipv6("user imds6")]
# What each host is for, by its name in the lab.
TITLES = {
    "trixie-1": "Debian 13",
    "trixie-2": "Debian 13, iptables-legacy",
    "trixie-3": "the recipe",
    "bookworm-1": "Debian 12",
}
RECIPE, LEGACY = "trixie-3", "trixie-2"
ON_WHOLE_LIST = ("trixie-1", RECIPE)
# Tries of each prober after an event, before the next may come: one second's.
NEEDED = 20
# A task whose credentials are not back so long after the agent does not get them any more.
PATIENCE = 15
LIMIT = 180
LOOK_EVERY = 0.5


class Subject:
    """A host under proof."""

    def __init__(self, name: str) -> None:
        self.host = hosts.named(name)
        self.name = name
        self.label = f"{self.host.suite}-{self.host.number}"
        self.short = SHORT or self.label not in ON_WHOLE_LIST
        self.number = int(self.host.address.rsplit(".", 1)[1])
        self.path = RESULTS / f"{name}.json"

    def sh(self, command: str, check: bool = True) -> str:
        """Run a shell command on the host."""
        return docker("exec", self.name, "sh", "-c", command, check=check).stdout

    def windows(self) -> list[evaluate.Window]:
        """What has been recorded up to now."""
        return [evaluate.Window(**window) for window in json.loads(self.path.read_text())] if self.path.exists() else []

    def record(self, window: evaluate.Window) -> None:
        """Add a window."""
        RESULTS.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps([asdict(one) for one in [*self.windows(), window]], indent=1))

    def reboot(self) -> None:
        """Reboot; Docker need not be there afterwards. systemctl waits by itself, once it can be called."""
        docker("restart", self.name)
        booted = ("exec", self.name, "systemctl", "is-system-running", "--wait")
        up = ("running\n", "degraded\n")
        wait_for(self.name, lambda: docker(*booted, check=False).stdout in up, 120, lambda: hosts.report(self.host))

    def guard(self, step: str) -> None:
        """Turn the guard of this host on or off: the role, or the recipe's script."""
        if self.label == RECIPE:
            on = f"sh {ON_HOST}/recipe.sh"
            off = "iptables -D DOCKER-USER 1; rm -f /etc/iptables/rules.v4"
            self.sh(off if step == events.GUARD_OFF else on, check=False)
            return
        variables = {
            "task_network_imds_guard": step != events.GUARD_OFF,
            "entry_point": "before_agent" if step == events.GUARD_ON_BEFORE_DOCKER else "main",
        }
        options = [*(f"--inventory={path}" for path in INVENTORY), "--limit", self.name, "-e", json.dumps(variables)]
        run("ansible-playbook", *options, "molecule/guard/task_network.yml", cwd=ROOT)

    def take(self, step: str) -> None:
        """One step of an event."""
        if step == events.REBOOT:
            self.reboot()
        elif step == events.WATCH:
            self.watch(agent=False)
        elif step.startswith("guard"):
            self.guard(step)
        else:
            self.sh(step)

    def watch(self, agent: bool = True) -> bool:
        """Wait until every prober has been heard again; false when the agent or the credentials do not come back."""
        since = agent_ran = looked = time.time()
        observed: list[evaluate.Observation] = []
        with self.follow() as logs:
            for line in logs:
                observed += evaluate.parse([line])
                now = time.time()
                if now < looked + LOOK_EVERY:
                    continue
                looked = now
                observed.sort(key=lambda one: one.start)
                if evaluate.settled(observed, SOURCES, since, NEEDED, agent):
                    return True
                if not evaluate.agent_runs(observed):
                    agent_ran = now
                if now > since + LIMIT or (agent and now > agent_ran + PATIENCE):
                    return False
        raise LabError(f"the logs of {self.name} cannot be followed")

    @contextmanager
    def follow(self) -> Iterator[Iterable[str]]:
        """The lines of all logs as they are written, from one process: polling would slow the host down."""
        logs = " ".join(f"{ON_HOST}/{stream}.log" for stream in ("host", *STREAMS))
        # A process outlives the client that docker exec was, so it is told to end by the end of its input.
        command = f"tail --quiet --lines=20 --follow {logs} & cat; kill $!"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(["docker", "exec", "-i", self.name, "sh", "-c", command], text=True, **pipes) as tail:
            try:
                yield tail.stdout or ()
            finally:
                tail.communicate()


def prepare(subject: Subject) -> None:
    """The witness and the probers, and the way back to them for the IMDS stand-in."""
    if subject.label == LEGACY:
        for name in ("iptables", "ip6tables"):
            subject.sh(f"update-alternatives --set {name} /usr/sbin/{name}-legacy")
        subject.reboot()
        hosts.wait_booted(subject.host)
    if not subject.short:
        subject.sh("apt-get -q update && apt-get -qy --download-only --reinstall install docker.io")
        subject.sh("systemctl mask firewalld netfilter-persistent")
        packages = "iptables-persistent firewalld"
        subject.sh(f"DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install {packages}")
        subject.sh(
            "systemctl unmask firewalld netfilter-persistent && systemctl disable firewalld netfilter-persistent"
        )
    subject.sh(f"mkdir -p {ON_HOST}")
    docker("cp", f"{ROOT}/tests/guard/host/.", f"{subject.name}:{ON_HOST}")
    address6 = SUBNET_V6.replace("::/64", f"::66:{subject.number}")
    kinds = " ".join(source.split()[1] for source in SOURCES if source.startswith("user"))
    subject.sh(f"{ON_HOST}/prepare.sh {subject.number} {address6} '{kinds}'")
    number, address = subject.number, subject.host.address
    docker("exec", IMDS_NAME, "ip", "route", "replace", f"10.66.{number}.0/24", "via", address)
    for prefix in hosts.when_ipv6(f"fd66:{number}::/64"):
        docker("exec", IMDS_NAME, "ip", "-6", "route", "replace", prefix, "via", address6)
    subject.path.unlink(missing_ok=True)


def happen(subject: Subject, event: events.Event) -> None:
    """Let an event happen as often as the host's list says, and record when."""
    for steps in event.occurrences(subject.short):
        before = subject.windows()
        seamless = before and before[-1].settled and not events.BY_NAME[before[-1].event].open
        start = before[-1].end if seamless else time.time()
        for step in steps:
            subject.take(step)
        settled = subject.watch(event.agent)
        failed = hosts.failed_units(subject.host)
        remark = f"failed units: {failed}" if failed else ""
        subject.record(evaluate.Window(event.name, start, time.time(), settled, remark))
        if not settled:
            mend(subject)


def mend(subject: Subject) -> None:
    """Bring a host back that did not come back by itself, so that the next event has a fair start."""
    subject.reboot()
    hosts.wait_booted(subject.host)
    if not subject.watch():
        subject.guard(events.GUARD_ON)
        subject.watch()


def still_to_come(subject: Subject) -> list[str]:
    """The events that have not happened yet."""
    happened = {window.event for window in subject.windows()}
    return [name for name in events.listed(subject.short) if name not in happened]


def report() -> int:
    """Print the table, write the figures, and say what is wrong."""
    ours: dict[str, tables.Tallies] = {}
    recipe: tables.Tallies = {}
    problems = []
    for subject in sorted(
        map(Subject, (host.name for host in hosts.present())), key=lambda one: list(TITLES).index(one.label)
    ):
        observations = evaluate.parse(subject.sh(f"cat {ON_HOST}/*.log").splitlines())
        tallies = evaluate.tally(observations, subject.windows())
        if subject.label == RECIPE:
            recipe = tallies
            continue
        ours[TITLES[subject.label]] = tallies
        problems += tables.wrong(TITLES[subject.label], tallies, events.listed(subject.short), SOURCES)
    problems += tables.blind(recipe) if recipe else []
    title = "No task on a bridge reaches IMDS, every task its credentials"
    write_report("guard", title, tables.rows(ours, recipe), tables.figures(ours, recipe))
    for problem in problems:
        print(problem, file=sys.stderr)
    return bool(problems)


def main() -> None:
    """Run one command."""
    command, *arguments = sys.argv[1:]
    if command == "report":
        sys.exit(report())
    subject = Subject(arguments[0])
    if command == "prepare":
        prepare(subject)
    elif command == "run":
        happen(subject, events.BY_NAME[arguments[1]])
    else:
        print(json.dumps(still_to_come(subject)))


if __name__ == "__main__":
    try:
        main()
    except LabError as error:
        sys.exit(f"{' '.join(sys.argv[1:])}: {error}")
