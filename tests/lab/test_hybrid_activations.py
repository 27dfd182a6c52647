# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hybrid activations and managed instances of the local AWS, as their users, and as the agent on a server, see them."""

from __future__ import annotations

import datetime
import json
import urllib.request
import uuid

import boto3
import pytest
from botocore.exceptions import ClientError
from ssm_agent_wire import Agent, WireError

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "222222222222"
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


@pytest.fixture(scope="module", autouse=True)
def roles(url):
    """Two roles: one that trusts Systems Manager, and one that does not."""
    for name in ("ssm", "ec2"):
        make_role(client(url, "iam"), name, trust(f"{name}.amazonaws.com"))


def client(url: str, service: str, region: str = "us-west-2", **credentials: str):
    """A boto3 client; without credentials, as administrator of the default account."""
    return boto3.client(service, endpoint_url=url, region_name=region, **{**KEYS, **credentials})


def trust(service: str, condition: dict | None = None) -> dict:
    """A trust policy."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}


def make_role(iam, name: str, document: dict, **more: str) -> str:
    """A role's name."""
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document), **more)
    return name


@pytest.fixture
def iam(url):
    """IAM of the default account."""
    return client(url, "iam")


@pytest.fixture
def ssm(url):
    """Systems Manager, without what other tests have left."""
    ssm = client(url, "ssm")
    for activation in every(ssm, "describe_activations", "ActivationList"):
        ssm.delete_activation(ActivationId=activation["ActivationId"])
    for instance in every(ssm, "describe_instance_information", "InstanceInformationList"):
        ssm.deregister_managed_instance(InstanceId=instance["InstanceId"])
    return ssm


@pytest.fixture
def behave(url):
    """Makes the local AWS behave in some way, until the end of the test."""
    yield lambda **how: lab(url, "behaviour", "PUT", how)
    lab(url, "behaviour", "DELETE")


def lab(url: str, path: str, method: str = "GET", content: dict | None = None):
    """One of the lab's own addresses."""
    data = json.dumps(content).encode() if content else None
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_lab/{path}", data=data, method=method)) as reply:
        return json.load(reply)


def every(ssm, operation: str, key: str, **params) -> list[dict]:
    """All pages."""
    return [one for page in ssm.get_paginator(operation).paginate(**params) for one in page[key]]


def activate(ssm, **params) -> dict:
    """An activation with its code."""
    return ssm.create_activation(**{"IamRole": "ssm", **params})


def described(ssm, activation: dict) -> dict:
    """The same, as it is shown later."""
    chosen = [{"FilterKey": "ActivationIds", "FilterValues": [activation["ActivationId"]]}]
    (found,) = ssm.describe_activations(Filters=chosen)["ActivationList"]
    return found


def information(ssm, instance_id: str) -> dict:
    """A managed instance, as it is shown."""
    chosen = [{"Key": "InstanceIds", "Values": [instance_id]}]
    (found,) = ssm.describe_instance_information(Filters=chosen)["InstanceInformationList"]
    return found


def code_of(call, *args, **params) -> str:
    """The error that a call gives."""
    with pytest.raises((ClientError, WireError)) as caught:
        call(*args, **params)
    return caught.value.code if isinstance(caught.value, WireError) else caught.value.response["Error"]["Code"]


def ahead(**span: float) -> datetime.datetime:
    """A time to come."""
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**span)


@pytest.fixture
def agent(url):
    """A server that has not registered."""
    return Agent(url)


# Activations


def test_an_activation_is_for_one_server_and_a_day_and_shows_its_code_once(ssm):
    made = activate(ssm, Tags=[{"Key": "fleet", "Value": "shops"}], DefaultInstanceName="shop", Description="Shops")
    found = described(ssm, made)
    assert len(made["ActivationCode"]) == 20
    assert (found["RegistrationLimit"], found["RegistrationsCount"], found["Expired"]) == (1, 0, False)
    assert (found["IamRole"], found["DefaultInstanceName"], found["Description"]) == ("ssm", "shop", "Shops")
    assert found["Tags"] == [{"Key": "fleet", "Value": "shops"}]
    assert abs((found["ExpirationDate"] - ahead(hours=24)).total_seconds()) < 60
    assert made["ActivationCode"] not in str(ssm.describe_activations())


