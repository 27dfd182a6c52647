# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import stat

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings as module_warnings
from ansible.module_utils.common.parameters import PASS_VARS
from ansible.module_utils.testing import patch_module_args

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent import apply, cluster, read, state
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.apply import right_attributes
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import BEGIN, END
from ansible_collections.fleetkit.ecs.plugins.modules import ecs_agent_config

PASSWORD = "correct-horse-battery"
AUTH = {"https://r.example": {"username": "puller", "password": PASSWORD}}
NEW = f"{BEGIN}\nECS_CLUSTER=new\n{END}\n"


@pytest.fixture
def path(tmp_path):
    (tmp_path / "ecs").mkdir()
    return tmp_path / "ecs" / "ecs.config"


@pytest.fixture
def journal(monkeypatch):
    lines = []
    monkeypatch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda _self, line: lines.append(line))
    monkeypatch.setattr(basic, "has_journal", False)
    return lines


@pytest.fixture(autouse=True)
def empty_host(monkeypatch, tmp_path):
    """No agent is installed or runs, whatever there is on this machine."""
    monkeypatch.setattr(state, "IMAGE", tmp_path / "ecs-agent.tar")
    monkeypatch.setattr(state, "running_version", lambda: None)


@pytest.fixture
def run(capsys, journal, tmp_path):
    (tmp_path / "tmp").mkdir()

    def run(path, variables, check=False, **arguments):
        internal = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": str(tmp_path / "tmp")}
        if "inject_invocation" in PASS_VARS:  # older cores always return the invocation
            internal["_ansible_inject_invocation"] = True
        arguments = {"path": str(path), "variables": variables, **internal, **arguments}
        module_warnings._global_warnings.clear()  # they outlive a module only in this process
        with patch_module_args(arguments), pytest.raises(SystemExit):
            ecs_agent_config.main()
        return json.loads(capsys.readouterr().out)

    return run


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_made_and_a_second_run_changes_nothing(run, path):
    first = run(path, {"ECS_CLUSTER": "new"})
    assert first["changed"]
    assert first["changes"] == [{"action": "create", "kind": "agent_variable", "name": "ECS_CLUSTER"}]
    assert first["variables"] == {"ECS_CLUSTER": "new"}
    assert path.read_text() == NEW
    second = run(path, {"ECS_CLUSTER": "new"})
    assert not second["changed"]
    assert second["changes"] == []
    assert second["variables"] == first["variables"]
    assert "diff" not in second


STATES = {
    "no directory": None,
    "no file": "",
    "foreign lines": "# mine\r\nA=1\nECS_CLUSTER=x",
    "ours": f"A=1\n{BEGIN}\nECS_CLUSTER=old\nECS_LOGLEVEL=info\nECS_ENGINE_AUTH_DATA={{}}\n{END}\nB=\xff\n",
}
DECLARED = {"ECS_CLUSTER": "new", "ECS_AWSVPC_BLOCK_IMDS": "True", "ECS_ENGINE_AUTH_DATA": AUTH}


@pytest.mark.parametrize("text", STATES.values(), ids=STATES)
def test_check_mode_returns_what_a_real_run_returns_and_touches_nothing(run, path, text):
    if text is None:
        path.parent.rmdir()
    elif text:
        path.write_bytes(text.encode("latin-1"))
        path.chmod(0o644)
    before = sorted((file, file.stat().st_mtime_ns) for file in path.parent.parent.rglob("*"))
    predicted = run(path, DECLARED, check=True)
    assert sorted((file, file.stat().st_mtime_ns) for file in path.parent.parent.rglob("*")) == before
    assert predicted["changed"]
    real = run(path, DECLARED)
    assert {**real, "invocation": None} == {**predicted, "invocation": None}
    assert mode(path) == 0o600
    assert not run(path, DECLARED)["changed"]


def test_foreign_bytes_are_kept(run, path):
    foreign = b"\xef\xbb\xbf# x\r\n\xff\xfe=\x00\n A = 1 \n"
    path.write_bytes(foreign)
    run(path, {"ECS_CLUSTER": "new"})
    assert path.read_bytes() == foreign + NEW.encode()
    run(path, {})
    assert path.read_bytes() == foreign


def test_nothing_declared_makes_no_file(run, path):
    path.parent.rmdir()
    assert not run(path, {})["changed"]
    assert not path.parent.exists()


def test_a_missing_directory_is_made_for_everybody_to_enter(run, path):
    path.parent.rmdir()
    umask = os.umask(0o077)
    try:
        result = run(path, {"ECS_CLUSTER": "new"})
    finally:
        os.umask(umask)
    assert [change["kind"] for change in result["changes"]] == ["agent_variable"], "as where a package has made it"
    assert mode(path.parent) == 0o755


