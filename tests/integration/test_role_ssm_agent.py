# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What role ssm_agent refuses before it changes anything. What it does is proven on hosts (molecule/anywhere)."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

CODE = "Abcdefghij0123456789"
WRONG = {
    "ssm_agent_region": "us-west-2a",
    "ssm_agent_version": "3.3",
    "ssm_agent_signing_key_fingerprints": ["1c5b 395c"],
    "ssm_agent_activation_code": CODE,
}


def play(folder, look: dict, variables: dict) -> str:
    """Run the preflight on a host that was found so; gives all output."""
    found = {
        "families": ["sles", "suse"], "architecture": "x86_64",
        "registration": "unregistered", "managed_instance_id": None, "region": None, "ssm_agent": None, "notes": [],
        "ssm_agent_version": None, "service": {"running": False, "enabled": False}, "earlier_credentials": [], **look,
    }  # fmt: skip
    role = {"name": "fleetkit.ecs.ssm_agent", "tasks_from": "preflight"}
    tasks = [{"ansible.builtin.import_role": role, "vars": {"__ssm_agent_look": found}}]
    path = folder / "play.yml"
    path.write_text(json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]))
    command = ["ansible-playbook", "-vvv", str(path), "--extra-vars", json.dumps(variables)]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert run.returncode == 2, run.stdout
    return run.stdout


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """One run with everything wrong: all of it is said at once."""
    look = {"earlier_credentials": ["/etc/ecs/ecs.config sets AWS_PROFILE for the agent: remove them there."]}
    return play(tmp_path_factory.mktemp("refused"), look, WRONG)


@pytest.mark.parametrize(
    "said",
    [
        "ssm_agent_region: it is a region such as us-west-2; got us-west-2a",
        "such as 3.3.1142.0, or empty for whatever is installed; got 3.3.",
        "a fingerprint is 40 hexadecimal digits in capitals",
        "not for sles; install the agent there before",
        "/etc/ecs/ecs.config sets AWS_PROFILE",
    ],
)
def test_everything_that_is_wrong_is_said_at_once_with_what_would_be_right(refused, said):
    assert said in refused


def test_the_code_is_not_shown_however_much_ansible_is_asked_to_tell(refused):
    assert CODE not in refused


def test_a_clone_and_a_host_of_another_region_are_refused_with_the_way_out(tmp_path):
    known = {"managed_instance_id": "mi-0123456789abcdef0", "region": "eu-west-1", "ssm_agent": "package"}
    right = {"ssm_agent_region": "us-west-2"}
    moved = play(tmp_path, {**known, "registration": "registered"}, right)
    assert "this host is mi-0123456789abcdef0 in eu-west-1, not in us-west-2; with ssm_agent_move" in moved
    clone = play(tmp_path, {**known, "registration": "cloned", "notes": ["It is a clone."]}, right)
    assert "It is a clone. To register this host as itself, run once with ssm_agent_register_again=true" in clone
