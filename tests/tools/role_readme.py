# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""role_readme.py: write roles/*/README.md from each role's argument specs and metadata (make readmes).

The specs are the one source; a unit test fails when a README says something else.
"""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).resolve().parents[2] / "roles"
HEADER = """\
<!--
Copyright: (c) 2026, fleetkit.ecs contributors
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later

Written by tests/tools/role_readme.py from meta/argument_specs.yml: change that, then run make readmes.
-->
"""
# Ansible's markup, and what it is in Markdown.
MARKUP = (
    (r"U\(([^()]*)\)", r"<\1>"),
    (r"[CVOM]\(([^()]*)\)", r"`\1`"),
    (r"R\(([^(),]*),[^()]*\)", r"`\1`"),
)


def render(role: Path) -> str:
    """The README of a role."""
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    galaxy = yaml.safe_load((role / "meta" / "main.yml").read_text(encoding="utf-8"))["galaxy_info"]
    main = specs["main"]
    parts = [HEADER, f"# fleetkit.ecs.{role.name}", f"{main['short_description']}.", bullets(main["description"])]
    others = {name: spec for name, spec in specs.items() if name != "main"}
    if others:
        parts.append("## Entry points")
        parts += [
            f"`{name}`. {spec['short_description']}.\n\n{bullets(spec['description'])}" for name, spec in others.items()
        ]
    parts += ["## Variables", "\n".join(map(variable, *zip(*main.get("options", {}).items())))]
    if "examples" in main:
        parts += ["## Example", f"```yaml\n{main['examples'].strip()}\n```"]
    parts += ["## Requirements", bullets(requirements(galaxy))]
    return "\n".join(f"{part.strip()}\n" for part in parts)


def requirements(galaxy: dict) -> list[str]:
    """What the role needs."""
    platforms = [
        " ".join([platform["name"], " and ".join(version for version in platform["versions"] if version != "all")])
        for platform in galaxy["platforms"]
    ]
    made_for = ", ".join(platform.strip() for platform in platforms)
    return [f"ansible-core {galaxy['min_ansible_version']} or newer.", f"Made for {made_for}."]


def variable(name: str, option: dict) -> str:
    """One variable: its type, what it may be, its default, and what it is for."""
    kind = option.get("type", "str")
    kind = f"{kind} of {option['elements']}" if "elements" in option else kind
    about = [kind]
    if "choices" in option:
        about.append(" or ".join(f"`{choice}`" for choice in option["choices"]))
    if option.get("required"):
        about.append("needed")
    elif default_of(option) is not None:
        about.append(f"default `{json.dumps(default_of(option))}`")
    return wrapped(f"- `{name}` ({'; '.join(about)}): {text(option['description'])}")


def default_of(option: dict) -> Any:
    """What it is where nobody says: of a list that documents none, no items."""
    return option.get("default", [] if option.get("type") == "list" else None)


def bullets(description: str | list[str]) -> str:
    sentences = [description] if isinstance(description, str) else description
    return "\n".join(wrapped(f"- {text(sentence)}") for sentence in sentences)


def text(description: str | list[str]) -> str:
    whole = description if isinstance(description, str) else " ".join(description)
    for pattern, replacement in MARKUP:
        whole = re.sub(pattern, replacement, whole)
    return whole


def wrapped(line: str) -> str:
    return textwrap.fill(line, 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def main() -> None:
    for role in sorted(path for path in ROLES.iterdir() if path.is_dir()):
        (role / "README.md").write_text(render(role), encoding="utf-8")


if __name__ == "__main__":
    main()
