# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECS task definitions: everything that is registered is kept, and comes back as ECS gives it.

ECS fills in defaults, gives some lists back in another order, never uses the number of a revision again, and by a
family's name alone describes the latest ACTIVE revision. moto keeps a part of the parameters, as they were sent.
What is filled in is from the API reference (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/) and from what
users of other tools report as differences that never end. It is written here a second time, and in another way than
in the collection, so that a mistake in one of them shows.
"""

from __future__ import annotations

import copy
import re

from moto.core.responses import ActionResult
from moto.ecs.exceptions import EcsClientException, InvalidParameterException, TaskDefinitionNotFoundException
from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition
from moto.ecs.responses import EC2ContainerServiceResponse

from .patch import replaces

PAGE = 100

CONTAINER = {
    "cpu": 0,
    "portMappings": [],
    "essential": True,
    "environment": [],
    "mountPoints": [],
    "volumesFrom": [],
    "systemControls": [],
}
PARTS: dict[str, dict] = {
    "healthCheck": {"interval": 30, "timeout": 5, "retries": 3},
    "logConfiguration": {"options": {}, "secretOptions": []},
    "linuxParameters": {"devices": [], "tmpfs": []},
    "restartPolicy": {"ignoredExitCodes": [], "restartAttemptPeriod": 300},
}
EFS = {"rootDirectory": "/", "transitEncryption": "DISABLED"}


def registered(sent: dict) -> dict:
    """The definition as ECS describes it once it is registered."""
    definition = copy.deepcopy(sent)
    definition.pop("tags", None)
    fargate = "FARGATE" in definition.get("requiresCompatibilities", [])
    windows = definition.get("runtimePlatform", {}).get("operatingSystemFamily", "").startswith("WINDOWS")
    if not fargate and not windows:
        definition.setdefault("networkMode", "bridge")
    if fargate:
        definition["runtimePlatform"] = {
            "cpuArchitecture": "X86_64",
            "operatingSystemFamily": "LINUX",
            **definition.get("runtimePlatform", {}),
        }
    for name, unit in (("cpu", "vcpu"), ("memory", "gb")):
        if name in definition:
            definition[name] = in_units(definition[name], unit)
    for name in ("volumes", "placementConstraints"):
        definition.setdefault(name, [])
    definition.setdefault("enableFaultInjection", False)
    definition["containerDefinitions"] = [
        container(one, definition.get("networkMode")) for one in definition["containerDefinitions"]
    ]
    definition["volumes"] = [volume(one) for one in definition["volumes"]]
    if "requiresCompatibilities" in definition:
        definition["requiresCompatibilities"] = definition["requiresCompatibilities"][::-1]
    if "proxyConfiguration" in definition:
        definition["proxyConfiguration"].setdefault("type", "APPMESH")
        definition["proxyConfiguration"]["properties"] = definition["proxyConfiguration"].get("properties", [])[::-1]
    return definition


def in_units(text: str, unit: str) -> str:
    """1 vCPU is 1024, 0.5 GB is 512."""
    number = re.fullmatch(rf"([\d.]+) ?{unit}", text.lower())
    return str(int(float(number[1]) * 1024)) if number else text


def container(sent: dict, network_mode: str | None) -> dict:
    """One container with what is filled in."""
    filled = {**copy.deepcopy(CONTAINER), **sent}
    for name in ("environment", "secrets", "ulimits", "dependsOn", "mountPoints"):
        if name in filled:
            filled[name] = filled[name][::-1]
    for port in filled["portMappings"]:
        port.setdefault("protocol", "tcp")
        if "containerPort" in port:
            port.setdefault("hostPort", port["containerPort"] if network_mode in ("awsvpc", "host") else 0)
    for mount in [*filled["mountPoints"], *filled["volumesFrom"]]:
        mount.setdefault("readOnly", False)
    for name, more in PARTS.items():
        if name in filled:
            filled[name] = {**copy.deepcopy(more), **filled[name]}
    for device in filled.get("linuxParameters", {}).get("devices", []):
        device.setdefault("permissions", ["read", "write", "mknod"])
    return filled


def volume(sent: dict) -> dict:
    """One volume with what is filled in; a volume of no other kind is the host's."""
    filled = dict(sent)
    if "efsVolumeConfiguration" in filled:
        filled["efsVolumeConfiguration"] = {**EFS, **filled["efsVolumeConfiguration"]}
        if "authorizationConfig" in filled["efsVolumeConfiguration"]:
            filled["efsVolumeConfiguration"]["authorizationConfig"].setdefault("iam", "DISABLED")
    if not any(name.endswith("VolumeConfiguration") for name in filled):
        filled.setdefault("host", {})
    return filled