@pytest.mark.parametrize("old", [None, 0o644, 0o400], ids=["new", "too open", "too closed"])
def test_the_file_has_its_mode_from_the_first_moment_on(run, path, monkeypatch, old):
    if old:
        path.write_text("A=1\n")
        path.chmod(old)
    seen = []
    rename = os.rename

    def watched(source, target):
        rename(source, target)
        if os.fsencode(target) == os.fsencode(path):
            seen.append(mode(path))

    chmod = os.chmod
    monkeypatch.setattr(os, "rename", watched)
    monkeypatch.setattr(os, "chmod", lambda file, bits, **kw: (chmod(file, bits, **kw), seen.append(bits & 0o777))[0])
    umask = os.umask(0)
    try:
        run(path, {"ECS_ENGINE_AUTH_DATA": AUTH})
        assert os.umask(0) == 0
    finally:
        os.umask(umask)
    assert mode(path) == 0o600
    assert set(seen) == {0o600}


def test_a_loose_mode_is_repaired_and_told_when_the_text_is_right(run, path):
    run(path, {"ECS_CLUSTER": "new"})
    path.chmod(0o666)
    written = path.stat().st_mtime_ns
    result = run(path, {"ECS_CLUSTER": "new"})
    assert result["changes"] == [{"action": "update", "kind": "file_attributes", "name": str(path)}]
    assert "mode 0666" in result["diff"]["before"]
    assert mode(path) == 0o600
    assert path.stat().st_mtime_ns == written


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_foreign_owner_is_repaired(run, path):
    path.write_text(NEW)
    path.chmod(0o600)
    os.chown(path, 65534, 65534)
    assert run(path, {"ECS_CLUSTER": "new"})["changes"][0]["kind"] == "file_attributes"
    assert (path.stat().st_uid, path.stat().st_gid) == (right_attributes().uid, right_attributes().gid)


def test_one_backup_is_kept_of_a_changed_text_and_no_more_readable_than_the_file(run, path):
    copy = path.with_name("ecs.config.fleetkit.ecs~")
    for number, text in enumerate(["ECS_ENGINE_AUTH_DATA={}\n", "ECS_ENGINE_AUTH_DATA={}\n#\n"]):
        path.write_text(text)
        path.chmod(0o644)
        if number:
            copy.chmod(0o644)
        assert run(path, {"ECS_CLUSTER": "new"}, check=True, backup=True)["backup_file"] == str(copy)
        assert run(path, {"ECS_CLUSTER": "new"}, backup=True)["backup_file"] == str(copy)
        assert copy.read_text() == text
        assert mode(copy) == 0o600
        assert run(path, {"ECS_CLUSTER": "new"}, backup=True)["backup_file"] is None
    assert sorted(path.parent.iterdir()) == [path, copy]


def test_there_is_no_backup_where_there_was_no_file(run, path):
    assert run(path, {"ECS_CLUSTER": "new"}, backup=True)["backup_file"] is None
    assert list(path.parent.iterdir()) == [path]


