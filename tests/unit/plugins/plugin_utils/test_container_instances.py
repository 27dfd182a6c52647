# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.plugin_utils._container_instances import (
    groups,
    one_for_each_host,
    variables,
)

INSTANCE = "i-0123456789abcdef0"
ARN = "arn:aws:ecs:us-west-2:123456789012:container-instance/production/0"


def described(**changed):
    known = {"containerInstanceArn": ARN, "ec2InstanceId": INSTANCE, "cluster": "production", "status": "ACTIVE"}
    return {**known, "agentConnected": True, "registeredAt": "2026-01-01", **changed}


@pytest.mark.parametrize(
    ("registered", "kept"),
    [
        ([("lost", False, "2026-02-01"), ("connected", True, "2026-01-01")], "connected"),
        ([("older", False, "2026-01-01"), ("newer", False, "2026-02-01")], "newer"),
        ([("newer", True, "2026-02-01"), ("older", True, "2026-01-01")], "newer"),
    ],
)
def test_of_several_registrations_of_a_host_the_connected_or_else_the_latest_counts(registered, kept):
    found = one_for_each_host(
        described(containerInstanceArn=name, agentConnected=connected, registeredAt=since)
        for name, connected, since in registered
    )
    assert {host: one["containerInstanceArn"] for host, one in found.items()} == {INSTANCE: kept}


def test_what_is_not_known_is_not_a_variable():
    host = variables(described())
    assert not [name for name in host if name.endswith("_ip_address")]
    assert (host["ecs_os_type"], host["ecs_capacity_provider"], host["ecs_tags"]) == ("", "", {})


def test_groups_come_of_what_a_container_instance_says():
    attributes = [
        {"name": "ecs.os-type", "value": "windows"},
        {"name": "ecs.capability.x"},
        {"name": "gpu"},
        {"name": "rack", "value": "7"},
    ]
    host = variables(described(status="DRAINING", capacityProviderName="spot", attributes=attributes))
    assert list(groups(host)) == [
        "container_instances",
        "ecs_cluster_production",
        "ecs_status_draining",
        "ecs_ec2",
        "ecs_os_windows",
        "ecs_capacity_provider_spot",
        "ecs_attribute_gpu",
        "ecs_attribute_rack_7",
    ]
