# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Another cluster for a host whose agent has saved one. Pure.

The agent compares ECS_CLUSTER with what it has saved, as text, and exits for good (code 5) when they differ. Amazon's
way to another cluster is to stop it, change ECS_CLUSTER, remove its saved state and start it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import Host
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.state import SERVICE, STATE
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Refusal

NAME = "ECS_CLUSTER"
# The kinds of change that are done to the agent itself.
SAVED_STATE = "agent_state"
SERVICE_KIND = "service"


def left_cluster(
    host: Host, desired: Mapping[str, str | None], before: Mapping[str, str], after: Mapping[str, str], move: bool
) -> str | None:
    """The saved cluster that the host leaves; None where it stays, and a Refusal where it would leave unasked.

    Args:
        host: what is there.
        desired: the declared variables.
        before, after: the variables of both files.
        move: whether it may leave.
    """
    ours = desired.get(NAME) is not None or before.get(NAME) != after.get(NAME)
    cluster = after.get(NAME, "").strip() or "default"
    if not ours or host.saved_cluster in (None, cluster):
        return None
    if move:
        return host.saved_cluster
    raise Refusal(
        f"{NAME}: it would be {cluster!r}, but the agent's saved state ({STATE}) is of the cluster "
        f"{host.saved_cluster!r}, and the agent compares them as text: it would exit for good (code 5). Nothing was "
        f"changed. To stay, write {NAME}: {host.saved_cluster}. To move this host, drain and deregister its container "
        "instance first (fleetkit.ecs.ecs_container_instance), then run again with move_cluster: true, which stops "
        f"{SERVICE}, removes that file, writes the new cluster and starts {SERVICE}."
    )


def before_the_text(left: str | None) -> Iterator[Change]:
    """The saved state goes first. Were the text first and the rest interrupted, the agent would exit for good."""
    if left:
        yield Change("delete", SAVED_STATE, str(STATE), before=left)


def after_the_text(left: str | None) -> Iterator[Change]:
    if left:
        yield Change("update", SERVICE_KIND, SERVICE, before="stopped", after="started")
