# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a bare server to an external instance and back, by the commands of docs/anywhere.md: each test goes on where the
one before it ended."""

from __future__ import annotations

import datetime
import json
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("tools", "bench", "lab")]

import pages  # noqa: E402 (the tools are not a package)
import ssm_agent_wire  # noqa: E402
from common import on_the_host  # noqa: E402

LOG = ROOT / "build" / "anywhere.log"
PARAMETER = "/fleetkit/anywhere"
TASKS_ALLOWED = 8
PAGE = "anywhere.md"
INVENTORY = ["-i", "build/lab/inventory.yml", "-i", "molecule/inventory.yml"]


def lab(*arguments: str) -> None:
    subprocess.run([sys.executable, "tests/lab/lab.py", *arguments], cwd=ROOT, check=True)


def names() -> dict[str, str]:
    """The hosts by suite."""
    known = json.loads((ROOT / "build" / "lab" / "lab.json").read_text())
    return {host["suite"]: host["name"] for host in known["hosts"]}


HOSTS = names()
GOOD, LATE = HOSTS["trixie"], HOSTS["bookworm"]


def on(host: str, command: str, check: bool = True) -> str:
    done = subprocess.run(["docker", "exec", host, "sh", "-c", command], capture_output=True, text=True, check=check)
    return done.stdout.strip()


def play(command: list[str], code: int = 0, **environment: str) -> str:
    """Run a playbook here; everything that it says is kept for the search for secrets."""
    settings = {"ANSIBLE_FORKS": "6", "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1", **environment}
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    output = done.stdout + done.stderr
    with LOG.open("a", encoding="utf-8") as log:
        log.write(output)
    assert done.returncode == code, output[-6000:]
    return output


def typed(section: str, number: int, *more: str) -> list[str]:
    """A command of the page, with the lab's inventory in the place of the reader's."""
    words = shlex.split(pages.commands(pages.section(PAGE, section))[number])
    assert words[:3] == ["ansible-playbook", "-i", "inventory.yml"]
    words = [GOOD if word == "server-1" else word for word in words]
    return ["ansible-playbook", *INVENTORY, *words[3:], *more]


def changes(output: str) -> set[tuple[str, str]]:
    """What a run says that it changed: host and task; what is done for a host on the controller is the controller's."""
    found, task = set(), ""
    for line in output.splitlines():
        named = re.match(r"(?:TASK|RUNNING HANDLER) \[(.*)\] \*", line)
        changed = re.match(r"changed: \[(?:\S+ -> )?([^\](]+)", line)
        task = named[1] if named else task
        if changed:
            found.add((changed[1], task))
    return found


def external(host: str) -> dict:
    """The container instance that the host is, as ECS has it; the host's agents agree."""
    metadata = "curl --silent --fail --retry 60 --retry-delay 1 --retry-all-errors http://127.0.0.1:51678/v1/metadata"
    arn = json.loads(on(host, metadata))["ContainerInstanceArn"]
    (found,) = boto3.client("ecs").describe_container_instances(cluster="demo", containerInstances=[arn])[
        "containerInstances"
    ]
    assert found["status"] == "ACTIVE"
    assert found["ec2InstanceId"] == identity(host)
    assert "ecs.capability.external" in {attribute["name"] for attribute in found["attributes"]}
    return found


def identity(host: str) -> str:
    return json.loads(on(host, "ssm-cli get-instance-information"))["instance-id"]


def managed() -> set[str]:
    listed = boto3.client("ssm").describe_instance_information()["InstanceInformationList"]
    return {instance["InstanceId"] for instance in listed}


def behave(**behaviour: float) -> None:
    url, body = f"{os.environ['AWS_ENDPOINT_URL']}/_lab/behaviour", json.dumps(behaviour).encode()
    urllib.request.urlopen(urllib.request.Request(url, body, method="PUT"), timeout=30).close()


@pytest.fixture(scope="module", autouse=True)
def bare():
    """Untouched servers, one of which has keys that the agent would take; and containers of the user's own."""
    LOG.unlink(missing_ok=True)
    on(LATE, "mkdir -p /etc/ecs && echo AWS_SECRET_ACCESS_KEY=mine >/etc/ecs/ecs.config")
    on(GOOD, "docker run --detach --restart=always --name mine lab/task:latest sleep infinity")


@pytest.fixture(scope="module")
def foreseen(bare):
    return changes(play(typed("Join", 0, "-e", f"anywhere_activation_parameter={PARAMETER}"), code=2))


