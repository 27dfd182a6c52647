# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From a module's parameters to what is asked for; what cannot be right is refused here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance import attributes
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.container_instance.model import Request

ARN = re.compile(r"arn:[\w-]+:ecs:[\w-]+:\d{12}:container-instance/(?:(?P<cluster>[\w-]+)/)?[0-9a-f-]+")
ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EC2_INSTANCE_ID = re.compile(r"m?i-[0-9a-f]{8,17}")


def request(params: Mapping[str, Any]) -> Request:
    """What a task asks for."""
    named, host = params["container_instance"], params["ec2_instance_id"]
    if named is not None and not ARN.fullmatch(named) and not ID.fullmatch(named):
        raise Refusal(f"container_instance: {named!r} is neither the ARN nor the id of a container instance.")
    if host is not None and not EC2_INSTANCE_ID.fullmatch(host):
        raise Refusal(
            f"ec2_instance_id: {host!r} is not the id of a host; write one such as i-0123456789abcdef0 or mi-..."
        )
    if params["wait_timeout"] < 0:
        raise Refusal(f"wait_timeout: {params['wait_timeout']} is not a number of seconds; write 0 or more.")
    if params["state"] == "absent" and params["attributes"]:
        raise Refusal("attributes: a container instance with state=absent has none; leave them out.")
    return Request(
        cluster=_cluster(params["cluster"], named),
        container_instance=named,
        ec2_instance_id=host,
        state=params["state"],
        attributes=_attributes(params["attributes"]),
        purge_attributes=params["purge_attributes"],
        force=params["force"],
        wait=params["wait"],
    )


def _cluster(cluster: str | None, named: str | None) -> str:
    """The cluster that is named, or the one that the ARN of the container instance tells."""
    arn = ARN.fullmatch(named or "")
    told = arn["cluster"] if arn else None
    if cluster and told and cluster.rpartition("/")[2] != told:
        raise Refusal(f"cluster: it is {cluster!r}, but {named} is in the cluster {told!r}; leave one of them out.")
    return cluster or told or "default"


def _attributes(declared: Mapping[str, Any] | None) -> dict[str, str] | None:
    if declared is None:
        return None
    if len(declared) > attributes.MOST:
        raise Refusal(f"attributes: there are {len(declared)}; a container instance has at most {attributes.MOST}.")
    values: dict[str, str] = {}
    for name, value in declared.items():
        if not isinstance(value, (str, type(None))):
            raise Refusal(f"attributes: the value of {name!r} is not a string; quote it.")
        why = attributes.why_unfit(name, value or "")
        if why:
            raise Refusal(f"attributes: {why}.")
        if not attributes.is_custom(name):
            raise Refusal(f"attributes: {name!r} is Amazon's own, and changes with what the host can do; leave it out.")
        values[name] = value or ""
    return values
