# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.model import (
    ContainerInstance,
    Request,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.plan import plan_instance

ARN = "arn:aws:ecs:us-west-2:123456789012:container-instance/prod/39baec737bb841f5b599585d13e906b8"
ACTIVE = ContainerInstance(ARN, "i-0123456789abcdef0", "ACTIVE", True, attributes={"rack": "7", "zone": ""})
BUSY = replace(ACTIVE, running_tasks_count=2, pending_tasks_count=1)
DRAINING = replace(ACTIVE, status="DRAINING")


def plan(present, check_mode=False, **request):
    return plan_instance(present, Request("prod", container_instance=ARN, **request), check_mode)


def changes(planned):
    return [f"{change.action} {change.kind} {change.name}" for change in planned.changes]


TO_STATUS = f"update container_instance_status {ARN}"
PLANS = {
    "present": (ACTIVE, {}, []),
    "present while it drains": (DRAINING, {}, []),
    "active already": (ACTIVE, {"state": "active"}, []),
    "active again": (DRAINING, {"state": "active"}, [TO_STATUS]),
    "to drain": (BUSY, {"state": "draining"}, [TO_STATUS]),
    "draining already": (DRAINING, {"state": "draining"}, []),
    "absent": (ACTIVE, {"state": "absent"}, [f"delete container_instance {ARN}"]),
    "absent with tasks": (BUSY, {"state": "absent", "force": True}, [f"delete container_instance {ARN}"]),
    "absent already": (None, {"state": "absent"}, []),
    "attributes as they are": (ACTIVE, {"attributes": {"rack": "7"}}, []),
    "no value as it is": (ACTIVE, {"attributes": {"zone": ""}}, []),
    "another value": (ACTIVE, {"attributes": {"rack": "8"}}, ["update attribute rack"]),
    "another attribute": (ACTIVE, {"attributes": {"row": "1"}}, ["create attribute row"]),
    "others stay": (ACTIVE, {"attributes": {}}, []),
    "others go": (
        ACTIVE,
        {"attributes": {"row": "1", "rack": "7"}, "purge_attributes": True},
        ["delete attribute zone", "create attribute row"],
    ),
    "nothing is purged where nothing is declared": (ACTIVE, {"purge_attributes": True}, []),
    "all at once": (DRAINING, {"state": "active", "attributes": {"row": ""}}, ["create attribute row", TO_STATUS]),
}


@pytest.mark.parametrize(("present", "request_", "planned"), PLANS.values(), ids=PLANS)
def test_the_plan_is_the_difference(present, request_, planned):
    assert changes(plan(present, **request_)) == planned
    assert plan(present, True, **request_) == plan(present, **request_)


def test_the_result_is_what_the_run_will_leave():
    left = plan(BUSY, state="draining", attributes={"rack": "8"}).result["container_instance"]
    assert left == {
        "container_instance_arn": ARN,
        "ec2_instance_id": "i-0123456789abcdef0",
        "agent_connected": True,
        "running_tasks_count": 0,
        "pending_tasks_count": 0,
        "status": "DRAINING",
        "attributes": {"rack": "8", "zone": ""},
    }
    assert plan(BUSY, state="draining", wait=False).result["container_instance"]["running_tasks_count"] == 2
    assert plan(BUSY).result["container_instance"]["pending_tasks_count"] == 1
    assert plan(ACTIVE, state="absent").result == {"container_instance": None}


def test_the_diff_has_status_and_attributes():
    diff = plan(DRAINING, state="active", attributes={"rack": "8"}).diff()
    assert diff == {
        "before": {"status": "DRAINING", "attributes": {"rack": "7", "zone": ""}},
        "after": {"status": "ACTIVE", "attributes": {"rack": "8", "zone": ""}},
    }
    assert plan(ACTIVE, state="absent").diff()["after"] == {}


def test_a_plan_knows_the_tasks_that_a_drain_has_to_wait_for():
    assert plan(BUSY, state="draining").tasks_left == 3


def test_one_with_tasks_is_not_deregistered_unless_that_is_said():
    with pytest.raises(Refusal, match=r"has 3 task\(s\)\. Drain it first with state: draining, or say force: true"):
        plan(BUSY, state="absent")


@pytest.mark.parametrize("state", ["present", "active", "draining"])
def test_one_that_is_not_there_is_refused(state):
    with pytest.raises(Refusal, match=r"is not registered as a container instance\. Its agent"):
        plan(None, True, state=state)


@pytest.mark.parametrize("state", ["present", "active", "draining"])
def test_in_check_mode_a_host_may_be_one_that_a_real_run_would_have_registered(state):
    request = Request("prod", ec2_instance_id="i-0123456789abcdef0", state=state)
    planned = plan_instance(None, request, check_mode=True)
    assert (planned.changes, planned.result) == ((), {"container_instance": None})
    assert "a real run would wait for it" in planned.warnings[0]
    for others in (replace(request, wait=False), request):
        with pytest.raises(Refusal):
            plan_instance(None, others, check_mode=others is not request)


def test_more_attributes_than_there_can_be_are_refused_with_those_that_could_go():
    full = replace(ACTIVE, attributes={f"a{number}": "" for number in range(10)})
    with pytest.raises(Refusal, match=r"would have 11, and it can have 10; purge_attributes: true removes the others"):
        plan(full, attributes={"a0": "", "b": ""})
    assert len(plan(full, attributes={"a0": "", "b": ""}, purge_attributes=True).changes) == 10


def test_only_an_operators_own_attributes_are_looked_at():
    described = {
        "containerInstanceArn": ARN,
        "status": "ACTIVE",
        "attributes": [
            {"name": "ecs.os-type", "value": "linux"},
            {"name": "com.amazonaws.ecs.capability.ecr-auth"},
            {"name": "rack", "value": "7"},
            {"name": "spot"},
        ],
    }
    assert ContainerInstance.of(described).attributes == {"rack": "7", "spot": ""}
