# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role's documentation says of its variables is what its defaults are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = {path.name: path for path in (ROOT / "roles").iterdir() if path.is_dir()}
sys.path.insert(0, str(ROOT / "tests" / "tools"))

import role_readme  # noqa: E402 (a tool, not a package)


def defaults_of(role: str) -> dict:
    return yaml.safe_load((ROLES[role] / "defaults" / "main.yml").read_text()) or {}


def options_of(role: str) -> dict:
    """The options of the role's main entry point."""
    specs = yaml.safe_load((ROLES[role] / "meta" / "argument_specs.yml").read_text())
    return specs["argument_specs"]["main"].get("options", {})


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_default_is_documented_and_every_option_that_is_not_needed_has_a_default(role):
    optional = {name for name, option in options_of(role).items() if not option.get("required")}
    assert set(defaults_of(role)) == optional


@pytest.mark.parametrize("role", sorted(ROLES))
def test_documented_defaults_are_the_defaults(role):
    """A default that is worked out from other variables is told in words; a list without one is empty."""
    defaults = {name: value for name, value in defaults_of(role).items() if "{{" not in str(value)}
    assert {name: role_readme.default_of(options_of(role)[name]) for name in defaults} == defaults


@pytest.mark.parametrize("role", sorted(ROLES))
def test_variables_begin_with_the_roles_name(role):
    assert not [name for name in options_of(role) if not name.startswith(f"{role}_")]


@pytest.mark.parametrize("role", sorted(ROLES))
def test_the_readme_says_what_the_argument_specs_say(role):
    assert (ROLES[role] / "README.md").read_text() == role_readme.render(ROLES[role]), "run make readmes"
