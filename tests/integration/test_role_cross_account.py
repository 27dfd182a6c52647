# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role cross_account by its playbook, between accounts whose trust policies and identity policies count."""

from __future__ import annotations

import json
import os
import re
import subprocess
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

HERE, THERE, PARTNER = "123456789012", "210987654321", "555566667777"
TASK_ROLE = f"arn:aws:iam::{HERE}:role/tasks/ecsTaskRole"
REPORTS = f"arn:aws:iam::{THERE}:role/reports"
BILLING = f"arn:aws:iam::{PARTNER}:role/partners/billing"
SID = re.compile(r"EcsTaskRole\d{12}ecsTaskRole[0-9a-f]{8}")


def document(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(**more) -> dict:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", **more}


TASKS = allow(Principal={"Service": "ecs-tasks.amazonaws.com"})
THEIRS = {THERE: allow(Sid="theirs", Principal={"AWS": THERE}), PARTNER: allow(Principal={"AWS": PARTNER})}
OWN_POLICY = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})


class Accounts:
    """A task role here and a destination role in two other accounts."""

    def __init__(self, aws):
        self.aws = aws
        self.keys = {account: aws.keys_of_account(account) for account in (THERE, PARTNER)}
        self.iam = {HERE: aws.iam, **{account: aws.client("iam", **keys) for account, keys in self.keys.items()}}
        self.iam[THERE].create_role(RoleName="reports", AssumeRolePolicyDocument=document(THEIRS[THERE]))
        self.iam[PARTNER].create_role(
            RoleName="billing", Path="/partners/", AssumeRolePolicyDocument=document(THEIRS[PARTNER])
        )

    def clear(self):
        """As if nothing had been run."""
        try:
            for policy in self.policies():
                self.aws.iam.delete_role_policy(RoleName="ecsTaskRole", PolicyName=policy)
        except self.aws.iam.exceptions.NoSuchEntityException:
            self.aws.iam.create_role(RoleName="ecsTaskRole", Path="/tasks/", AssumeRolePolicyDocument=document(TASKS))
        self.aws.iam.put_role_policy(RoleName="ecsTaskRole", PolicyName="own", PolicyDocument=OWN_POLICY)
        for account, role in ((THERE, "reports"), (PARTNER, "billing")):
            self.iam[account].update_assume_role_policy(RoleName=role, PolicyDocument=document(THEIRS[account]))
        self.aws.operations()

    def policies(self) -> list[str]:
        return sorted(self.aws.iam.list_role_policies(RoleName="ecsTaskRole")["PolicyNames"])

    def delete_task_role(self):
        for policy in self.policies():
            self.aws.iam.delete_role_policy(RoleName="ecsTaskRole", PolicyName=policy)
        self.aws.iam.delete_role(RoleName="ecsTaskRole")

    def trust(self, account: str, role: str) -> list[dict]:
        return self.iam[account].get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]

    def environment(self, prefix: str, account: str) -> dict[str, str]:
        """An account's keys in variables of the environment, as a credential of AWX sets them."""
        keys = self.keys[account]
        return {
            f"{prefix}AWS_ACCESS_KEY_ID": keys["aws_access_key_id"],
            f"{prefix}AWS_SECRET_ACCESS_KEY": keys["aws_secret_access_key"],
        }

    def task_becomes(self, role_arn: str, task_role: str = TASK_ROLE, **more: str) -> bool:
        """May a task that has the task role assume it, as STS says?"""
        sts = self.aws.client("sts", **self.aws.task_of(task_role))
        try:
            sts.assume_role(RoleArn=role_arn, RoleSessionName="test", **more)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDenied"
            return False
        return True


@pytest.fixture(scope="module")
def prepared(aws_server):
    aws_server.reset()
    aws_server.enforce()
    yield Accounts(aws_server)
    aws_server.reset()


@pytest.fixture
def accounts(prepared):
    prepared.clear()
    return prepared


