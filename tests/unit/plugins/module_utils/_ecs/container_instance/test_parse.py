# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.model import Request

ID = "39baec737bb841f5b599585d13e906b8"
UUID = "39baec73-7bb8-41f5-b599-585d13e906b8"
LONG = f"arn:aws:ecs:us-west-2:123456789012:container-instance/prod/{ID}"
SHORT = f"arn:aws-cn:ecs:cn-north-1:123456789012:container-instance/{UUID}"
HOST = "i-0123456789abcdef0"


def parsed(**params):
    defaults = {
        "cluster": None,
        "container_instance": None,
        "ec2_instance_id": None,
        "state": "present",
        "attributes": None,
        "purge_attributes": False,
        "force": False,
        "wait": True,
        "wait_timeout": 600,
    }
    return parse.request({**defaults, **params})


CLUSTERS = {
    "told by the ARN": ({"container_instance": LONG}, "prod"),
    "the same twice": ({"container_instance": LONG, "cluster": "prod"}, "prod"),
    "the same twice, by ARN": (
        {"container_instance": LONG, "cluster": "arn:aws:ecs:us-west-2:123456789012:cluster/prod"},
        "arn:aws:ecs:us-west-2:123456789012:cluster/prod",
    ),
    "not told by an older ARN": ({"container_instance": SHORT}, "default"),
    "named for an older ARN": ({"container_instance": SHORT, "cluster": "other"}, "other"),
    "named for an id": ({"container_instance": ID, "cluster": "other"}, "other"),
    "named for an older id": ({"container_instance": UUID, "cluster": "other"}, "other"),
    "named for a host": ({"ec2_instance_id": HOST, "cluster": "other"}, "other"),
    "default": ({"ec2_instance_id": "mi-0123456789abcdef0"}, "default"),
}


@pytest.mark.parametrize(("params", "cluster"), CLUSTERS.values(), ids=CLUSTERS)
def test_the_cluster_is_the_one_named_or_the_one_in_the_arn(params, cluster):
    assert parsed(**params).cluster == cluster


def test_attributes_are_strings_and_none_is_an_attribute_without_a_value():
    found = parsed(ec2_instance_id=HOST, attributes={"rack": "7", "spot": None, "a-b_./C": "x y:@"})
    assert found.attributes == {"rack": "7", "spot": "", "a-b_./C": "x y:@"}
    assert parsed(ec2_instance_id=HOST) == Request("default", ec2_instance_id=HOST)


REFUSED = {
    "a name": ({"container_instance": "prod/x"}, "container_instance: 'prod/x' is neither the ARN nor the id"),
    "another ARN": (
        {"container_instance": LONG.replace("container-instance", "task")},
        "is neither the ARN nor the id",
    ),
    "another cluster": ({"container_instance": LONG, "cluster": "dev"}, "cluster: it is 'dev', but arn:"),
    "a host's name": ({"ec2_instance_id": "web-1"}, "write one such as i-0123456789abcdef0"),
    "a quote": ({"ec2_instance_id": "i-0123456789abcdef0']"}, "is not the id of a host"),
    "time": ({"ec2_instance_id": HOST, "wait_timeout": -1}, "wait_timeout: -1 is not a number of seconds"),
    "a number": ({"ec2_instance_id": HOST, "attributes": {"rack": 7}}, "value of 'rack' is not a string; quote it"),
    "a boolean": ({"ec2_instance_id": HOST, "attributes": {"spot": True}}, "value of 'spot' is not a string"),
    "a bad name": ({"ec2_instance_id": HOST, "attributes": {"a b": "x"}}, "attributes: 'a b': a name has"),
    "a long name": ({"ec2_instance_id": HOST, "attributes": {"a" * 129: "x"}}, "a name has 1 to 128"),
    "a bad value": ({"ec2_instance_id": HOST, "attributes": {"a": "ü"}}, "attributes: 'a': a value has"),
    "a space": ({"ec2_instance_id": HOST, "attributes": {"a": " x"}}, "no space at an end"),
    "Amazon's own": ({"ec2_instance_id": HOST, "attributes": {"ecs.os-type": "x"}}, "'ecs.os-type' is Amazon's own"),
    "too many": ({"ec2_instance_id": HOST, "attributes": {f"a{n}": "" for n in range(11)}}, "there are 11"),
    "of nothing": ({"ec2_instance_id": HOST, "attributes": {"a": "x"}, "state": "absent"}, "leave them out"),
}


@pytest.mark.parametrize(("params", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_right_is_refused_with_what_would_be(params, sentence):
    with pytest.raises(Refusal) as caught:
        parsed(**params)
    assert sentence in str(caught.value)