@pytest.mark.parametrize(
    "params",
    [
        {"IamRole": "missing"},
        {"IamRole": "ec2"},
        {"IamRole": f"arn:aws:iam::{ACCOUNT}:role/ssm"},
        {"IamRole": "service-role/ssm"},
        {"RegistrationLimit": 1001},
        {"ExpirationDate": ahead(days=-1)},
        {"ExpirationDate": ahead(days=30, hours=1)},
        {"Tags": [{"Key": "aws:x", "Value": "y"}]},
        {"Tags": [{"Key": "a#b", "Value": "y"}]},
        {"DefaultInstanceName": "shop#1"},
    ],
    ids=[
        "no such role",
        "a role that trusts another service",
        "an ARN",
        "a path",
        "too many registrations",
        "expired",
        "expires after more than 30 days",
        "a tag of AWS",
        "a tag with a #",
        "a name with a #",
    ],
)
def test_an_activation_that_cannot_be_is_refused(ssm, params):
    assert code_of(activate, ssm, **params) == "ValidationException"


@pytest.mark.parametrize(
    "condition, works",
    [
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True),
        ({"StringEquals": {"aws:SourceAccount": OTHER_ACCOUNT}}, False),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:ssm:us-west-2:{ACCOUNT}:*"}}, True),
        ({"ArnEquals": {"aws:SourceArn": f"arn:aws:ssm:*:{ACCOUNT}:*"}}, True),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:ssm:eu-west-1:{ACCOUNT}:*"}}, False),
    ],
)
def test_the_conditions_of_the_roles_trust_count(ssm, iam, condition, works):
    role = make_role(iam, f"conditions-{len(iam.list_roles()['Roles'])}", trust("ssm.amazonaws.com", condition))
    if works:
        activate(ssm, IamRole=role)
    else:
        assert code_of(activate, ssm, IamRole=role) == "ValidationException"


def test_a_role_is_found_by_its_name_whatever_its_path_and_not_before_iam_knows_it(ssm, iam, behave):
    behave(visible_after=60)
    make_role(iam, "new", trust("ssm.amazonaws.com"), Path="/deep/er/")
    with pytest.raises(ClientError, match=r"Nonexistent role or missing ssm service principal in .*:role/deep/er/new"):
        activate(ssm, IamRole="new")
    behave(visible_after=0)
    activate(ssm, IamRole="new")


def test_activations_come_in_pages_and_by_filters_that_must_all_hold(ssm):
    for _number in range(51):
        activate(ssm, DefaultInstanceName="many")
    first = ssm.describe_activations()
    assert len(first["ActivationList"]) == 50
    assert len(every(ssm, "describe_activations", "ActivationList")) == 51
    by_name = {"FilterKey": "DefaultInstanceName", "FilterValues": ["many", "other"]}
    by_role = {"FilterKey": "IamRole", "FilterValues": ["other"]}
    assert len(ssm.describe_activations(Filters=[by_name], MaxResults=3)["ActivationList"]) == 3
    assert ssm.describe_activations(Filters=[by_name, by_role])["ActivationList"] == []
    unknown = [{"FilterKey": "Tags", "FilterValues": ["x"]}]
    assert code_of(ssm.describe_activations, Filters=unknown) == "InvalidFilter"
    assert code_of(ssm.describe_activations, NextToken="nonsense") == "InvalidNextToken"


def test_a_deleted_activation_registers_nobody_and_keeps_who_has_registered(ssm, agent, url):
    made = activate(ssm, RegistrationLimit=2)
    instance_id = agent.register(made)
    ssm.delete_activation(ActivationId=made["ActivationId"])
    assert code_of(Agent(url).register, made) == "InvalidActivation"
    assert information(ssm, instance_id)["ActivationId"] == made["ActivationId"]
    assert code_of(ssm.delete_activation, ActivationId=made["ActivationId"]) == "InvalidActivation"
    assert code_of(ssm.delete_activation, ActivationId="0" * 8 + "-0000" * 3 + "-" + "0" * 12) == "InvalidActivationId"


def test_tags_of_an_activation_are_given_when_it_is_created_and_never_after(ssm):
    params = {"ResourceType": "Activation", "ResourceId": activate(ssm)["ActivationId"]}
    assert code_of(ssm.list_tags_for_resource, **params) == "InvalidResourceType"
    params["Tags"] = [{"Key": "a", "Value": "b"}]
    assert code_of(ssm.add_tags_to_resource, **params) == "InvalidResourceType"


