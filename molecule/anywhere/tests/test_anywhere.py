# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a bare server to an external instance and back, by the commands of docs/anywhere.md: each test goes on where the
one before it ended."""

from __future__ import annotations

import configparser
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
import yaml

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("tools", "bench", "lab")]

import pages  # noqa: E402 (the tools are not a package)
import ssm_agent_wire  # noqa: E402
from common import on_the_host  # noqa: E402
from proxy import Proxy  # noqa: E402

LOG = ROOT / "build" / "anywhere.log"
PARAMETER = "/fleetkit/anywhere"
TASKS_ALLOWED = 8
PAGE = "anywhere.md"
SERVERS = ROOT / "build" / "anywhere.json"  # what is particular to each server
INVENTORY = ["-i", "build/lab/inventory.yml", "-i", "molecule/inventory.yml", "-i", str(SERVERS)]
BUCKET, OBJECT = "anywhere-config", "ecs.config"
FETCH = "fleetkit-ecs-config-fetch.service"
OWN_KEYS = "[default]\naws_access_key_id = MINE\naws_secret_access_key = mine\n"
# What plays the metadata service of an EC2 instance, as some hypervisors do.
METADATA = """
ip address add 169.254.169.254/32 dev lo
mkdir -p /root/metadata/latest/meta-data/iam/security-credentials
echo someRole >/root/metadata/latest/meta-data/iam/security-credentials/index.html
systemd-run --unit=metadata python3 -m http.server --bind 169.254.169.254 --directory /root/metadata 80
"""


def lab(*arguments: str) -> None:
    subprocess.run([sys.executable, "tests/lab/lab.py", *arguments], cwd=ROOT, check=True)


def names() -> dict[str, str]:
    """The hosts by suite."""
    known = json.loads((ROOT / "build" / "lab" / "lab.json").read_text())
    return {host["suite"]: host["name"] for host in known["hosts"]}


HOSTS = names()
GOOD, LATE, BEHIND = HOSTS["trixie"], HOSTS["bookworm"], HOSTS["al2023-shape"]


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


def typed(section: str, number: int, *more: str, server: str = GOOD) -> list[str]:
    """A command of the page, with the lab's inventory in the place of the reader's."""
    words = shlex.split(pages.commands(pages.section(PAGE, section))[number])
    assert words[:3] == ["ansible-playbook", "-i", "inventory.yml"]
    words = [server if word == "server-1" else word for word in words]
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


def external(host: str, region: str = "us-west-2") -> dict:
    """The container instance that the host is, as ECS has it; the host's agents agree."""
    metadata = "curl --silent --fail --retry 60 --retry-delay 1 --retry-all-errors http://127.0.0.1:51678/v1/metadata"
    arn = json.loads(on(host, metadata))["ContainerInstanceArn"]
    ecs = boto3.client("ecs", region_name=region)
    (found,) = ecs.describe_container_instances(cluster="demo", containerInstances=[arn])["containerInstances"]
    assert found["status"] == "ACTIVE"
    assert found["ec2InstanceId"] == identity(host)
    assert "ecs.capability.external" in {attribute["name"] for attribute in found["attributes"]}
    return found


def identity(host: str) -> str:
    return json.loads(on(host, "ssm-cli get-instance-information"))["instance-id"]


def wait_for(what, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.5)


def managed(region: str = "us-west-2") -> set[str]:
    listed = boto3.client("ssm", region_name=region).describe_instance_information()["InstanceInformationList"]
    return {instance["InstanceId"] for instance in listed}


def ask_lab(method: str, path: str, content: object = None):
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"{os.environ['AWS_ENDPOINT_URL']}/_lab/{path}", body, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def proxy():
    with Proxy(os.environ["AWS_ENDPOINT_URL"]) as running:
        yield running


def through(proxy: Proxy, region: str) -> dict:
    """The variables of a server that reaches nothing but the proxy, which alone knows these names; as the page says."""
    (said,) = yaml.safe_load(pages.files(pages.section(PAGE, "Behind a proxy"))["inventory.yml"]).values()
    text = json.dumps(said["vars"]).replace("http://proxy.example.com:3128", proxy.url)
    variables = json.loads(text)
    variables["agent_variables"]["ECS_BACKEND_HOST"] = f"http://ecs.{region}.lab.test"
    return {**variables, "ssm_agent_endpoint": f"http://ssm.{region}.lab.test"}


