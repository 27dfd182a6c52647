# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import gzip
import subprocess

import pytest
import yaml

from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch import persist
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.model import Source
from ansible_collections.fleetkit.ecs.plugins.plugin_utils import _user_data

# As long as names can be.
SOURCE = Source("b" * 63, "k" * 1024, "ap-southeast-2", "https://" + "e" * 200, external=False)
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html
LIMIT_OF_EC2 = 16 * 1024


@pytest.mark.parametrize("form", _user_data.FORMATS)
def test_it_stays_below_what_ec2_takes(form):
    assert len(_user_data.FORMATS[form](SOURCE)) < LIMIT_OF_EC2


def test_the_shell_form_is_posix_sh_without_a_finding():
    command = ["shellcheck", "--shell=sh", "-"]
    run = subprocess.run(command, input=_user_data.shell(SOURCE), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_the_shell_form_writes_what_ecs_config_fetch_would_write(tmp_path):
    """Only what it writes: up to the first step, and under another root."""
    script = _user_data.shell(SOURCE).partition(_user_data.STEPS)[0]
    for path in persist.PATHS:
        directory = path.rpartition("/")[0]
        script = script.replace(f" {directory}\n", f" {tmp_path}{directory}\n").replace(
            f">{path}", f">{tmp_path}{path}"
        )
        script = script.replace(f" {path}\n", f" {tmp_path}{path}\n")
    subprocess.run(["sh", "-e", "-c", script], check=True)
    for path, file in persist.files(SOURCE).items():
        written = tmp_path / path.lstrip("/")
        assert written.read_text() == file.text
        assert written.stat().st_mode & 0o777 == file.mode


def test_cloud_config_writes_what_ecs_config_fetch_would_write():
    text = _user_data.cloud_config(SOURCE)
    assert text.startswith("#cloud-config\n")
    content = yaml.safe_load(text)
    written = {
        entry["path"]: (gzip.decompress(base64.b64decode(entry["content"])).decode(), int(entry["permissions"], 8))
        for entry in content["write_files"]
    }
    assert written == {path: (file.text, file.mode) for path, file in persist.files(SOURCE).items()}
    assert content["runcmd"] == [["sh", "-c", _user_data.STEPS]]


def test_it_never_waits_for_the_agent():
    """The unit of Amazon Linux waits for cloud-init, which waits for its user data."""
    of_the_agent = [line.split() for line in _user_data.STEPS.splitlines() if line.endswith("ecs.service")]
    starts = [words for words in of_the_agent if "start" in words or "stop" in words]
    assert len(starts) == 2
    assert all("--no-block" in words for words in starts)
    assert "cloud-final" not in "".join(line for line in persist.UNIT_TEXT.splitlines() if not line.startswith("#"))


def test_the_same_input_gives_the_same_text():
    assert _user_data.shell(SOURCE) == _user_data.shell(SOURCE)
