# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managed instances against a local AWS, and what the role of an external instance lets its two agents do."""

from __future__ import annotations

import json
import uuid

import pytest
from botocore.exceptions import ClientError
from hybrid import forget
from module_runner import applied, run_module
from ssm_agent_wire import Agent, WireError

from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies import build

ACCOUNT = "123456789012"
IN_SCOPE = {"account_id": ACCOUNT, "region": "us-west-2"}
MODULE = "ssm_managed_instance"
OTHERS = "mi-0123456789abcdef0"


@pytest.fixture(scope="module")
def with_roles(aws_server):
    """The local AWS with two roles that servers can have."""
    aws_server.reset()
    for name in ("first", "second"):
        trust = json.dumps(build("trust_ssm", IN_SCOPE))
        aws_server.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    return aws_server


@pytest.fixture
def aws(with_roles):
    forget(with_roles)
    return with_roles


@pytest.fixture
def ssm(aws):
    return aws.client("ssm")


def register(aws, ssm, count=1, role="first", **params):
    """Servers that have registered with one activation, and whose agents have been heard of."""
    made = ssm.create_activation(IamRole=role, RegistrationLimit=count, **params)
    agents = [Agent(aws.url) for _number in range(min(count, 3))]
    for number in range(count):
        agent = agents[number % 3]
        agent.fingerprint = str(uuid.uuid4())  # another server; only its key is not new, as keys take long to make
        agent.register(made)
    for agent in agents:
        agent.request_token()
        agent.heartbeat()
    return agents


def tags_of(ssm, instance_id):
    answer = ssm.list_tags_for_resource(ResourceType="ManagedInstance", ResourceId=instance_id)
    return {tag["Key"]: tag["Value"] for tag in answer["TagList"]}


def test_role_and_tags_are_set_as_foreseen_and_a_second_run_changes_nothing(aws, ssm):
    (agent,) = register(aws, ssm, Tags=[{"Key": "fleet", "Value": "shops"}], DefaultInstanceName="shop")
    role = f"arn:aws:iam::{ACCOUNT}:role/second"
    run = applied(MODULE, instance_id=agent.instance_id, role=role, tags={"rack": "7"})
    assert run.managed_instance == {
        "instance_id": agent.instance_id,
        "name": "shop",
        "role": "second",
        "tags": {"rack": "7"},
    }
    assert [(one["action"], one["kind"]) for one in run.changes] == [
        ("update", "managed_instance_role"),
        ("update", "managed_instance_tags"),
        ("delete", "managed_instance_tags"),
    ]
    assert tags_of(ssm, agent.instance_id) == {"rack": "7"}
    applied(MODULE, instance_id=agent.instance_id, tags={"floor": "1"}, purge_tags=False)
    assert tags_of(ssm, agent.instance_id) == {"rack": "7", "floor": "1"}
    identity = aws.client("sts", **agent.request_token()).get_caller_identity()
    assert identity["Arn"].split("/")[1] == "second"


def test_what_it_costs(aws, ssm):
    (agent,) = register(aws, ssm)
    aws.operations()
    for params, calls in [
        ({}, ["DescribeInstanceInformation"]),
        ({"role": "first"}, ["DescribeInstanceInformation"]),
        ({"tags": {}}, ["DescribeInstanceInformation", "ListTagsForResource"]),
        (
            {"tags": {"a": "b"}, "role": "second"},
            [
                "DescribeInstanceInformation",
                "ListTagsForResource",
                "UpdateManagedInstanceRole",
                "AddTagsToResource",
            ],
        ),
        ({"state": "absent"}, ["DescribeInstanceInformation", "DeregisterManagedInstance"]),
        ({"state": "absent"}, ["DescribeInstanceInformation"]),
    ]:
        assert not run_module(MODULE, instance_id=agent.instance_id, **params).failed
        assert aws.operations() == calls


def test_absent_is_deregistered_and_its_agent_gets_no_more_credentials(aws, ssm):
    gone, stays = register(aws, ssm, count=2)
    run = applied(MODULE, instance_id=gone.instance_id, state="absent")
    assert (run.changes, run.managed_instance) == (
        [{"action": "delete", "kind": "managed_instance", "name": gone.instance_id}],
        None,
    )
    with pytest.raises(WireError, match="InvalidInstanceId"):
        gone.request_token()
    stays.request_token()


def test_one_that_never_registered_is_refused_and_explained(ssm):
    run = run_module(MODULE, instance_id="mi-0123456789abcdef0", tags={"a": "b"})
    assert run.failed
    assert "Only the agent on the server can register it" in run.msg


