# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every block of commands or of YAML on every page is run by a test; tests/pages.yml says by which. Links lead on."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "tools"), str(ROOT / "tests" / "lab")]

import lab  # noqa: E402 (the lab and the tools are not packages)
import pages  # noqa: E402

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet import checks as fleet  # noqa: E402
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.checks import NAMES  # noqa: E402

PAGES = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("README.md", "docs/*.md", "roles/*/README.md", "tests/lab/README.md")
    for path in ROOT.glob(pattern)
)
REGISTER = yaml.safe_load((ROOT / "tests" / "pages.yml").read_text())
ENTRIES = [
    (page, heading, block, place)
    for page, headings in REGISTER.items()
    for heading, blocks in headings.items()
    for block, place in blocks.items()
]


def blocks_of(page: str) -> dict[str, set[str]]:
    """By heading, C(console 1), C(yaml 1), C(yaml 2), ..."""
    return {
        heading: found
        for heading, text in pages.sections(page).items()
        if (
            found := {
                f"{kind} {number}"
                for kind in ("console", "yaml")
                for number, _block in enumerate(pages.blocks(text, kind), start=1)
            }
        )
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_has_a_test_that_runs_it(page):
    registered = {heading: set(blocks) for heading, blocks in REGISTER.get(page, {}).items()}
    assert blocks_of(page) == registered, "tests/pages.yml says which test runs which block"


def test_the_register_names_pages_that_there_are():
    assert set(REGISTER) <= set(PAGES)


@pytest.mark.parametrize(("page", "heading", "block", "place"), ENTRIES, ids=[" ".join(e[:3]) for e in ENTRIES])
def test_the_test_that_the_register_names_is_there_and_speaks_of_the_page(page, heading, block, place):
    path, _colons, name = place.partition("::")
    text = (ROOT / path).read_text()
    if name:
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), f"{path} has no {name}"
    if path == "tests/unit/test_page_register.py":
        return  # those run over all pages
    known = page.removeprefix("docs/")
    assert known in text, f"{path} does not name {known}"
    whole = re.search(rf'DOCS / "{re.escape(known)}"', text)
    assert not heading or whole or heading in text, f"{path} does not name the heading {heading!r} of {known}"


def make_commands() -> list[str]:
    found = [command for page in PAGES for command in pages.commands(pages.path_of(page).read_text())]
    return sorted({command.partition("#")[0].strip() for command in found if re.match(r"(\w+=\w+ )?make ", command)})


@pytest.mark.parametrize("command", make_commands())
def test_make_knows_its_targets_and_scenarios(command):
    """They cannot run each other, so make only says what it would do; CI runs them."""
    words = [word for word in command.split() if "=" not in word][1:]
    for target in words:
        assert re.search(rf"^{re.escape(target)}:.*##", (ROOT / "Makefile").read_text(), re.MULTILINE), target
    for scenario in re.findall(r"SCENARIO=(\w+)", command):
        assert (ROOT / "molecule" / scenario / "molecule.yml").exists()


# Where the command or what it is an example of is run for real.
LAB = {
    "lab.py up": "molecule/default/create.yml",
    "lab.py up --suite bookworm": "molecule/guard/create.yml",
    "lab.py up --suite al2023-shape --suite trixie": "molecule/families/create.yml",
    "lab.py up --fresh": "tests/bench/anywhere.py",
    "lab.py up --on-premises": "molecule/anywhere/create.yml",
    "lab.py reboot": "molecule/default/side_effect.yml",
    "lab.py package --version": "molecule/families/prepare.yml",
    "lab.py task": "molecule/cross_account/tests/test_task.py",
    "lab.py status": "molecule/default/side_effect.yml",
    "lab.py down": "molecule/default/destroy.yml",
    "-m pytest tests/lab": "tests/tools/all-tests",
}


def test_the_labs_commands_are_those_that_scenarios_run():
    given = [command.partition("#")[0].split() for command in pages.commands(pages.section("tests/lab/README.md"))]
    left = set(LAB)
    for words in given:
        if words[1] == "-m":
            left.discard("-m pytest tests/lab")
            continue
        lab.parser().parse_args(words[2:])
        left -= {known for known in LAB if " ".join(words).removeprefix("python tests/lab/").startswith(known)}
    assert left == set()
    for known, place in LAB.items():
        text = (ROOT / place).read_text()
        assert [word for word in known.split()[1:] if word not in text] == [], f"{place} does not run {known}"
    assert len(given) == len(LAB)


def anchors(path: Path) -> set[str]:
    """As a forge names headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings_that_there_are(page):
    folder = (ROOT / page).parent
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    for link in links:
        path, _hash, anchor = link.partition("#")
        target = folder / path if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_no_page_is_without_a_licence_and_a_title():
    for page in PAGES:
        text = (ROOT / page).read_text()
        assert "SPDX-License-Identifier" in text, page
        assert len(re.findall(r"^# ", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)) == 1, page


def test_troubleshooting_names_checks_that_there_are():
    rows = re.findall(r"^\|([^|]+)\|([^|]+)\|[^|]+\|[^|]+\|$", pages.section("troubleshooting.md"), re.MULTILINE)
    rows += re.findall(r"^\|([^|]+)\|([^|]+)\|[^|]+\|[^|]+\|$", pages.path_of("troubleshooting.md").read_text(), re.M)
    named = {name for _symptom, check in rows for name in re.findall(r"`(\w+)`", check)}
    assert named
    assert named <= {*NAMES, *fleet.CHECKS, fleet.REACHABLE}
