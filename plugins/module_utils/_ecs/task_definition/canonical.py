# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""One form for all definitions that mean the same, whether a default is written, left out or filled in by Amazon.

What is known about defaults and order is in the two tables here. A path names a member; C([]) stands for any item.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Value = Any
SOURCES = "https://docs.aws.amazon.com/AmazonECS/latest/"


class Default(NamedTuple):
    """What a member means when it is left out.

    Attributes:
        path: the member.
        value: the default, or a function of the whole definition and of the structure that has the member.
        source: the page under SOURCES that says so.
    """

    path: str
    value: Value | Callable[[Mapping[str, Any], Mapping[str, Any]], Value]
    source: str


def _network_mode(definition: Mapping[str, Any], _parent: Mapping[str, Any]) -> str | None:
    """On Windows, no network mode is a mode of its own."""
    family = (definition.get("runtimePlatform") or {}).get("operatingSystemFamily") or ""
    return None if family.startswith("WINDOWS") else "bridge"


def _host_port(definition: Mapping[str, Any], parent: Mapping[str, Any]) -> int | None:
    """A port of the host's choice on a bridge; the container's own where it has the host's or its own interface."""
    return parent.get("containerPort") if definition.get("networkMode") in ("awsvpc", "host") else 0


def _on_fargate(value: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], str | None]:
    """Only Fargate assumes a platform; a container instance is not restricted to one unless the definition says so."""
    return lambda definition, _parent: value if "FARGATE" in (definition.get("requiresCompatibilities") or ()) else None


def _autoprovision(_definition: Mapping[str, Any], parent: Mapping[str, Any]) -> bool | None:
    """With the scope task it must be left out, and says nothing."""
    return False if parent.get("scope") == "shared" else None


_CONTAINER = "containerDefinitions[]."
_VOLUME = "volumes[]."

DEFAULTS = (
    Default("networkMode", _network_mode, "APIReference/API_RegisterTaskDefinition.html"),
    Default("enableFaultInjection", False, "APIReference/API_RegisterTaskDefinition.html"),
    Default("runtimePlatform.cpuArchitecture", _on_fargate("X86_64"), "developerguide/task_definition_parameters.html"),
    Default(
        "runtimePlatform.operatingSystemFamily",
        _on_fargate("LINUX"),
        "developerguide/task_definition_parameters.html",
    ),
    Default("proxyConfiguration.type", "APPMESH", "APIReference/API_ProxyConfiguration.html"),
    Default(
        "trustedExecutionConfiguration.isolationMode", "SHARED", "APIReference/API_TrustedExecutionConfiguration.html"
    ),
    Default(_CONTAINER + "cpu", 0, "APIReference/API_ContainerDefinition.html"),
    Default(_CONTAINER + "essential", True, "APIReference/API_ContainerDefinition.html"),
    Default(_CONTAINER + "disableNetworking", False, "APIReference/API_ContainerDefinition.html"),
    Default(_CONTAINER + "interactive", False, "APIReference/API_ContainerDefinition.html"),
    Default(_CONTAINER + "privileged", False, "APIReference/API_ContainerDefinition.html"),
    Default(_CONTAINER + "pseudoTerminal", False, "APIReference/API_ContainerDefinition.html"),
    Default(_CONTAINER + "readonlyRootFilesystem", False, "APIReference/API_ContainerDefinition.html"),
    Default(_CONTAINER + "versionConsistency", "enabled", "APIReference/API_ContainerDefinition.html"),
    # It takes both, and the agent makes an empty variable of both.
    Default(_CONTAINER + "environment[].value", "", "APIReference/API_KeyValuePair.html"),
    Default(_CONTAINER + "portMappings[].protocol", "tcp", "APIReference/API_PortMapping.html"),
    Default(_CONTAINER + "portMappings[].hostPort", _host_port, "APIReference/API_PortMapping.html"),
    Default(_CONTAINER + "mountPoints[].readOnly", False, "APIReference/API_MountPoint.html"),
    Default(_CONTAINER + "volumesFrom[].readOnly", False, "APIReference/API_VolumeFrom.html"),
    Default(_CONTAINER + "healthCheck.interval", 30, "APIReference/API_HealthCheck.html"),
    Default(_CONTAINER + "healthCheck.timeout", 5, "APIReference/API_HealthCheck.html"),
    Default(_CONTAINER + "healthCheck.retries", 3, "APIReference/API_HealthCheck.html"),
    Default(_CONTAINER + "healthCheck.startPeriod", 0, "APIReference/API_HealthCheck.html"),
    Default(_CONTAINER + "restartPolicy.restartAttemptPeriod", 300, "APIReference/API_ContainerRestartPolicy.html"),
    Default(_CONTAINER + "linuxParameters.initProcessEnabled", False, "APIReference/API_LinuxParameters.html"),
    Default(_CONTAINER + "linuxParameters.swappiness", 60, "APIReference/API_LinuxParameters.html"),
    Default(
        _CONTAINER + "linuxParameters.devices[].permissions", ["mknod", "read", "write"], "APIReference/API_Device.html"
    ),
    Default(
        _CONTAINER + "resourceRequirements[].sharingStrategy.nvidiaMps.maxComputePercent",
        100,
        "APIReference/API_NvidiaMpsAllocation.html",
    ),
    Default(_VOLUME + "configuredAtLaunch", False, "APIReference/API_Volume.html"),
    Default(
        _VOLUME + "dockerVolumeConfiguration.autoprovision",
        _autoprovision,
        "APIReference/API_DockerVolumeConfiguration.html",
    ),
    Default(_VOLUME + "efsVolumeConfiguration.rootDirectory", "/", "APIReference/API_EFSVolumeConfiguration.html"),
    Default(
        _VOLUME + "efsVolumeConfiguration.transitEncryption",
        "DISABLED",
        "APIReference/API_EFSVolumeConfiguration.html",
    ),
    Default(
        _VOLUME + "efsVolumeConfiguration.authorizationConfig.iam",
        "DISABLED",
        "APIReference/API_EFSAuthorizationConfig.html",
    ),
    Default(
        _VOLUME + "s3filesVolumeConfiguration.rootDirectory", "/", "APIReference/API_S3FilesVolumeConfiguration.html"
    ),
)
_DEFAULTS = {default.path: default.value for default in DEFAULTS}

