# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ecs_task_definition against a real local AWS, which fills in defaults and reorders as ECS does."""

from __future__ import annotations

import copy
import json

import boto3
import pytest
from definitions import SHAPE
from module_runner import applied, run_module

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.shape import fitted

ARN = "arn:aws:ecs:us-west-2:123456789012:task-definition"
WEB = {
    "family": "web",
    "taskRoleArn": "arn:aws:iam::123456789012:role/ecsTaskRole",
    "executionRoleArn": "arn:aws:iam::123456789012:role/ecsTaskExecutionRole",
    "cpu": 256,
    "memory": "0.5 GB",
    "containerDefinitions": [
        {
            "name": "web",
            "image": "nginx:1.29",
            "portMappings": [{"containerPort": "80"}],
            "environment": [{"name": "PASSWORD", "value": "hunter22"}, {"name": "LOG_LEVEL", "value": "information"}],
            "secrets": [{"name": "B", "valueFrom": "/b"}, {"name": "A", "valueFrom": "/a"}],
            "mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}],
            "healthCheck": {"command": ["CMD-SHELL", "true"]},
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "web"}},
            "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 2048}],
        }
    ],
    "volumes": [{"name": "data"}, {"name": "host", "host": {"sourcePath": "/srv"}}],
}


def web(**container):
    """The definition with other members of its container; None leaves one out."""
    definition = copy.deepcopy(WEB)
    definition["containerDefinitions"][0].update(container)
    return definition


@pytest.fixture
def ecs(aws):
    return boto3.client("ecs", endpoint_url=aws.url)


def latest(ecs, family="web"):
    answer = ecs.describe_task_definition(taskDefinition=family, include=["TAGS"])
    return answer["taskDefinition"]["revision"], {tag["key"]: tag["value"] for tag in answer["tags"]}


def register(ecs, *images, family="web"):
    for image in images:
        ecs.register_task_definition(
            family=family, containerDefinitions=[{"name": "web", "image": image, "memory": 128}]
        )


def simple(image):
    return {"family": "web", "containerDefinitions": [{"name": "web", "image": image, "memory": 128}]}


def test_a_definition_is_registered_as_check_mode_predicted_and_then_left_alone(ecs):
    run = applied("ecs_task_definition", definition=WEB, tags={"owner": "platform"})
    assert run.task_definition["arn"] == f"{ARN}/web:1"
    assert (run.task_definition["family"], run.task_definition["revision"]) == ("web", 1)
    assert latest(ecs) == (1, {"owner": "platform"})
    kept = ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]
    assert (kept["cpu"], kept["memory"], kept["networkMode"]) == ("256", "512", "bridge")
    assert kept["containerDefinitions"][0]["portMappings"] == [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}]


# What the peer does not see, by its bug reports and as measured.
@pytest.mark.parametrize(
    "change",
    [
        {"cpu": "512"},
        {"memory": "1024"},
        {"taskRoleArn": "arn:aws:iam::123456789012:role/other"},
        {"executionRoleArn": None},
        {"networkMode": "host"},
        {"requiresCompatibilities": ["EC2"]},
        {"runtimePlatform": {"cpuArchitecture": "ARM64"}},
        {"ephemeralStorage": {"sizeInGiB": 21}},
        {"pidMode": "host"},
        {"volumes": [{"name": "data"}]},
        web(image="nginx:1.30"),
        web(command=["nginx", "-g", "daemon off;"]),
        web(environment=[{"name": "PASSWORD", "value": "other"}, {"name": "LOG_LEVEL", "value": "information"}]),
        web(environment=None),
        web(secrets=[{"name": "A", "valueFrom": "/a"}, {"name": "B", "valueFrom": "/c"}]),
        web(portMappings=[{"containerPort": 80, "hostPort": 8080}]),
        web(essential=True, privileged=True),
        web(ulimits=[{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}]),
        web(healthCheck={"command": ["CMD-SHELL", "true"], "interval": 31}),
    ],
)
def test_any_changed_field_makes_exactly_one_revision(ecs, change):
    ecs.register_task_definition(**fitted(WEB, SHAPE, "definition"))
    run = run_module("ecs_task_definition", definition={**WEB, **change})
    assert run.changes == [{"action": "create", "kind": "task_definition", "name": "web"}]
    assert run.task_definition["revision"] == 2
    assert not run_module("ecs_task_definition", definition={**WEB, **change}).changed
    assert latest(ecs)[0] == 2


