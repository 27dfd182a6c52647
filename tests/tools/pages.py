# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a page tells its reader to type: its commands and its files, so that tests can do as it says.

A page is named as in docs/, or by its path: README.md, roles/agent/README.md.

pages.py list PAGE [TITLE]: the commands under a heading, or before the first one, one a line.
pages.py type PAGE [TITLE]: run them where the page's files are and inventory.yml has the lab's hosts.
pages.py type-all PAGE[#TITLE]...: the same of many pages; a command that several have is run once.
pages.py yaml PAGE [TITLE]: the YAML under a heading.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


KINDS = {"console": "console", "shell": "console", "bash": "console", "sh": "console", "yaml": "yaml", "yml": "yaml"}


def path_of(page: str) -> Path:
    return ROOT / page if "/" in page or page == "README.md" else DOCS / page


def sections(page: str) -> dict[str, str]:
    """The text under each heading of the second level; under "" what comes before the first of them."""
    first, *others = re.split(r"^## (.+)$", path_of(page).read_text(), flags=re.MULTILINE)
    return {"": first, **dict(zip(others[::2], others[1::2]))}


def section(page: str, title: str | None = None) -> str:
    return sections(page)[title or ""]


def blocks(text: str, kind: str) -> list[str]:
    """The contents of its blocks of a kind: console or yaml."""
    found = re.findall(r"^ *```(\w+)\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [content for word, content in found if KINDS.get(word) == kind]


def commands(text: str) -> list[str]:
    """Every command of its console blocks, in order, without what is said of it behind a #."""
    return [
        re.sub(r"\s+# .*", "", line[2:])
        for block in blocks(text, "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


def files(text: str) -> dict[str, str]:
    """Content by name, of the YAML blocks that begin with their file's name."""
    named = [re.match(r"# (\S+\.yml)\n(.*)", block, re.DOTALL) for block in blocks(text, "yaml")]
    return {block[1]: block[2] for block in named if block}


def type_all(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (pair for text in texts for pair in files(text).items()):
            (Path(folder) / name).write_text(content)
        inventory = Path(folder) / "inventory.yml"
        inventory.unlink(missing_ok=True)
        inventory.mkdir()
        (inventory / "lab.yml").symlink_to(ROOT / "build" / "lab" / "inventory.yml")
        (inventory / "user.yml").symlink_to(ROOT / "molecule" / "inventory.yml")
        for command in dict.fromkeys(command for text in texts for command in commands(text)):
            print(f"$ {command}", flush=True)
            subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, check=True)


def main() -> None:
    action, *page = sys.argv[1:]
    if action == "type-all":
        type_all([section(*each.split("#", 1)) for each in page])
    elif action == "type":
        type_all([section(*page)])
    elif action == "yaml":
        print(*blocks(section(*page), "yaml"), sep="\n")
    else:
        print(*commands(section(*page)), sep="\n")


if __name__ == "__main__":
    main()
