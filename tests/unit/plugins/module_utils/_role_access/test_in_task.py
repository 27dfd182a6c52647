# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a container of a task says, as tables; the errors are in the words of the AWS CLI 2.23 and of Docker."""

from __future__ import annotations

import json

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import parse_arn
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import Facts, report
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.in_task import (
    CHECKS,
    Outcome,
    TaskFacts,
    configuration,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.run_in_task import read_task

ASKED = Facts(
    parse_arn("s", "arn:aws:iam::111122223333:role/tasks/app", "role"),
    parse_arn("d", "arn:aws:iam::555566667777:role/reports", "role"),
    external_id="fleet-1",
)
APP = Outcome(0, "arn:aws:sts::111122223333:assumed-role/app/0123")
REPORTS = Outcome(0, "arn:aws:sts::555566667777:assumed-role/reports/fleetkit-ecs-check")
DENIED = "An error occurred (AccessDenied) when calling the AssumeRole operation: User: x is not authorized"
CALL = {"service": "s3", "operation": "ListObjectsV2", "parameters": {"Bucket": "b"}}


def failed(errors: str, code: int = 255) -> Outcome:
    return Outcome(code, "", errors)


@pytest.mark.parametrize(
    ("check", "seen", "status", "fault"),
    [
        ("container", {}, "wrong", "not_running"),
        ("container", {"container": "0123"}, "ok", ""),
        ("source_role", {}, "unknown", ""),
        ("source_role", {"before": APP}, "ok", ""),
        ("source_role", {"before": Outcome(0, "arn:aws:sts::111122223333:assumed-role/ecsInstanceRole/i-1")}, "wrong",
         "role_missing"),
        ("source_role", {"before": Outcome(0, "arn:aws:sts::444455556666:assumed-role/app/0123")}, "wrong",
         "wrong_account"),
        ("source_role", {"before": failed('exec: "aws": executable file not found in $PATH: unknown', 127)}, "wrong",
         "no_aws_cli"),
        ("source_role", {"before": failed('Unable to locate credentials. You can configure them with "aws"')}, "wrong",
         "role_missing"),
        ("source_role", {"before": failed("Error when retrieving credentials from container-role: x")}, "wrong",
         "role_missing"),
        ("source_role", {"before": failed('Could not connect to the endpoint URL: "https://sts"')}, "wrong",
         "endpoint_unreachable"),
        ("source_role", {"before": failed('Connect timeout on endpoint URL: "https://sts"')}, "wrong",
         "endpoint_unreachable"),
        ("source_role", {"before": failed("argument of type 'NoneType' is not iterable")}, "wrong", "aws_cli_failed"),
        ("assume_role", {}, "unknown", ""),
        ("assume_role", {"before": APP, "after": REPORTS}, "ok", ""),
        ("assume_role", {"before": APP, "after": failed(DENIED)}, "wrong", "access_denied"),
        ("assume_role", {"before": APP, "after": failed("sh: 5: aws: not found", 127)}, "wrong", "no_aws_cli"),
        ("call", {"after": REPORTS, "call": Outcome(0)}, "ok", ""),
        ("call", {"after": REPORTS, "call": failed("An error occurred (AccessDenied) when calling x", 254)}, "wrong",
         "call_refused"),
        ("call", {"after": REPORTS, "call": failed("Could not connect to the endpoint URL")}, "wrong",
         "endpoint_unreachable"),
        ("call", {"after": failed(DENIED)}, "unknown", ""),
    ],
)  # fmt: skip
def test_each_link(check, seen, status, fault):
    finding = CHECKS[check](TaskFacts(asked=ASKED, wanted="it", **seen))
    assert (finding.status, finding.fault) == (status, fault), finding
    assert bool(finding.remedy) == (status == "wrong")


def test_the_configuration_is_the_one_of_amazons_page():
    assert configuration(ASKED, "us-west-2").splitlines() == [
        "[profile fleetkit-ecs-check]",
        "role_arn = arn:aws:iam::555566667777:role/reports",
        "credential_source = EcsContainer",
        "role_session_name = fleetkit-ecs-check",
        "external_id = fleet-1",
        "region = us-west-2",
    ]


class Docker:
    """Answers in order, and remembers what it was asked."""

    def __init__(self, *answers: Outcome) -> None:
        self.answers, self.asked = list(answers), []

    def __call__(self, *arguments: str, data: str | None = None) -> Outcome:
        self.asked.append((arguments, data))
        return self.answers.pop(0)


INSPECTED = Outcome(0, "true 0123456789abcdef arn:aws:ecs:us-west-2:111122223333:task/prod/1")


def test_the_container_of_the_family_is_asked_and_not_the_agents_own():
    docker = Docker(
        Outcome(0, "aaa ~internal~ecs~pause\nbbb app"), INSPECTED, APP, REPORTS, Outcome(0, "secret things")
    )
    facts = read_task(docker, ASKED, "app", None, CALL)
    assert (facts.container, facts.after) == ("0123456789ab", REPORTS)
    assert docker.asked[1][0][-1] == "bbb"
    assert docker.asked[3][1] == configuration(ASKED, "us-west-2")
    assert list(docker.asked[4][0][-4:]) == ["s3api", "list-objects-v2", "--cli-input-json", '{"Bucket": "b"}']
    told = report(["container", "source_role", "assume_role", "call"], facts, CHECKS)
    assert told["ok"]
    assert "secret things" not in json.dumps(told)


def test_nothing_is_tried_after_what_failed():
    for answers in ([Outcome(0, "")], [Outcome(0, "a app"), INSPECTED, failed("no")]):
        docker = Docker(*answers)
        read_task(docker, ASKED, "app", None, CALL)
        assert docker.answers == []


def test_a_container_that_has_stopped_does_not_run():
    docker = Docker(Outcome(0, "false 0123 x"))
    assert read_task(docker, ASKED, None, "app-1", None).container == ""
