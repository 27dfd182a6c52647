# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each way in which a host can be broken: exactly the check that is about it turns wrong, with the right hint.

What breaks the host alone is looked at by the module, what breaks it in AWS by the whole playbook.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3
import pytest

PROJECT = Path(__file__).resolve().parents[3]
INVENTORY = ["-i", str(PROJECT / "build/lab/inventory.yml"), "-i", str(PROJECT / "molecule/inventory.yml")]
PAGE = PROJECT / "docs/verify.md"
CONFIG = "/etc/ecs/ecs.config"
MANAGED = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
PATH_RULE = "PREROUTING -p tcp -d 169.254.170.2 --dport 80 -j DNAT --to-destination 127.0.0.1:51679"
DROP = "INPUT -i docker0 -p tcp --dport 51679 -j DROP"
SETS = "/etc/fleetkit-ecs/netfilter.d"
CLOCK = "import time; time.time = (lambda now: lambda: now() - 600)(time.time)"


def command(*arguments):
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"}  # Molecule wants colours
    return subprocess.run(arguments, cwd=PROJECT, capture_output=True, text=True, check=False, env=environment)


def look(name, **options):
    """What ecs_host_check says of the host, by check."""
    settings = {"reference_time": time.time(), **options}
    run = command(
        "ansible", *INVENTORY, name, "-b", "-o", "-m", "fleetkit.ecs.ecs_host_check", "-a", json.dumps(settings)
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return {check["name"]: check for check in json.loads(run.stdout[run.stdout.index("{") :])["checks"]}


@pytest.fixture(scope="module")
def name(host):
    """The host's name in the inventory, once all is well there."""
    name = host.check_output("hostname")
    assert look_until(name, []) == {}
    return name


def wrong(checks):
    """The wrong ones, with their hints."""
    return {each: check["remedy"] for each, check in checks.items() if check["status"] == "wrong"}


# The service is started before its agent has read its variables.
ANSWERS = "until curl --silent --fail --output /dev/null http://127.0.0.1:51678/v1/metadata; do sleep 0.2; done"

# Name: (what breaks it, what mends it, the checks that turn wrong, a part of the first one's hint).
BREAKS = {
    "the agent is stopped": ("systemctl stop ecs", "systemctl start ecs", ["agent"], "systemctl start ecs"),
    "the agent would not start at boot": (
        "systemctl disable ecs",
        "systemctl enable ecs",
        ["agent"],
        "systemctl enable",
    ),
    "the agent is too old for a variable": (
        f"cp {CONFIG} /root/kept; printf 'LAB_AGENT_VERSION=1.80.0\\nECS_EBSTA_SUPPORTED=true\\n' >>{CONFIG};"
        " systemctl restart ecs",
        f"cp /root/kept {CONFIG}; systemctl restart ecs; {ANSWERS}",
        ["agent_version"],
        "1.82.0-1 or later",
    ),
    "ecs.config was edited without a restart": (
        f"cp {CONFIG} /root/kept; echo ECS_LOGLEVEL=debug >>{CONFIG}",
        f"cp /root/kept {CONFIG}",
        ["variables"],
        "systemctl restart ecs",
    ),
    "a rule of ecs-init is doubled": (
        f"iptables -w -t nat -A {PATH_RULE}",
        f"iptables -w -t nat -D {PATH_RULE}",
        ["credential_path"],
        "iptables -w -t nat -D PREROUTING",
    ),
    "a firewall drops requests for credentials": (
        f"iptables -w -I {DROP}",
        f"iptables -w -D {DROP}",
        ["task_credentials"],
        "iptables -L INPUT",
    ),
    "a foreign routing rule stands before the guard": (
        "ip rule add pref 0 to 169.254.169.254 lookup main",
        "ip rule del pref 0 to 169.254.169.254 lookup main",
        ["imds_guard"],
        "give it a priority above 3",
    ),
    "nothing would bring the guard back": (
        f"mv {SETS} {SETS}.away",
        f"mv {SETS}.away {SETS}; systemctl reload fleetkit-ecs-netfilter",
        ["imds_closed"],
        "fleetkit.ecs.container_instances",
    ),
    "the host cannot reach IMDS": (
        "iptables -w -I OUTPUT -d 169.254.169.254 -j DROP",
        "iptables -w -D OUTPUT -d 169.254.169.254 -j DROP",
        ["imds_open"],
        "--http-endpoint enabled",
    ),
    "a snapshot of rules would come back at boot": (
        "mkdir -p /etc/iptables; iptables-save >/etc/iptables/rules.v4",
        "rm /etc/iptables/rules.v4",
        ["conflicts"],
        "remove them from /etc/iptables/rules.v4",
    ),
    "the clock is wrong": (
        f"echo '{CLOCK}' >/usr/lib/python3/dist-packages/clock.pth",
        "rm /usr/lib/python3/dist-packages/clock.pth",
        ["clock"],
        "chrony",
    ),
    "the disk is full": (
        "mount -t tmpfs -o size=1m none /var/log/ecs",
        "umount /var/log/ecs",
        ["disk"],
        "make room in /var/log/ecs",
    ),
    "Docker does not answer": (
        "mv /run/docker.sock /run/docker.sock.away",
        "mv /run/docker.sock.away /run/docker.sock",
        ["docker"],
        "systemctl start docker",
    ),
}


@pytest.mark.parametrize("way", BREAKS)
def test_exactly_the_check_that_is_about_it_turns_wrong(host, name, way):
    breaks, mends, checks, hint = BREAKS[way]
    try:
        host.check_output(breaks)
        found = look_until(name, checks)
        assert list(found) == checks
        assert hint in found[checks[0]]
    finally:
        host.check_output(mends)


def look_until(name, checks):
    """What is wrong, once it is these: what was mended before takes a moment, such as an agent that starts."""
    deadline = time.monotonic() + 120
    while list(found := wrong(look(name))) != checks and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def test_a_declared_variable_that_is_not_there_and_another_cluster_are_wrong(name):
    found = wrong(look(name, variables={"ECS_CLUSTER": "other", "ECS_LOGLEVEL": "debug"}))
    assert list(found) == ["cluster", "variables"]
    assert "agent_move_cluster" in found["cluster"]


def test_looking_changes_nothing(host, name):
    rules = "iptables-save | sed 's/ .[0-9]*:[0-9]*.//; /^#/d'; ip rule"
    state = f"{rules}; ip -o link | cut -d' ' -f2; docker ps -aq; ip netns; ls -R /etc /run/systemd/system"
    look_until(name, [])
    before = host.check_output(state)
    look(name)
    assert host.check_output(state) == before


def test_the_examples_of_the_module_run_as_written(name, tmp_path):
    assert command(sys.executable, "tests/tools/examples.py").returncode == 0
    tasks = {"ansible.builtin.include_tasks": str(PROJECT / "build/examples/ecs_host_check.yml")}
    playbook = tmp_path / "examples.yml"
    playbook.write_text(json.dumps([{"hosts": name, "become": True, "gather_facts": False, "tasks": [tasks]}]))
    run = command("ansible-playbook", *INVENTORY, str(playbook))
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_commands_of_the_page_do_what_it_says(name, tmp_path):
    """Its inventory is a directory with both of ours."""
    (tmp_path / "inventory.yml").mkdir()
    for path in INVENTORY[1::2]:
        (tmp_path / "inventory.yml" / Path(path).parent.name).with_suffix(".yml").symlink_to(path)
    for line in re.findall(r"^\$ (.+)$", PAGE.read_text(), re.MULTILINE):
        run = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / "ecs-verify.html").exists()


