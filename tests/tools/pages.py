# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a page of docs/ tells its reader to type: its commands and its files, so that tests can do as it says.

pages.py list PAGE [TITLE]: the commands under a heading, or before the first one, one a line.
pages.py type PAGE [TITLE]: run them where the page's files are and inventory.yml has the lab's hosts.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def section(page: str, title: str | None = None) -> str:
    """The text under a heading of the second level; without a title, what comes before the first of them."""
    first, *others = re.split(r"^## (.+)$", (DOCS / page).read_text(), flags=re.MULTILINE)
    return first if title is None else dict(zip(others[::2], others[1::2]))[title]


def commands(text: str) -> list[str]:
    """Every command of its console blocks, in order."""
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [command for block in blocks for command in re.findall(r"^\$ (.+)$", block, re.MULTILINE)]


def files(text: str) -> dict[str, str]:
    """Content by name, of the YAML blocks that begin with their file's name."""
    return dict(re.findall(r"^```yaml\n# (\S+\.yml)\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def type_all(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files(text).items():
            (Path(folder) / name).write_text(content)
        inventory = Path(folder) / "inventory.yml"
        inventory.mkdir()
        (inventory / "lab.yml").symlink_to(ROOT / "build" / "lab" / "inventory.yml")
        (inventory / "user.yml").symlink_to(ROOT / "molecule" / "inventory.yml")
        for command in commands(text):
            subprocess.run(shlex.split(command), cwd=folder, check=True)


def main() -> None:
    action, *page = sys.argv[1:]
    text = section(*page)
    if action == "type":
        type_all(text)
    else:
        print(*commands(text), sep="\n")


if __name__ == "__main__":
    main()
