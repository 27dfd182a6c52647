# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Container instances as hosts of an inventory: their variables and their groups. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.attributes import is_custom

CAPABILITIES = ("com.amazonaws.ecs.capability.", "ecs.capability.")
ALL = "container_instances"

Described = Mapping[str, Any]
Variables = dict[str, Any]


def is_external(instance_id: str) -> bool:
    return instance_id.startswith("mi-")


def one_for_each_host(described: Iterable[Described]) -> dict[str, Described]:
    """By host. One that has lost its agent's state is registered twice: the connected one, else the latest, is it."""
    ordered = sorted(described, key=lambda one: (one.get("agentConnected", False), str(one.get("registeredAt", ""))))
    return {one["ec2InstanceId"]: one for one in ordered if one.get("ec2InstanceId")}


def variables(
    described: Described, ec2: Described | None = None, ssm: Described | None = None, by_ssm: bool = False
) -> Variables:
    """What is known of a host, by the names of host variables.

    Args:
        described: the container instance as Amazon ECS describes it.
        ec2: the instance as EC2 describes it, where it was asked and knows it.
        ssm: the managed instance as Systems Manager describes it, where it was asked and knows it.
        by_ssm: whether the connection is made by the SSM connection plugin.
    """
    arn, instance_id = described["containerInstanceArn"], described["ec2InstanceId"]
    region, account = arn.split(":")[3:5]
    attributes = {one["name"]: one.get("value") or "" for one in described.get("attributes", [])}
    versions = described.get("versionInfo", {})
    addresses = {
        "ecs_private_ip_address": (ec2 or {}).get("PrivateIpAddress") or (ssm or {}).get("IPAddress"),
        "ecs_public_ip_address": (ec2 or {}).get("PublicIpAddress"),
        "ecs_computer_name": (ssm or {}).get("ComputerName") or (ec2 or {}).get("PrivateDnsName"),
    }
    connection = {"ansible_connection": "amazon.aws.aws_ssm", "ansible_host": instance_id} if by_ssm else {}
    return {
        "ecs_instance_id": instance_id,
        "ecs_external": is_external(instance_id),
        "ecs_container_instance_arn": arn,
        "ecs_cluster": described["cluster"],
        "ecs_region": region,
        "ecs_account_id": account,
        "ecs_status": described["status"],
        "ecs_agent_connected": described.get("agentConnected", False),
        "ecs_agent_version": versions.get("agentVersion", ""),
        "ecs_docker_version": versions.get("dockerVersion", "").replace("DockerVersion: ", ""),
        "ecs_running_tasks_count": described.get("runningTasksCount", 0),
        "ecs_pending_tasks_count": described.get("pendingTasksCount", 0),
        "ecs_registered_at": str(described.get("registeredAt", "")),
        "ecs_capacity_provider": described.get("capacityProviderName") or "",
        "ecs_os_type": attributes.get("ecs.os-type", ""),
        "ecs_attributes": {name: value for name, value in attributes.items() if not name.startswith(CAPABILITIES)},
        "ecs_capabilities": sorted(name for name in attributes if name.startswith(CAPABILITIES)),
        "ecs_tags": {tag["key"]: tag.get("value", "") for tag in described.get("tags", [])},
        **{name: value for name, value in addresses.items() if value},
        # Both are read by the SSM connection plugin only, whoever chooses it.
        "ansible_aws_ssm_instance_id": instance_id,
        "ansible_aws_ssm_region": region,
        **connection,
    }


def groups(host: Variables) -> Iterator[str]:
    """The groups that every host has, whatever is composed besides."""
    yield ALL
    yield f"ecs_cluster_{host['ecs_cluster']}"
    yield f"ecs_status_{host['ecs_status'].lower()}"
    yield "ecs_external" if host["ecs_external"] else "ecs_ec2"
    if host["ecs_os_type"]:
        yield f"ecs_os_{host['ecs_os_type']}"
    if host["ecs_capacity_provider"]:
        yield f"ecs_capacity_provider_{host['ecs_capacity_provider']}"
    for name, value in host["ecs_attributes"].items():
        if is_custom(name):
            yield f"ecs_attribute_{name}_{value}" if value else f"ecs_attribute_{name}"
