# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python lanes: one virtual environment for each supported pair of Python and ansible-core that this machine has.

ansible-core 2.19 is the newest for Python 3.11 and 2.21 the newest for 3.12 to 3.14, so there are at most two
lanes: 3.11, and the newest later Python. Usage:

    lanes.py list          the lanes, oldest first
    lanes.py newest        the newest one
    lanes.py setup LANE    make the lane; fast when its lock file has not changed
    lanes.py lock          choose the newest versions again and write the lock files
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LANES = ROOT / "build" / "lanes"
LOCKS = ROOT / "tests" / "requirements"
UV = "uv==0.13.9"


def pythons() -> dict[str, str]:
    """A working interpreter for each version found, on the path first and then among pyenv's."""
    found: dict[str, str] = {}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python3{minor}") for minor in ("", ".14", ".13", ".12", ".11")]
    candidates += sorted(str(path) for path in pyenv.glob("*/bin/python3"))
    for python in filter(None, candidates):
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            found.setdefault(answer.stdout.strip(), python)
    return found


def lanes() -> list[str]:
    versions = sorted(int(minor) for minor in (key.split(".")[1] for key in pythons()) if 11 <= int(minor) <= 14)
    if not versions:
        sys.exit("No Python 3.11 to 3.14 found. On Debian: apt-get install python3 python3-venv.")
    old = [11] if 11 in versions else []
    new = [max(versions)] if max(versions) > 11 else []
    return [f"3.{minor}" for minor in old + new]


def lock_of(lane: str) -> Path:
    return LOCKS / ("python3.11.txt" if lane == "3.11" else "python3.12-3.14.txt")


def setup(lane: str) -> None:
    lock = lock_of(lane)
    stamp = LANES / lane / ".lock"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Python {lane}: installing {lock.read_text().count('==')} locked packages", flush=True)
    uv = install_uv()
    venv = LANES / lane
    subprocess.run([uv, "venv", "--quiet", "--allow-existing", "--python", pythons()[lane], venv], check=True)
    subprocess.run([uv, "pip", "sync", "--quiet", "--python", venv / "bin" / "python", lock], check=True)
    stamp.write_text(wanted)


def install_uv() -> Path:
    """uv in an environment of its own: it fills a lane in seconds where pip takes minutes."""
    home = LANES / "uv"
    if not (home / "bin" / "uv").exists():
        python = next(iter(pythons().values()))
        if subprocess.run([python, "-c", "import ensurepip"], capture_output=True, check=False).returncode:
            install_debian_package("python3-venv")
        subprocess.run([python, "-m", "venv", "--clear", home], check=True)
        pip = [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV]
        subprocess.run(pip, check=True)
    return home / "bin" / "uv"


def install_debian_package(package: str) -> None:
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    if not shutil.which("apt-get"):
        sys.exit(f"This Python cannot make virtual environments; install your distribution's {package}.")
    subprocess.run([*sudo, "apt-get", "update", "-qq"], check=True)
    subprocess.run([*sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends", package], check=True)


def relock() -> None:
    for lane in ("3.11", "3.12"):
        target = lock_of(lane)
        options = [
            "--quiet",
            "--upgrade",
            "--no-emit-index-url",
            "--no-annotate",
            "--custom-compile-command",
            "make lock",
        ]
        command = [install_uv(), "pip", "compile", *options, "--python-version", lane, LOCKS / "dev.in", "-o", target]
        subprocess.run(command, check=True)


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command == "list":
        print(*lanes(), sep="\n")
    elif command == "newest":
        print(lanes()[-1])
    elif command == "setup":
        setup(sys.argv[2])
    elif command == "lock":
        relock()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
