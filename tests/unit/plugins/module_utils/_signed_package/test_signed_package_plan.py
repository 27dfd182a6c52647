# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is installed of what was fetched, and by which command."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._signed_package.apply import command
from ansible_collections.fleetkit.ecs.plugins.module_utils._signed_package.model import KINDS, Fetched, Request, State
from ansible_collections.fleetkit.ecs.plugins.module_utils._signed_package.plan import plan_package
from ansible_collections.fleetkit.ecs.plugins.module_utils._signed_package.read import read_state

DEB, RPM = KINDS
URL = "https://example.com/agent"


def run(words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def request(version=""):
    return Request("amazon-ecs-init", URL, ".asc", (), (), version)


def state(version, installed=None, newer=True, kind=DEB, name="amazon-ecs-init"):
    return State(Fetched(f"/scratch/package.{kind.name}", kind, name, version, verified=True), installed, newer)


@pytest.mark.parametrize(
    ("version", "installed", "newer", "asked", "action"),
    [
        ("1.105.1-1", None, True, "", "create"),
        ("1.105.1-1", None, True, "1.105.1", "create"),
        ("1.105.1-1", "1.105.1-1", False, "", None),
        ("1.105.1-1", "1.105.1-1", False, "1.105.1-1", None),
        ("1.105.1-1", "1.104.0-1", True, "", "update"),
        ("1.104.0-1", "1.105.1-1", False, "", None),
        ("1.104.0-1", "1.105.1-1", False, "1.104.0-1", "update"),
        ("1.104.0-1.amzn2023", "1.105.1-1.amzn2023", False, "1.104.0-1.amzn2023", "update"),
    ],
)
def test_an_older_version_is_taken_only_where_it_is_asked_for(version, installed, newer, asked, action):
    plan = plan_package(state(version, installed, newer), request(asked))
    assert [change.action for change in plan.changes] == ([action] if action else [])
    assert plan.result["version"] == (version if action else installed)
    assert plan.before == ({"version": installed} if installed else {})


@pytest.mark.parametrize(
    ("held", "asked", "said"),
    [
        (state("1.105.1-1", name="ecs-init"), "", f"{URL} holds ecs-init 1.105.1-1: give the URL of amazon-ecs-init."),
        (state("1.105.1-1"), "1.105", f"{URL} holds amazon-ecs-init 1.105.1-1: give the URL of amazon-ecs-init 1.105."),
    ],
)
def test_what_is_not_meant_is_refused(held, asked, said):
    with pytest.raises(Refusal) as refusal:
        plan_package(held, request(asked))
    assert str(refusal.value) == said


@pytest.mark.parametrize(
    ("given", "start", "end"),
    [
        (state("2", "1"), "apt-get --yes", "install /scratch/package.deb"),
        (state("1", "2", newer=False), "apt-get --yes", "install --allow-downgrades /scratch/package.deb"),
        (state("2", "1", kind=RPM), "dnf --assumeyes", "install /scratch/package.rpm"),
        (state("1", "2", newer=False, kind=RPM), "dnf --assumeyes", "downgrade /scratch/package.rpm"),
    ],
)
def test_a_downgrade_is_asked_for_as_such(given, start, end):
    words = " ".join(command(given))
    assert words.startswith(start)
    assert words.endswith(end)


def test_a_real_run_refuses_what_it_cannot_verify(tmp_path, monkeypatch):
    package = tmp_path / "agent.deb"
    package.write_bytes(DEB.magic)
    monkeypatch.setenv("PATH", "")
    unverified = Request("amazon-ecs-init", package.as_uri(), ".asc", (), ())
    with pytest.raises(Refusal, match="no gpg on the host"):
        read_state(run, unverified, tmp_path, foresee=False)


@pytest.mark.parametrize("version", ["1'..os.execute('touch /tmp/it')..'", "%{x}", ""])
def test_a_version_that_could_be_a_macro_is_refused(tmp_path, monkeypatch, version):
    package, tool = tmp_path / "agent.rpm", tmp_path / "rpm"
    package.write_bytes(RPM.magic)
    tool.write_text(f'#!/bin/sh\nprintf %s "{version} amazon-ecs-init"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    unverified = Request("amazon-ecs-init", package.as_uri(), ".asc", (), ())
    with pytest.raises(Refusal, match="has a version that is none"):
        read_state(run, unverified, tmp_path, foresee=True)
