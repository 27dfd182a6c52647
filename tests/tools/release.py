# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""release.py VERSION: make the checkout that version (make release; docs/release.md).

It writes the version into galaxy.yml, and the changelog from its fragments. Committing, tagging and publishing are
left to whoever releases.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
GALAXY = ROOT / "galaxy.yml"


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def released() -> list[str]:
    """The versions that the changelog has, oldest first."""
    changelog = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text())
    return sorted(changelog["releases"], key=number)


def promised() -> set[str]:
    """The versions in which plugins and roles say that something came."""
    sources = [*ROOT.glob("plugins/**/*.py"), *ROOT.glob("roles/*/meta/argument_specs.yml")]
    pattern = re.compile(r"^\s*version_added: ['\"]?([0-9.]+)", re.MULTILINE)
    return {version for source in sources for version in pattern.findall(source.read_text())}


def mistake(version: str) -> str | None:
    """Why this version cannot be released, or None."""
    if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version):
        return f"VERSION={version}: a version has three numbers, such as 1.2.0."
    latest = released()[-1:]
    if latest and number(version) <= number(latest[0]):
        return f"VERSION={version}: {latest[0]} is released already."
    if not list((ROOT / "changelogs" / "fragments").glob("*.yml")):
        return "changelogs/fragments is empty: there is nothing to release."
    other = {each for each in promised() if not latest or number(each) > number(latest[0])} - {version}
    if other:
        return f"VERSION={version}: plugins or roles say version_added: {', '.join(sorted(other))}."
    if subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, check=True).stdout:
        return "The checkout has changes that are not committed."
    return None


def main() -> None:
    version = sys.argv[1]
    if said := mistake(version):
        sys.exit(said)
    GALAXY.write_text(re.sub(r"(?m)^version: .*$", f"version: {version}", GALAXY.read_text()))
    subprocess.run(["antsibull-changelog", "release"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
