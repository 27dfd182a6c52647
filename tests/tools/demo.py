# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make demo: an untouched host becomes a container instance; a second run changes nothing; packets prove it.

Run in a lane, inside the lab's environment (tests/tools/in-lab).
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = ["-i", "build/lab/inventory.yml", "-i", "molecule/inventory.yml"]
sys.path.insert(0, str(ROOT / "tests" / "lab"))

from ecslab.hosts import Host  # noqa: E402 (the lab is not a package)

HOST = Host("trixie", 1).name


def main() -> None:
    lab("down")
    lab("up")
    predicted = site("1. What would be done (--check --diff, on the untouched host)", "--check", "--diff")
    done = site("2. Doing it")
    again = site("3. The same once more")
    say("4. Packets from a task on the host")
    tests = [sys.executable, "-m", "pytest", "-v", "--no-header", f"--hosts=docker://{HOST}", "molecule/default/tests"]
    packets = subprocess.run(tests, cwd=ROOT, check=False).returncode
    summarise(predicted, done, again)
    if packets or again or not done or predicted != done:
        sys.exit("The demo did not go as it should: see above.")


def say(title: str) -> None:
    print(f"\n=== {title}\n", flush=True)


def lab(*arguments: str) -> None:
    subprocess.run([sys.executable, "tests/lab/lab.py", *arguments], cwd=ROOT, check=True)


def site(title: str, *options: str) -> int:
    """Run the playbook and give the number of tasks that changed something."""
    say(f"{title}\n    ansible-playbook fleetkit.ecs.site {' '.join(options)}")
    command = ["ansible-playbook", *INVENTORY, "fleetkit.ecs.site", *options]
    changed = 0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout or ():
            print(line, end="", flush=True)
            changed += sum(int(count) for count in re.findall(r"ok=.*changed=(\d+)", line))
    if run.returncode:
        sys.exit(run.returncode)
    return changed


def summarise(predicted: int, done: int, again: int) -> None:
    iam, ecs = boto3.client("iam"), boto3.client("ecs")
    profile = iam.get_instance_profile(InstanceProfileName="ecsInstanceRole-profile")["InstanceProfile"]
    policies = iam.list_attached_role_policies(RoleName="ecsInstanceRole")["AttachedPolicies"]
    instances = ecs.list_container_instances(cluster="demo")["containerInstanceArns"]
    config = host("cat", "/etc/ecs/ecs.config")
    rules = host("iptables", "-S", "DOCKER-USER")
    prohibited = host("ip", "rule", "show")
    say("Summary")
    print("created in AWS")
    print(f"  role                {profile['Roles'][0]['Arn']}")
    for policy in policies:
        print(f"    with              {policy['PolicyArn']}")
    print(f"  instance profile    {profile['Arn']}")
    print(f"configured on {HOST}")
    for instance in instances:
        print(f"  container instance  {instance}")
    for line in [line for line in config.splitlines() if "=" in line]:
        print(f"  ecs.config          {line}")
    for line in [line for line in prohibited.splitlines() if "prohibit" in line]:
        print(f"  in front of IMDS    ip rule {line.expandtabs(1)}")
    for line in [line for line in rules.splitlines() if "fleetkit" in line]:
        print(f"  in front of IMDS    {line}")
    print(f"changed tasks: {predicted} foreseen by check mode, {done} in the first run, {again} in the second")
    print(f"The lab is still up: look around with 'docker exec -it {HOST} bash', remove it with 'make lab-down'.")


def host(*command: str) -> str:
    return subprocess.run(["docker", "exec", HOST, *command], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
