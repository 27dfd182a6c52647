# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's background processes on this machine: the local AWS and the package server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from .engine import wait_for
from .images import digest
from .settings import (
    AWS_PORT,
    BUILD,
    ENDPOINT_URL,
    GATEWAY,
    LAB,
    PACKAGES,
    PACKAGES_PORT,
    PACKAGES_URL,
    REGION,
    LabError,
    say,
)


@dataclass(frozen=True)
class Service:
    """A background process: its name, how to start it, where it listens, and a digest of its code."""

    name: str
    command: list[str]
    port: int
    health_url: str
    code: str

    @property
    def pid_file(self) -> Path:
        """Holds the pid and the code's digest of the running process."""
        return BUILD / f"{self.name}.pid"

    @property
    def log_file(self) -> Path:
        """Where it writes."""
        return BUILD / f"{self.name}.log"


def local_aws() -> Service:
    """The local AWS (moto with our extensions)."""
    program = LAB / "local_aws.py"
    command = [sys.executable, str(program), "--host", GATEWAY, "--port", str(AWS_PORT)]
    return Service("local-aws", command, AWS_PORT, f"{ENDPOINT_URL}/_lab/health", digest(program, LAB / "awsext"))


def package_server() -> Service:
    """A file server for the packages."""
    command = [sys.executable, "-m", "http.server", "--bind", GATEWAY, "--directory", str(PACKAGES), str(PACKAGES_PORT)]
    return Service("packages", command, PACKAGES_PORT, f"{PACKAGES_URL}/", digest(command[1:]))


def services() -> list[Service]:
    """All of them."""
    return [local_aws(), package_server()]


def up(service: Service) -> None:
    """Leave the service running with today's code."""
    known = recorded(service)
    if known and known["code"] == service.code and answers(service):
        return
    if known:
        say(f"{service.name}: its code changed or it does not answer, starting it anew (its state is lost)")
        down(service)
    start(service)


def start(service: Service) -> None:
    """Start it and wait until it answers."""
    refuse_taken_port(service.port)
    say(f"starting {service.name} on {GATEWAY}:{service.port}")
    with service.log_file.open("ab") as log:
        process = subprocess.Popen(
            service.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    service.pid_file.write_text(json.dumps({"pid": process.pid, "code": service.code}), encoding="ascii")

    def ready() -> bool:
        if process.poll() is not None:
            raise LabError(f"{service.name} died at its start: {log_tail(service)}")
        return answers(service)

    wait_for(f"{service.name} at {service.health_url}", ready, 60, why=lambda: log_tail(service))


def refuse_taken_port(port: int) -> None:
    """Say clearly that something else listens where we want to."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((GATEWAY, port))
        except OSError as error:
            raise LabError(f"cannot listen on {GATEWAY}:{port}, is something else there? ({error})") from error


def recorded(service: Service) -> dict | None:
    """The process of the pid file, if it lives and is still ours (pids are used again)."""
    try:
        known = json.loads(service.pid_file.read_text(encoding="ascii"))
        command = Path(f"/proc/{known['pid']}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return known if os.fsencode(service.command[-1]) in command else None


def answers(service: Service) -> bool:
    """Does it answer with success?"""
    try:
        with urllib.request.urlopen(service.health_url, timeout=5) as reply:
            return reply.status == 200
    except OSError:
        return False


def down(service: Service) -> None:
    """End the process, if it is ours."""
    known = recorded(service)
    if known:
        os.kill(known["pid"], signal.SIGTERM)
        wait_for(f"the end of {service.name}", lambda: recorded(service) is None, 10)
    service.pid_file.unlink(missing_ok=True)


def log_tail(service: Service) -> str:
    """The end of its log."""
    return service.log_file.read_text(errors="replace")[-1500:] if service.log_file.exists() else ""


def create_cluster(name: str) -> None:
    """Create the ECS cluster that the hosts join; one that exists stays as it is."""
    scope = f"lab/20260101/{REGION}/ecs/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none",
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.CreateCluster",
        "X-Lab-Internal": "lab",
    }
    body = json.dumps({"clusterName": name}).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(ENDPOINT_URL, body, headers), timeout=30):
            pass
    except urllib.error.HTTPError as error:
        raise LabError(f"CreateCluster {name}: {error.code} {error.read().decode(errors='replace')}") from error