def refuse_what_ecs_refuses(sent: dict) -> None:
    """The refusals that users meet most, in ECS' words."""
    mode = sent.get("networkMode")
    fargate = "FARGATE" in sent.get("requiresCompatibilities", [])
    if fargate and mode != "awsvpc":
        raise EcsClientException("Fargate only supports network mode \u2018awsvpc\u2019.")
    if fargate and not (sent.get("cpu") and sent.get("memory")):
        raise EcsClientException("No Fargate configuration exists for given values.")
    if sent.get("tags") == []:
        raise InvalidParameterException("Tags can not be empty.")
    volumes = {one.get("name") for one in sent.get("volumes", [])}
    for one in sent["containerDefinitions"]:
        for port in one.get("portMappings", []):
            given = port.get("hostPort")
            if mode in ("awsvpc", "host") and given is not None and given != port.get("containerPort"):
                raise EcsClientException(
                    f"When networkMode={mode}, the host ports and container ports in port mappings must match."
                )
        for mount in one.get("mountPoints", []):
            if mount.get("sourceVolume") not in volumes:
                raise EcsClientException(f"Unknown volume '{mount.get('sourceVolume')}'.")


@replaces(EC2ContainerServiceResponse, "register_task_definition")
def register_task_definition(original, self) -> ActionResult:
    """moto makes of it what it needs to run tasks; what is described is all that was sent."""
    sent = {name: value for name, value in self._get_params().items() if value is not None}
    refuse_what_ecs_refuses(sent)
    original(self)
    backend = self.ecs_backend
    task_definition = backend.task_definitions[sent["family"]][
        backend._get_last_task_definition_revision_id(sent["family"])
    ]
    task_definition.registered = registered(sent)
    return ActionResult(described(task_definition, with_tags=True))


@replaces(EC2ContainerServiceResponse, "describe_task_definition")
def describe_task_definition(original, self) -> ActionResult:
    """All of it, and the tags when asked for."""
    del original
    task_definition = self.ecs_backend.describe_task_definition(self._get_param("taskDefinition"))
    return ActionResult(described(task_definition, "TAGS" in (self._get_param("include") or [])))


def described(task_definition: TaskDefinition, with_tags: bool) -> dict:
    """An answer of ECS."""
    own = {
        "taskDefinitionArn": task_definition.arn,
        "revision": task_definition.revision,
        "status": task_definition.status,
        "compatibilities": task_definition.compatibilities,
        "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}],
        "registeredBy": "arn:aws:iam::123456789012:root",
    }
    answer = {"taskDefinition": {**task_definition.registered, **own}}
    return {**answer, "tags": task_definition.tags} if with_tags else answer


@replaces(EC2ContainerServiceBackend, "describe_task_definition")
def latest_active(original, self, task_definition_str: str) -> TaskDefinition:
    """By the family's name it is the latest ACTIVE one; a family without any cannot be described."""
    name = task_definition_str.split("/")[-1]
    if ":" in name:
        return original(self, task_definition_str)
    active = [one for one in self.task_definitions.get(name, {}).values() if one.status == "ACTIVE"]
    if not active:
        raise TaskDefinitionNotFoundException()
    return max(active, key=lambda one: one.revision)


@replaces(EC2ContainerServiceBackend, "_get_last_task_definition_revision_id")
def last_revision(original, self, family: str) -> int:
    """Numbers of revisions that have been deleted are not used again either."""
    highest = self.__dict__.setdefault("highest_revisions", {})
    highest[family] = max(highest.get(family, 0), original(self, family) or 0)
    return highest[family]


@replaces(EC2ContainerServiceBackend, "delete_task_definitions")
def delete_task_definitions(original, self, task_definitions: list[str]):
    """Remember the highest number before it is gone."""
    for family in self.task_definitions:
        self._get_last_task_definition_revision_id(family)
    return original(self, task_definitions)


@replaces(EC2ContainerServiceResponse, "list_task_definitions")
def list_task_definitions(original, self) -> ActionResult:
    """By number, in pages of at most 100; moto gives all at once."""
    del original
    arns = self.ecs_backend.list_task_definitions(self._get_param("familyPrefix"), self._get_param("status", "ACTIVE"))
    arns.sort(key=lambda arn: (arn.rsplit(":", 1)[0], int(arn.rsplit(":", 1)[1])))
    if self._get_param("sort") == "DESC":
        arns.reverse()
    start = int(self._get_param("nextToken") or 0)
    end = start + min(self._get_int_param("maxResults", PAGE), PAGE)
    more = {"nextToken": str(end)} if end < len(arns) else {}
    return ActionResult({"taskDefinitionArns": arns[start:end], **more})


@replaces(EC2ContainerServiceResponse, "deregister_task_definition")
def deregister_task_definition(original, self) -> ActionResult:
    """Described in full, as INACTIVE."""
    del original
    task_definition = self.ecs_backend.deregister_task_definition(self._get_param("taskDefinition"))
    return ActionResult(described(task_definition, with_tags=False))
