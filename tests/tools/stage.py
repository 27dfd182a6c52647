# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copy the checkout to build/collections/LANE/ansible_collections/fleetkit/ecs, where Ansible's tools can find it.

ansible-test wants a real directory of that name (a symbolic link is resolved and refused). Only files that git
tracks or would track are copied, only changed ones are written, and what is gone is removed.
"""

from __future__ import annotations

import filecmp
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LANE = sys.argv[1]
COLLECTIONS = ROOT / "build" / "collections" / LANE / "ansible_collections"
STAGE = COLLECTIONS / "fleetkit" / "ecs"


def main() -> None:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    wanted = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
    for name in sorted(wanted):
        source, target = ROOT / name, STAGE / name
        if not target.exists() or not filecmp.cmp(source, target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    remove_others(wanted)
    link_dependency("amazon")


def link_dependency(namespace: str) -> None:
    """ansible-test looks for the collections that ours depends on beside it and nowhere else."""
    installed = next(
        (ROOT / "build" / "lanes" / LANE).glob(f"lib/python*/site-packages/ansible_collections/{namespace}")
    )
    link = COLLECTIONS / namespace
    if not link.exists():
        link.symlink_to(installed)


def remove_others(wanted: set[str]) -> None:
    """What is gone from the checkout goes; the .git that ansible-test needs stays."""
    ours = [path for path in STAGE.rglob("*") if path.relative_to(STAGE).parts[0] != ".git"]
    for target in [path for path in ours if path.is_file() and str(path.relative_to(STAGE)) not in wanted]:
        target.unlink()
    for folder in sorted((path for path in ours if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


if __name__ == "__main__":
    main()
