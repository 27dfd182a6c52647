# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration import parse

RIGHT = {
    "region": "us-west-2",
    "activation_id": "01234567-89ab-cdef-0123-456789abcdef",
    "activation_code": "Abcdefghij/0123456789",
    "move": False,
    "force": False,
    "state": "present",
}


@pytest.mark.parametrize("region", ["us-west-2", "ap-southeast-1", "us-gov-west-1", "cn-north-1"])
def test_regions_of_every_partition_are_taken(region):
    assert parse.request({**RIGHT, "region": region}).region == region


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"region": "us-west-2a"}, "region: 'us-west-2a'"),
        ({"activation_code": None}, "belong together"),
        ({"activation_id": None}, "belong together"),
        ({"activation_id": RIGHT["activation_code"]}, "activation_id: it is not the id"),
        ({"activation_code": "short"}, "activation_code: it is not the code"),
    ],
)
def test_what_cannot_be_right_is_refused_and_no_part_of_the_activation_is_shown(wrong, said):
    with pytest.raises(Refusal) as refused:
        parse.request({**RIGHT, **wrong})
    assert said in str(refused.value)
    assert RIGHT["activation_code"] not in str(refused.value)
    assert RIGHT["activation_id"] not in str(refused.value)
