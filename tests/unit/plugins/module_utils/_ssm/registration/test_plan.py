# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.model import Agent, Host, Identity, Request
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.plan import plan_registration

UNIT = "amazon-ssm-agent.service"
AGENT = Agent("/usr/bin/amazon-ssm-agent", UNIT, running=True, enabled=True)
HERE = Identity("mi-0123456789abcdef0", "us-west-2")
THERE = Identity("mi-0fedcba9876543210", "eu-west-1")
NEW = Host(AGENT)
REGISTERED = Host(AGENT, HERE)
ELSEWHERE = Host(AGENT, THERE)
CLONE = Host(AGENT, HERE, cloned="It is a clone.")
CODE = {"activation_id": "i" * 36, "activation_code": "c" * 20}
SERVICE = f"update service {UNIT}"
REGISTER, AGAIN = "create registration us-west-2", "update registration us-west-2"

PLANS = {
    "a new host": (NEW, CODE, [REGISTER, SERVICE], None),
    "a registered one takes no activation": (REGISTERED, {}, [], None),
    "nor does it use one that it is given": (REGISTERED, CODE, [], None),
    "registered, but the agent is stopped": (
        replace(REGISTERED, agent=replace(AGENT, running=False)), {}, [SERVICE], None,
    ),
    "registered, but not started at boot": (
        replace(REGISTERED, agent=replace(AGENT, enabled=False)), {}, [SERVICE], None,
    ),
    "by force": (REGISTERED, {**CODE, "force": True}, [AGAIN, SERVICE], HERE),
    "moved": (ELSEWHERE, {**CODE, "move": True}, [AGAIN, SERVICE], THERE),
    "nothing to move": (REGISTERED, {**CODE, "move": True}, [], None),
    "a clone by force leaves the other machine's identity alone": (
        CLONE, {**CODE, "force": True}, [AGAIN, SERVICE], None,
    ),
    "a run that was cut off before AWS answered is undone": (
        Host(AGENT, None, former=HERE),
        {},
        [f"create former_registration {HERE.instance_id}", f"delete registration_copy {HERE.instance_id}", SERVICE],
        None,
    ),
    "one that was cut off after that only tidies up, and still names whom it left": (
        Host(AGENT, HERE, former=THERE), {}, [f"delete registration_copy {THERE.instance_id}", SERVICE], THERE,
    ),
}  # fmt: skip


def plan(host, check_mode=False, **request):
    return plan_registration(host, Request("us-west-2", **request), check_mode)


def changes(planned):
    return [f"{change.action} {change.kind} {change.name}" for change in planned.changes]


@pytest.mark.parametrize("case", PLANS)
@pytest.mark.parametrize("check_mode", [False, True])
def test_what_is_done(case, check_mode):
    host, request, expected, left = PLANS[case]
    planned = plan(host, check_mode, **request)
    assert changes(planned) == expected
    assert planned.result["left"] == (left and left.result())
    assert (planned.before != planned.after) == bool(expected)


@pytest.mark.parametrize(
    ("host", "request_", "said"),
    [
        (Host(replace(AGENT, program=None)), CODE, "amazon-ssm-agent is not installed"),
        (NEW, {}, "takes an activation with registrations left"),
        (REGISTERED, {"force": True}, "to be registered again (it is mi-0123456789abcdef0 in us-west-2)"),
        (ELSEWHERE, CODE, "this host is mi-0fedcba9876543210 in eu-west-1, not in us-west-2"),
        (CLONE, CODE, "It is a clone. Nothing was changed. To register this host as itself"),
        (CLONE, {**CODE, "move": True}, "It is a clone."),
    ],
)
def test_what_is_refused_with_the_way_out(host, request_, said):
    with pytest.raises(Refusal) as refused:
        plan(host, **request_)
    assert said in str(refused.value)


def test_check_mode_foresees_the_registration_of_a_host_that_has_no_agent_and_no_activation_yet():
    bare = Host(Agent(None, UNIT))
    assert changes(plan(bare, check_mode=True)) == [REGISTER, SERVICE]


def test_no_part_of_a_plan_or_request_shows_the_activation():
    planned = plan(NEW, **CODE)
    assert "c" * 20 not in repr(planned)
    assert CODE["activation_id"] not in repr(Request("us-west-2", **CODE))


def test_files_that_mislead_are_told():
    assert plan(replace(REGISTERED, notes=("A stale file.",))).warnings == ("A stale file.",)