def test_servers_join_as_check_mode_foresaw_and_the_one_that_cannot_is_named_with_the_reason(foreseen):
    output = play(typed("Join", 1, "-vvv", "-e", f"anywhere_activation_parameter={PARAMETER}"), code=2)
    assert changes(output) == foreseen
    outcome = output[output.index("PLAY [Outcome]") :]
    assert re.search(rf"fatal: \[{LATE}\].*", outcome)
    assert "/etc/ecs/ecs.config sets AWS_SECRET_ACCESS_KEY" in outcome
    joined = {external(host)["ec2InstanceId"] for host in HOSTS.values() if host != LATE}
    assert joined == managed()
    assert len(joined) == 2


def test_the_one_that_could_not_joins_later_and_the_others_are_left_alone():
    on(LATE, "rm /etc/ecs/ecs.config")
    assert {host for host, _task in changes(play(typed("Join", 1)))} == {LATE, "localhost"}
    assert external(LATE)["ec2InstanceId"] in managed()


def example_of(role: str, hosts: str, folder: Path) -> list[str]:
    """The example in a role's README, for one of the lab's hosts."""
    text = pages.section(f"roles/{role}/README.md", "Example")
    playbook = folder / f"{role}.yml"
    playbook.write_text(pages.blocks(text, "yaml")[0].replace(f"hosts: {hosts}", f"hosts: {GOOD}"))
    return ["ansible-playbook", *INVENTORY, str(playbook)]


def test_the_example_of_the_role_leaves_a_registered_host_as_it_is(tmp_path):
    example = example_of("ssm_agent", "external_instances", tmp_path)  # roles/ssm_agent/README.md
    unused = ["-e", "vault_activation_id=unused", "-e", "vault_activation_code=unused"]
    assert not changes(play([*example, *unused]))


def test_joining_again_changes_nothing_takes_no_activation_and_few_tasks():
    made = len(boto3.client("ssm").describe_activations()["ActivationList"])
    output = play(typed("Join", 1), ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
    tasks = [task for play_ in json.loads(output[output.index("{") :])["plays"] for task in play_["tasks"]]
    for host in HOSTS.values():
        results = [task["hosts"][host] for task in tasks if host in task["hosts"]]
        assert not [result for result in results if result.get("changed")]
        assert on_the_host(results) <= TASKS_ALLOWED
    assert len(boto3.client("ssm").describe_activations()["ActivationList"]) == made


def test_after_a_reboot_the_host_is_who_it_was():
    before = external(GOOD)["containerInstanceArn"]
    lab("reboot", GOOD)
    assert external(GOOD)["containerInstanceArn"] == before


def test_a_registration_that_fails_says_why_and_loses_nothing(tmp_path):
    ssm, iam_role = boto3.client("ssm"), "ecsAnywhereRole"
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=20)
    used = ssm.create_activation(IamRole=iam_role, ExpirationDate=later)
    use_up(used)
    tried = {
        "expired": (ssm.create_activation(IamRole=iam_role), "ActivationExpired"),
        "exhausted": (used, "RegistrationLimitExceeded"),
        "of another region": (
            boto3.client("ssm", region_name="eu-west-1").create_activation(IamRole=iam_role, ExpirationDate=later),
            "InvalidActivation",
        ),
    }
    activations = [
        {"why": why, "id": made["ActivationId"], "code": made["ActivationCode"], "says": says}
        for why, (made, says) in tried.items()
    ]
    variables = tmp_path / "variables.json"
    known = {"activations": activations, "server": GOOD, "managed_instance_id": identity(GOOD)}
    variables.write_text(json.dumps(known))
    behave(ssm_clock_ahead=25 * 3600)
    try:
        play(["ansible-playbook", *INVENTORY, "molecule/anywhere/activations.yml", "-e", f"@{variables}"])
    finally:
        behave(ssm_clock_ahead=0)
    external(GOOD)


def use_up(activation: dict) -> None:
    """Somebody registers with it, and leaves, which does not give the registration back."""
    instance = ssm_agent_wire.Agent(os.environ["AWS_ENDPOINT_URL"]).register(activation)
    boto3.client("ssm").deregister_managed_instance(InstanceId=instance)


def test_a_host_that_is_registered_again_leaves_nothing_of_whom_it_was():
    before = external(GOOD)
    play(typed("Register again", 0))
    after = external(GOOD)
    assert after["ec2InstanceId"] != before["ec2InstanceId"]
    assert before["ec2InstanceId"] not in managed()
    known = boto3.client("ecs").list_container_instances(cluster="demo")["containerInstanceArns"]
    assert before["containerInstanceArn"] not in known
    assert len(known) == len(HOSTS)


