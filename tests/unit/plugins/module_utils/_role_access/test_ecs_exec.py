# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what ECS and IAM show of a task to whether ECS Exec gets into it, as tables."""

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import parse_arn
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import RoleFacts
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.ecs_exec import (
    ACTIONS,
    CHECKS,
    ExecFacts,
    command,
)

ROLE = parse_arn("r", "arn:aws:iam::111122223333:role/app", "role")
TASK = {"lastStatus": "RUNNING", "enableExecuteCommand": True}


def agent(**seen: str) -> dict:
    return {"name": "app", "managedAgents": [{"name": "ExecuteCommandAgent", **seen}]}


def with_policy(*actions: str, **more) -> dict:
    document = {"Statement": {"Effect": "Allow", "Action": list(actions), "Resource": "*"}}
    return {"task": TASK, "role_arn": ROLE, "role": RoleFacts(str(ROLE), policies=(("p", document),), **more)}


@pytest.mark.parametrize(
    ("check", "seen", "status", "fault"),
    [
        ("task", {"task": TASK}, "ok", ""),
        ("task", {}, "wrong", "not_running"),
        ("task", {"task": {**TASK, "lastStatus": "STOPPED"}}, "wrong", "not_running"),
        ("task", {"task": {**TASK, "enableExecuteCommand": False}}, "wrong", "not_enabled"),
        ("managed_agent", {"task": TASK, "container": agent(lastStatus="RUNNING")}, "ok", ""),
        ("managed_agent", {"task": TASK, "container": agent(lastStatus="STOPPED", reason="x")}, "wrong",
         "agent_not_running"),
        ("managed_agent", {"task": TASK, "container": {"name": "app"}}, "wrong", "agent_not_running"),
        ("managed_agent", {"task": TASK}, "wrong", "not_running"),
        ("managed_agent", {}, "unknown", ""),
        ("permission", with_policy(*ACTIONS), "ok", ""),
        ("permission", with_policy("ssmmessages:*"), "ok", ""),
        ("permission", with_policy(*ACTIONS[:3]), "wrong", "permission_missing"),
        ("permission", with_policy(*ACTIONS, boundary=(("b", {"Statement": []}),)), "wrong", "permission_missing"),
        ("permission", {"task": TASK}, "wrong", "role_missing"),
        ("permission", {"task": TASK, "role_arn": ROLE, "role": RoleFacts(unread="iam:GetRole")}, "unknown", ""),
        ("permission", {}, "unknown", ""),
    ],
)  # fmt: skip
def test_each_link(check, seen, status, fault):
    found = CHECKS[check](ExecFacts("prod", "0123", **seen))
    assert (found.status, found.fault) == (status, fault), found
    assert bool(found.remedy) or status != "wrong"


def test_the_command_is_what_a_shell_takes():
    facts = ExecFacts("prod", "0123", container={"name": "my app"})
    assert command(facts, "us-west-2") == (
        "aws ecs execute-command --region us-west-2 --cluster prod --task 0123 --container 'my app' --interactive "
        "--command /bin/sh"
    )
