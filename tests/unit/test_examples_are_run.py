# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The EXAMPLES of every module are run by something: on the controller by a test, on hosts by a scenario."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = [
    ROOT / "tests/integration/test_examples.py",
    ROOT / "molecule/examples/converge.yml",
    ROOT / "molecule/anywhere/examples.yml",
    ROOT / "molecule/default/side_effect.yml",
    ROOT / "molecule/broken/tests/test_broken.py",
]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_are_run(module):
    family = module.split("_", maxsplit=1)[0]
    named = rf'"{module}"|- {module}$|examples/{module}\.yml|"modules/{family}_\*\.py"'
    assert [place for place in PLACES if re.search(named, place.read_text(), re.MULTILINE)]