@pytest.fixture(scope="module", autouse=True)
def bare(proxy):
    """Untouched servers, and what keeps them from being all alike. Identity policies are in force.

    LATE has no Docker, and whatever else the agent would take for its credentials. BEHIND is behind a proxy, has GPUs
    to offer, and keys of somebody's own in root's profile. GOOD has a container of somebody's own.
    """
    LOG.unlink(missing_ok=True)
    own = {"ssm_agent_credential_profile": "ecs", "agent_gpu": True}
    servers = {LATE: {}, GOOD: {}, BEHIND: {**through(proxy, "us-west-2"), **own}}
    SERVERS.write_text(json.dumps({"all": {"hosts": servers}}))
    ask_lab("PUT", "enforcement")
    on(GOOD, "docker run --detach --restart=always --name mine lab/task:latest sleep infinity")
    on(BEHIND, f"mkdir -p -m 700 /root/.aws && printf '{OWN_KEYS}' >/root/.aws/credentials")
    on(LATE, "systemctl stop docker.service docker.socket && dpkg --remove docker.io")
    on(LATE, "mkdir -p /etc/ecs /etc/systemd/system/ecs.service.d")
    on(LATE, "echo AWS_SECRET_ACCESS_KEY=mine >/etc/ecs/ecs.config")
    on(LATE, r"printf '[Service]\nEnvironment=AWS_PROFILE=mine\n' >/etc/systemd/system/ecs.service.d/mine.conf")
    on(LATE, f"mkdir -p -m 700 /root/.aws && printf '{OWN_KEYS}' >/root/.aws/credentials")
    on(LATE, METADATA)


def join(number: int, *more: str) -> list[str]:
    """A command of the page, with an activation that is kept for servers to come."""
    kept = f"anywhere_activation_parameter={PARAMETER} anywhere_registration_limit=9"
    return typed("Join", number, "-e", kept, *more)


@pytest.fixture(scope="module")
def foreseen(bare):
    return changes(play(join(0), code=2))


def test_servers_join_as_check_mode_foresaw_and_the_one_that_cannot_is_named_with_the_reason(foreseen):
    output = play(join(1, "-vvv"), code=2)
    assert changes(output) == foreseen
    outcome = output[output.index("PLAY [Outcome]") :]
    assert re.search(rf"fatal: \[{LATE}\].*", outcome)
    for reason in (
        "/etc/ecs/ecs.config sets AWS_SECRET_ACCESS_KEY",
        "/etc/systemd/system/ecs.service.d/mine.conf sets AWS_PROFILE",
        "/root/.aws/credentials has a profile [default] with keys of somebody's own",
        "169.254.169.254 gives the credentials of an instance role",
    ):
        assert reason in outcome
    joined = {external(host)["ec2InstanceId"] for host in HOSTS.values() if host != LATE}
    assert joined == managed()
    assert len(joined) == 2


def test_a_server_behind_a_proxy_joins_through_it_alone(proxy):
    for asked in ("RegisterManagedInstance", "RequestManagedInstanceRoleToken", "UpdateInstanceInformation"):
        assert ("ssm.us-west-2.lab.test", f"AmazonSSM.{asked}") in proxy.seen
    register = "AmazonEC2ContainerServiceV20141113.RegisterContainerInstance"
    assert ("ecs.us-west-2.lab.test", register) in proxy.seen
    assert on(BEHIND, "getent hosts ssm.us-west-2.lab.test", check=False) == ""


def test_keys_of_somebodys_own_stay_beside_those_of_the_ssm_agent(bare):
    found = configparser.RawConfigParser(default_section="")
    found.read_string(on(BEHIND, "cat /root/.aws/credentials"))
    assert dict(found["default"]) == {"aws_access_key_id": "MINE", "aws_secret_access_key": "mine"}
    assert found["ecs"]["aws_session_token"]


def test_gpus_are_offered_by_the_word_that_ecs_init_knows(bare):
    assert on(BEHIND, "grep GPU /etc/ecs/ecs.config") == "ECS_ENABLE_GPU_SUPPORT=true"


def test_a_server_without_docker_is_refused_where_it_is_not_to_get_one():
    on(LATE, "rm -r /etc/ecs /etc/systemd/system/ecs.service.d /root/.aws && systemctl stop metadata")
    on(LATE, "ip address delete 169.254.169.254/32 dev lo")
    output = play(join(1, "--limit", LATE, "-e", "anywhere_install_docker=false"), code=2)
    assert "There is no docker on this host" in output[output.index("PLAY [Outcome]") :]
    assert changes(output) == set()