# Registration


def test_a_server_registers_and_takes_role_name_and_tags_of_the_activation(ssm, agent):
    made = activate(ssm, DefaultInstanceName="shop", Tags=[{"Key": "fleet", "Value": "shops"}])
    instance_id = agent.register(made)
    found = information(ssm, instance_id)
    assert (found["Name"], found["IamRole"], found["ActivationId"]) == ("shop", "ssm", made["ActivationId"])
    assert (found["ResourceType"], found["PingStatus"]) == ("ManagedInstance", "ConnectionLost")
    tags = ssm.list_tags_for_resource(ResourceType="ManagedInstance", ResourceId=instance_id)["TagList"]
    assert tags == [{"Key": "fleet", "Value": "shops"}]
    assert described(ssm, made)["RegistrationsCount"] == 1


@pytest.mark.parametrize("field", ["ActivationId", "ActivationCode"])
def test_a_wrong_id_or_code_is_an_invalid_activation(ssm, agent, field):
    assert code_of(agent.register, activate(ssm), **{field: "0" * 20}) == "InvalidActivation"


def test_an_activation_is_of_its_region(ssm, url):
    assert code_of(Agent(url, region="eu-west-1").register, activate(ssm)) == "InvalidActivation"
    elsewhere = client(url, "ssm", region="eu-west-1")
    agent = Agent(url, region="eu-west-1")
    instance_id = agent.register(activate(elsewhere))
    assert information(elsewhere, instance_id)["InstanceId"] == instance_id
    agent.region = "us-west-2"
    assert code_of(agent.request_token) == "InvalidInstanceId"


def test_an_activation_of_another_account_registers_there(url):
    keys = lab(url, f"accounts/{OTHER_ACCOUNT}", "POST")
    keys = {"aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"]}
    make_role(client(url, "iam", **keys), "theirs", trust("ssm.amazonaws.com"))
    theirs = client(url, "ssm", **keys)
    agent = Agent(url)
    agent.register(activate(theirs, IamRole="theirs"))
    assert client(url, "sts", **agent.request_token()).get_caller_identity()["Account"] == OTHER_ACCOUNT


def test_an_expired_activation_registers_nobody(ssm, agent, behave):
    made = activate(ssm)
    behave(ssm_clock_ahead=86401)
    assert described(ssm, made)["Expired"] is True
    assert code_of(agent.register, made) == "ActivationExpired"


def test_registrations_are_counted_and_deregistering_gives_none_back(ssm, agent, url):
    made = activate(ssm, RegistrationLimit=2)
    for server in (agent, Agent(url)):
        server.register(made)
    ssm.deregister_managed_instance(InstanceId=agent.instance_id)
    assert described(ssm, made)["RegistrationsCount"] == 2
    assert code_of(Agent(url).register, made) == "RegistrationLimitExceeded"


def test_a_server_that_registers_again_needs_another_activation_than_it_had(ssm, agent, url):
    had = activate(ssm, RegistrationLimit=3)
    ssm.deregister_managed_instance(InstanceId=agent.register(had))
    assert code_of(agent.register, had) == "InvalidActivation"
    assert described(ssm, had)["RegistrationsCount"] == 1
    Agent(url).register(had)
    agent.register(activate(ssm))


# Tokens, heartbeats, and the end


def test_the_token_is_a_session_of_the_role_named_like_the_instance(url, ssm, agent):
    instance_id = agent.register(activate(ssm))
    identity = client(url, "sts", **agent.request_token()).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/ssm/{instance_id}"
    assert agent.token["UpdateKeyPair"] is False


def test_a_token_needs_the_key_and_the_fingerprint_that_registered(ssm, agent, url):
    agent.register(activate(ssm))
    other = Agent(url)
    other.instance_id = agent.instance_id
    assert code_of(other.request_token) == "InvalidSignatureException"
    other.key = agent.key
    assert code_of(other.request_token) == "MachineFingerprintDoesNotMatch"
    other.fingerprint = agent.fingerprint
    other.request_token()


def test_a_token_needs_a_role_that_trusts_systems_manager_still(ssm, iam, agent):
    role = make_role(iam, "distrusts", trust("ssm.amazonaws.com"))
    agent.register(activate(ssm, IamRole=role))
    document = json.dumps(trust("ec2.amazonaws.com"))
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
    assert code_of(agent.request_token) == "AccessDeniedException"


