# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ci_example.py: examples/molecule as a user has it, on the lab's hosts, by the command of docs/ci.md.

The lab's hosts are there already, so making and removing some is only foreseen.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import pages

ROOT = Path(__file__).resolve().parents[2]
NOTHING = "- name: They are there already\n  hosts: localhost\n  gather_facts: false\n"


def run(folder: Path, *command: str) -> None:
    """Without what an outer Molecule has told this process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOLECULE_")}
    subprocess.run(command, cwd=folder, env=environment, check=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = folder / "molecule"
        shutil.copytree(ROOT / "examples" / "molecule", project)
        own = project / "inventory.yml"
        for playbook in (project / "default" / "create.yml", project / "default" / "destroy.yml"):
            run(folder, "ansible-playbook", "--inventory", str(own), "--check", str(playbook))
            playbook.write_text(NOTHING)
        declared = own.read_text().replace("ecs-ci-1", lab_host())
        own.unlink()
        own.mkdir()
        (own / "own.yml").write_text(declared)
        (own / "lab.yml").symlink_to(ROOT / "build" / "lab" / "inventory.yml")
        for command in pages.commands(pages.section("ci.md", "Without AWS")):
            if command.startswith("molecule"):
                run(folder, *shlex.split(command))


def lab_host() -> str:
    """The name of the first host of the lab."""
    command = ["ansible", "--inventory", ROOT / "build" / "lab" / "inventory.yml", "all", "--list-hosts"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]


if __name__ == "__main__":
    main()