def test_what_a_template_or_a_file_gives_is_the_same(ecs):
    applied("ecs_task_definition", definition=WEB)
    text = json.loads(json.dumps(WEB), parse_int=str)
    assert not run_module("ecs_task_definition", definition=text).changed
    assert not run_module("ecs_task_definition", definition=json.dumps(WEB)).changed
    assert latest(ecs)[0] == 1


@pytest.mark.parametrize("revisions", [1, 10, 100])
def test_nothing_to_change_costs_one_call_whatever_the_number_of_revisions(aws, ecs, revisions):
    register(ecs, *(f"nginx:{number}" for number in range(revisions)))
    aws.operations()
    run = run_module("ecs_task_definition", definition=simple(f"nginx:{revisions - 1}"), keep_revisions=1)
    assert not run.changed
    assert aws.operations() == ["DescribeTaskDefinition"]
    assert run.api_calls == {"DescribeTaskDefinition": 1}


def test_the_environment_is_in_no_output(ecs, capfd):
    runs = [
        run_module("ecs_task_definition", check=True, definition=WEB),
        run_module("ecs_task_definition", definition=WEB),
        run_module("ecs_task_definition", definition=web(environment=[{"name": "PASSWORD", "value": "hunter33"}])),
        run_module("ecs_task_definition", definition=web(environment={"PASSWORD": "hunter22"})),
        run_module("ecs_task_definition", definition=web(enviroment=[{"name": "PASSWORD", "value": "hunter22"}])),
        run_module("ecs_task_definition", definition=[web()]),
        run_module("ecs_task_definition", definition=WEB, tags="nonsense: x"),
    ]
    for run in runs:
        assert "hunter" not in json.dumps(run.json)
    assert [run.failed for run in runs] == [False, False, False, True, True, True, True]
    changed = runs[2].diff["after"]["definition"]["containerDefinitions"][0]["environment"]
    assert changed == [{"name": "PASSWORD", "value": "******** (changed)"}]


def test_other_tags_make_no_revision(ecs):
    applied("ecs_task_definition", definition=WEB, tags={"owner": "platform", "stage": "test"})
    run = applied("ecs_task_definition", definition=WEB, tags={"owner": "web"})
    assert [(change["action"], change["kind"], change["name"]) for change in run.changes] == [
        ("update", "task_definition_tags", f"{ARN}/web:1"),
        ("delete", "task_definition_tags", f"{ARN}/web:1"),
    ]
    assert latest(ecs) == (1, {"owner": "web"})
    listed = {**WEB, "tags": [{"key": "cost", "value": "1"}]}
    applied("ecs_task_definition", definition=listed, purge_tags=False)
    assert latest(ecs) == (1, {"owner": "web", "cost": "1"})


def test_a_new_revision_keeps_the_tags_that_nothing_is_said_about(ecs):
    applied("ecs_task_definition", definition=WEB, tags={"owner": "platform"})
    applied("ecs_task_definition", definition=web(image="nginx:1.30"))
    assert latest(ecs) == (2, {"owner": "platform"})
    applied("ecs_task_definition", definition=web(image="nginx:1.31"), tags={"a": "b"}, purge_tags=False)
    assert latest(ecs) == (3, {"owner": "platform", "a": "b"})
    applied("ecs_task_definition", definition=web(image="nginx:1.32"), tags={})
    assert latest(ecs) == (4, {})


def test_as_many_revisions_stay_as_were_asked_for_over_pages_of_a_hundred(aws, ecs):
    register(ecs, *(f"nginx:{number}" for number in range(103)))
    register(ecs, "other", family="web-2")
    aws.operations()
    run = run_module("ecs_task_definition", definition=simple("nginx:new"), keep_revisions=100)
    assert [change["name"] for change in run.changes] == ["web", "web:1", "web:2", "web:3", "web:4"]
    assert sorted(set(aws.operations())) == [
        "DeregisterTaskDefinition",
        "DescribeTaskDefinition",
        "ListTaskDefinitions",
        "RegisterTaskDefinition",
    ]
    assert run.api_calls["ListTaskDefinitions"] == 3  # two pages, and the newest that is not active
    active = ecs.list_task_definitions(familyPrefix="web", status="ACTIVE")["taskDefinitionArns"]
    assert len(active) == 100
    assert latest(ecs, "web-2")[0] == 1


