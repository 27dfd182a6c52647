# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The project template for AWX: what configure.yml makes, what its surveys ask, and the jobs that need no host.

The jobs on hosts are in molecule/awx.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import boto3
import pages
import pytest
import yaml
from awx_api import PROJECT, STORE, Refused, Store, playbooks, write_collection
from awx_jobs import Awx
from packaging.specifiers import SpecifierSet
from test_inventory import Fleet
from test_role_cross_account import HERE, REPORTS, THERE, Accounts

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "awx"
PLAYBOOKS = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
YES_NO = ["true", "false"]
OWN_ROLES = ["InstanceRole", "InstanceRole-trunking", "AnywhereRole", "TaskExecutionRole", "TaskRole"]


@pytest.fixture(scope="module")
def configured(tmp_path_factory):
    """Where a reader is who has typed the commands of docs/awx.md: with a project, and an AWX that has what it says."""
    home = tmp_path_factory.mktemp("awx")
    write_collection(home)
    ours = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"], "ansible_collections", "fleetkit")
    (home / ".ansible" / "collections" / "ansible_collections").mkdir(parents=True)
    (home / ".ansible" / "collections" / "ansible_collections" / "fleetkit").symlink_to(ours)
    git = {f"GIT_{who}_{what}": "reader@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {
        **os.environ,
        **git,
        "HOME": str(home),
        STORE: str(home / "store.json"),
        PROJECT: str(home / "ecs-awx"),
        "ANSIBLE_COLLECTIONS_PATH": f"{home}:{os.environ['ANSIBLE_COLLECTIONS_PATH']}",
        "ANSIBLE_PIPELINING": "1",
    }
    for command in pages.commands((pages.DOCS / "awx.md").read_text()):
        run = subprocess.run(
            ["bash", "-c", command], cwd=home, env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, command + run.stdout + run.stderr
    return Awx(home / "store.json", home / "ecs-awx", home / "jobs")


@pytest.fixture
def awx(configured, aws):
    """It, with the account's keys entered."""
    configured.secrets = {"ECS account": {"username": "testing", "password": "testing"}}
    return configured


def surveys() -> list[tuple[str, dict]]:
    """Every question of every job template, with the name of the template's playbook."""
    known = yaml.load((TEMPLATE / "configuration.yml").read_text(), _Loader)
    return [
        (Path(template["playbook"]).stem, question)
        for template in known["awx_job_templates"]
        for question in template["survey"]
    ]


class _Loader(yaml.SafeLoader):
    """YAML in which !unsafe is a text."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def text_of(playbook: str) -> str:
    """A playbook with what it imports."""
    folder = ROOT / "playbooks"
    text = (folder / f"{playbook}.yml").read_text()
    more = re.findall(r"import_playbook: (\w+)\.yml", text) + re.findall(r"tasks: (tasks/\w+)\.yml", text)
    return text + "".join(text_of(one) for one in more)


def option_of(variable: str) -> tuple[str, dict] | None:
    """The role whose option a variable is, and the option."""
    for specs in ROOT.glob("roles/*/meta/argument_specs.yml"):
        options = yaml.safe_load(specs.read_text())["argument_specs"]["main"].get("options", {})
        if variable in options:
            return specs.parents[1].name, options[variable]
    return None


# The project


def test_every_playbook_of_the_collection_is_one_that_awx_finds_and_has_a_job_template(configured):
    assert playbooks(TEMPLATE) == {"configure.yml", *(f"playbooks/{name}.yml" for name in PLAYBOOKS)}
    templates = Store(configured.store).kinds["job_template"]
    assert {name: template["playbook"] for name, template in templates.items()} == {
        f"ECS {name}": f"playbooks/{name}.yml" for name in PLAYBOOKS
    }
    for name in PLAYBOOKS:
        (play,) = yaml.safe_load((TEMPLATE / "playbooks" / f"{name}.yml").read_text())
        assert play["import_playbook"] == f"fleetkit.ecs.{name}"


def test_the_pinned_collections_are_this_version_and_a_tested_one(configured):
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    pinned = yaml.safe_load((TEMPLATE / "collections" / "requirements.yml").read_text())["collections"]
    versions = {one["name"]: one["version"] for one in pinned}
    assert versions["fleetkit.ecs"] == galaxy["version"]
    assert versions["amazon.aws"] in SpecifierSet(galaxy["dependencies"]["amazon.aws"])
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
    assert Store(configured.store).get("execution_environment", "ECS")["image"].endswith(f":{galaxy['version']}")


def test_the_inventory_is_of_the_fleets_cluster(configured):
    source = Store(configured.store).get("inventory_source", "ECS container instances")
    variables = Store(configured.store).get("inventory", "ECS")["variables"]
    assert yaml.safe_load((TEMPLATE / source["source_path"]).read_text())["clusters"] == [variables["agent_cluster"]]


def test_linting_knows_the_modules_whose_parameters_are_known():
    known = json.loads((ROOT / "tests" / "lab" / "awx_modules.json").read_text())["modules"]
    mocked = yaml.safe_load((ROOT / ".ansible-lint").read_text())["mock_modules"]
    assert mocked == [f"awx.awx.{name}" for name in sorted(known)]


# The surveys


@pytest.mark.parametrize(
    ("playbook", "question"), surveys(), ids=lambda one: one if isinstance(one, str) else one["variable"]
)
def test_a_question_is_about_something_that_its_playbook_takes_and_has_its_type(playbook, question):
    variable, text = question["variable"], text_of(playbook)
    role, option = option_of(variable) or ("", {})
    assert variable in text or f"fleetkit.ecs.{role}\n" in text, f"{playbook} does not take {variable}"
    if not option:
        return
    kind = option.get("type", "str")
    assert not option.get("no_log"), "a secret is a credential's"
    expected = "integer" if kind == "int" else "textarea" if kind == "list" else "text"
    choices = YES_NO if kind == "bool" else option.get("choices")
    assert question["type"] == ("multiplechoice" if choices else expected)
    assert question.get("choices") == choices
    default = question.get("default", "")
    if "{{" not in str(default) and "default" in option:
        same = {"bool": str(option["default"]).lower(), "list": ""}
        assert default == same.get(kind, option["default"]), "who leaves a question alone gets the role's default"


def test_nothing_that_the_inventory_says_is_asked_for(configured):
    said = set(Store(configured.store).get("inventory", "ECS")["variables"])
    assert not said & {question["variable"] for _playbook, question in surveys()}


# The jobs


def writes(aws) -> list[str]:
    return [
        operation for operation in aws.operations() if not operation.startswith(("Get", "List", "Describe", "Head"))
    ]


def one(jobs):
    (job,) = jobs
    assert job.rc == 0, job.output[-3000:]
    return job


def reversed_answers(awx, name: str) -> dict[str, str]:
    """The other answer to each question of yes or no."""
    questions = awx.template(name)["survey_spec"]["spec"]
    asked = [question for question in questions if question.get("choices") == YES_NO and question["required"]]
    return {question["variable"]: YES_NO[question["default"] == "true"] for question in asked}


def test_iam_foreseen_by_a_check_job_and_then_done_as_the_survey_was_answered(awx, aws):
    answers = {
        **reversed_answers(awx, "ECS iam"),
        "iam_container_instance": "true",
        "iam_container_instance_permissions": "least_privilege",
        "iam_clusters": "production\nstaging\n",
        "iam_task_role_s3_bucket": "reports",
        "iam_regions": "us-west-2\nus-east-1",
    }
    foreseen = one(awx.launch("ECS iam", answers, job_type="check", verbosity=2))
    assert writes(aws) == []
    done = one(awx.launch("ECS iam", answers))
    assert foreseen.changed == done.changed
    roles = {role["RoleName"] for role in aws.iam.list_roles()["Roles"]}
    assert roles == {f"ecs{name}" for name in OWN_ROLES}
    policies = aws.iam.list_role_policies(RoleName="ecsInstanceRole")["PolicyNames"]
    assert set(policies) == {"ecs-least-privilege", "ecs-config", "ecr-pull"}
    for job in (foreseen, done):
        assert "+++ after" in job.output, "the diff is shown"


def test_publish_config_as_its_survey_and_template_say(awx, aws, tmp_path, monkeypatch):
    for name, value in aws.over_tls(tmp_path).items():
        monkeypatch.setenv(name, value)
    answers = reversed_answers(awx, "ECS publish_config")
    foreseen = one(awx.launch("ECS publish_config", answers, job_type="check"))
    done = one(awx.launch("ECS publish_config", answers))
    assert [job.changed for job in (foreseen, done)] == [1, 1]
    body = boto3.client("s3").get_object(Bucket="fleet-config", Key="production/ecs.config")["Body"].read().decode()
    assert body.splitlines()[1:-1] == [
        "AWS_DEFAULT_REGION=us-west-2",
        "ECS_AWSVPC_BLOCK_IMDS=false",
        "ECS_CLUSTER=production",
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true",
        "ECS_ENABLE_TASK_IAM_ROLE=false",
        "ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST=false",
    ]


def test_cross_account_with_the_keys_of_two_accounts_which_no_output_shows(awx, aws):
    accounts = Accounts(aws)
    accounts.clear()
    keys = accounts.keys[THERE]
    given = {"access_key": keys["aws_access_key_id"], "secret_key": keys["aws_secret_access_key"]}
    awx.secrets["ECS destination account"] = given
    answers = {
        "cross_account_task_role_arn": f"arn:aws:iam::{HERE}:role/tasks/ecsTaskRole",
        "cross_account_destination_role_arn": REPORTS,
        "cross_account_external_id": "fleet-1",
        "cross_account_third_party": "true",
        "cross_account_verify": "true",
    }
    done = one(awx.launch("ECS cross_account", answers, verbosity=3))
    assert done.changed == 2
    assert accounts.task_becomes(REPORTS, ExternalId="fleet-1")
    assert not accounts.task_becomes(REPORTS)
    assert keys["aws_secret_access_key"] not in done.output


def test_the_inventory_source_finds_the_fleets_hosts_with_the_credential_and_region_of_the_template(awx, aws, tmp_path):
    fleet = Fleet(aws, None, tmp_path)
    ours, others = fleet.launch(2)
    fleet.register("production", ours)
    fleet.register("staging", others)
    awx.sync("ECS container instances")
    assert awx.groups["container_instances"] == list(awx.hosts) == [ours]


def test_a_limit_is_not_asked_for_where_it_would_leave_out_the_controller(awx):
    for name in ("ECS iam", "ECS publish_config", "ECS site", "ECS cross_account"):
        with pytest.raises(Refused, match="does not ask for limit"):
            awx.launch(name, {}, limit="host-1")


# The execution environment


def imports_of_plugins() -> set[str]:
    """What the collection's plugins import that is neither Python's nor Ansible's."""
    found = set()
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            found |= {name.split(".")[0] for name in names}
    return found - set(sys.stdlib_module_names) - {"ansible", "ansible_collections"}


def test_ansible_builder_finds_in_the_collection_what_its_plugins_import(tmp_path):
    collections = os.environ["ANSIBLE_COLLECTIONS_PATH"]
    pip, bindep = tmp_path / "pip", tmp_path / "bindep"
    command = ["ansible-builder", "introspect", collections, f"--write-pip={pip}", f"--write-bindep={bindep}"]
    subprocess.run(command, check=True, capture_output=True)
    ours = [line for line in pip.read_text().splitlines() if line.endswith("fleetkit.ecs")]
    assert {re.split("[>=]", line)[0] for line in ours} == {"boto3", "botocore"}
    # yaml comes with ansible-core, and boto3 is what amazon.aws imports for us.
    assert imports_of_plugins() - {"yaml", "jinja2"} <= {"boto3", "botocore"}
    assert "openssh-clients [platform:rpm]  # from collection fleetkit.ecs" in bindep.read_text()


def test_ansible_builder_has_taken_the_definition_of_the_project(configured):
    context = configured.project.parent / "ecs-ee"
    (definition,) = [*context.glob("Containerfile"), *context.glob("Dockerfile")]
    assert "session-manager-plugin.rpm" in definition.read_text()
    pinned = (configured.project / "collections" / "requirements.yml").read_text()
    assert yaml.safe_load((context / "_build" / "requirements.yml").read_text()) == yaml.safe_load(pinned)
