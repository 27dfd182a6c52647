# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hybrid activations against a local AWS whose codes register servers, expire and are used up."""

from __future__ import annotations

import json
import stat
import subprocess

import pages
import pytest
import yaml
from hybrid import forget
from module_runner import run_module
from ssm_agent_wire import Agent, WireError

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.documents import as_list
from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies import build

ACCOUNT = "123456789012"
ROLE = "ecsAnywhereRole"
TAGS = {"fleet": "shops"}
PARAMETER = "/fleetkit/activations/shops"
IN_PARAMETER = {"role": ROLE, "tags": TAGS, "code_parameter": PARAMETER}
ONLY_AMAZON_KNOWS = ("expiration_date", "activation_id", "activation_code", "api_calls", "waited", "warnings")


@pytest.fixture(scope="module")
def with_role(aws_server):
    """The local AWS with the role that registered servers get. Other roles are made by one test each."""
    aws_server.reset()
    trust = build("trust_ssm", {"account_id": ACCOUNT, "region": "us-west-2"})
    aws_server.iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    return aws_server


@pytest.fixture
def aws(with_role):
    forget(with_role)
    return with_role


@pytest.fixture
def ssm(aws):
    return aws.client("ssm")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "activation.json"


def activation(check=False, **params):
    run = run_module("ssm_activation", check=check, **params)
    assert not run.failed, run.msg
    return run


def secretly(check=False, **params):
    """With no_log on the task."""
    return activation(check=check, _ansible_no_log=True, **params)


