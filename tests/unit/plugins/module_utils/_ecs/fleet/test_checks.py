# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet.checks import CHECKS, report
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet.model import Aws, Look
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import RoleFacts

INSTANCE, MANAGED = "i-0123456789abcdef0", "mi-0123456789abcdef0"
ARN = "arn:aws:ecs:us-west-2:123456789012:container-instance/demo/39baec737bb841f5b599585d13e906b8"
PROFILE = "arn:aws:iam::123456789012:instance-profile/ecsInstanceRole-profile"
ROLE, ANYWHERE = (f"arn:aws:iam::123456789012:role/{name}" for name in ("ecsInstanceRole", "ecsAnywhereRole"))
ALL = {"Statement": [{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}]}
INSIDE = Look("inside", "demo", ARN, INSTANCE, checks=({"name": "agent", "status": "ok", "found": "", "remedy": ""},))
OUTSIDE = Look("outside", "demo", f"{ARN}0", MANAGED, external=True)


def described(arn, instance_id, **more):
    known = {"containerInstanceArn": arn, "ec2InstanceId": instance_id, "cluster": "demo", "status": "ACTIVE"}
    return {**known, "agentConnected": True, **more}


EC2 = {
    "IamInstanceProfile": {"Arn": PROFILE},
    "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
}
RIGHT = Aws(
    container_instances=[described(ARN, INSTANCE), described(f"{ARN}0", MANAGED)],
    ec2={INSTANCE: EC2},
    ssm={MANAGED: {"PingStatus": "Online", "IamRole": "ecsAnywhereRole"}},
    profiles={PROFILE: ROLE},
    roles={arn: RoleFacts(arn=arn, policies=(("p", ALL),)) for arn in (ROLE, ANYWHERE)},
)


def statuses(aws, look=INSIDE):
    (host,) = report([look], aws)["hosts"]
    return {check["name"]: check["status"] for check in host["checks"] if check["name"] in CHECKS}


def bad(aws, look=INSIDE):
    (host,) = report([look], aws)["hosts"]
    found = [check for check in host["checks"] if check["remedy"]]
    return {check["name"]: check["status"] for check in found}, " ".join(
        f"{each['found']} {each['remedy']}" for each in found
    )


def test_hosts_that_are_right():
    got = report([INSIDE, OUTSIDE], RIGHT)
    assert got["ok"]
    assert got["summary"]["ok"] == 2
    assert statuses(RIGHT) == {**dict.fromkeys(CHECKS, "ok"), "ssm_online": "not_applicable"}
    assert statuses(RIGHT, OUTSIDE) == {**dict.fromkeys(CHECKS, "ok"), "metadata_options": "not_applicable"}


DENY = {"Statement": [{"Effect": "Deny", "Action": "ecs:Poll", "Resource": "*"}]}
OTHER_CLUSTER = {"Statement": [{"Effect": "Allow", "Action": "ecs:*", "Resource": ["arn:aws:ecs:*:*:cluster/other"]}]}


@pytest.mark.parametrize(
    ("changed", "not_right", "said"),
    [
        (
            {"container_instances": [described(ARN, INSTANCE, agentConnected=False)]},
            {"container_instance": "wrong"},
            "does not hear from its agent",
        ),
        (
            {"container_instances": [described(ARN, INSTANCE), described(f"{ARN}9", INSTANCE)]},
            {"container_instance": "wrong"},
            "registered twice",
        ),
        (
            {"container_instances": []},
            {"container_instance": "wrong", "role_policies": "pending"},
            "is not in the cluster demo",
        ),
        (
            {"ec2": {INSTANCE: {**EC2, "IamInstanceProfile": {}}}},
            {"instance_role": "wrong", "role_policies": "pending"},
            "associate-iam-instance-profile",
        ),
        ({"profiles": {PROFILE: ""}}, {"instance_role": "wrong", "role_policies": "pending"}, "has no role"),
        ({"roles": {ROLE: RoleFacts(arn=ROLE)}}, {"role_policies": "wrong"}, "may not ecs:DiscoverPollEndpoint"),
        (
            {"roles": {ROLE: RoleFacts(arn=ROLE, policies=(("p", ALL), ("q", DENY)))}},
            {"role_policies": "wrong"},
            "may not ecs:Poll ",
        ),
        (
            {"roles": {ROLE: RoleFacts(arn=ROLE, policies=(("p", OTHER_CLUSTER),))}},
            {"role_policies": "wrong"},
            "ecs:RegisterContainerInstance",
        ),
        (
            {"roles": {ROLE: RoleFacts(arn=ROLE, policies=(("p", ALL),), boundary=(("b", OTHER_CLUSTER),))}},
            {"role_policies": "wrong"},
            "ecs:Poll",
        ),
        (
            {"ec2": {INSTANCE: {**EC2, "MetadataOptions": {"HttpTokens": "optional", "HttpPutResponseHopLimit": 1}}}},
            {"metadata_options": "wrong"},
            "--http-tokens required",
        ),
        (
            {"ec2": {INSTANCE: {**EC2, "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}}}},
            {"metadata_options": "wrong"},
            "--http-put-response-hop-limit 1",
        ),
        (
            {"ec2": {}, "unread": {"ec2": "may not call ec2:DescribeInstances"}},
            {"instance_role": "pending", "metadata_options": "pending", "role_policies": "pending"},
            "may not call ec2:DescribeInstances",
        ),
    ],
)
def test_what_is_wrong_is_the_one_check_that_is_about_it(changed, not_right, said):
    got, told = bad(replace(RIGHT, **changed))
    assert got == not_right
    assert said in told


@pytest.mark.parametrize("ping", ["ConnectionLost", "Inactive"])
def test_an_external_host_that_systems_manager_does_not_hear_from(ping):
    got, told = bad(replace(RIGHT, ssm={MANAGED: {"PingStatus": ping, "IamRole": "ecsAnywhereRole"}}), OUTSIDE)
    assert got == {"ssm_online": "wrong"}
    assert ping in told


def test_a_host_whose_agent_is_down_is_found_by_its_instance():
    look = replace(INSIDE, container_instance_arn="")
    assert statuses(RIGHT, look)["container_instance"] == "ok"


def test_a_host_that_could_not_be_looked_at_is_in_the_report_as_such():
    lost = Look.of("lost", {"unreachable": True, "msg": "No route to host"})
    failed = Look.of("failed", {"failed": True, "msg": "iptables is not installed"})
    got = report([INSIDE, lost, failed], RIGHT)
    assert not got["ok"]
    assert [host["status"] for host in got["hosts"]] == ["ok", "unreachable", "wrong"]
    assert got["hosts"][1]["checks"] == [
        {
            "name": "reachable",
            "status": "wrong",
            "found": "No route to host",
            "remedy": "look at the host's power, its address in the inventory, and SSH",
        }
    ]
    assert got["hosts"][2]["checks"][0]["found"] == "iptables is not installed"
