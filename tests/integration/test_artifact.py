# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users install: the built collection has what it needs and nothing of the workshop."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKSHOP = {"tests", "molecule", "build", ".ci", "Makefile", ".git"}
SHIPPED = {"README.md", "LICENSE", "MANIFEST.json", "meta", "plugins", "roles", "playbooks", "docs", "changelogs"}


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    output = tmp_path_factory.mktemp("artifact")
    command = ["ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(output)]
    subprocess.run(command, check=True, capture_output=True)
    with tarfile.open(next(output.glob("*.tar.gz"))) as artifact:
        return artifact.getnames()


def test_the_built_collection_has_what_users_need_and_nothing_of_the_workshop(names):
    top = {name.split("/")[0] for name in names}
    assert top >= SHIPPED
    assert not top & WORKSHOP


def test_every_aws_module_is_in_the_action_group():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    group = {entry for entry in runtime["action_groups"]["ecs"] if isinstance(entry, str)}
    uses_aws = {
        module.stem for module in (ROOT / "plugins" / "modules").glob("*.py") if "AwsModule(" in module.read_text()
    }
    assert group == uses_aws