def test_no_secret_is_in_any_output():
    """Id and code of the activation, and what the host got with it, at -vvv and in the host's own journal."""
    text = LOG.read_text()
    stored = json.loads(boto3.client("ssm").get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"]["Value"])
    with urllib.request.urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/_lab/sessions", timeout=30) as answer:
        sessions = json.load(answer)
    keys = [json.loads(on(host, "cat /var/lib/amazon/ssm/Vault/Store/RegistrationKey")) for host in HOSTS.values()]
    secrets = [*stored.values(), *sessions, *(key["privateKey"] for key in keys)]
    assert len(secrets) > len(HOSTS) * 2
    journals = "".join(on(host, "journalctl --no-pager") for host in HOSTS.values())
    assert not [secret for secret in secrets if secret in text or secret in journals]


@pytest.fixture(scope="module")
def left():
    """The host that leaves, as it was before."""
    before = external(GOOD)
    unconfirmed = [word for word in typed("Leave", 1) if "confirm" not in word]
    unconfirmed.remove("-e")
    assert "would leave the cluster demo in us-west-2 for good" in play(unconfirmed, code=2)
    assert external(GOOD) == before
    foreseen = changes(play(typed("Leave", 0)))
    assert external(GOOD) == before
    return before, foreseen, changes(play(typed("Leave", 1)))


def test_a_host_leaves_as_check_mode_foresaw(left):
    _before, foreseen, done = left
    assert done == foreseen


def test_it_has_left_aws_and_nothing_of_ours_stays_on_it(left):
    before, _foreseen, _done = left
    assert before["ec2InstanceId"] not in managed()
    listed = boto3.client("ecs").list_container_instances(cluster="demo")["containerInstanceArns"]
    assert before["containerInstanceArn"] not in listed
    gone = ["/etc/ecs", "/var/lib/ecs", "/var/log/ecs", "/var/lib/amazon/ssm", "/etc/amazon/ssm", "/root/.aws"]
    gone += ["/usr/bin/amazon-ssm-agent", "/usr/libexec/amazon-ecs-init"]
    assert [path for path in gone if on(GOOD, f"test -e {path} && echo there", check=False)] == []
    assert on(GOOD, "dpkg-query --show --showformat='${db:Status-Status}' amazon-ecs-init", check=False) != "installed"
    assert "fleetkit" not in on(GOOD, "systemctl list-unit-files; iptables-save; ip rule; ls /etc/systemd/system")
    assert on(GOOD, "systemctl is-system-running") == "running"


def test_docker_and_the_users_own_containers_and_images_stay(left):
    assert on(GOOD, "docker ps --format '{{.Names}}'") == "mine"
    assert on(GOOD, "docker images --format '{{.Repository}}'") == "lab/task"


def test_the_other_hosts_go_on(left):
    assert {external(host)["ec2InstanceId"] for host in HOSTS.values() if host != GOOD} == managed()


def test_leaving_again_changes_nothing(left):
    assert not changes(play(typed("Leave", 1)))


def test_the_example_of_the_role_finds_that_a_host_has_left(left, tmp_path):
    example = example_of("decommission", "server-7", tmp_path)  # roles/decommission/README.md
    assert not changes(play([*example, "-e", "decommission_cluster=demo"]))


def test_the_host_joins_anew(left):
    play(typed("Join", 1))
    assert external(GOOD)["ec2InstanceId"] != left[0]["ec2InstanceId"]
    end = time.monotonic() + 30
    while len(managed()) < len(HOSTS) and time.monotonic() < end:
        time.sleep(0.5)
    assert len(managed()) == len(HOSTS)


def test_the_examples_of_the_modules_run_as_they_are_written(left, tmp_path):
    """The last one forgets who the host is."""
    subprocess.run([sys.executable, "tests/tools/examples.py"], cwd=ROOT, check=True)
    made = boto3.client("ssm").create_activation(IamRole="ecsAnywhereRole")
    known = {"server": GOOD, "activation_id": made["ActivationId"], "activation_code": made["ActivationCode"]}
    variables = tmp_path / "variables.json"
    variables.write_text(json.dumps(known))
    play(["ansible-playbook", *INVENTORY, "molecule/anywhere/examples.yml", "-e", f"@{variables}"])
    assert on(GOOD, "ssm-cli get-instance-information", check=False).count('"instance-id": null') == 1
