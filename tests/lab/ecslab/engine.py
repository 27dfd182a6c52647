# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Docker engine: install it where it is missing, start it where it is not up, and talk to it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from .settings import BUILD, LabError, say

# What the lab calls, and the Debian package it is in.
PROGRAMS = {
    "docker": "docker.io",
    "dpkg-deb": "dpkg",
    "gpg": "gnupg",
    "ip": "iproute2",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "ssh-keygen": "openssh-client",
}
# What tests call besides.
TEST_PROGRAMS = {"chromium": "chromium", "chromedriver": "chromium-driver", "openssl": "openssl"}
CAP_SYS_RESOURCE = 24
# From this release on ALL means every capability that the engine itself has, and dropping another one is refused.
ALL_IS_WHAT_THERE_IS = 23


def run(*command: str, check: bool = True, **options) -> subprocess.CompletedProcess:
    """Run a program; when it fails, say which one and what it said."""
    options.setdefault("capture_output", True)
    options.setdefault("text", True)
    done = subprocess.run(command, check=False, **options)
    if check and done.returncode != 0:
        said = f"{done.stdout or ''}{done.stderr or ''}".strip()
        raise LabError(f"{' '.join(command)} failed ({done.returncode}): {said[-2000:]}")
    return done


def docker(*args: str, check: bool = True, **options) -> subprocess.CompletedProcess:
    """Run the docker client."""
    return run("docker", *args, check=check, **options)


def wait_for(what: str, probe: Callable[[], bool], seconds: float, why: Callable[[], str] = str) -> None:
    """Poll until probe() is true; after that many seconds fail with what was waited for and what why() knows."""
    end = time.monotonic() + seconds
    while not probe():
        if time.monotonic() > end:
            raise LabError(f"waited {seconds:.0f} s for {what}. {why()}".strip())
        time.sleep(0.2)


def ensure() -> None:
    """Leave with an engine that answers and with the programs that the lab calls."""
    install_missing(PROGRAMS)
    wake()


def installed() -> bool:
    """Is there an engine, be it up or not?"""
    return bool(shutil.which("dockerd")) or answers()


def wake() -> None:
    """Leave with an engine that answers."""
    if answers():
        return
    start()
    wait_for("the Docker engine", answers, 60, why=log_tail)


def answers() -> bool:
    """Does an engine answer?"""
    return bool(shutil.which("docker")) and docker("version", check=False).returncode == 0


def install_missing(programs: Mapping[str, str]) -> None:
    """Install what is missing of these with apt, where that is possible."""
    missing = sorted({package for program, package in programs.items() if not shutil.which(program)})
    if not shutil.which("dockerd") and (not shutil.which("docker") or not answers()):
        missing = sorted({*missing, "docker.io"})
    if not missing:
        return
    if not Path("/etc/debian_version").exists() or os.geteuid() != 0:
        raise LabError(f"please install {', '.join(missing)} (the lab does it itself only as root on Debian)")
    say(f"installing {' '.join(missing)}")
    run("apt-get", "update", "-q")
    if "docker.io" in missing and has_docker_cli_package():
        missing.append("docker-cli")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "install", "-y", "--no-install-recommends", *missing, env=environment)


def has_docker_cli_package() -> bool:
    """Debian 13 moved the client out of docker.io."""
    return bool(run("apt-cache", "madison", "docker-cli").stdout.strip())


def start() -> None:
    """Start the engine: through systemd where that runs, else by hand (the init script fails without ulimit)."""
    if os.geteuid() != 0:
        raise LabError("the Docker engine does not answer, and starting it needs root")
    if Path("/run/systemd/system").is_dir():
        say("starting docker.service")
        run("systemctl", "start", "docker")
        return
    say("starting dockerd (it stays up after 'down')")
    BUILD.mkdir(parents=True, exist_ok=True)
    with log_path().open("ab") as log:
        subprocess.Popen(["dockerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def log_path() -> Path:
    """Where a dockerd started by us writes."""
    return BUILD / "dockerd.log"


def log_tail() -> str:
    """The end of that log, for an error message."""
    if not log_path().exists():
        return ""
    return f"{log_path()} ends: " + log_path().read_text(errors="replace")[-1500:]


def host_flags() -> list[str]:
    """The flags that let systemd and a nested Docker run in a container.

    --privileged asks for every capability; a machine that lacks CAP_SYS_RESOURCE itself cannot grant it, and there
    the same freedom is spelled out without it (writable cgroups let the nested Docker start its containers).
    """
    if has_capability(CAP_SYS_RESOURCE):
        return ["--privileged", "--cgroupns=private"]
    flags = ["--cap-add=ALL", "--cgroupns=host", "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw"]
    if server_major() < ALL_IS_WHAT_THERE_IS:
        flags.append("--cap-drop=SYS_RESOURCE")
    return flags + [f"--security-opt={name}=unconfined" for name in ("seccomp", "apparmor", "systempaths")]


def server_major() -> int:
    """The engine's major version."""
    return int(docker("version", "--format", "{{.Server.Version}}").stdout.split(".")[0])


def has_capability(bit: int) -> bool:
    """Is a capability in the bounding set of this machine's processes?"""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    bounding = re.search(r"^CapBnd:\s*([0-9a-f]+)", status, re.MULTILINE)
    return bool(bounding and int(bounding[1], 16) >> bit & 1)