def test_what_somebody_else_put_in_the_backups_place_is_not_followed(run, path, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    path.write_text("A=1\n")
    path.with_name("ecs.config.fleetkit.ecs~").symlink_to(theirs)
    run(path, {"ECS_CLUSTER": "new"}, backup=True)
    assert theirs.read_text() == "theirs"


def test_bad_input_is_refused_before_anything_is_read_or_written(run, path):
    result = run(path.parent, {"ECS_CLUSTER": "new", "ECS_DISABLE_METRICS": "yes", "ECS_IMAGE_PULL_TIMEOUT": 600})
    assert result["failed"]
    assert not result["changed"]
    assert "ECS_DISABLE_METRICS: 'yes' is no boolean to the agent; use true" in result["msg"]
    assert "ECS_IMAGE_PULL_TIMEOUT: 600 has no unit" in result["msg"]


def test_a_symbolic_link_is_refused_and_left_alone(run, path):
    target = path.with_name("target")
    target.write_text("A=1\n")
    path.symlink_to(target)
    result = run(path, {"ECS_CLUSTER": "new"})
    assert "is a symbolic link" in result["msg"]
    assert path.is_symlink()
    assert target.read_text() == "A=1\n"


@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_what_is_no_file_is_refused(run, path, kind):
    path.mkdir() if kind == "directory" else os.mkfifo(path)
    assert "is not a regular file" in run(path, {"ECS_CLUSTER": "new"})["msg"]


def test_a_relative_path_is_refused(run):
    assert "is not absolute" in run("ecs.config", {"ECS_CLUSTER": "new"})["msg"]


def test_damaged_markers_are_refused_and_the_file_is_left_alone(run, path):
    path.write_text(f"{BEGIN}\nA=1\n")
    assert "Edit it to have one of each" in run(path, {"ECS_CLUSTER": "new"})["msg"]
    assert path.read_text() == f"{BEGIN}\nA=1\n"


def test_a_failed_write_leaves_the_old_file_and_says_what_is_not_done(run, path, monkeypatch):
    path.write_text("A=1\n")
    path.chmod(0o600)

    def full(*_arguments):
        raise Exception("no space left")

    monkeypatch.setattr(basic.AnsibleModule, "atomic_move", full)
    result = run(path, {"ECS_CLUSTER": "new"})
    assert result["msg"] == "Could not create agent variable ECS_CLUSTER: no space left"
    assert (result["failed"], result["changed"], result["changes"]) == (True, False, [])
    assert path.read_text() == "A=1\n"


SECRET = {
    "object": {"ECS_ENGINE_AUTH_DATA": AUTH},
    "json": {"ECS_ENGINE_AUTH_DATA": json.dumps(AUTH)},
    "bad json": {"ECS_ENGINE_AUTH_DATA": json.dumps(AUTH)[:-1]},
    "backslash": {"ECS_ENGINE_AUTH_DATA": {"r": {"password": f"{PASSWORD}\\"}}},
    "log options": {"ECS_LOG_OPTS": {"splunk-token": PASSWORD}},
    "proxy": {"HTTP_PROXY": f"http://user:{PASSWORD}@proxy:3128"},
    "misspelled": {"ECS_ENGINE_AUTHDATA": {"r": [PASSWORD]}},
}


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize("variables", SECRET.values(), ids=SECRET)
def test_a_secret_is_in_no_result_and_in_no_log(run, path, journal, variables, check):
    path.write_text(f"ECS_ENGINE_AUTH_DATA={PASSWORD}-old\n#HTTP_PROXY={PASSWORD}-old\nSTRANGER={PASSWORD}-old\n")
    result = run(path, {"ECS_CLUSTER": "new", **variables}, check=check)
    assert PASSWORD not in json.dumps(result)
    assert any("Invoked with" in line for line in journal)
    assert PASSWORD not in "".join(journal)


def test_a_secret_is_not_in_a_complaint_about_another_argument(run, path, journal):
    result = run(path, {"ECS_ENGINE_AUTH_DATA": AUTH}, bakcup=True)
    assert "Unsupported parameters" in result["msg"]
    assert PASSWORD not in json.dumps(result) + "".join(journal)


def test_a_short_secret_neither_shows_nor_blots_out_the_result(run, path):
    result = run(path, {"ECS_CLUSTER": "new", "ECS_ENGINE_AUTH_DATA": {"r": {"password": "e"}}})
    assert result["variables"] == {"ECS_CLUSTER": "new", "ECS_ENGINE_AUTH_DATA": "********"}
    assert result["invocation"]["module_args"]["variables"]["ECS_ENGINE_AUTH_DATA"] == "********"


def test_the_diff_shows_that_a_secret_changes(run, path):
    run(path, {"ECS_ENGINE_AUTH_DATA": AUTH})
    other = {"https://r.example": {"username": "puller", "password": "another-password"}}
    diff = run(path, {"ECS_ENGINE_AUTH_DATA": other})["diff"]
    assert diff["before"] == f"{BEGIN}\nECS_ENGINE_AUTH_DATA=********\n{END}\n"
    assert diff["after"] == f"{BEGIN}\nECS_ENGINE_AUTH_DATA=******** (changed)\n{END}\n"


def test_a_variable_that_does_nothing_is_warned_of(run, path):
    result = run(path, {"ECS_OFFHOST_INTROSPECTION_INTERFACE_NAME": "eth0"})
    assert "agents from 1.97.0 on no longer read it" in str(result["warnings"])


def test_an_error_of_the_system_is_one_sentence(run, path):
    path.parent.rmdir()
    path.parent.write_text("")
    result = run(path, {"ECS_CLUSTER": "new"})
    assert result["msg"].startswith("Could not read the present state: ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives directories away")
def test_a_directory_that_hands_down_its_group_does_not_hand_it_to_the_file(run, path):
    os.chown(path.parent, 0, 65534)
    path.parent.chmod(0o2755)
    run(path, {"ECS_CLUSTER": "new"})
    assert path.stat().st_gid == right_attributes().gid
    assert not run(path, {"ECS_CLUSTER": "new"})["changed"]


@pytest.fixture
def agent(monkeypatch, path, tmp_path):
    """A host whose agent has registered in the cluster "old"; gives what was done, in order."""
    done = []
    database = tmp_path / "agent.db"
    database.write_bytes(b'cluster-name"old"')
    path.write_text("ECS_CLUSTER=old\n")
    path.chmod(0o600)
    for module in (apply, cluster, state):
        monkeypatch.setattr(module, "STATE", database)
    monkeypatch.setattr(read, "FILES", (str(tmp_path / "lower"), str(path)))

    def systemctl(_module, command, **_options):
        done.append((command[1], database.exists(), path.read_text()))
        return systemctl.answers.get(command[1], (0, "", ""))

    systemctl.answers = {}
    systemctl.done = done
    systemctl.database = database
    monkeypatch.setattr(basic.AnsibleModule, "run_command", systemctl)
    return systemctl


def test_another_cluster_than_the_saved_one_is_refused_and_nothing_is_touched(run, path, agent):
    result = run(path, {"ECS_CLUSTER": "new"})
    assert (result["failed"], result["changed"], result["changes"]) == (True, False, [])
    assert "move_cluster: true" in result["msg"]
    assert path.read_text() == "ECS_CLUSTER=old\n"
    assert (agent.database.exists(), agent.done) == (True, [])


def test_a_move_stops_the_agent_removes_its_state_writes_and_starts_it_and_is_foreseen(run, path, agent):
    predicted = run(path, {"ECS_CLUSTER": "new"}, check=True, move_cluster=True)
    assert (agent.database.exists(), agent.done) == (True, [])
    real = run(path, {"ECS_CLUSTER": "new"}, move_cluster=True)
    assert {**real, "invocation": None} == {**predicted, "invocation": None}
    assert [change["kind"] for change in real["changes"]] == ["agent_state", "agent_variable", "service"]
    assert agent.done == [("stop", True, "ECS_CLUSTER=old\n"), ("start", False, NEW)]
    assert not run(path, {"ECS_CLUSTER": "new"}, move_cluster=True)["changed"]


def test_an_agent_that_cannot_be_stopped_keeps_its_state(run, path, agent):
    agent.answers["stop"] = (5, "", "Failed to stop ecs.service: Unit ecs.service not loaded.\n")
    result = run(path, {"ECS_CLUSTER": "new"}, move_cluster=True)
    assert "Could not delete agent state" in result["msg"]
    assert "Unit ecs.service not loaded" in result["msg"]
    assert (result["changes"], agent.database.exists(), path.read_text()) == ([], True, "ECS_CLUSTER=old\n")


def test_a_move_that_was_interrupted_before_the_text_is_finished_by_the_next_run(run, path, agent, monkeypatch):
    def full(*_arguments):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(basic.AnsibleModule, "atomic_move", full)
        result = run(path, {"ECS_CLUSTER": "new"}, move_cluster=True)
    assert "Could not update agent variable ECS_CLUSTER: no space left" in result["msg"]
    assert run(path, {"ECS_CLUSTER": "new"})["changed"]
    assert path.read_text() == NEW


def test_a_start_that_fails_is_told_with_what_was_done(run, path, agent):
    agent.answers["start"] = (1, "", "Job for ecs.service failed.")
    result = run(path, {"ECS_CLUSTER": "new"}, move_cluster=True)
    assert (
        result["msg"]
        == "Could not update service ecs.service: systemctl start ecs.service: Job for ecs.service failed."
    )
    assert [change["kind"] for change in result["changes"]] == ["agent_state", "agent_variable"]


def test_the_other_file_counts_where_it_is_read_last(run, path, agent, monkeypatch):
    upper = path.with_name("upper")
    upper.write_text("ECS_CLUSTER=old\n")
    monkeypatch.setattr(read, "FILES", (str(path), str(upper)))
    result = run(path, {"ECS_CLUSTER": "new"})
    assert str(upper) in str(result["warnings"])
    assert path.read_text() == NEW


def test_an_older_agent_is_reported_whoever_names_its_version(run, path, monkeypatch, tmp_path):
    (tmp_path / "ecs-agent.tar").symlink_to("ecs-agent-v1.10.0-1.tar")
    declared = {"ECS_ENABLE_TASK_IAM_ROLE": True}
    assert "needs agent 1.11.0 or later" in str(run(path, declared)["warnings"])
    assert "warnings" not in run(path, declared, agent_version="1.11.0")
    assert "has 1.9.0" in str(run(path, declared, agent_version="1.9.0-1")["warnings"])
    assert "agent_version: 'latest' is not a version" in run(path, declared, agent_version="latest")["msg"]


def test_a_variable_that_is_not_known_is_written_where_that_is_asked_for_and_never_shown(run, path, journal):
    declared = {"ECS_NEW": PASSWORD}
    assert "is not a variable" in run(path, declared)["msg"]
    result = run(path, declared, allow_unknown=True)
    assert result["variables"] == {"ECS_NEW": "********"}
    assert path.read_text() == f"{BEGIN}\nECS_NEW={PASSWORD}\n{END}\n"
    assert PASSWORD not in json.dumps(result) + "".join(journal)
