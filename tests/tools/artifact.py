# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""artifact.py: build the collection into build/artifact and import it as Galaxy does; a warning fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAULTS = ("WARNING", "ERROR", "CRITICAL")


def build(folder: Path) -> Path:
    """Build the staged collection, which has what git tracks and nothing else, into an empty folder."""
    stage = Path(os.environ["PYTHONPATH"]) / "ansible_collections" / "fleetkit" / "ecs"
    command = ["ansible-galaxy", "collection", "build", stage, "--output-path", folder]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.tar.gz"))


def faults(artifact: Path) -> list[str]:
    """What Galaxy's importer finds wrong. It leaves out ansible-test, which wants an image; make sanity runs that."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with tempfile.TemporaryDirectory() as folder:  # it writes its result to where it runs
        command = [sys.executable, "-m", "galaxy_importer.main", artifact]
        run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    told = run.stdout.splitlines()
    found = [line for line in told if line.startswith(FAULTS)]
    return found if "Importer processing completed successfully" in told else [*found, run.stderr, *told[-5:]]


def main() -> None:
    folder = ROOT / "build" / "artifact"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    artifact = build(folder)
    if found := faults(artifact):
        sys.exit("\n".join(found))
    print(f"{artifact.relative_to(ROOT)}: Galaxy's importer has nothing to say against it")


if __name__ == "__main__":
    main()