# Lists whose order says nothing: ECS gives some of them back in another order, and items are told apart by what is in
# them. In the others (commands, DNS servers, environment files, ...) the order is part of the meaning.
UNORDERED = frozenset(
    [
        "containerDefinitions",
        "inferenceAccelerators",
        "placementConstraints",
        "proxyConfiguration.properties",
        "requiresCompatibilities",
        "volumes",
        *(
            _CONTAINER + member
            for member in (
                "dependsOn",
                "dockerSecurityOptions",
                "environment",
                "linuxParameters.capabilities.add",
                "linuxParameters.capabilities.drop",
                "linuxParameters.devices",
                "linuxParameters.devices[].permissions",
                "linuxParameters.tmpfs",
                "links",
                "logConfiguration.secretOptions",
                "mountPoints",
                "portMappings",
                "resourceRequirements",
                "restartPolicy.ignoredExitCodes",
                "secrets",
                "systemControls",
                "ulimits",
            )
        ),
    ]
)


def canonical(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition without what means nothing: nulls, empty lists and structures, defaults, and chance order."""
    return _canonical(definition, "", definition)


def equal(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return canonical(one) == canonical(other)


def join(path: str, member: str) -> str:
    return f"{path}.{member}" if path else member


def _canonical(value: Any, path: str, definition: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        members = {name: _canonical(item, join(path, name), definition) for name, item in sorted(value.items())}
        return {name: item for name, item in members.items() if not _says_nothing(item, path, name, value, definition)}
    if isinstance(value, (list, tuple)):
        items = [_canonical(item, f"{path}[]", definition) for item in value]
        return sorted(items, key=_by_name) if path in UNORDERED else items
    return _CONVERSIONS.get(path, _as_it_is)(value)


def _by_name(item: Any) -> tuple[str, str]:
    """Where there is a name, a change of anything else moves nothing in a diff."""
    return str(item.get("name", "")) if isinstance(item, Mapping) else "", json.dumps(item, sort_keys=True)


def _says_nothing(item: Any, path: str, name: str, parent: Mapping[str, Any], definition: Mapping[str, Any]) -> bool:
    if item is None or item in ([], {}):
        return True
    default = _DEFAULTS.get(join(path, name))
    return item == (default(definition, parent) if callable(default) else default)


def _as_it_is(value: Any) -> Any:
    return value


def _cpu_units(value: Any) -> Any:
    return _in_units(value, r"vcpus?")


def _mebibytes(value: Any) -> Any:
    return _in_units(value, r"gb")


def _in_units(value: Any, unit: str) -> Any:
    """C(0.5 vCPU) as C(512) and C(2 GB) as C(2048), as ECS registers them."""
    text = str(value).strip()
    number = re.fullmatch(rf"(\d*\.?\d+)\s*{unit}", text, re.IGNORECASE)
    amount = float(number[1]) * 1024 if number else 0.5
    return str(int(amount)) if amount.is_integer() else text


# The size of the task: a number as text, or a text with a unit.
# Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
_CONVERSIONS: dict[str, Callable[[Any], Any]] = {"cpu": _cpu_units, "memory": _mebibytes}
