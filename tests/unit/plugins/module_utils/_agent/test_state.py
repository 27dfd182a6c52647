# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent import state
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal

VERSIONS = {
    "1.80.0": (1, 80, 0),
    "v1.105.1": (1, 105, 1),
    "1.80.0-1": (1, 80, 0),
    "/var/cache/ecs/ecs-agent-v1.80.0-1.tar": (1, 80, 0),
    "ecs-agent.tar": None,
    "": None,
    None: None,
}


@pytest.mark.parametrize(("text", "version"), VERSIONS.items(), ids=map(str, VERSIONS))
def test_a_version_is_found_in_what_names_one(text, version):
    assert state.version_of(text) == version


@pytest.mark.parametrize("text", ["latest", "1.80", "1.80.0 ", ">=1.80.0"])
def test_what_is_no_version_is_refused(text):
    with pytest.raises(Refusal, match=r"agent_version: .* write one such as 1\.80\.0"):
        state.declared_version(text)


@pytest.mark.parametrize(
    ("text", "version"), [(None, None), ("", None), ("v1.80.0", (1, 80, 0)), ("1.80.0-1.amzn2023", (1, 80, 0))]
)
def test_a_declared_version_is_taken(text, version):
    assert state.declared_version(text) == version


KNOWN = {
    "installed is enough": ("1.80.0", "9.9.9", (1, 80, 0), (1, 80, 0)),
    "the one that runs has updated itself": ("1.80.0", "1.90.0", (1, 85, 0), (1, 90, 0)),
    "both are too old": ("1.80.0", "1.70.0", (1, 85, 0), (1, 80, 0)),
    "no package": (None, "1.70.0", (1, 0, 0), (1, 70, 0)),
    "nothing runs": ("1.80.0", None, (1, 85, 0), (1, 80, 0)),
    "neither": (None, None, (1, 0, 0), None),
}


@pytest.mark.parametrize(("installed", "running", "needed", "version"), KNOWN.values(), ids=KNOWN)
def test_the_version_is_that_of_the_package_or_of_what_runs(monkeypatch, tmp_path, installed, running, needed, version):
    link = tmp_path / "ecs-agent.tar"
    if installed:
        link.symlink_to(f"/var/cache/ecs/ecs-agent-v{installed}.tar")
    monkeypatch.setattr(state, "IMAGE", link)
    monkeypatch.setattr(state, "running_version", lambda: running)
    assert state.known_version(needed) == version


SAVED = {
    "as bolt has it": (b'\x00\xed\xda\x0c\xedcluster-name"prod"container-instance-arn"arn:aws:ecs:x"\x00', "prod"),
    "an ARN": (
        b'cluster-name"arn:aws:ecs:us-west-2:123456789012:cluster/prod"',
        "arn:aws:ecs:us-west-2:123456789012:cluster/prod",
    ),
    "not registered yet": (b'\x00agent-version"1.80.0"\x00', None),
    "empty": (b'cluster-name""', None),
    "no file": (None, None),
}


@pytest.mark.parametrize(("content", "cluster"), SAVED.values(), ids=SAVED)
def test_the_cluster_is_the_one_that_the_agent_has_saved(monkeypatch, tmp_path, content, cluster):
    path = tmp_path / "agent.db"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(state, "STATE", path)
    assert state.saved_cluster() == cluster