def test_bad_input_is_refused_before_the_first_call(aws, ssm):
    aws.operations()
    for changed, message in [
        ({"instance_id": "i-0123456789abcdef0"}, "EC2 instance"),
        ({"instance_id": "mi-012"}, "17 hexadecimal digits"),
        ({"role": "arn:aws:iam::1234567890123456:role/x"}, "its account has 16 digits"),
        ({"tags": {"aws:x": "y"}}, "Amazon's own prefix"),
    ]:
        run = run_module(MODULE, **{"instance_id": "mi-0123456789abcdef0", **changed})
        assert run.failed
        assert message in run.msg
    assert aws.operations() == []


def info(**filters):
    run = run_module("ssm_managed_instance_info", filters=filters)
    assert not run.failed, run.msg
    return [one["instance_id"] for one in run.managed_instances], run


def test_they_are_listed_by_the_page_without_their_activations(aws, ssm):
    agents = register(aws, ssm, count=51, DefaultInstanceName="shop")
    aws.operations()
    ids, run = info()
    assert (len(ids), ids, run.changed) == (51, sorted(ids), False)
    assert aws.operations() == ["DescribeInstanceInformation"] * 2
    heard = next(one for one in run.managed_instances if one["instance_id"] == agents[0].instance_id)
    assert (heard["name"], heard["iam_role"], heard["ping_status"]) == ("shop", "first", "Online")
    assert heard["computer_name"] == "shop-1"
    assert "activation_id" not in json.dumps(run.managed_instances)


def test_filters_must_all_hold(aws, ssm):
    (shop,) = register(aws, ssm, Tags=[{"Key": "fleet", "Value": "shops"}])
    (depot,) = register(aws, ssm, role="second", Tags=[{"Key": "fleet", "Value": "depots"}])
    both = sorted([shop.instance_id, depot.instance_id])
    for filters, expected in [
        ({"tag:fleet": ["shops", "depots"]}, both),
        ({"tag:fleet": "shops"}, [shop.instance_id]),
        ({"IamRole": f"arn:aws:iam::{ACCOUNT}:role/second"}, [depot.instance_id]),
        ({"PingStatus": "Online", "InstanceIds": depot.instance_id}, [depot.instance_id]),
        ({"PingStatus": "ConnectionLost"}, []),
        ({"tag:fleet": "shops", "IamRole": "second"}, []),
    ]:
        assert info(**filters)[0] == expected
    unknown = run_module("ssm_managed_instance_info", filters={"InstanceIds": OTHERS})
    assert unknown.failed
    assert "InvalidInstanceId" in unknown.msg
    refused = run_module("ssm_managed_instance_info", filters={"pingStatus": "Online"})
    assert refused.failed
    assert "did you mean PingStatus?" in refused.msg


# The role of an external instance


@pytest.fixture
def joined(aws, ssm):
    """A server with the role that fleetkit.ecs.iam makes with least privilege, while policies are enforced."""
    aws.client("ecs").create_cluster(clusterName="production")
    aws.client("ecs").create_cluster(clusterName="other")
    document = build("external_instance", {"clusters": ["production"], "deregister": True, **IN_SCOPE})
    aws.iam.put_role_policy(RoleName="first", PolicyName="least", PolicyDocument=json.dumps(document))
    aws.enforce()
    (agent,) = register(aws, ssm)
    return agent


def register_with_ecs(ecs, cluster):
    return ecs.register_container_instance(
        cluster=cluster, instanceIdentityDocument="", instanceIdentityDocumentSignature=""
    )["containerInstance"]


def test_least_privilege_suffices_from_registration_to_leaving(aws, joined):
    ecs = aws.client("ecs", **joined.request_token())
    joined.send_as_role("ListInstanceAssociations", {"InstanceId": joined.instance_id, "MaxResults": 20})
    ecs.discover_poll_endpoint(cluster="production")
    instance = register_with_ecs(ecs, "production")
    assert instance["ec2InstanceId"] == joined.instance_id
    ecs.deregister_container_instance(cluster="production", containerInstance=instance["containerInstanceArn"])


def test_least_privilege_lets_a_server_do_nothing_else(aws, joined):
    keys = joined.request_token()
    for service, operation, params in [
        ("ecs", "register_container_instance", {"cluster": "other"}),
        ("ssm", "describe_activations", {}),
        ("ssm", "create_activation", {"IamRole": "first"}),
        ("ssm", "deregister_managed_instance", {"InstanceId": OTHERS}),
        ("ssm", "update_managed_instance_role", {"InstanceId": OTHERS, "IamRole": "second"}),
        ("ssm", "get_parameter", {"Name": "/fleetkit/activations/shops"}),
        ("iam", "list_roles", {}),
    ]:
        with pytest.raises(ClientError, match="not authorized to perform"):
            getattr(aws.client(service, **keys), operation)(**params)
