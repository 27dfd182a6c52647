# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What the agent calls in any case, and on what: a policy that lacks one of these is not enough.

Registration and the Submit calls are on the cluster. Poll and StartTelemetrySession, the two web sockets, are on the
container instance, whose ARN names its cluster. DiscoverPollEndpoint has no resource.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
"""

from __future__ import annotations

ON_NOTHING = ("ecs:DiscoverPollEndpoint",)
ON_CLUSTER = (
    "ecs:RegisterContainerInstance",
    "ecs:SubmitAttachmentStateChanges",
    "ecs:SubmitContainerStateChange",
    "ecs:SubmitTaskStateChange",
)
ON_CONTAINER_INSTANCE = ("ecs:Poll", "ecs:StartTelemetrySession")


def needed(container_instance_arn: str, cluster: str) -> list[tuple[str, str]]:
    """The actions of one container instance's agent, each with the resource that it is on."""
    on_cluster = f"{container_instance_arn.split(':container-instance/', maxsplit=1)[0]}:cluster/{cluster}"
    return [
        *((action, "*") for action in ON_NOTHING),
        *((action, on_cluster) for action in ON_CLUSTER),
        *((action, container_instance_arn) for action in ON_CONTAINER_INSTANCE),
    ]
