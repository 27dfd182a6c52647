# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Ask the agent on this host what it is, on its introspection endpoint.

An agent listens there only once it has registered, so while it starts the port is closed as if there were none.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-introspection.html
"""

from __future__ import annotations

import http.client
import json
import re
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

ADDRESS = ("127.0.0.1", 51678)
TIMEOUT = 3.0  # seconds for the connection and for each answer; a healthy agent takes milliseconds
LONGEST_ANSWER = 16 * 2**20
PAUSE = 0.2  # between two looks, each of which takes milliseconds

REGISTERED, UNREGISTERED, BROKEN, ABSENT = "registered", "unregistered", "broken", "absent"


@dataclass(frozen=True)
class Report:
    """What was found: C(reason) says what is wrong, and is empty where nothing is."""

    status: str
    reason: str = ""
    cluster: str | None = None
    container_instance_arn: str | None = None
    agent_version: str | None = None
    tasks: tuple[dict[str, Any], ...] = ()

    def result(self) -> dict[str, Any]:
        return {**asdict(self), "tasks": list(self.tasks)}


def look() -> Report:
    """Look once; never longer than a few seconds, whatever is at the other end."""
    where = f"{ADDRESS[0]}:{ADDRESS[1]}"
    try:
        report = report_of(_get("/v1/metadata"))
        if report.status == REGISTERED:
            report = replace(report, tasks=tasks_of(_get("/v1/tasks")))
    except ConnectionRefusedError:
        return Report(
            ABSENT,
            f"nothing listens on {where}. The agent is not installed, does not run, or has not registered yet; "
            "systemctl status ecs says more.",
        )
    except (OSError, ValueError, http.client.HTTPException) as error:
        said = str(error) or type(error).__name__
        return Report(BROKEN, f"what listens on {where} does not answer as the agent does: {said}.")
    return report


def wait_until_registered(timeout: float) -> Report:
    """Look again and again; gives the last report, registered or not."""
    end = time.monotonic() + timeout
    while True:
        report = look()
        left = end - time.monotonic()
        if report.status == REGISTERED or left <= 0:
            return report
        time.sleep(min(PAUSE, left))


def running_version() -> str | None:
    """The version of the agent that runs, where one does."""
    return look().agent_version


def report_of(answer: Any) -> Report:
    """The values of /v1/metadata."""
    if not isinstance(answer, dict) or not isinstance(answer.get("Cluster"), str):
        raise ValueError("/v1/metadata has no Cluster")
    arn, version = answer.get("ContainerInstanceArn"), re.search(r"v(\d+\.\d+\.\d+)", str(answer.get("Version")))
    if arn is not None and not isinstance(arn, str):
        raise ValueError("/v1/metadata has a ContainerInstanceArn that is no string")
    status, reason = REGISTERED, ""
    if not arn:
        status, reason = UNREGISTERED, "the agent runs, and has not registered with its cluster."
    return Report(status, reason, answer["Cluster"], arn or None, version[1] if version else None)


def tasks_of(answer: Any) -> tuple[dict[str, Any], ...]:
    """The values of /v1/tasks; the agent also lists tasks that have stopped, until it cleans up after them."""
    try:
        return tuple(
            {
                "arn": task["Arn"],
                "family": task.get("Family"),
                "revision": task.get("Version"),
                "desired_status": task.get("DesiredStatus"),
                "known_status": task["KnownStatus"],
                "containers": [
                    {"name": one["Name"], "docker_id": one.get("DockerId"), "docker_name": one.get("DockerName")}
                    for one in task.get("Containers") or []
                ],
            }
            for task in answer["Tasks"] or []
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"/v1/tasks is not a list of tasks ({type(error).__name__}: {error})") from None


def _get(path: str) -> Any:
    """One request, by no proxy: whatever the environment says, the agent is on this host."""
    connection = http.client.HTTPConnection(*ADDRESS, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(LONGEST_ANSWER)
    finally:
        connection.close()
    if answer.status != 200:
        raise ValueError(f"{path} answers {answer.status} {answer.reason}")
    try:
        return json.loads(body)
    except ValueError:
        raise ValueError(f"{path} does not answer with JSON") from None
