# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bucket and the hosts as the tests see them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).resolve().parents[3]
FACTS = ROOT / "build" / "lab" / "lab.json"
BUCKET, KEY = "fleet-config", "ecs.config"
URI = f"s3://{BUCKET}/{KEY}"
GET = f"GET /{BUCKET}/{KEY}"
PROGRAM = "/usr/local/libexec/fleetkit-ecs-config-fetch"
UNIT = "fleetkit-ecs-config-fetch.service"
FILE = "/etc/ecs/ecs.config"
STARTS = 5  # of which the best counts


class Fleet:
    """All hosts at once, and what S3 has for them."""

    def __init__(self) -> None:
        self.facts = json.loads(FACTS.read_text())
        self.endpoint = self.facts["endpoint_url"]
        self.hosts = [host["name"] for host in self.facts["hosts"]]
        self.s3 = boto3.client("s3", endpoint_url=self.endpoint.replace("http:", "https:"), verify=False)
        self.published = self.good()

    # AWS

    def lab(self, method: str, path: str, content: Any = None) -> Any:
        data = None if content is None else json.dumps(content).encode()
        with urllib.request.urlopen(urllib.request.Request(self.endpoint + path, data, method=method)) as answer:
            return json.load(answer)

    def good(self, **more: str) -> str:
        variables = {"AWS_DEFAULT_REGION": self.facts["region"], "ECS_BACKEND_HOST": self.endpoint}
        variables |= {"ECS_CLUSTER": self.facts["cluster"], "ECS_ENABLE_TASK_IAM_ROLE": "true", **more}
        lines = [f"{name}={value}" for name, value in sorted(variables.items())]
        return "\n".join(["# BEGIN fleetkit.ecs", *lines, "# END fleetkit.ecs", ""])

    def publish(self, text: str, digest_of: str | None = None) -> None:
        """As ecs_config_object does: with the digest of what was meant, and not where it is there already."""
        if text == self.published:
            return
        key = boto3.client("kms").list_keys()["Keys"][0]["KeyArn"]
        digest = hashlib.sha256((text if digest_of is None else digest_of).encode()).hexdigest()
        how = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, "Metadata": {"fleetkit-ecs-sha256": digest}}
        self.s3.put_object(Bucket=BUCKET, Key=KEY, Body=text.encode(), **how)
        self.published = text

    def unpublish(self) -> None:
        self.s3.delete_object(Bucket=BUCKET, Key=KEY)
        self.published = ""

    def fault(self, answer: str) -> None:
        """From now on this is what S3 makes of a request for the object."""
        self.lab("PUT", "/_lab/behaviour", {"faults": [{"operation": GET, "times": 1000, "answer": answer}]})

    def no_fault(self) -> None:
        self.lab("DELETE", "/_lab/behaviour")

    def statuses(self) -> list[int]:
        """What was answered to those who asked for the object, since the last call."""
        requests = self.lab("GET", "/_lab/requests")
        self.lab("DELETE", "/_lab/requests")
        return [request["status"] for request in requests if request["operation"] == GET]

    # Hosts

    def on_all(self, command: str) -> dict[str, subprocess.CompletedProcess[str]]:
        """Run a command on every host at the same time."""
        return self.at_once(lambda name: docker(name, command))

    def at_once(self, work: Callable[[str], Any]) -> dict[str, Any]:
        with ThreadPoolExecutor(len(self.hosts)) as pool:
            return dict(zip(self.hosts, pool.map(work, self.hosts)))

    def said(self, command: str) -> dict[str, str]:
        return {name: run.stdout.strip() for name, run in self.on_all(command).items()}

    def wait_for(self, command: str, answer: str, seconds: float = 90) -> None:
        """Until every host answers so."""
        end = time.monotonic() + seconds
        while (found := self.said(command)) != dict.fromkeys(self.hosts, answer):
            assert time.monotonic() < end, f"{command}: {found}"
            time.sleep(0.5)

    def wait_for_the_agent(self) -> None:
        cluster = self.facts["cluster"]
        self.wait_for(f'curl -s http://127.0.0.1:51678/v1/metadata | grep -c \'"Cluster": *"{cluster}".*arn:\'', "1")

    def reboot(self, wait: bool = True) -> None:
        self.at_once(lambda name: subprocess.run(["docker", "restart", name], check=True, capture_output=True))
        if wait:
            self.wait_for("systemctl is-system-running | grep -cE 'running|degraded'", "1")

    def seconds_of_the_unit(self, name: str) -> float:
        """How long it ran, by systemd, which at boot is what the agent may have to wait."""
        clock = "ExecMainStartTimestampMonotonic ExecMainExitTimestampMonotonic"
        show = " ".join(f"--property={one}" for one in clock.split())
        once = f"systemctl start {UNIT} && systemctl show --value {show} {UNIT} && systemctl stop {UNIT}"
        once += f" && systemctl reset-failed {UNIT}"  # or systemd takes so many starts for a loop
        runs = [[int(stamp) for stamp in docker(name, once).stdout.split()] for _start in range(STARTS)]
        return min(end - start for start, end in runs) / 1e6

    def seconds_of_the_cli(self, name: str) -> float:
        """How long a bare request for the object takes."""
        get = ["aws", "s3api", "get-object", f"--bucket={BUCKET}", f"--key={KEY}", "--region=us-west-2"]
        command = [*get, f"--endpoint-url={self.s3.meta.endpoint_url}", "/dev/null"]
        trust = {"AWS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"}
        timed = "timeit.timeit(lambda: subprocess.run(command, env=told, capture_output=True, check=True), number=1)"
        lines = ["import os, subprocess, timeit", f"command, told = {command}, os.environ | {trust}"]
        text = "\n".join([*lines, f"print(min({timed} for _start in range({STARTS})))"])
        done = subprocess.run(
            ["docker", "exec", name, "python3", "-c", text], capture_output=True, text=True, check=True
        )
        return float(done.stdout)

    def play(self, *arguments: str, environment: dict[str, str] | None = None) -> str:
        """ansible or ansible-playbook, as one runs it on these hosts."""
        program, *rest = arguments
        inventories = ["-i", "build/lab/inventory.yml", "-i", "molecule/inventory.yml"]
        command = [program, *(inventories if program.startswith("ansible") else []), *rest]
        told = {**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1", **(environment or {})}
        run = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout


def docker(name: str, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", "exec", name, "sh", "-c", command], capture_output=True, text=True, check=False)
