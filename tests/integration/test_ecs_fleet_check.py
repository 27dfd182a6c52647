# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ecs_fleet_check against the local AWS: what it asks, and what it makes of the answers."""

from __future__ import annotations

import json
import subprocess

import pytest
from module_runner import run_module

MANAGED = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
INSTANCES = [f"i-{number:017x}" for number in range(1, 4)]


@pytest.fixture
def hosts(aws):
    """Three instances with the role that Amazon documents, and what their hosts said."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    aws.iam.create_role(RoleName="ecsInstanceRole", AssumeRolePolicyDocument=document)
    aws.iam.attach_role_policy(RoleName="ecsInstanceRole", PolicyArn=MANAGED)
    aws.iam.create_instance_profile(InstanceProfileName="ecsInstanceRole-profile")
    aws.iam.add_role_to_instance_profile(InstanceProfileName="ecsInstanceRole-profile", RoleName="ecsInstanceRole")
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="production")
    said = {}
    for instance in INSTANCES:
        identity = json.dumps({"instanceId": instance})
        answer = ecs.register_container_instance(cluster="production", instanceIdentityDocument=identity)
        arn = answer["containerInstance"]["containerInstanceArn"]
        who = {"cluster": "production", "container_instance_arn": arn, "instance_id": None, "external": False}
        said[f"host-{instance[-1]}"] = {"checks": [], "host": who}
    return said


def wrong(result):
    return {
        host["name"]: [check["name"] for check in host["checks"] if check["status"] == "wrong"]
        for host in result.hosts
        if host["status"] != "ok"
    }


def test_a_fleet_that_is_right_costs_the_same_calls_whatever_its_size(aws, hosts):
    result = run_module("ecs_fleet_check", hosts=hosts)
    assert not result.failed, result.msg
    assert (result.ok, result.changed, wrong(result)) == (True, False, {})
    assert [host["instance_id"] for host in result.hosts] == INSTANCES
    assert result.api_calls == {
        "ListContainerInstances": 1,
        "DescribeContainerInstances": 1,
        "DescribeInstances": 1,
        "GetInstanceProfile": 1,
        "GetRole": 1,
        "ListRolePolicies": 1,
        "ListAttachedRolePolicies": 1,
        "GetPolicy": 1,
        "GetPolicyVersion": 1,
    }


def test_what_is_wrong_with_one_host_is_told_of_that_host_only(aws, hosts):
    ec2 = aws.client("ec2")
    ec2.modify_instance_metadata_options(InstanceId=INSTANCES[0], HttpTokens="optional")
    aws.behave(silent=[hosts["host-2"]["host"]["container_instance_arn"]])
    lost = {"lost": {"unreachable": True, "msg": "No route to host"}}
    result = run_module("ecs_fleet_check", hosts={**hosts, **lost})
    assert wrong(result) == {"host-1": ["metadata_options"], "host-2": ["container_instance"], "lost": ["reachable"]}
    assert result.summary["unreachable"] == 1


def test_a_role_without_its_policy_is_wrong_for_every_host_that_has_it(aws, hosts):
    aws.iam.detach_role_policy(RoleName="ecsInstanceRole", PolicyArn=MANAGED)
    assert set(map(tuple, wrong(run_module("ecs_fleet_check", hosts=hosts)).values())) == {("role_policies",)}


def test_what_may_not_be_asked_is_pending_and_the_rest_is_told(aws, hosts):
    aws.behave(faults=[{"operation": "DescribeInstances", "times": 1, "answer": "denied"}])
    result = run_module("ecs_fleet_check", hosts=hosts)
    checks = {check["name"]: check for check in result.hosts[0]["checks"]}
    assert result.ok
    assert checks["metadata_options"]["status"] == "pending"
    assert checks["metadata_options"]["found"] == "may not call ec2:DescribeInstances"
    assert checks["container_instance"]["status"] == "ok"


def test_nothing_is_asked_for_hosts_that_could_not_be_looked_at(aws):
    result = run_module("ecs_fleet_check", hosts={"lost": {"unreachable": True, "msg": "No route to host"}})
    assert (result.ok, result.api_calls) == (False, {})


@pytest.mark.parametrize("check", [False, True], ids=["real", "check mode"])
def test_the_report_is_for_programs_and_for_people_and_no_text_in_it_is_markup(aws, tmp_path, check):
    lost = {"lost": {"unreachable": True, "msg": "</script>No route to host"}}
    result = run_module(
        "ecs_fleet_check", check=check, hosts=lost, report=str(tmp_path / "fleet"), page="<i>@report@</i>"
    )
    assert not result.failed, result.msg
    assert not result.changed
    content, page = (tmp_path / f"fleet.{kind}" for kind in ("json", "html"))
    assert json.loads(content.read_text())["hosts"] == result.hosts
    assert json.loads(page.read_text().removeprefix("<i>").removesuffix("</i>"))["summary"] == result.summary
    assert page.read_text().count("<") == 2
    assert {path.stat().st_mode & 0o777 for path in (content, page)} == {0o640}


def test_a_gate_for_a_group_without_hosts_is_closed(playbook_environment, tmp_path):
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("container_instances:\nother: {hosts: {one: }}\n")
    command = ["ansible-playbook", "fleetkit.ecs.verify", "--inventory", str(inventory)]
    run = subprocess.run(command, env=playbook_environment, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "no host of the inventory is in container_instances" in run.stdout
