# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx: the pages of docs/ as they are, and the reference that antsibull-docs writes (make docs)."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))

project = f"{GALAXY['namespace']}.{GALAXY['name']}"
release = version = GALAXY["version"]
project_copyright = "fleetkit.ecs contributors"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
templates_path: list[str] = []
html_theme = "furo"
html_title = f"{project} {release}"
html_show_sphinx = False
highlight_language = "yaml+jinja"

# Headings are link targets, named as a forge names them.
myst_heading_anchors = 4
nitpicky = True
# What the reference says of Ansible's own documentation, and of plugins of other collections: not part of this site.
nitpick_ignore_regex = [
    ("std:ref", r"ansible_collections\.(?!fleetkit\.).*|common_return_values|ansible_configuration_settings"),
    ("std:envvar", r"ANSIBLE_CACHE_PLUGIN.*"),
]


def links_beside_the_docs(_app, _docname: str, source: list[str]) -> None:
    """A page names files of the repository as a forge shows them: roles are in the reference, the rest is there."""
    source[0] = re.sub(r"\]\(\.\./([^)#]+)(#[^)]*)?\)", _target, source[0])


def _target(link: re.Match[str]) -> str:
    role = re.fullmatch(r"roles/(\w+)/(README\.md|meta/argument_specs\.yml)", link[1])
    if role:
        return f"](reference/{role[1]}_role.rst)"
    return f"]({GALAXY['repository']}/blob/main/{link[1]}{link[2] or ''})"


def contents(_app, docname: str, source: list[str]) -> None:
    """The start page's links are the table of contents; the reference, which no forge has, comes last."""
    if docname == "index":
        pages = dict.fromkeys(re.findall(r"\]\((\w+)\.md\)", source[0]))
        source[0] += "\n".join(["", "```{toctree}", ":hidden:", ":maxdepth: 1", *pages, "reference/index", "```", ""])


def setup(app) -> None:
    app.connect("source-read", contents)
    app.connect("source-read", links_beside_the_docs)
