# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers join as external instances over SSH: Amazon's steps as a shell script on one, ours on one and on six.

Each side has untouched servers of its own and starts with nothing in AWS but the cluster. A fleet's servers have
processors of their own, and the lab's share the machine's: so each has the same part of it in every column, small
enough that there is enough for all of them and the controller at once.
"""

from __future__ import annotations

import json
import os
import subprocess
import time

import boto3
from common import LAB_SSH, OUTPUT, ROOT, on_the_host, playbook, report, wait_for_idle_processors
from hosts import SETTINGS, lab, timed

MANY = 6
TASKS_ALLOWED = 8
PROCESSORS = round((os.cpu_count() or 1) / (MANY + 2), 2)
NAME = "fleetkit.ecs.anywhere"
INVENTORY = OUTPUT / "anywhere_inventory.json"
TRUST = {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}
POLICIES = ("AmazonSSMManagedInstanceCore", "service-role/AmazonEC2ContainerServiceforEC2Role")


def servers() -> dict[str, dict]:
    """New ones that let the lab's key in, with what the lab knows of them."""
    lab("up", "--fresh", "--on-premises", "--hosts", str(MANY + 2))
    known = json.loads((ROOT / "build" / "lab" / "inventory.yml").read_text())
    members = known["all"]["children"]["container_instances"]["hosts"]
    common = {"ansible_connection": "ssh", "ansible_user": "root", "ansible_ssh_private_key_file": str(LAB_SSH)}
    for variables in members.values():
        variables |= {**common, "ansible_host": variables["lab_address"]}
    subprocess.run(["docker", "update", "--cpus", str(PROCESSORS), *members], check=True, capture_output=True)
    INVENTORY.parent.mkdir(parents=True, exist_ok=True)
    INVENTORY.write_text(json.dumps(known))
    facts = known["all"]["children"]["container_instances"]["vars"]
    return {name: {**facts, **variables} for name, variables in members.items()}


def amazons_steps(server: dict) -> None:
    """The role, an activation and the script."""
    iam = boto3.client("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    iam.create_role(RoleName="ecsExternalRole", AssumeRolePolicyDocument=trust)
    for policy in POLICIES:
        iam.attach_role_policy(RoleName="ecsExternalRole", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    made = boto3.client("ssm").create_activation(IamRole="ecsExternalRole")
    variables = {
        "SSM_URL": server["lab_ssm_package_url"],
        "ECS_URL": server["lab_package_url"],
        "KEY_URL": server["lab_signing_key_url"],
        "ENDPOINT": server["lab_endpoint_url"],
        "REGION": server["lab_region"],
        "CLUSTER": server["lab_cluster"],
        "ACTIVATION_ID": made["ActivationId"],
        "ACTIVATION_CODE": made["ActivationCode"],
    }
    exports = "".join(f"export {name}='{value}'\n" for name, value in variables.items())
    script = exports + (ROOT / "tests" / "bench" / "amazons_steps.sh").read_text()
    options = SETTINGS["ANSIBLE_SSH_COMMON_ARGS"].split()
    command = [
        "ssh",
        "-o",
        "StrictHostKeyChecking=no",
        *options,
        "-i",
        str(LAB_SSH),
        f"root@{server['lab_address']}",
        "sh",
    ]
    subprocess.run(command, input=script, text=True, check=True, capture_output=True)


def join(names: list[str]) -> list[dict]:
    inventories = ["-i", str(INVENTORY), "-i", "molecule/inventory.yml"]
    return playbook([*inventories, "--limit", ",".join(names), NAME], **SETTINGS)


def main() -> None:
    found = servers()
    names = sorted(found)
    wait_for_idle_processors()
    script, _nothing = timed(amazons_steps, found[names[0]])
    one, _results = timed(join, [names[1]])
    many, _results = timed(join, names[2:])
    again, results = timed(join, names[2:])
    assert not [result for result in results if result.get("changed")], "the second run changed something"
    registered = wait_for_all(len(names))
    tasks = on_the_host(results) / MANY
    rows = [
        ("", "Amazon's steps", "ours, 1 server", f"ours, {MANY} servers"),
        ("seconds, first join", f"{script:.1f}", f"{one:.1f}", f"{many:.1f}"),
        ("seconds, no change", "-", "-", f"{again:.1f}"),
        ("module runs on a server, no change", "-", "-", f"{tasks:g}"),
        (f"ratio to 1 server (less than 2 for {MANY})", "-", "1", f"{many / one:.2f}"),
    ]
    figures = {
        "seconds_amazons_steps": round(script, 2),
        "seconds_one": round(one, 2),
        "seconds_many": round(many, 2),
        "seconds_noop": round(again, 2),
        "processors_per_server": PROCESSORS,
        "ratio_many_to_one": round(many / one, 3),
        "ratio_to_amazons_steps": round(one / script, 3),
        "tasks_per_host": tasks,
        "tasks_per_host_allowed": TASKS_ALLOWED,
        "servers_registered": registered,
    }
    title = f"Joining as external instances, over SSH with pipelining; each server has {PROCESSORS} processors"
    report("anywhere", title, rows, figures)


def wait_for_all(count: int) -> int:
    """How many managed instances have been heard of, at most half a minute later."""
    end = time.monotonic() + 30
    while True:
        known = boto3.client("ssm").describe_instance_information()["InstanceInformationList"]
        if len(known) >= count or time.monotonic() > end:
            return len(known)
        time.sleep(0.5)


if __name__ == "__main__":
    os.environ.setdefault("ANSIBLE_FORKS", str(MANY))
    main()
