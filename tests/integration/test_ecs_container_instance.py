# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Container instances over HTTP: registered by an agent, drained of real tasks, returned and deregistered."""

from __future__ import annotations

import itertools
import json

import boto3
import pytest
from ansible.module_utils.basic import AnsibleModule
from module_runner import applied, run_module

HOST = "i-0123456789abcdef0"
OTHER = "i-00000000000000000"
MODULE = "ecs_container_instance"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def ecs(aws_server):
    aws_server.reset()
    client = boto3.client("ecs", endpoint_url=aws_server.url)
    client.register_task_definition(
        family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 128, "cpu": 1}]
    )
    return client


@pytest.fixture
def cluster(aws_server, ecs):
    """A cluster of the test's own, which takes less time than an account of its own."""
    name = f"prod-{next(NUMBERS)}"
    ecs.create_cluster(clusterName=name)
    aws_server.behave()
    aws_server.operations()
    yield name
    aws_server.behave()


@pytest.fixture
def register(aws_server, ecs, cluster):
    """As the agent of a host does. Gives the ARN."""

    def register(host=HOST, **attributes):
        named = [{"name": name, **({"value": value} if value else {})} for name, value in attributes.items()]
        answer = ecs.register_container_instance(
            cluster=cluster,
            instanceIdentityDocument=json.dumps({"instanceId": host}),
            attributes=[{"name": "ecs.os-type", "value": "linux"}, *named],
        )
        aws_server.operations()
        return answer["containerInstance"]["containerInstanceArn"]

    return register


@pytest.fixture
def arn(register):
    return register()


@pytest.fixture
def aws(aws_server, cluster):
    """The local AWS, without what was asked of it so far."""
    return aws_server


def start(ecs, arn, group):
    where = {"cluster": arn.split("/")[1], "containerInstances": [arn]}
    (task,) = ecs.start_task(taskDefinition="web", group=group, **where)["tasks"]
    return task["taskArn"]


def described(ecs, arn):
    where = {"cluster": arn.split("/")[1], "containerInstances": [arn]}
    return ecs.describe_container_instances(**where)["containerInstances"][0]


def status(ecs, arn):
    return described(ecs, arn)["status"]


def run(**params):
    return run_module(MODULE, **params)


def test_one_call_says_that_one_named_by_its_arn_is_as_asked_for(aws, arn):
    found = run(container_instance=arn)
    assert (found.failed, found.changed, found.diff) == (False, False, None)
    assert found.container_instance["container_instance_arn"] == arn
    assert found.container_instance["ec2_instance_id"] == HOST
    assert found.container_instance["status"] == "ACTIVE"
    assert found.container_instance["attributes"] == {}
    assert aws.operations() == ["DescribeContainerInstances"]
    assert found.api_calls == {"DescribeContainerInstances": 1}


def test_two_calls_say_it_of_one_named_by_its_host(aws, arn, cluster, register):
    register(OTHER)
    found = run(cluster=cluster, ec2_instance_id=HOST, state="active")
    assert (found.changed, found.container_instance["container_instance_arn"]) == (False, arn)
    assert aws.operations() == ["ListContainerInstances", "DescribeContainerInstances"]


def test_it_drains_and_is_returned(aws, ecs, arn):
    assert applied(MODULE, container_instance=arn, state="draining").changed
    assert status(ecs, arn) == "DRAINING"
    aws.operations()
    assert not run(container_instance=arn, state="draining").changed
    assert aws.operations() == ["DescribeContainerInstances"]
    assert applied(MODULE, container_instance=arn, state="active").diff == {
        "before": {"status": "DRAINING", "attributes": {}},
        "after": {"status": "ACTIVE", "attributes": {}},
    }
    assert status(ecs, arn) == "ACTIVE"


def test_a_drain_without_tasks_costs_one_read_and_one_write(aws, arn):
    run(container_instance=arn, state="draining")
    assert aws.operations() == ["DescribeContainerInstances", "UpdateContainerInstancesState"]


@pytest.fixture
def when_it_waits(monkeypatch):
    """Do something as soon as the module says that it waits; gives what it says."""

    def when_it_waits(action):
        lines: list[str] = []

        def log(_self, line, **_options):
            if "waited" in line:
                lines.append(line.partition(";")[0])
                action()

        monkeypatch.setattr(AnsibleModule, "log", log)
        return lines

    return when_it_waits


def test_a_drain_waits_until_the_tasks_of_services_are_gone_and_tells_how_it_goes(aws, ecs, arn, when_it_waits):
    for _number in range(2):
        start(ecs, arn, "service:web")
    aws.behave(drain_seconds=3600)
    said = when_it_waits(lambda: aws.behave(drain_seconds=0))
    predicted = run(check=True, container_instance=arn, state="draining")
    drained = run(container_instance=arn, state="draining")
    assert not drained.failed
    assert drained.waited > 0
    assert said == [f"2 task(s) left on {arn}"]
    assert drained.container_instance == predicted.container_instance
    assert drained.container_instance["running_tasks_count"] == 0
    assert described(ecs, arn)["runningTasksCount"] == 0


def test_a_drain_that_somebody_else_began_is_waited_for_and_changes_nothing(aws, ecs, arn, cluster, when_it_waits):
    start(ecs, arn, "service:web")
    aws.behave(drain_seconds=3600)
    ecs.update_container_instances_state(cluster=cluster, containerInstances=[arn], status="DRAINING")
    said = when_it_waits(lambda: aws.behave(drain_seconds=0))
    found = run(container_instance=arn, state="draining")
    assert (found.failed, found.changed, said) == (False, False, [f"1 task(s) left on {arn}"])


