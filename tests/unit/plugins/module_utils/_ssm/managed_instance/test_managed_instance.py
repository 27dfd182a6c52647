# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.managed_instance import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.managed_instance.model import ManagedInstance, Request
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.managed_instance.plan import plan_instance

ID = "mi-0123456789abcdef0"
ACTUAL = ManagedInstance(ID, "shop", "old", {"fleet": "shops", "rack": "7", "aws:x": "y"})
UNREAD = ManagedInstance(ID, "shop", "old")


@pytest.mark.parametrize(
    ("actual", "request_", "expected"),
    [
        (UNREAD, Request(ID), []),
        (UNREAD, Request(ID, role="old"), []),
        (UNREAD, Request(ID, role="new"), [("update", "managed_instance_role", "old", "new")]),
        (ACTUAL, Request(ID, tags={"fleet": "shops", "rack": "7"}), []),
        (ACTUAL, Request(ID, tags={"rack": "7"}, purge_tags=False), []),
        (ACTUAL, Request(ID, tags={"rack": "7"}), [("delete", "managed_instance_tags", ["fleet"], None)]),
        (
            ACTUAL,
            Request(ID, tags={"rack": "8", "floor": "1"}),
            [
                ("update", "managed_instance_tags", None, {"rack": "8", "floor": "1"}),
                ("delete", "managed_instance_tags", ["fleet"], None),
            ],
        ),
        (ACTUAL, Request(ID, absent=True), [("delete", "managed_instance", None, None)]),
        (None, Request(ID, absent=True), []),
    ],
)
def test_one_difference_is_one_change(actual, request_, expected):
    plan = plan_instance(actual, request_)
    assert [(one.action, one.kind, one.before, one.after) for one in plan.changes] == expected
    assert (plan.before != plan.after) is bool(expected)


def test_only_its_agent_registers_a_server():
    with pytest.raises(Refusal, match="Only the agent on the server can register it"):
        plan_instance(None, Request(ID))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, []),
        ({"tag:fleet": "shops"}, [{"Key": "tag:fleet", "Values": ["shops"]}]),
        ({"PingStatus": ["Online"]}, [{"Key": "PingStatus", "Values": ["Online"]}]),
        ({"IamRole": "arn:aws:iam::123456789012:role/x/r"}, [{"Key": "IamRole", "Values": ["r"]}]),
    ],
)
def test_filters_are_a_map(given, expected):
    assert parse.filters(given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pingstatus": "Online"}, "did you mean PingStatus"),
        ({"Name": "shop"}, "there are ActivationIds"),
        ({"PingStatus": []}, "1 to 100 values"),
        ({"InstanceIds": [ID] * 101}, "1 to 100 values"),
        ({"InstanceIds": "i-0123456789abcdef0"}, "EC2 instance"),
        ({"InstanceIds": "shop-1"}, "mi- and 17 hexadecimal digits"),
        ({"IamRole": "arn:aws:iam::1234567890123456:role/r"}, "16 digits"),
        ({"tag:": "x"}, "is not a filter"),
    ],
    ids=str,
)
def test_filters_that_cannot_be_are_refused(given, message):
    with pytest.raises(Refusal, match=message):
        parse.filters(given)