def kept_in(ssm) -> dict:
    """What the parameter has."""
    return json.loads(ssm.get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"]["Value"])


def described(ssm) -> list[dict]:
    return ssm.describe_activations()["ActivationList"]


def as_amazon(kept: dict) -> dict:
    """What the agent takes."""
    return {"ActivationId": kept["activation_id"], "ActivationCode": kept["activation_code"]}


def foreseen(run) -> dict:
    return {key: value for key, value in run.json.items() if key not in ONLY_AMAZON_KNOWS}


def test_it_is_foreseen_created_once_and_used_again(aws, ssm):
    predicted = activation(check=True, **IN_PARAMETER)
    assert described(ssm) == []
    real = activation(**IN_PARAMETER)
    assert foreseen(predicted) == foreseen(real)
    assert (predicted.expiration_date, real.reason) == (None, f"{PARAMETER} has no code")
    assert real.changes == [
        {"action": "create", "kind": "activation", "name": "fleet=shops"},
        {"action": "create", "kind": "activation_code", "name": PARAMETER},
    ]
    aws.operations()
    for check in (True, False):
        again = activation(check=check, **IN_PARAMETER)
        assert (again.changed, again.diff, again.reason) == (False, None, None)
        assert again.activation == real.activation
        assert again.expiration_date == real.expiration_date
        assert aws.operations() == ["GetParameter", "DescribeActivations"]
    assert ssm.get_parameter(Name=PARAMETER)["Parameter"]["Type"] == "SecureString"
    Agent(aws.url).register(as_amazon(kept_in(ssm)))


def test_a_file_keeps_the_code_for_its_owner_alone_and_makes_a_second_run_one_call(aws, ssm, file):
    params = {"role": ROLE, "tags": TAGS, "code_file": str(file), "registration_limit": 3}
    activation(**params)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    aws.operations()
    assert not activation(**params).changed
    assert aws.operations() == ["DescribeActivations"]
    file.chmod(0o644)
    assert activation(check=True, **params).changed
    assert activation(**params).changes == [{"action": "update", "kind": "activation_code", "name": str(file)}]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    Agent(aws.url).register(as_amazon(json.loads(file.read_text())))
    assert len(described(ssm)) == 1


@pytest.mark.parametrize("role", [ROLE, f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"])
def test_all_that_is_asked_for_is_what_amazon_has(ssm, role):
    options = {"registration_limit": 7, "default_instance_name": "shop", "description": "The shops' servers"}
    made = activation(**{**IN_PARAMETER, "role": role, "expires_in": 720}, **options)
    (found,) = described(ssm)
    assert (found["IamRole"], found["RegistrationLimit"]) == (ROLE, 7)
    assert (found["DefaultInstanceName"], found["Description"]) == ("shop", "The shops' servers")
    assert found["Tags"] == [{"Key": "fleet", "Value": "shops"}]
    assert f"{found['ExpirationDate']:%Y-%m-%dT%H:%M:%SZ}" == made.expiration_date
    assert made.activation == {"role": ROLE, "registrations_count": 0, "tags": TAGS, **options}


# Secrets


def test_neither_id_nor_code_is_in_a_result_unless_the_task_is_no_log(ssm):
    runs = [activation(**IN_PARAMETER), activation(**IN_PARAMETER)]
    kept = kept_in(ssm)
    for run in [*runs, activation(**IN_PARAMETER, state="absent")]:
        assert not any(secret in json.dumps(run.json) for secret in kept.values())
        assert not {"activation_id", "activation_code"} & set(run.json)


def test_a_task_with_no_log_has_them_from_the_store_too(ssm):
    made = secretly(**IN_PARAMETER)
    assert {name: made.json[name] for name in ("activation_id", "activation_code")} == kept_in(ssm)
    again = secretly(**IN_PARAMETER)
    assert (again.activation_id, again.activation_code) == (made.activation_id, made.activation_code)
    assert not again.changed


def test_without_a_store_a_task_with_no_log_gets_a_new_one_each_time_and_any_other_none(aws, ssm):
    params = {"role": ROLE, "tags": TAGS}
    predicted = secretly(check=True, **params)
    assert (predicted.activation_id, predicted.activation_code) == (None, None)
    first, second = secretly(**params), secretly(**params)
    assert first.activation_id != second.activation_id
    Agent(aws.url).register({"ActivationId": second.activation_id, "ActivationCode": second.activation_code})
    refused = run_module("ssm_activation", **params)
    assert refused.failed
    assert "no_log: true" in refused.msg
    assert len(described(ssm)) == 2


def test_a_playbook_hands_the_code_on_and_no_output_has_it(aws, ssm, playbook_environment, tmp_path):
    tasks = [
        {
            "name": "Create",
            "fleetkit.ecs.ssm_activation": {**IN_PARAMETER},
        },
        {
            "name": "Hand on",
            "fleetkit.ecs.ssm_activation": {**IN_PARAMETER},
            "register": "activation",
            "no_log": True,
        },
        {
            "name": "Use",
            "ansible.builtin.copy": {
                "content": "{{ activation.activation_id }} {{ activation.activation_code }}",
                "dest": str(tmp_path / "used"),
                "mode": "0600",
            },
            "no_log": True,
        },
    ]
    play = tmp_path / "play.yml"
    play.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    command = ["ansible-playbook", "-vvv", "--diff", str(play)]
    run = subprocess.run(command, env=playbook_environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    kept = kept_in(ssm)
    assert (tmp_path / "used").read_text() == f"{kept['activation_id']} {kept['activation_code']}"
    for secret in kept.values():
        assert secret not in run.stdout + run.stderr


def test_a_code_that_cannot_be_kept_takes_its_activation_along(aws, ssm):
    aws.behave(faults=[{"operation": "PutParameter", "times": 1, "answer": "denied"}])
    failed = run_module("ssm_activation", **IN_PARAMETER)
    assert failed.failed
    assert described(ssm) == []
    assert aws.operations()[-3:] == ["PutParameter", "DeleteActivation", "DescribeActivations"]
    assert failed.msg.startswith("Could not create activation code")


@pytest.mark.parametrize("value", [{"Type": "String"}, {"Type": "SecureString"}])
def test_a_parameter_of_somebody_else_is_refused_before_anything_is_created(ssm, value):
    ssm.put_parameter(Name=PARAMETER, Value="a password of theirs", **value)
    refused = run_module("ssm_activation", **IN_PARAMETER)
    assert refused.failed
    assert "a password of theirs" not in json.dumps(refused.json)
    assert described(ssm) == []


# Rotation


def test_one_that_expires_soon_is_replaced_and_left_to_who_is_about_to_register(aws, ssm):
    activation(**IN_PARAMETER, expires_in=2)
    first = kept_in(ssm)
    run = activation(**IN_PARAMETER, rotate_before=3)
    assert run.reason == "it expires within 3 hours (rotate_before)"
    assert len(described(ssm)) == 2
    assert kept_in(ssm) != first
    Agent(aws.url).register(as_amazon(first))
    assert not activation(**IN_PARAMETER, rotate_before=3).changed


def test_one_that_is_used_up_or_expired_is_replaced_and_deleted(aws, ssm):
    activation(**IN_PARAMETER)
    first = kept_in(ssm)
    Agent(aws.url).register(as_amazon(first))
    predicted, run = activation(check=True, **IN_PARAMETER), activation(**IN_PARAMETER)
    assert foreseen(predicted) == foreseen(run)
    assert run.reason == "it has 0 registrations left, 1 are needed"
    assert [(one["action"], one["kind"]) for one in run.changes] == [
        ("create", "activation"),
        ("update", "activation_code"),
        ("delete", "activation"),
    ]
    assert [one["ActivationId"] for one in described(ssm)] == [kept_in(ssm)["activation_id"]]
    assert run.diff["before"] != run.diff["after"]
    second = kept_in(ssm)
    aws.behave(ssm_clock_ahead=86400)
    assert activation(**IN_PARAMETER, expires_in=48).reason == "it has expired"
    assert second["activation_id"] not in {one["ActivationId"] for one in described(ssm)}


def test_enough_registrations_for_the_hosts_of_the_play_or_a_new_one(aws, ssm):
    activation(**IN_PARAMETER, registration_limit=3)
    Agent(aws.url).register(as_amazon(kept_in(ssm)))
    assert not activation(**IN_PARAMETER, registration_limit=3, registrations_needed=2).changed
    run = activation(**IN_PARAMETER, registration_limit=3, registrations_needed=3)
    assert run.reason == "it has 2 registrations left, 3 are needed"


def test_another_role_is_another_activation_and_the_former_ends(aws, ssm):
    activation(**IN_PARAMETER)
    first = kept_in(ssm)
    aws.iam.create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(build("trust_ssm", {})))
    assert activation(**{**IN_PARAMETER, "role": "other"}).reason == f"its role is {ROLE}"
    with pytest.raises(WireError, match="InvalidActivation"):
        Agent(aws.url).register(as_amazon(first))


def test_activations_of_other_tags_are_not_ours(ssm):
    theirs = ssm.create_activation(IamRole=ROLE, Tags=[{"Key": "fleet", "Value": "shops"}, {"Key": "a", "Value": "b"}])
    activation(**IN_PARAMETER)
    activation(**IN_PARAMETER, state="absent")
    assert [one["ActivationId"] for one in described(ssm)] == [theirs["ActivationId"]]


def test_a_lost_code_is_said_and_its_activation_found_among_many(aws, ssm):
    for _number in range(60):
        ssm.create_activation(IamRole=ROLE)
    activation(**IN_PARAMETER)
    ssm.delete_parameter(Name=PARAMETER)
    aws.operations()
    run = activation(**IN_PARAMETER)
    assert "1 more activation(s) with these tags can be used" in run.warnings[0]
    assert aws.operations() == [
        "GetParameter", "DescribeActivations", "DescribeActivations", "CreateActivation", "PutParameter"
    ]  # fmt: skip


# The end


def test_absent_deletes_them_and_the_code_and_a_second_time_nothing(aws, ssm, file):
    for store in ({"code_parameter": PARAMETER}, {"code_file": str(file)}):
        params = {"tags": TAGS, **store}
        activation(role=ROLE, **params)
        predicted = activation(check=True, state="absent", **params)
        run = activation(state="absent", **params)
        assert foreseen(predicted) == foreseen(run)
        assert [one["kind"] for one in run.changes] == ["activation", "activation_code"]
        assert described(ssm) == []
        again = activation(state="absent", **params)
        assert (again.changed, again.diff) == (False, None)
    assert not file.exists()
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name=PARAMETER)


# What is refused, and waited for


def test_bad_input_is_refused_before_the_first_call(aws, ssm):
    for changed, message in [
        ({"role": "arn:aws:iam::1234567890123456:role/x"}, "its account has 16 digits"),
        ({"expires_in": 721}, "30 days"),
        ({"expires_in": -1}, "-1 is not between"),
        ({"registration_limit": 1001}, "1001 is not between"),
        ({"code_file": "/tmp/x"}, "mutually exclusive"),
        ({"tags": {}}, "at least one tag"),
    ]:
        run = run_module("ssm_activation", **{**IN_PARAMETER, **changed})
        assert run.failed
        assert message in run.msg
    assert aws.operations() == []


def test_a_role_that_iam_has_just_created_is_waited_for(aws, ssm):
    aws.behave(visible_after=1.5)
    aws.client("iam").create_role(RoleName="new", AssumeRolePolicyDocument=json.dumps(build("trust_ssm", {})))
    run = activation(**{**IN_PARAMETER, "role": "new"})
    assert run.waited > 0
    assert [one["IamRole"] for one in described(ssm)] == ["new"]


def test_a_role_that_does_not_trust_systems_manager_is_explained(aws, ssm):
    aws.iam.create_role(RoleName="ec2", AssumeRolePolicyDocument=json.dumps(build("trust_ec2", {})))
    run = run_module("ssm_activation", **{**IN_PARAMETER, "role": "ec2", "wait_timeout": 0})
    assert run.failed
    assert "Systems Manager cannot assume ec2" in run.msg
    assert "'trust_ssm'" in run.msg


# Permissions


def test_the_policy_of_the_page_suffices_and_each_action_of_it_is_needed(aws, ssm):
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    aws.iam.create_role(RoleName="operator", AssumeRolePolicyDocument=json.dumps(trust))
    policy = json.loads(pages.section("hybrid_activations.md", "Permissions").split("```json")[1].split("```")[0])
    as_operator = {"assume_role_arn": f"arn:aws:iam::{ACCOUNT}:role/operator", **IN_PARAMETER}
    aws.enforce()
    actions = [action for one in policy["Statement"] for action in as_list(one["Action"])]
    assert len(actions) == 7
    for action in actions:
        permit(aws, without(policy, action))
        denied = [run_module("ssm_activation", **as_operator, state=state) for state in ("present", "absent")]
        assert action in " ".join(run.msg for run in denied if run.failed)
        permit(aws, policy)
        activation(**as_operator, state="absent")
    activation(**as_operator)
    assert len(described(ssm)) == 1


def without(policy: dict, action: str) -> dict:
    """The policy with an action fewer."""
    left = [
        {**one, "Action": [name for name in as_list(one["Action"]) if name != action]} for one in policy["Statement"]
    ]
    return {**policy, "Statement": [one for one in left if one["Action"]]}


def permit(aws, policy: dict) -> None:
    aws.iam.put_role_policy(RoleName="operator", PolicyName="operator", PolicyDocument=json.dumps(policy))
