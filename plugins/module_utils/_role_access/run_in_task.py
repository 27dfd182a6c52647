# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Commands in a container of a task. Its credentials never leave it, and nothing stays in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import Facts, is_session_of
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.in_task import (
    PROFILE,
    Outcome,
    TaskFacts,
    configuration,
)

# Runs docker with these arguments and this standard input.
Docker = Callable[..., Outcome]

FAMILY, NAME, TASK = (
    f"com.amazonaws.ecs.{label}" for label in ("task-definition-family", "container-name", "task-arn")
)
IDENTITY = ["sts", "get-caller-identity", "--query", "Arn", "--output", "text"]

# The configuration has no secret, but the AWS CLI keeps the credentials of a role that it assumed in its home. So the
# home is a directory of our own, in memory where there is some, which is gone when the command ends.
AS_DESTINATION = """umask 077
home=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 1
trap 'rm -rf "$home"' EXIT HUP INT TERM
cat >"$home/config" || exit 1
HOME=$home AWS_CONFIG_FILE=$home/config aws "$@"
"""


def read_task(
    docker: Docker, asked: Facts, family: str | None, container: str | None, call: Mapping[str, Any] | None
) -> TaskFacts:
    """Find the container and let it show who it is, and whom it can become.

    Args:
        docker: runs docker.
        asked: the facts with only what was asked about.
        family: of the task definition, one of whose containers is asked.
        container: name or id of the container, in place of the family.
        call: service, operation and parameters of a request to make as the destination role.
    """
    wanted = f"container {container}" if container else f"a container of the family {family}"
    found, task = _running(docker, container or _of_family(docker, family or ""))
    facts = TaskFacts(asked=asked, wanted=wanted, container=found)
    if not found:
        return facts
    facts = replace(facts, before=docker("exec", found, "aws", *IDENTITY))
    if facts.before.code or not is_session_of(facts.before.output, asked.source):
        return facts

    def as_destination(*words: str) -> Outcome:
        command = ("exec", "--interactive", found, "sh", "-c", AS_DESTINATION, "sh", "--profile", PROFILE, *words)
        return docker(*command, data=configuration(asked, _region(task)))

    facts = replace(facts, after=as_destination(*IDENTITY))
    if facts.after.code or call is None:
        return facts
    return replace(facts, call=as_destination(*_words(call)))


def _of_family(docker: Docker, family: str) -> str:
    """One of its running containers; the agent's own (the pause container of awsvpc) runs no program of the task."""
    listed = docker("ps", "--filter", f"label={FAMILY}={family}", "--format", f'{{{{.ID}}}} {{{{.Label "{NAME}"}}}}')
    names = [line.partition(" ")[::2] for line in listed.output.splitlines()]
    return next((container for container, name in names if not name.startswith("~internal~")), "")


def _running(docker: Docker, container: str) -> tuple[str, str]:
    """Its id and the ARN of its task; empty where it does not run."""
    if not container:
        return "", ""
    template = f'{{{{.State.Running}}}} {{{{.Id}}}} {{{{index .Config.Labels "{TASK}"}}}}'
    running, _space, rest = docker("container", "inspect", "--format", template, container).output.partition(" ")
    found, _space, task = rest.partition(" ")
    return (found[:12], task) if running == "true" else ("", "")


def _region(task: str) -> str:
    """Of the task's ARN; a container outside of a task has what its environment says."""
    return task.split(":")[3] if task.count(":") >= 5 else ""


def _words(call: Mapping[str, Any]) -> list[str]:
    """The call as the AWS CLI takes it; its names of services are boto3's but for S3."""
    operation = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", call["operation"]).lower()
    service = {"s3": "s3api"}.get(call["service"], call["service"])
    return [service, operation, "--cli-input-json", json.dumps(call["parameters"])]
