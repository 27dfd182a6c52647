# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import stat

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent import service
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.introspection import ABSENT, REGISTERED, Report
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.service import (
    DROP_IN,
    DROP_IN_TEXT,
    Found,
    Request,
    Service,
    plan_service,
    read_service,
)

RUNS, NEW = Found(active=True, enabled=True), Found(active=False, enabled=False)
START, RESTART = "start service ecs.service", "restart service ecs.service"
DROP = f"drop in {DROP_IN}"


class Module:
    """Stands for an AnsibleModule on a host whose systemctl answers so."""

    def __init__(self, shown="ActiveState=inactive\nUnitFileState=disabled\nNeedDaemonReload=no\n", failing=None):
        self.commands, self.shown, self.failing = [], shown, failing

    def run_command(self, command):
        words = " ".join(command)
        if words.startswith("systemctl show"):
            return 0, self.shown, ""
        if words.startswith("journalctl"):
            return 0, "No room on the disk\n", ""
        self.commands.append(words)
        return (1, "", f"Job for ecs.service failed: {words}") if self.failing in command else (0, "", "")


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(service, "wait_until_registered", lambda _timeout: Report(REGISTERED))


@pytest.mark.parametrize(
    ("found", "state", "stop", "changes", "commands"),
    [
        (RUNS, "started", False, [], []),
        (Found(True, True, drop_in=DROP_IN_TEXT), "started", True, [], []),
        (Found(True, True, stale=True), "started", False, [], []),
        (NEW, "started", False, [START], ["enable ecs.service", "start ecs.service"]),
        (Found(True, False), "started", False, [START], ["enable ecs.service", "start ecs.service"]),
        (Found(False, True), "started", False, [START], ["start ecs.service"]),
        (Found(False, True, stale=True), "started", False, [START], ["daemon-reload", "start ecs.service"]),
        (RUNS, "restarted", False, [RESTART], ["restart ecs.service"]),
        (Found(True, True, stale=True), "restarted", False, [RESTART], ["daemon-reload", "restart ecs.service"]),
        (NEW, "restarted", True, [f"create {DROP}", RESTART], ["enable ecs.service", "restart ecs.service"]),
        (RUNS, "restarted", True, [f"create {DROP}", RESTART], ["daemon-reload", "restart ecs.service"]),
        (RUNS, "started", True, [f"create {DROP}"], ["daemon-reload"]),
        (Found(True, True, drop_in="old"), "started", True, [f"update {DROP}"], ["daemon-reload"]),
        (Found(True, True, drop_in="old"), "started", False, [], []),
    ],
)
def test_it_does_what_is_needed_and_lets_systemd_read_the_files_once(found, state, stop, changes, commands):
    plan = plan_service(found, Request(state, stop))
    assert [str(change) for change in plan.changes] == changes
    assert [" ".join(command) for command in plan.commands] == commands


def test_the_drop_in_is_there_before_systemd_reads_it_and_a_second_run_finds_it(registered, tmp_path):
    drop_in, module, request = tmp_path / "ecs.service.d" / "exit-5.conf", Module(), Request("started", True)
    plan = plan_service(read_service(module, drop_in), request)
    assert list(Service(module, 1, drop_in).apply(plan)) == list(plan.changes)
    assert (drop_in.read_text(), stat.S_IMODE(drop_in.stat().st_mode)) == (DROP_IN_TEXT, 0o644)
    assert [path.name for path in drop_in.parent.iterdir()] == ["exit-5.conf"]
    assert module.commands == ["systemctl enable ecs.service", "systemctl start ecs.service"]
    module.shown = "ActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no\n"
    assert plan_service(read_service(module, drop_in), request).changes == ()


def test_a_unit_that_is_not_there_yet_is_one_to_be_started():
    found = read_service(Module("ActiveState=inactive\nUnitFileState=\nNeedDaemonReload=no\n"))
    assert [str(change) for change in plan_service(found, Request("started", False)).changes] == [START]


def test_a_service_that_does_not_start_is_told_with_its_last_words_and_the_usual_causes(registered):
    module = Module(failing="restart")
    with pytest.raises(OSError, match=r"Job for ecs\.service failed") as failed:
        list(Service(module, 1).apply(plan_service(RUNS, Request("restarted", False))))
    assert "No room on the disk" in str(failed.value)
    assert "Usual causes" in str(failed.value)


def test_an_agent_that_does_not_register_in_time_is_told_with_its_last_words(monkeypatch):
    monkeypatch.setattr(service, "wait_until_registered", lambda _timeout: Report(ABSENT, "nothing listens"))
    with pytest.raises(OSError, match=r"not registered within 7 seconds: nothing listens.*No room on the disk"):
        list(Service(Module(), 7).apply(plan_service(NEW, Request("started", False))))
