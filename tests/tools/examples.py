# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The EXAMPLES of plugins, as tasks; run as a program, each module's go to build/examples/MODULE.yml."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"


def examples(plugin: Path) -> list[dict[str, Any]]:
    """The EXAMPLES block of a plugin, which is a list of tasks."""
    for node in ast.parse(plugin.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "EXAMPLES":
            return yaml.safe_load(ast.literal_eval(node.value))
    raise ValueError(f"{plugin.name} has no EXAMPLES")


def main() -> None:
    target = ROOT / "build" / "examples"
    target.mkdir(parents=True, exist_ok=True)
    for plugin in PLUGINS.glob("modules/*.py"):
        (target / f"{plugin.stem}.yml").write_text(yaml.safe_dump(examples(plugin), sort_keys=False))


if __name__ == "__main__":
    main()
