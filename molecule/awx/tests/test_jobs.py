# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job templates that need hosts, launched as AWX launches them: each test goes on where the one before it ended."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "lab"))

from awx_api import PROJECT, STORE, Store, write_collection  # noqa: E402 (the lab is not a package)
from awx_jobs import Awx, Job  # noqa: E402
from ecslab import hosts  # noqa: E402

FIRST, SECOND, SERVER = (hosts.Host("trixie", number).name for number in (1, 2, 3))
LAB = ["-i", "build/lab/inventory.yml", "-i", "molecule/inventory.yml"]
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]


@pytest.fixture(scope="module")
def awx(tmp_path_factory):
    """The project, for the lab's cluster; S3 wants TLS, and the lab's hosts have no AWS CLI."""
    folder = tmp_path_factory.mktemp("awx")
    project = folder / "project"
    shutil.copytree(ROOT / "awx", project)
    write_collection(folder)
    certificate = folder / "local-aws.pem"
    with urllib.request.urlopen(f"{ENDPOINT}/_lab/certificate", timeout=30) as answer:
        certificate.write_bytes(answer.read())
    collections = f"{folder}:{os.environ['ANSIBLE_COLLECTIONS_PATH']}"
    here = {STORE: str(folder / "store.json"), PROJECT: str(project), "ANSIBLE_COLLECTIONS_PATH": collections}
    command = ["ansible-playbook", str(project / "configure.yml"), "-e", "fleet_cluster=demo"]
    subprocess.run(command, env={**os.environ, **here, "ANSIBLE_PIPELINING": "1"}, check=True)
    known = json.loads(
        subprocess.run(["ansible-inventory", *LAB, "--list"], cwd=ROOT, capture_output=True, check=True).stdout
    )
    by_hand = {"agent_config_s3_fetch_from": "controller"}
    awx = Awx(folder / "store.json", project, folder / "jobs")
    awx.hosts = {name: {**variables, **by_hand} for name, variables in known["_meta"]["hostvars"].items()}
    awx.groups = {"container_instances": [FIRST, SECOND], "external_instances": [SERVER]}
    awx.secrets = {"ECS account": {"username": "testing", "password": "testing"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", ENDPOINT.replace("http:", "https:"))
        patch.setenv("AWS_CA_BUNDLE", str(certificate))
        yield awx


def told(jobs: list[Job]) -> str:
    return "\n".join(job.output[-4000:] for job in jobs if job.rc)


def one(jobs: list[Job]) -> Job:
    (job,) = jobs
    assert job.rc == 0, told(jobs)
    return job


def test_the_workflow_makes_a_fleet_of_bare_hosts_in_slices_and_says_that_all_is_right(awx):
    answers = {"ecs_rolling": "true", "ecs_serial": "1", "agent_drain_timeout": 60}
    done = awx.launch_workflow("ECS fleet", answers)
    assert list(done) == ["iam", "publish_config", "container_instances", "verify"]
    for jobs in done.values():
        assert not told(jobs), told(jobs)
    slices = [job.hosts for job in done["container_instances"] if job.hosts]
    assert sorted(map(sorted, slices)) == [[FIRST], [SECOND]], "each host is in one slice"
    assert Path("/tmp/ecs-verify.html").exists()


def test_site_as_a_check_job_foresees_nothing_either(awx):
    job = one(awx.launch("ECS site", job_type="check"))
    assert (job.changed, job.hosts) == (0, {"localhost", FIRST, SECOND})


def test_a_limit_is_all_that_verify_looks_at(awx):
    assert one(awx.launch("ECS verify", limit=FIRST, verbosity=1)).hosts == {FIRST}


def test_a_server_joins_with_an_activation_from_a_credential_that_no_output_shows(awx):
    hosts.take_off_ec2(hosts.named(SERVER))
    trust = {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    boto3.client("iam").create_role(RoleName="ecsAnywhereRole", AssumeRolePolicyDocument=document)
    activation = boto3.client("ssm").create_activation(IamRole="ecsAnywhereRole", RegistrationLimit=1)
    own = {"activation_id": activation["ActivationId"], "activation_code": activation["ActivationCode"]}
    credential = {"name": "Own activation", "credential_type": "ECS Anywhere activation"}
    Store(awx.store).put("credential", credential, check=False)
    awx.secrets["Own activation"] = own
    answers = {"anywhere_ecs_exec": "false"}
    foreseen = one(awx.launch("ECS anywhere", answers, credentials=["Own activation"], job_type="check"))
    job = one(awx.launch("ECS anywhere", answers, credentials=["Own activation"], verbosity=3))
    assert job.hosts == {SERVER}
    assert job.changed == foreseen.changed > 0
    (instance,) = boto3.client("ssm").describe_instance_information()["InstanceInformationList"]
    assert instance["ActivationId"] == own["activation_id"]
    assert own["activation_code"] not in job.output


def test_a_server_leaves_and_only_by_a_limit(awx):
    assert "no hosts to target" in awx.launch("ECS decommission", {"decommission_confirm": "true"})[0].output
    answers = {"decommission_confirm": "true", "decommission_drain_timeout": 30}
    foreseen = one(awx.launch("ECS decommission", answers, limit=SERVER, job_type="check"))
    assert boto3.client("ssm").describe_instance_information()["InstanceInformationList"]
    assert one(awx.launch("ECS decommission", answers, limit=SERVER)).changed == foreseen.changed > 0
    assert not boto3.client("ssm").describe_instance_information()["InstanceInformationList"]