def test_an_agent_that_is_told_to_change_its_key_signs_with_the_new_one_only(ssm, agent, behave):
    agent.register(activate(ssm))
    behave(rotate_keys=True)
    agent.request_token()
    assert agent.token["UpdateKeyPair"] is True
    old = agent.key
    agent.change_key()
    agent.request_token()
    assert agent.token["UpdateKeyPair"] is False
    agent.key = old
    assert code_of(agent.request_token) == "InvalidSignatureException"


def test_a_heartbeat_makes_it_online_and_silence_lost(ssm, agent, behave):
    agent.register(activate(ssm))
    agent.request_token()
    agent.heartbeat()
    found = information(ssm, agent.instance_id)
    assert (found["PingStatus"], found["AgentVersion"], found["ComputerName"]) == ("Online", "3.3.1142.0", "shop-1")
    behave(connection_lost_after=0)
    assert information(ssm, agent.instance_id)["PingStatus"] == "ConnectionLost"


def test_an_agent_speaks_for_its_own_instance_only(ssm, agent, url):
    other = Agent(url)
    made = activate(ssm, RegistrationLimit=2)
    for server in (agent, other):
        server.register(made)
    agent.request_token()
    assert code_of(agent.heartbeat, InstanceId=other.instance_id) == "AccessDeniedException"


def test_a_deregistered_instance_gets_no_token_and_is_no_longer_listed(ssm, agent):
    agent.register(activate(ssm))
    agent.request_token()
    ssm.deregister_managed_instance(InstanceId=agent.instance_id)
    assert code_of(agent.request_token) == "InvalidInstanceId"
    assert code_of(agent.heartbeat) == "InvalidInstanceId"
    assert every(ssm, "describe_instance_information", "InstanceInformationList") == []
    assert code_of(ssm.deregister_managed_instance, InstanceId=agent.instance_id) == "InvalidInstanceId"


def test_another_role_counts_from_the_next_token_and_must_trust_systems_manager(url, ssm, iam, agent):
    agent.register(activate(ssm))
    other = make_role(iam, "other", trust("ssm.amazonaws.com"))
    ssm.update_managed_instance_role(InstanceId=agent.instance_id, IamRole=other)
    arn = client(url, "sts", **agent.request_token()).get_caller_identity()["Arn"]
    assert arn.split("/")[1] == "other"
    params = {"InstanceId": agent.instance_id, "IamRole": "ec2"}
    assert code_of(ssm.update_managed_instance_role, **params) == "ValidationException"
    params = {"InstanceId": "mi-" + "0" * 17, "IamRole": other}
    assert code_of(ssm.update_managed_instance_role, **params) == "InvalidInstanceId"


def test_instances_come_ten_at_a_time_and_by_filters(ssm, url):
    made = activate(ssm, RegistrationLimit=11, Tags=[{"Key": "fleet", "Value": "shops"}])
    agents = [Agent(url) for _number in range(2)]
    for number in range(11):
        agents[number % 2].register(made, Fingerprint=str(uuid.uuid4()))
    last = agents[0].instance_id
    ssm.add_tags_to_resource(
        ResourceType="ManagedInstance", ResourceId=last, Tags=[{"Key": "fleet", "Value": "depots"}]
    )
    assert len(ssm.describe_instance_information()["InstanceInformationList"]) == 10

    def count(*filters: tuple[str, str]) -> int:
        chosen = [{"Key": key, "Values": [value]} for key, value in filters]
        return len(every(ssm, "describe_instance_information", "InstanceInformationList", Filters=chosen))

    assert count(("ActivationIds", made["ActivationId"])) == count(("IamRole", "ssm")) == 11
    assert count(("tag:fleet", "shops"), ("tag-key", "fleet")) == 10
    assert count(("PingStatus", "ConnectionLost"), ("InstanceIds", last)) == 1
    assert code_of(count, ("tag:fleet", "shops"), ("PingStatus", "ConnectionLost")) == "ValidationException"
    assert count(("PingStatus", "Online")) == count(("ResourceType", "EC2Instance")) == 0
    for key, value, code in [
        ("Nonsense", "x", "InvalidFilterKey"),
        ("PingStatus", "Asleep", "InvalidInstanceInformationFilterValue"),
        ("InstanceIds", "mi-" + "0" * 17, "InvalidInstanceId"),
    ]:
        assert code_of(count, (key, value)) == code
    older = [{"key": "InstanceIds", "valueSet": [last]}]
    assert len(ssm.describe_instance_information(InstanceInformationFilterList=older)["InstanceInformationList"]) == 1