# What AWS says


def behave(**behaviour):
    url = f"{os.environ['AWS_ENDPOINT_URL']}/_lab/behaviour"
    request = urllib.request.Request(url, json.dumps(behaviour).encode(), method="PUT")
    urllib.request.urlopen(request, timeout=30).close()


def verify(tmp_path, *options):
    """Run the playbook; gives its exit status, its output, and the report."""
    report = tmp_path / "report"
    given = ["-e", f"verify_report={report}", *options]
    run = command("ansible-playbook", *INVENTORY, "fleetkit.ecs.verify", *given)
    return run.returncode, run.stdout + run.stderr, json.loads(report.with_suffix(".json").read_text())


def test_a_fleet_that_is_right_passes_the_gate(name, tmp_path):
    status, said, report = verify(tmp_path)
    assert (status, report["ok"]) == (0, True), said
    assert "changed=0" in said
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_what_is_wrong_in_aws_and_a_host_that_is_lost_close_the_gate(host, name, tmp_path):
    ec2, iam = boto3.client("ec2"), boto3.client("iam")
    metadata = json.loads(host.check_output("curl --silent http://127.0.0.1:51678/v1/metadata"))
    arn, cluster = metadata["ContainerInstanceArn"], metadata["Cluster"]
    described = boto3.client("ecs").describe_container_instances(cluster=cluster, containerInstances=[arn])
    instance = described["containerInstances"][0]["ec2InstanceId"]
    lost = tmp_path / "lost.yml"
    lost.write_text(json.dumps({"container_instances": {"hosts": {"lost": {
        "ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}}}}))  # fmt: skip
    try:
        behave(silent=[arn])
        ec2.modify_instance_metadata_options(InstanceId=instance, HttpTokens="optional", HttpPutResponseHopLimit=2)
        iam.detach_role_policy(RoleName="ecsInstanceRole", PolicyArn=MANAGED)
        status, said, report = verify(tmp_path, "-i", str(lost))
    finally:
        behave()
        ec2.modify_instance_metadata_options(InstanceId=instance, HttpTokens="required", HttpPutResponseHopLimit=1)
        iam.attach_role_policy(RoleName="ecsInstanceRole", PolicyArn=MANAGED)
    hosts = {one["name"]: {check["name"]: check for check in one["checks"]} for one in report["hosts"]}
    assert status != 0
    assert re.search(r"2 hosts: 0 ok, 1 wrong, 1\s+unreachable", said)
    found = wrong(hosts[name])
    assert list(found) == ["container_instance", "role_policies", "metadata_options"]
    assert "--http-tokens required" in found["metadata_options"]
    assert list(wrong(hosts["lost"])) == ["reachable"]


def test_an_instance_without_a_profile_has_no_role(host, name, tmp_path):
    ec2 = boto3.client("ec2")
    (association,) = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"])
    try:
        _status, _said, report = verify(tmp_path)
    finally:
        ec2.associate_iam_instance_profile(
            InstanceId=association["InstanceId"], IamInstanceProfile={"Arn": association["IamInstanceProfile"]["Arn"]}
        )
    (one,) = report["hosts"]
    assert list(wrong({check["name"]: check for check in one["checks"]})) == ["instance_role"]