def test_keeping_fewer_revisions_is_predicted(ecs):
    register(ecs, "nginx:1", "nginx:2", "nginx:3")
    run = applied("ecs_task_definition", definition=simple("nginx:4"), keep_revisions=2)
    assert run.diff["before"]["active_revisions"] == [1, 2, 3]
    assert run.diff["after"]["active_revisions"] == [3, 4]


def test_it_is_compared_with_the_latest_active_revision_and_numbers_are_not_used_again(ecs):
    register(ecs, "nginx:1", "nginx:2", "nginx:3")
    ecs.deregister_task_definition(taskDefinition="web:3")
    assert run_module("ecs_task_definition", definition=simple("nginx:2")).task_definition["revision"] == 2
    assert applied("ecs_task_definition", definition=simple("nginx:3")).task_definition["revision"] == 4


def test_a_real_run_gives_the_real_number_where_check_mode_could_not_know(ecs):
    register(ecs, "nginx:1", "nginx:2")
    ecs.deregister_task_definition(taskDefinition="web:2")
    ecs.delete_task_definitions(taskDefinitions=["web:2"])
    assert run_module("ecs_task_definition", check=True, definition=simple("x")).task_definition["revision"] == 2
    run = run_module("ecs_task_definition", definition=simple("x"))
    assert (run.task_definition["revision"], run.task_definition["arn"]) == (3, f"{ARN}/web:3")


def test_absent_deregisters_all_active_revisions_and_a_later_one_goes_on_counting(aws, ecs):
    register(ecs, *(f"nginx:{number}" for number in range(101)))
    register(ecs, "other", family="web-2")
    run = applied("ecs_task_definition", definition={"family": "web"}, state="absent")
    assert len(run.changes) == 101
    assert run.task_definition is None
    assert latest(ecs, "web-2")[0] == 1
    aws.operations()
    assert not run_module("ecs_task_definition", definition=WEB, state="absent").changed
    assert aws.operations() == ["ListTaskDefinitions"]
    assert applied("ecs_task_definition", definition=WEB).task_definition["revision"] == 102


def test_bad_input_is_refused_before_any_call(aws):
    run = run_module("ecs_task_definition", check=True, definition=web(memory="1g", portmappings=[]))
    assert run.failed
    assert run.msg == (
        "definition.containerDefinitions[0]: 'portmappings' is not a member; did you mean portMappings. "
        "definition.containerDefinitions[0].memory: '1g' is not a whole number."
    )
    assert aws.operations() == []


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (
            {**web(portMappings=[{"containerPort": 80, "hostPort": 81}]), "networkMode": "awsvpc"},
            "the host ports and container ports in port mappings must match",
        ),
        ({**WEB, "requiresCompatibilities": ["FARGATE"]}, "Fargate only supports network mode"),
        ({**WEB, "volumes": []}, "Unknown volume 'data'."),
    ],
)
def test_what_ecs_refuses_is_said_in_its_words(ecs, definition, said):
    run = run_module("ecs_task_definition", definition=definition)
    assert run.failed
    assert run.msg.startswith("Could not create task definition web: ")
    assert said in run.msg


@pytest.mark.parametrize("operation", ["DescribeTaskDefinition", "ListTaskDefinitions", "RegisterTaskDefinition"])
def test_throttling_is_waited_out(aws, ecs, operation):
    aws.behave(faults=[{"operation": operation, "times": 2, "answer": "throttled"}])
    run = run_module("ecs_task_definition", definition=WEB)
    assert not run.failed, run.msg
    assert run.api_calls[operation] == 3
    assert latest(ecs)[0] == 1


def test_a_permission_that_is_missing_is_no_missing_family(aws, ecs):
    aws.behave(faults=[{"operation": "DescribeTaskDefinition", "times": 9, "answer": "denied"}])
    run = run_module("ecs_task_definition", definition=WEB)
    assert run.failed
    assert run.msg.startswith("Could not read the present state: ")
    assert aws.operations() == ["DescribeTaskDefinition"]
