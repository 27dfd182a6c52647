# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation import parse

PARAMS = {
    "tags": {"fleet": "shops"},
    "role": "ecsAnywhereRole",
    "registration_limit": 1,
    "registrations_needed": 1,
    "expires_in": 24,
    "rotate_before": 1,
    "default_instance_name": "",
    "description": "",
    "code_file": None,
    "code_parameter": "/fleetkit/activation",
    "state": "present",
}


def request(task_is_no_log=False, **changed):
    return parse.request({**PARAMS, **changed}, task_is_no_log)


@pytest.mark.parametrize(
    "given",
    [
        "ecsAnywhereRole",
        "arn:aws:iam::123456789012:role/ecsAnywhereRole",
        "arn:aws-cn:iam::123456789012:role/x/y/ecsAnywhereRole",
    ],
)
def test_a_role_is_its_name(given):
    assert request(role=given).role == "ecsAnywhereRole"


def test_the_code_has_somewhere_to_go():
    with pytest.raises(Refusal, match="say no_log: true on the task"):
        request(code_parameter=None)
    assert request(code_parameter=None, task_is_no_log=True).role
    assert request(code_parameter=None, code_file="/root/activation.json").role
    assert request(code_parameter=None, state="absent").absent


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"tags": {}}, "at least one tag"),
        ({"tags": {"aws:x": "y"}}, "Amazon's own prefix"),
        ({"tags": {"fleet": True}}, "write a quoted string"),
        ({"tags": {"fleet": "a#b"}}, "Systems Manager does not take"),
        ({"role": "arn:aws:iam::1234567890123456:role/ecsAnywhereRole"}, "its account has 16 digits"),
        ({"role": "arn:aws::iam::aws:role/ecsAnywhereRole"}, "is not the ARN of an IAM role"),
        ({"role": "arn:aws:iam::123456789012:policy/ecsAnywhereRole"}, "is not the ARN of an IAM role"),
        ({"role": "arn:aws:iam::123456789012:role/aws-service-role/ssm.amazonaws.com/X"}, "service-linked role"),
        ({"role": "service-role/ecsAnywhereRole"}, "'ecsAnywhereRole', or give the whole ARN"),
        ({"role": None}, "role: it is missing"),
        ({"role": "r" * 65}, "IAM allows 64"),
        ({"role": "a role"}, "is not an IAM name"),
        ({"registration_limit": 0}, "0 is not between 1 and 1000 servers"),
        ({"registration_limit": 1001}, "1001 is not between 1 and 1000 servers"),
        ({"registrations_needed": 2}, r"2 is not between 1 and 1 servers \(registration_limit\)"),
        ({"registrations_needed": 0}, "0 is not between"),
        ({"expires_in": 0}, "0 is not between 1 and 720 hours"),
        ({"expires_in": -24}, "-24 is not between 1 and 720 hours"),
        ({"expires_in": 721}, r"721 is not between 1 and 720 hours \(30 days\)"),
        ({"rotate_before": 24}, "24 is not between 0 and 23 hours"),
        ({"rotate_before": -1}, "-1 is not between"),
        ({"default_instance_name": "shop#1"}, "may have letters"),
        ({"default_instance_name": "s" * 257}, "257 characters"),
        ({"description": "s" * 257}, "257 characters"),
        ({"code_file": "activation.json"}, "not an absolute path"),
        ({"code_parameter": "fleetkit/activation"}, "not the name of a parameter"),
        ({"code_parameter": "/aws/activation"}, "not beginning with aws or ssm"),
        ({"code_parameter": "SSM-activation"}, "not beginning with aws or ssm"),
        ({"code_parameter": "/a b"}, "not the name of a parameter"),
        ({"code_parameter": "/aws/activation", "state": "absent"}, "not beginning with aws or ssm"),
    ],
    ids=str,
)
def test_what_cannot_be_right_is_refused(changed, message):
    with pytest.raises(Refusal, match=message):
        request(**changed)


def test_thirty_days_and_the_smallest_margins_are_taken():
    found = request(expires_in=720, rotate_before=719, registration_limit=1000, registrations_needed=1000)
    assert (found.expires_in, found.registrations_needed) == (720, 1000)
    assert request(expires_in=1, rotate_before=0).rotate_before == 0
