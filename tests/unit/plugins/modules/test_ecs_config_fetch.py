# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module with a content of the controller's. What it does with S3 is proven on hosts (molecule/s3_config)."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings as module_warnings
from ansible.module_utils.testing import patch_module_args

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent import state
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch import persist, program
from ansible_collections.fleetkit.ecs.plugins.modules import ecs_agent_config, ecs_config_fetch

PASSWORD = "correct-horse-battery"
TEXT = f'ECS_CLUSTER=production\nECS_ENGINE_AUTH_DATA={{"r":{{"password":"{PASSWORD}"}}}}\n'


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(program, "FILE", tmp_path / "ecs.config")
    monkeypatch.setattr(state, "IMAGE", tmp_path / "ecs-agent.tar")
    monkeypatch.setattr(state, "running_version", lambda: None)
    logged = []
    monkeypatch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda _self, line: logged.append(line))
    monkeypatch.setattr(basic, "has_journal", False)

    def run(module=ecs_config_fetch, check=False, **arguments):
        internal = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": str(tmp_path)}
        module_warnings._global_warnings.clear()  # they outlive a module only in this process
        with patch_module_args({**arguments, **internal}), pytest.raises(SystemExit):
            module.main()
        printed = capsys.readouterr().out
        assert PASSWORD not in printed + "".join(logged)
        return json.loads(printed)

    return run


def test_a_content_is_installed_as_check_mode_foresaw_and_a_second_run_changes_nothing(run):
    foreseen = run(content=TEXT, check=True)
    assert not program.FILE.exists()
    assert run(content=TEXT) == foreseen
    assert program.FILE.read_text() == TEXT
    assert program.FILE.stat().st_mode & 0o777 == 0o600
    assert foreseen["file_changed"]
    assert foreseen["variables"] == {"ECS_CLUSTER": "production", "ECS_ENGINE_AUTH_DATA": "********"}
    again = run(content=TEXT)
    assert (again["changed"], again["file_changed"], again["changes"]) == (False, False, [])


@pytest.mark.parametrize("check", [True, False])
def test_a_bad_content_changes_nothing_and_is_named(run, check):
    run(content=TEXT)
    result = run(content=f"{TEXT}ECS_CLUSTR={PASSWORD}\n", check=check)
    assert result["failed"]
    assert "content is no good ecs.config: line 3 sets ECS_CLUSTR, which is not a variable" in result["msg"]
    assert program.FILE.read_text() == TEXT


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"s3_uri": "s3://nothing", "region": "us-west-2"}, "s3_uri: 's3://nothing' is not the URI of an object"),
        ({"s3_uri": "s3://bucket/key"}, "region: '' is not a region"),
        ({}, "s3_uri, content"),
        ({"s3_uri": "s3://bucket/key", "content": TEXT}, "s3_uri|content"),
    ],
)
def test_what_names_no_source_or_two_is_refused(run, arguments, said):
    result = run(**arguments)
    assert result["failed"]
    assert said in result["msg"]


def test_without_an_aws_cli_it_fails_and_says_that_this_is_all_that_is_missing(run, monkeypatch):
    monkeypatch.setattr(program, "cli", lambda: None)
    result = run(s3_uri="s3://bucket/key", region="us-west-2")
    assert result["failed"]
    assert result["cli_missing"]
    assert "there is no program aws" in result["msg"]
    foreseen = run(s3_uri="s3://bucket/key", region="us-west-2", check=True)
    assert (foreseen["changed"], foreseen["cli_missing"]) == (True, True)


def test_ecs_agent_config_leaves_a_file_alone_that_is_fetched_at_boot(run, monkeypatch, tmp_path):
    unit = tmp_path / persist.UNIT
    unit.touch()
    monkeypatch.setattr(persist, "UNIT_PATH", str(unit))
    result = run(ecs_agent_config, path=str(program.FILE), variables={"ECS_CLUSTER": "production"})
    assert "is fetched from S3 at every boot" in result["msg"]
    assert "state: absent" in result["msg"]
    other = run(ecs_agent_config, path=str(tmp_path / "other.config"), variables={"ECS_CLUSTER": "production"})
    assert other["changed"]