def test_it_joins_later_with_docker_from_the_distribution_and_the_activation_of_the_others():
    foreseen = changes(play(join(0, "--limit", LATE)))
    assert changes(play(join(1))) == foreseen
    assert {host for host, _task in foreseen} == {LATE}
    assert on(LATE, "dpkg-query --show --showformat='${db:Status-Status}' docker.io") == "installed"
    assert on(LATE, "systemctl is-enabled docker.service") == "enabled"
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


def test_verify_names_the_ssm_agent_of_a_server_where_it_does_not_run_and_nothing_else(tmp_path):
    report = tmp_path / "fleet"
    command = ["ansible-playbook", *INVENTORY, "fleetkit.ecs.verify", "-e", f"ecs_hosts={GOOD} verify_report={report}"]

    def wrong(code: int) -> dict[str, str]:
        play(command, code=code)
        (host,) = json.loads(report.with_suffix(".json").read_text())["hosts"]
        return {check["name"]: check["remedy"] for check in host["checks"] if check["status"] == "wrong"}

    assert wrong(0) == {}
    on(GOOD, "systemctl stop amazon-ssm-agent.service")
    found = wrong(2)
    assert set(found) == {"ssm"}
    assert "systemctl" in found["ssm"]
    on(GOOD, "systemctl start amazon-ssm-agent.service")
    assert wrong(0) == {}


@pytest.fixture(scope="module")
def from_s3(tmp_path_factory):
    """Variables for an external instance whose ecs.config is an object, which its role may read, and no other."""
    url = os.environ["AWS_ENDPOINT_URL"]
    boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    known = json.loads(SERVERS.read_text())
    source = {"agent_config_s3_uri": f"s3://{BUCKET}/{OBJECT}", "agent_config_s3_endpoint_url": url}
    known["all"]["hosts"][BEHIND].update(source)
    SERVERS.write_text(json.dumps(known))
    variables = tmp_path_factory.mktemp("s3") / "variables.json"
    variables.write_text(json.dumps({"iam_s3_config": True, "iam_s3_config_bucket": BUCKET}))
    return ["--limit", BEHIND, "-e", f"@{variables}"]


def publish(**more: str) -> None:
    variables = {"AWS_DEFAULT_REGION": "us-west-2", "ECS_CLUSTER": "demo", "ECS_ENABLE_TASK_IAM_ROLE": "true", **more}
    text = "".join(f"{name}={value}\n" for name, value in variables.items())
    boto3.client("s3").put_object(Bucket=BUCKET, Key=OBJECT, Body=text.encode())


def test_an_external_instance_takes_its_variables_from_s3_with_the_ssm_agents_credentials(from_s3):
    before = external(BEHIND)["ec2InstanceId"]
    publish(ECS_LOGLEVEL="warn")
    play(typed("Join", 1, *from_s3))
    assert on(BEHIND, "grep LOGLEVEL /etc/ecs/ecs.config") == "ECS_LOGLEVEL=warn"
    assert external(BEHIND)["ec2InstanceId"] == before
    assert changes(play(typed("Join", 1, *from_s3))) == set()


def test_at_boot_it_waits_for_those_credentials(from_s3):
    """The SSM agent has written none yet, and there is no last good file."""
    before = external(BEHIND)["containerInstanceArn"]
    publish(ECS_LOGLEVEL="info")
    on(BEHIND, "systemctl disable --now amazon-ssm-agent && rm /root/.aws/credentials /etc/ecs/ecs.config")
    subprocess.run(["docker", "restart", BEHIND], check=True, capture_output=True)
    journal = f"journalctl --boot --unit={FETCH} --output=cat"
    wait_for(lambda: "has not written /root/.aws/credentials yet; trying again" in on(BEHIND, journal, check=False))
    assert on(BEHIND, f"systemctl is-active {FETCH} ecs.service", check=False).split() == ["activating", "inactive"]
    on(BEHIND, "systemctl enable --now amazon-ssm-agent")
    assert external(BEHIND)["containerInstanceArn"] == before
    assert on(BEHIND, "grep LOGLEVEL /etc/ecs/ecs.config") == "ECS_LOGLEVEL=info"


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
    expired = ssm.create_activation(IamRole=iam_role)
    variables = tmp_path / "variables.json"
    known = {"activations": activations, "server": GOOD, "managed_instance_id": identity(GOOD)}
    variables.write_text(json.dumps(known))
    own = {"anywhere_activation_id": expired["ActivationId"], "anywhere_activation_code": expired["ActivationCode"]}
    (tmp_path / "own.json").write_text(json.dumps(own))
    ask_lab("PUT", "behaviour", {"ssm_clock_ahead": 25 * 3600})
    try:
        play(["ansible-playbook", *INVENTORY, "molecule/anywhere/activations.yml", "-vvv", "-e", f"@{variables}"])
        output = play(typed("Register again", 0, "-vvv", "-e", f"@{tmp_path / 'own.json'}"), code=2)
    finally:
        ask_lab("DELETE", "behaviour")
    outcome = output[output.index("PLAY [Outcome]") :]
    assert "ActivationExpired" in outcome
    assert "is in force again" in outcome
    assert external(GOOD)["ec2InstanceId"] == known["managed_instance_id"]


