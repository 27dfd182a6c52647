# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Task definitions made up from the API model of the botocore that is installed, so that new members are among them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import boto3
from hypothesis import strategies as st

SHAPE = (
    boto3.client("ecs", region_name="us-west-2")
    .meta.service_model.operation_model("RegisterTaskDefinition")
    .input_shape
)
WORDS = st.text("abz09-_", min_size=1, max_size=6)
AT_MOST = 3  # optional members of one structure, beside those that much hangs on
LIKELY = ("networkMode", "portMappings", "environment", "healthCheck")


def values(shape: Any) -> st.SearchStrategy[Any]:
    """Any value of a shape, small."""
    if shape.type_name == "structure":
        return structures(shape)
    if shape.type_name == "list":
        return st.lists(values(shape.member), max_size=2)
    if shape.type_name == "map":
        return st.dictionaries(WORDS, values(shape.value), max_size=2)
    if shape.type_name == "boolean":
        return st.booleans()
    if shape.type_name == "integer":
        return st.integers(1, 9)
    return st.sampled_from(shape.enum) if shape.enum else WORDS


@st.composite
def structures(draw: st.DrawFn, shape: Any) -> dict[str, Any]:
    """The required members and a few of the others; of a union one."""
    optional = [name for name in shape.members if name not in shape.required_members]
    least, most = (1, 1) if getattr(shape, "is_tagged_union", False) else (0, min(AT_MOST, len(optional)))
    chosen = draw(st.lists(st.sampled_from(optional), min_size=least, max_size=most, unique=True)) if optional else []
    likely = [name for name in LIKELY if name in optional and draw(st.booleans())]
    return {
        name: draw(values(shape.members[name])) for name in dict.fromkeys([*shape.required_members, *likely, *chosen])
    }


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """A definition that ECS takes."""
    made = draw(structures(SHAPE))
    made["containerDefinitions"] = draw(
        st.lists(values(SHAPE.members["containerDefinitions"].member), min_size=1, max_size=2)
    )
    for name, sizes in (("cpu", ("256", "1 vCPU")), ("memory", ("512", "2 GB"))):
        if name in made:
            made[name] = draw(st.sampled_from(sizes))
    return tidied(made)


def tidied(made: dict[str, Any]) -> dict[str, Any]:
    """What ECS would refuse, changed into what it takes."""
    definition = copy.deepcopy(made)
    definition.pop("tags", None)
    definition["family"] = "generated"
    if "FARGATE" in definition.get("requiresCompatibilities", []):
        definition |= {"networkMode": "awsvpc", "cpu": "256", "memory": "512"}
        definition.pop("pidMode", None)
    for at, volume in enumerate(definition.get("volumes", [])):
        volume["name"] = f"volume-{at}"
    for at, container in enumerate(definition["containerDefinitions"]):
        container |= {"name": f"container-{at}", "image": container.get("image", "nginx")}
        container.setdefault("memory", 128)
        _tidy_ports(container, definition.get("networkMode"))
        if "mountPoints" in container:
            mounts = container["mountPoints"] if definition.get("volumes") else []
            container["mountPoints"] = [{**mount, "sourceVolume": "volume-0"} for mount in mounts]
    return definition


def _tidy_ports(container: dict[str, Any], network_mode: str | None) -> None:
    for port in container.get("portMappings", []):
        if "hostPort" in port and network_mode in ("awsvpc", "host"):
            port["hostPort"] = port.setdefault("containerPort", 80)


def leaves(value: Any, shape: Any, path: tuple = (), needed: bool = True) -> Iterator[tuple[tuple, Any, bool]]:
    """The path and shape of every single value, and whether it is needed where it is."""
    if shape.type_name == "structure":
        for name, item in value.items():
            yield from leaves(item, shape.members[name], (*path, name), name in shape.required_members)
    elif shape.type_name in ("list", "map"):
        inner = shape.member if shape.type_name == "list" else shape.value
        for at, item in enumerate(value) if shape.type_name == "list" else value.items():
            yield from leaves(item, inner, (*path, at), shape.type_name == "list")
    else:
        yield path, shape, needed


@st.composite
def changed(draw: st.DrawFn, definition: dict[str, Any]) -> dict[str, Any]:
    """The definition with another value in one place, or without that value."""
    path, shape, needed = draw(st.sampled_from(list(leaves(definition, SHAPE))))
    other = copy.deepcopy(definition)
    parent = other
    for step in path[:-1]:
        parent = parent[step]
    old = parent[path[-1]]
    if not needed and not is_default(old) and draw(st.booleans()):
        del parent[path[-1]]
    elif shape.type_name == "boolean":
        parent[path[-1]] = not old
    elif shape.type_name == "integer":
        parent[path[-1]] = old + 1
    elif shape.enum:
        parent[path[-1]] = next((word for word in shape.enum if word != old), old)
    elif path in (("cpu",), ("memory",)):
        parent[path[-1]] = "1024" if old == "256" else "4096"
    else:
        parent[path[-1]] = old + "x"
    return other


def is_default(value: Any) -> bool:
    """Whether leaving it out may mean the same, without ECS filling it in."""
    return value in (False, "enabled", "SHARED")


def as_templates_give_it(value: Any) -> Any:
    """Numbers and booleans as text."""
    if isinstance(value, dict):
        return {name: as_templates_give_it(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_templates_give_it(item) for item in value]
    return str(value)
