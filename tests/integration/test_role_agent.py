# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What role agent refuses before it changes anything. What it does is proven on hosts (molecule/families)."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

DIGEST = "sha256:" + 64 * "a"
SUSE = """families=sles suse
architecture=x86_64
gpg=
package=
libraries=/lib
RestartPreventExitStatus=
ActiveState=inactive
UnitFileState=

"""


def play(folder, look: str, tasks_from: str, variables: dict) -> str:
    """Run the role, or a part of it, on a host that was found so; gives what was refused."""
    tasks = [{"ansible.builtin.import_role": {"name": "fleetkit.ecs.agent", "tasks_from": tasks_from}}]
    variables = {**variables, "__agent_look": {"stdout": look}}
    settings = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "agent_region": "us-west-2"}
    path = folder / "play.yml"
    path.write_text(
        json.dumps(
            [{"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": settings, "tasks": tasks}]
        )
    )
    command = ["ansible-playbook", str(path), "--check", "--extra-vars", json.dumps(variables)]
    quiet = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **quiet})
    results = json.loads(run.stdout[run.stdout.index("{") :])["plays"][0]["tasks"]
    return " ".join(
        str(task["hosts"]["localhost"]["msg"]) for task in results if task["hosts"]["localhost"].get("failed")
    )


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """One run with everything wrong: all of it is said at once."""
    wrong = {
        "agent_signing_key_fingerprints": ["f34c 3dda"],
        "agent_version": "1.105",
        "agent_image": "amazon/amazon-ecs-agent:latest",
        "agent_region": "",
        "agent_config_s3_uri": "https://bucket/ecs.config",
        "agent_config_path": "/etc/other.config",
    }
    return play(tmp_path_factory.mktemp("refused"), SUSE, "main", wrong)


@pytest.mark.parametrize(
    "said",
    [
        "agent_signing_key_fingerprints: a fingerprint is 40 hexadecimal digits in capitals",
        "got f34c 3dda",
        "such as 1.105.1-1 (in Amazon Linux' own repository 1.105.1-1.amzn2023), or latest",
        "got 1.105.",
        "by a tag other than latest or by its digest",
        "got amazon/amazon-ecs-agent:latest",
        "not for sles; container is for any host with systemd and Docker",
        "agent_region: it is empty",
        "agent_config_s3_uri: it is the URI of an object, such as s3://my-bucket/ecs.config; got https://bucket/ecs.config",
        "agent_config_path: with agent_config_s3_uri it is /etc/ecs/ecs.config; got /etc/other.config",
        "agent_config_s3_region: it is empty and so is agent_region; name the region of the bucket",
    ],
)
def test_everything_that_is_wrong_is_said_at_once_with_what_would_be_right(refused, said):
    assert said in refused


@pytest.mark.parametrize(
    "image",
    [
        f"public.ecr.aws/ecs/amazon-ecs-agent@{DIGEST}",
        f"registry.example.com:5000/ecs/agent:v1.105.1@{DIGEST}",
    ],
)
def test_an_image_by_tag_or_digest_is_taken_on_any_distribution(tmp_path, image):
    variables = {"agent_method": "container", "agent_image": image, "agent_region": ""}
    assert play(tmp_path, SUSE, "preflight", variables) == ""


@pytest.mark.parametrize("image", ["registry.example.com:5000/agent", "agent:v1; reboot"])
def test_an_image_without_a_tag_or_with_more_than_a_name_is_refused(tmp_path, image):
    assert image in play(tmp_path, SUSE, "preflight", {"agent_method": "container", "agent_image": image})