def test_tags_of_an_instance_are_changed_and_removed_by_key(ssm, agent):
    agent.register(activate(ssm))
    where = {"ResourceType": "ManagedInstance", "ResourceId": agent.instance_id}
    ssm.add_tags_to_resource(Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}], **where)
    ssm.add_tags_to_resource(Tags=[{"Key": "a", "Value": "3"}], **where)
    ssm.remove_tags_from_resource(TagKeys=["b", "missing"], **where)
    assert ssm.list_tags_for_resource(**where)["TagList"] == [{"Key": "a", "Value": "3"}]
    many = [{"Key": str(number), "Value": ""} for number in range(50)]
    assert code_of(ssm.add_tags_to_resource, Tags=many, **where) == "TooManyTagsError"
    where["ResourceId"] = "mi-" + "0" * 17
    assert code_of(ssm.list_tags_for_resource, **where) == "InvalidResourceId"


# Permissions, and ECS


@pytest.fixture
def enforced(url):
    """Identity policies are in force."""
    lab(url, "enforcement", "PUT")
    yield url
    lab(url, "enforcement", "DELETE")


def permit(iam, role: str, *statements: tuple[str, str]) -> None:
    """Statements of an inline policy: an action on a resource."""
    document = {"Statement": [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in statements]}
    document = json.dumps({"Version": "2012-10-17", **document})
    iam.put_role_policy(RoleName=role, PolicyName="inline", PolicyDocument=document)


def test_giving_a_role_away_takes_the_permission_to_pass_it(enforced, iam):
    account = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    statement = {"Effect": "Allow", "Principal": account, "Action": "sts:AssumeRole"}
    make_role(iam, "activates", {"Version": "2012-10-17", "Statement": [statement]})
    permit(iam, "activates", ("ssm:CreateActivation", "*"))
    arn = iam.get_role(RoleName="activates")["Role"]["Arn"]
    keys = client(enforced, "sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    session = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    bound = client(enforced, "ssm", **session)
    with pytest.raises(ClientError, match="iam:PassRole on resource: arn:aws:iam::123456789012:role/ssm"):
        activate(bound)
    permit(iam, "activates", ("ssm:CreateActivation", "*"), ("iam:PassRole", "arn:aws:iam::*:role/ssm"))
    activate(bound)


def test_registering_and_the_token_take_no_permission_and_the_heartbeat_does(enforced, ssm, iam, agent):
    role = make_role(iam, "bound", trust("ssm.amazonaws.com"))
    agent.register(activate(ssm, IamRole=role))
    agent.request_token()
    assert code_of(agent.heartbeat) == "AccessDeniedException"
    permit(iam, role, ("ssm:UpdateInstanceInformation", f"arn:aws:ssm:*:*:managed-instance/{agent.instance_id}"))
    agent.heartbeat()


def test_a_container_instance_that_registers_with_the_token_has_the_id_of_the_managed_instance(url, ssm, agent):
    agent.register(activate(ssm))
    ecs = client(url, "ecs", **agent.request_token())
    client(url, "ecs").create_cluster(clusterName="hybrid")
    answer = ecs.register_container_instance(
        cluster="hybrid",
        instanceIdentityDocument="",
        instanceIdentityDocumentSignature="",
        attributes=[{"name": "ecs.capability.external"}],
    )
    assert answer["containerInstance"]["ec2InstanceId"] == agent.instance_id


def test_what_the_agent_asks_is_logged_like_any_request(url, ssm, agent):
    made = activate(ssm)
    lab(url, "requests", "DELETE")
    agent.register(made)
    agent.request_token()
    agent.heartbeat()
    assert [(one["service"], one["operation"], one["status"]) for one in lab(url, "requests")] == [
        ("unsigned", "RegisterManagedInstance", 200),
        ("ssm", "RequestManagedInstanceRoleToken", 200),
        ("ssm", "UpdateInstanceInformation", 200),
    ]