def play(*options: str, environment: dict | None = None, **variables) -> SimpleNamespace:
    """Run the playbook; gives its output and how many tasks changed something."""
    given = {"cross_account_task_role_arn": TASK_ROLE, **variables}
    command = ["ansible-playbook", "fleetkit.ecs.cross_account", "--extra-vars", json.dumps(given), *options]
    quiet = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "1", "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false"}
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **quiet, **(environment or {})}
    )
    changed = re.search(r"changed=(\d+)", run.stdout)
    return SimpleNamespace(
        output=run.stdout + run.stderr, code=run.returncode, changed=int(changed[1]) if changed else None
    )


def ran(*options: str, **variables) -> SimpleNamespace:
    run = play(*options, **variables)
    assert run.code == 0, run.output
    return run


def writes(aws) -> list[str]:
    return [one for one in aws.operations() if not one.startswith(("Get", "List", "AssumeRole"))]


ONE = {"cross_account_destination_role_arn": REPORTS, "cross_account_external_id": "fleet-1"}


def test_check_mode_foresees_what_is_done_a_second_run_does_nothing_and_removal_needs_no_task_role(accounts):
    there = {"environment": accounts.environment("DESTINATION_", THERE)}
    predicted = ran("--check", "--diff", **ONE, **there)
    assert writes(accounts.aws) == []
    done = ran("--diff", cross_account_verify=True, **ONE, **there)
    assert (predicted.changed, done.changed) == (2, 2)
    assert writes(accounts.aws) == ["PutRolePolicy", "UpdateAssumeRolePolicy"]
    for output in (predicted.output, done.output):
        assert f"assume-{THERE}-reports" in output
        assert re.search(r'^\+ +"sts:ExternalId": "fleet-1"$', output, re.MULTILINE), output
    assert f"role reports trusts {TASK_ROLE}" in done.output
    assert accounts.task_becomes(REPORTS, ExternalId="fleet-1")
    assert not accounts.task_becomes(REPORTS), "the external id is asked for"
    assert not accounts.task_becomes(BILLING)

    assert ran(**ONE, **there).changed == 0
    (theirs, ours) = accounts.trust(THERE, "reports")
    assert theirs == THEIRS[THERE]
    assert SID.fullmatch(ours["Sid"])
    assert accounts.policies() == [f"assume-{THERE}-reports", "own"]

    gone = {**ONE, "cross_account_state": "absent"}
    accounts.aws.operations()
    assert ran("--check", **gone, **there).changed == 2
    assert writes(accounts.aws) == []
    accounts.delete_task_role()
    assert ran(**gone, **there).changed == 1
    assert accounts.trust(THERE, "reports") == [THEIRS[THERE]]