def test_a_drain_that_runs_out_of_time_names_the_tasks_and_the_way_out_and_stays_draining(aws, ecs, arn, cluster):
    batch = start(ecs, arn, "family:batch").rpartition("/")[2]
    start(ecs, arn, "service:web")
    found = run(container_instance=arn, state="draining", wait_timeout=0)
    assert found.failed
    for part in ("2 task(s) left", f"{batch} (family:batch)", "(service:web)", "state: active", "aws ecs stop-task"):
        assert part in found.msg
    assert (found.changed, [change["kind"] for change in found.changes]) == (True, ["container_instance_status"])
    assert status(ecs, arn) == "DRAINING"
    aws.operations()
    again = run(container_instance=arn, state="draining", wait_timeout=0)
    assert (again.failed, again.changed) == (True, False)
    assert "1 task(s) left" in again.msg
    assert aws.operations() == ["DescribeContainerInstances", "ListTasks", "DescribeTasks"]
    ecs.stop_task(cluster=cluster, task=batch)
    assert not run(container_instance=arn, state="draining", wait_timeout=0).failed


def test_a_drain_need_not_be_waited_for(ecs, arn):
    start(ecs, arn, "family:batch")
    found = run(container_instance=arn, state="draining", wait=False)
    assert (found.failed, found.container_instance["running_tasks_count"]) == (False, 1)


def test_a_host_that_has_not_registered_is_waited_for(register, cluster, when_it_waits):
    said = when_it_waits(register)
    found = run(cluster=cluster, ec2_instance_id=HOST)
    assert (found.failed, found.container_instance["ec2_instance_id"]) == (False, HOST)
    assert said == [f"{HOST} in the cluster {cluster} is not registered yet"]


def test_a_host_that_does_not_register_is_a_failure_after_the_bound_and_a_warning_in_check_mode(cluster):
    found = run(cluster=cluster, ec2_instance_id=HOST, wait_timeout=0)
    assert (found.failed, found.changed) == (True, False)
    assert f"{HOST} in the cluster {cluster} is not registered as a container instance" in found.msg
    foreseen = run(check=True, cluster=cluster, ec2_instance_id=HOST, wait_timeout=60)
    assert (foreseen.failed, foreseen.container_instance) == (False, None)
    assert "a real run would wait for it" in foreseen.warnings[0]


def test_one_named_by_an_arn_that_is_not_there_is_a_failure_at_once(aws, ecs, cluster):
    found = run(container_instance=f"arn:aws:ecs:us-west-2:123456789012:container-instance/{cluster}/{'0' * 32}")
    assert "is not registered as a container instance" in found.msg
    assert aws.operations() == ["DescribeContainerInstances"]


def test_a_cluster_that_does_not_exist_is_a_failure_at_once_unless_nothing_is_to_be_there(cluster):
    assert "Cluster not found" in run(cluster="typo", ec2_instance_id=HOST).msg
    assert not run(cluster="typo", ec2_instance_id=HOST, state="absent").failed


def test_it_is_deregistered_and_stays_so(ecs, arn, cluster):
    gone = applied(MODULE, container_instance=arn, state="absent")
    assert gone.container_instance is None
    assert gone.diff == {"before": {"status": "ACTIVE", "attributes": {}}, "after": {}}
    assert status(ecs, arn) == "INACTIVE"
    assert not run(cluster=cluster, ec2_instance_id=HOST, state="absent").changed
    assert "is not registered" in run(container_instance=arn, state="active").msg


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_one_with_tasks_is_deregistered_only_by_force(ecs, arn, check):
    start(ecs, arn, "family:batch")
    refused = run(check=check, container_instance=arn, state="absent")
    assert (refused.failed, refused.changed) == (True, False)
    assert "has 1 task(s). Drain it first" in refused.msg
    assert status(ecs, arn) == "ACTIVE"
    assert run(check=check, container_instance=arn, state="absent", force=True).changed


def test_attributes_are_set_changed_and_removed_in_one_call_each(aws, ecs, register):
    arn = register(rack="6", old="")
    aws.operations()
    wanted = {"rack": "7", "row": "1", "spot": None}
    run(container_instance=arn, attributes=wanted, purge_attributes=True)
    assert aws.operations() == ["DescribeContainerInstances", "DeleteAttributes", "PutAttributes"]
    attributes = {one["name"]: one.get("value") for one in described(ecs, arn)["attributes"]}
    assert attributes == {"ecs.os-type": "linux", "rack": "7", "row": "1", "spot": None}
    assert not run(container_instance=arn, attributes=wanted, purge_attributes=True).changed


def test_attributes_are_foreseen(register):
    arn = register(rack="6")
    set_ = applied(MODULE, container_instance=arn, attributes={"rack": "7", "row": ""}, state="draining")
    assert [(change["action"], change["name"]) for change in set_.changes[:2]] == [
        ("update", "rack"),
        ("create", "row"),
    ]
    assert set_.container_instance["attributes"] == {"rack": "7", "row": ""}


def test_of_two_registrations_of_a_host_the_one_whose_agent_is_connected_counts(ecs, cluster, register):
    first, second = register(), register()
    found = run(cluster=cluster, ec2_instance_id=HOST)
    assert found.failed
    assert "is 2 container instances" in found.msg
    assert first in found.msg
    assert second in found.msg
    ecs.deregister_container_instance(cluster=cluster, containerInstance=first)
    assert run(cluster=cluster, ec2_instance_id=HOST).container_instance["container_instance_arn"] == second


def test_bad_input_is_refused_before_the_first_call(aws, cluster):
    found = run(container_instance="nonsense", state="draining")
    assert (found.failed, found.api_calls) == (True, {})
    assert "mutually exclusive" in run(container_instance="0" * 32, ec2_instance_id=HOST).msg
    assert "one of the following is required" in run(cluster=cluster).msg
    assert aws.operations() == []
