# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task definition that is right already, at 1, 10 and 100 revisions: ours, community.aws' and the floor.

The floor is one DescribeTaskDefinition. Seconds are those of a whole ansible-playbook against a local AWS whose answers
take as long as those of the real one, which is 50 to 150 ms away.
"""

from __future__ import annotations

import time

import boto3
from common import OUTPUT, behave, launch, playbook, report, requests

FLOOR = 1
LATENCY = 0.1
REVISIONS = (1, 10, 100)
REGION = "us-west-2"


def container(number):
    environment = [{"name": "RELEASE", "value": str(number)}]
    ports = [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]
    return {"name": "web", "image": f"nginx:{number}", "memory": 128, "environment": environment, "portMappings": ports}


def ours(number):
    return [
        {
            "fleetkit.ecs.ecs_task_definition": {
                "definition": {"family": "web", "containerDefinitions": [container(number)]}
            }
        }
    ]


def peer(number):
    declared = {"family": "web", "containers": [container(number)], "network_mode": "bridge", "state": "present"}
    return [{"community.aws.ecs_taskdefinition": declared}]


def measure(url, tasks):
    """Calls and seconds of a run that changes nothing."""
    requests(url)
    behave(url, latency=LATENCY)
    start = time.monotonic()
    results = playbook([], tasks, AWS_ENDPOINT_URL=url)
    seconds = time.monotonic() - start
    behave(url)
    assert not [result for result in results if result["changed"]], "there was nothing to change"
    return len(requests(url)), round(seconds, 2)


def main():
    OUTPUT.mkdir(parents=True, exist_ok=True)
    rows = [("revisions", "fleetkit.ecs", "", "community.aws", "", "floor")]
    figures = {}
    with launch() as url:
        ecs = boto3.client("ecs", endpoint_url=url, region_name=REGION)
        registered = 0
        for revisions in REVISIONS:
            while registered < revisions:
                registered += 1
                ecs.register_task_definition(family="web", containerDefinitions=[container(registered)])
            own, own_seconds = measure(url, ours(registered))
            theirs, their_seconds = measure(url, peer(registered))
            rows.append((revisions, own, f"{own_seconds} s", theirs, f"{their_seconds} s", FLOOR))
            figures |= {
                f"calls_{revisions}_ours": own,
                f"calls_{revisions}_community_aws": theirs,
                f"calls_{revisions}_floor": FLOOR,
                f"seconds_{revisions}_ours": own_seconds,
                f"seconds_{revisions}_community_aws": their_seconds,
            }
    title = f"A task definition that is right already: API calls, and seconds with {LATENCY * 1000:g} ms for each"
    report("task_definition", title, rows, figures)


if __name__ == "__main__":
    main()