def test_several_destinations_each_with_its_own_kind_of_credentials(accounts, tmp_path):
    keys = accounts.keys[THERE]
    credentials = tmp_path / "credentials"
    credentials.write_text(
        f"[reporting]\naws_access_key_id={keys['aws_access_key_id']}\n"
        f"aws_secret_access_key={keys['aws_secret_access_key']}\n"
    )
    deployers = document(allow(Principal={"AWS": HERE}))
    accounts.iam[PARTNER].create_role(RoleName="deployer", AssumeRolePolicyDocument=deployers)
    manage = document({"Effect": "Allow", "Action": ["iam:GetRole", "iam:UpdateAssumeRolePolicy"], "Resource": "*"})
    accounts.iam[PARTNER].put_role_policy(RoleName="deployer", PolicyName="manage", PolicyDocument=manage)
    condition = {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/tasks/*"}}
    several = [
        {"role_arn": REPORTS, "profile": "reporting", "conditions": condition},
        {
            "role_arn": BILLING,
            "third_party": True,
            "external_id": "fleet-1",
            "assume_role_arn": f"arn:aws:iam::{PARTNER}:role/deployer",
        },
    ]
    environment = {"environment": {"AWS_SHARED_CREDENTIALS_FILE": str(credentials)}}
    assert ran(cross_account_destinations=several, cross_account_verify=True, **environment).changed == 2
    assert accounts.task_becomes(REPORTS)
    assert accounts.task_becomes(BILLING, ExternalId="fleet-1")
    assert accounts.trust(THERE, "reports")[1]["Condition"] == condition

    several[0]["state"] = "absent"
    assert ran(cross_account_destinations=several, **environment).changed == 2
    assert not accounts.task_becomes(REPORTS)
    assert accounts.task_becomes(BILLING, ExternalId="fleet-1")


MISTAKES = {
    "cross_account_third_party": "true",
    "cross_account_destinations": [{"role_arn": REPORTS, "conditions": {"StringEquals": {"STS:externalid": "x"}}}],
    "cross_account_verify_call": {"service": "s3", "operation": "DeleteBucket"},
}


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        (
            {"cross_account_destination_credentials_prefix": "UNSET_"},
            [f"in account {HERE}, and role reports is in account {THERE}", "begin with UNSET_AWS_"],
        ),
        (
            MISTAKES,
            ["it is empty, and", "a role is there twice", "put sts:ExternalId into", "DeleteBucket might change"],
        ),
    ],
    ids=["wrong account", "four at once"],
)
def test_what_cannot_work_is_refused_before_the_first_change_on_either_side(accounts, variables, says):
    environment = accounts.environment("DESTINATION_", THERE)
    run = play(environment=environment, **{"cross_account_destination_role_arn": REPORTS, **variables})
    assert run.code == 2, run.output
    assert not [part for part in says if part not in run.output], run.output
    assert writes(accounts.aws) == []


def test_a_trust_policy_that_iam_would_refuse_keeps_the_permission_from_being_written(accounts):
    accounts.iam[THERE].create_role(RoleName="leaver", AssumeRolePolicyDocument=document(THEIRS[THERE]))
    stale = allow(Sid="stale", Principal={"AWS": f"arn:aws:iam::{THERE}:role/leaver"})
    accounts.iam[THERE].update_assume_role_policy(RoleName="reports", PolicyDocument=document(THEIRS[THERE], stale))
    accounts.iam[THERE].delete_role(RoleName="leaver")
    accounts.aws.operations()
    run = play(environment=accounts.environment("DESTINATION_", THERE), **ONE)
    assert run.code == 2, run.output
    assert "deleted" in run.output
    assert writes(accounts.aws) == []


def test_a_task_role_that_does_not_exist_yet_is_foreseen_in_check_mode_and_refused_otherwise(accounts):
    accounts.delete_task_role()
    accounts.aws.operations()
    there = {"environment": accounts.environment("DESTINATION_", THERE)}
    predicted = ran("--check", **ONE, **there)
    assert predicted.changed == 2
    assert "does not exist yet" in predicted.output
    run = play(**ONE, **there)
    assert run.code == 2
    assert "role ecsTaskRole does not exist in account" in run.output
    assert writes(accounts.aws) == []


def test_the_broken_link_is_named_with_what_mends_it_and_no_key_is_ever_shown(accounts):
    deny = {**allow(Sid="NoTasks", Principal={"AWS": HERE}), "Effect": "Deny"}
    accounts.iam[THERE].update_assume_role_policy(RoleName="reports", PolicyDocument=document(THEIRS[THERE], deny))
    keys = accounts.environment("STAGING_", THERE)
    destination = {"role_arn": REPORTS, "credentials_prefix": "STAGING_"}
    run = play("-vvv", "--diff", cross_account_verify=True, environment=keys, cross_account_destinations=[destination])
    assert run.code == 2
    assert "it is denied by the Deny NoTasks of the trust policy" in run.output
    assert "change or remove that statement" in run.output
    assert not [key for key in keys.values() if key in run.output]