def use_up(activation: dict) -> None:
    """Somebody registers with it, and leaves, which does not give the registration back."""
    instance = ssm_agent_wire.Agent(os.environ["AWS_ENDPOINT_URL"]).register(activation)
    boto3.client("ssm").deregister_managed_instance(InstanceId=instance)


def test_a_host_that_is_registered_again_leaves_nothing_of_whom_it_was():
    """The activation that is kept has registrations left, but the host had it before, and Amazon wants another one."""
    before = external(GOOD)
    play(typed("Register again", 0, "-vvv", "-e", f"anywhere_activation_parameter={PARAMETER}"))
    after = external(GOOD)
    assert after["ec2InstanceId"] != before["ec2InstanceId"]
    assert before["ec2InstanceId"] not in managed()
    known = boto3.client("ecs").list_container_instances(cluster="demo")["containerInstanceArns"]
    assert before["containerInstanceArn"] not in known
    assert len(known) == len(HOSTS)


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
    play(typed("Join", 1, "-vvv"))
    assert external(GOOD)["ec2InstanceId"] != left[0]["ec2InstanceId"]
    wait_for(lambda: len(managed()) == len(HOSTS))


def test_a_host_moves_to_another_region_and_leaves_nothing_in_the_one_that_it_was_in(left, proxy, tmp_path):
    """Systems Manager knows a region by the name that it is asked by, which only the proxy has for it here."""
    boto3.client("ecs", region_name="eu-west-1").create_cluster(clusterName="demo")
    before, variables = external(GOOD), tmp_path / "variables.json"
    variables.write_text(json.dumps({**through(proxy, "eu-west-1"), "agent_region": "eu-west-1"}))
    play(typed("Join", 1, "-vvv", "--limit", GOOD, "-e", f"@{variables}", "-e", "ssm_agent_move=true"))
    assert managed("eu-west-1") == {external(GOOD, "eu-west-1")["ec2InstanceId"]}
    assert before["ec2InstanceId"] not in managed()
    listed = boto3.client("ecs").list_container_instances(cluster="demo")["containerInstanceArns"]
    assert before["containerInstanceArn"] not in listed


def test_no_secret_is_in_any_output(left):
    """Of all that was done above, at -vvv where an activation is used: id and code of every activation, what the hosts
    got with them, and their keys; in the hosts' own journals neither, where modules write what they were given."""
    text = LOG.read_text()
    keys = [json.loads(on(host, "cat /var/lib/amazon/ssm/Vault/Store/RegistrationKey")) for host in HOSTS.values()]
    secrets = {*ask_lab("GET", "secrets"), *(key["privateKey"] for key in keys)}
    stored = json.loads(boto3.client("ssm").get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"]["Value"])
    assert secrets > set(stored.values())
    journals = "".join(on(host, "journalctl --no-pager") for host in HOSTS.values())
    assert not [secret for secret in secrets if secret in text or secret in journals]


def test_with_a_server_goes_what_it_had_for_s3_a_proxy_and_a_profile_of_its_own(left):
    play(typed("Leave", 1, server=BEHIND))
    remains = "/root/.aws /etc/fleetkit-ecs /var/lib/fleetkit-ecs /usr/local/libexec/fleetkit-ecs-*"
    units = "/etc/systemd/system/fleetkit* /etc/systemd/system/*/fleetkit*"
    assert on(BEHIND, f"ls -d {remains} {units}", check=False) == ""


def test_the_examples_of_the_modules_run_as_they_are_written(left, tmp_path):
    """The last one forgets who the host is."""
    subprocess.run([sys.executable, "tests/tools/examples.py"], cwd=ROOT, check=True)
    made = boto3.client("ssm").create_activation(IamRole="ecsAnywhereRole")
    known = {"server": LATE, "activation_id": made["ActivationId"], "activation_code": made["ActivationCode"]}
    variables = tmp_path / "variables.json"
    variables.write_text(json.dumps(known))
    play(["ansible-playbook", *INVENTORY, "molecule/anywhere/examples.yml", "-e", f"@{variables}"])
    assert on(LATE, "ssm-cli get-instance-information", check=False).count('"instance-id": null') == 1
