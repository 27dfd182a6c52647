# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages tell their reader to write and to type, where it needs AWS and no host: it works, once is enough."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import boto3
import pages
import pytest
import yaml
from test_role_cross_account import HERE, TASKS, Accounts, allow, document

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / "build" / "lanes" / "uv" / "bin" / "uv"


@pytest.fixture
def type_(playbook_environment, tmp_path):
    """Types a command where the files of a page are; gives what it said and how many tasks changed something."""

    def run(command: str, code: int = 0, **environment: str) -> tuple[str, int]:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=tmp_path,
            env={**playbook_environment, "ANSIBLE_PIPELINING": "1", **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, f"{command}\n{said}"
        return said, sum(int(number) for number in re.findall(r"changed=(\d+)", done.stdout))

    return run


def write(folder: Path, text: str) -> None:
    for name, content in pages.files(text).items():
        (folder / name).write_text(content)


def test_the_playbooks_of_ci_md_are_those_that_there_are(type_, tmp_path):
    write(tmp_path, pages.section("ci.md", "With an account"))
    assert {path.name for path in tmp_path.iterdir()} == {"converge.yml", "verify.yml"}
    said, _changed = type_("ansible-playbook --syntax-check converge.yml verify.yml")
    assert "playbook: converge.yml" in said


# Page, heading, and which of its blocks are tasks for the controller. One after the other in one account: each page's
# tasks in check mode, for real, and once more.
TASKS_OF_PAGES = [
    ("account_settings.md", "Trunking, step by step", 0),
    ("account_settings.md", "Trunking, step by step", 3),
    ("hybrid_activations.md", "Where the code goes", 0),
    ("iam_roles.md", "Several task roles", 0),
    ("iam_roles.md", "Single resources", 0),
    ("least_privilege.md", "", 0),
    ("many_roles.md", "", 0),
    ("rolling.md", "", 0),
]


@pytest.fixture
def what_pages_take_for_granted(aws):
    """A container instance that is draining, and the role of external instances."""
    ecs = boto3.client("ecs", endpoint_url=aws.url)
    ecs.create_cluster(clusterName="production")
    identity = json.dumps({"instanceId": "i-0123456789abcdef0"})
    host = ecs.register_container_instance(cluster="production", instanceIdentityDocument=identity)
    arn = host["containerInstance"]["containerInstanceArn"]
    ecs.update_container_instances_state(cluster="production", containerInstances=[arn], status="DRAINING")
    trust = document(allow(Principal={"Service": "ssm.amazonaws.com"}))
    aws.iam.create_role(RoleName="ecsAnywhereRole", AssumeRolePolicyDocument=trust)


@pytest.mark.usefixtures("what_pages_take_for_granted")
def test_tasks_on_pages_run_as_written_as_check_mode_foresees_and_once_is_enough(type_, tmp_path):
    plays = []
    for page, heading, number in TASKS_OF_PAGES:
        tasks = yaml.safe_load(pages.blocks(pages.section(page, heading), "yaml")[number])
        for check_mode in (True, False, False):
            plays.append(
                {
                    "name": f"{page} {heading} {number}",
                    "hosts": "localhost",
                    "gather_facts": False,
                    "check_mode": check_mode,
                    "tasks": tasks,
                }
            )
    (tmp_path / "pages.json").write_text(json.dumps(plays))
    said, _changed = type_("ansible-playbook pages.json", ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
    done = json.loads(said[said.index("{\n") : said.rindex("\n}") + 2])["plays"]
    changed = [
        sum(bool(result.get("changed")) for task in play["tasks"] for result in task["hosts"].values()) for play in done
    ]
    by_page = {play["play"]["name"]: changed[at : at + 3] for at, play in enumerate(done) if at % 3 == 0}
    assert len(by_page) == len(TASKS_OF_PAGES)
    assert {page: counts for page, counts in by_page.items() if not counts[0] == counts[1] > counts[2] == 0} == {}


def test_iam_roles_md_makes_the_roles_that_it_names(aws, type_, tmp_path):
    page = pages.section("iam_roles.md")
    write(tmp_path, page)
    look, do = pages.commands(page)
    assert type_(look)[1] == type_(do)[1] > 0
    assert type_(do)[1] == 0
    made = {role["RoleName"] for role in aws.iam.list_roles()["Roles"]}
    assert made == {"ecsInstanceRole", "ecsTaskExecutionRole", "ecsTaskRole"}


def test_migration_md_what_amazon_aws_made_is_right_already(aws, type_, tmp_path):
    page = pages.section("migration.md", "From amazon.aws")
    write(tmp_path, page)
    before, after = pages.commands(page)
    assert type_(before)[1] == 3
    assert type_(after)[1] == 0
    assert type_("ansible-playbook after.yml")[1] == 0
    policies = aws.iam.list_attached_role_policies(RoleName="ecsInstanceRole")["AttachedPolicies"]
    assert len(policies) == 1


def test_scaling_md_a_host_in_pull_mode_gets_as_far_as_its_own_first_refusal(type_, tmp_path):
    """This machine must not become a container instance, so it is given a variable that the role refuses at once."""
    page = pages.section("scaling.md", "Pull mode")
    fleet = tmp_path / "fleet"
    fleet.mkdir()
    write(fleet, page)
    git = "git -c user.name=test -c user.email=test@example.org"
    type_(f"cd fleet && git init --quiet && git add --all && {git} commit --quiet --message=fleet")
    (command,) = pages.commands(page)
    command = command.replace("https://git.example.org/fleet.git", f"file://{fleet}")
    said, changed = type_(
        f"{command} --directory {tmp_path}/checkout -e agent_method=by_hand -e ansible_become=false",
        code=2,
    )
    assert "by_hand" in said
    assert "package" in said
    assert "Check what was asked for" in said or "agent_method" in said
    assert changed <= 1  # the checkout


def test_readme_md_is_installed_and_its_playbooks_are_found(type_, tmp_path):
    """The built artifact stands for Galaxy's, and the lane's own uv for pip."""
    install, pip = pages.commands(pages.section("README.md", "Install"))
    type_(f"ansible-galaxy collection build {ROOT} --output-path {tmp_path}")
    (artifact,) = tmp_path.glob("*.tar.gz")
    type_(f"{install.replace('fleetkit.ecs', str(artifact))} --no-deps --collections-path {tmp_path}/collections")
    type_(f"{UV} {pip.replace('pip install', 'pip install --dry-run')} --python {sys.executable}")
    said, _changed = type_(
        "ansible-playbook fleetkit.ecs.iam --list-tasks", ANSIBLE_COLLECTIONS_PATH=f"{tmp_path}/collections"
    )
    assert "iam" in said


@pytest.mark.parametrize(
    "page", ["README.md Use", "anywhere.md Join", "s3_config.md On the host", "scaling.md Pull mode"]
)
def test_the_inventory_of_a_page_has_variables_that_there_are(page, type_, tmp_path):
    name, _space, heading = page.partition(" ")
    (tmp_path / "inventory.yml").write_text(pages.files(pages.section(name, heading))["inventory.yml"])
    said, _changed = type_("ansible-inventory -i inventory.yml --list")
    given = {name for group in json.loads(said).values() for name in group.get("hosts", []) if isinstance(group, dict)}
    read = yaml.safe_load((tmp_path / "inventory.yml").read_text())
    variables = {name for group in read.values() for name in group.get("vars", {})}
    known = set()
    for role in ("agent", "task_network", "ssm_agent"):
        specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())
        known |= set(specs["argument_specs"]["main"]["options"])
    assert given or "hosts" not in str(read)
    assert {name for name in variables if not name.startswith("ansible_")} <= known


def test_the_variables_of_account_settings_md_are_those_of_the_role():
    block = pages.blocks(pages.section("account_settings.md", "Trunking, step by step"), "yaml")[1]
    specs = yaml.safe_load((ROOT / "roles" / "agent" / "meta" / "argument_specs.yml").read_text())
    assert set(yaml.safe_load(block)) <= set(specs["argument_specs"]["main"]["options"])


def test_the_credential_type_of_cross_account_md_gives_what_the_role_looks_for():
    (block,) = pages.blocks(pages.section("cross_account.md", "Credentials of two accounts"), "yaml")
    credential = yaml.safe_load(block)
    defaults = yaml.safe_load((ROOT / "roles" / "cross_account" / "defaults" / "main.yml").read_text())
    prefix = defaults["cross_account_destination_credentials_prefix"]
    assert set(credential["env"]) == {f"{prefix}AWS_ACCESS_KEY_ID", f"{prefix}AWS_SECRET_ACCESS_KEY"}
    assert set(credential["required"]) == {field["id"] for field in credential["fields"] if field["secret"]}


def test_the_example_of_role_cross_account_lets_a_task_into_two_accounts(aws, type_, tmp_path):
    partner, reports = "arn:aws:iam::555566667777:role/partner", "arn:aws:iam::210987654321:role/reports"
    aws.iam.create_role(RoleName="ecsTaskRole", AssumeRolePolicyDocument=document(TASKS))
    accounts = Accounts(aws)
    there = accounts.iam["555566667777"]
    there.create_role(RoleName="partner", AssumeRolePolicyDocument=document(allow(Principal={"AWS": "555566667777"})))
    there.create_role(RoleName="deployer", AssumeRolePolicyDocument=document(allow(Principal={"AWS": HERE})))
    everything = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    there.put_role_policy(RoleName="deployer", PolicyName="all", PolicyDocument=everything)
    keys = accounts.keys["210987654321"]
    profile = "\n".join(["[reporting]", *(f"{name} = {value}" for name, value in keys.items())])
    (tmp_path / "credentials").write_text(profile)
    tasks = yaml.safe_load(pages.blocks(pages.section("roles/cross_account/README.md", "Example"), "yaml")[0])
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    (tmp_path / "page.yml").write_text(yaml.safe_dump([play]))
    with_profile = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    assert type_("ansible-playbook page.yml", **with_profile)[1] > 0
    assert type_("ansible-playbook page.yml", **with_profile)[1] == 0
    task_role = f"arn:aws:iam::{HERE}:role/ecsTaskRole"
    assert accounts.task_becomes(reports, task_role)
    assert accounts.task_becomes(partner, task_role, ExternalId="fleet-1")
