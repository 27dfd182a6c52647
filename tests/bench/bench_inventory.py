# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of 1,000 container instances, half of them external: requests, and seconds beyond Ansible's own start.

Ansible's own start is ansible-inventory with a list of one host. The local AWS answers one request at a time, and takes
longer than the real one to describe EC2 instances; the seconds of the same requests without Ansible are told beside.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
import uuid

import boto3
from ansible_collections.amazon.aws.plugins.module_utils.retries import RetryingBotoClientWrapper
from common import OUTPUT, launch, report, requests
from ssm_agent_wire import Agent

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet import read

REGION, CLUSTER = "us-west-2", "production"
HOSTS, AT_A_TIME, ROUNDS = 1000, 100, 3
CALLS_ALLOWED_BEYOND_PAGES, SECONDS_ALLOWED = 10, 5


def register(url: str) -> None:
    """Half of the fleet is EC2 instances, half is servers that Systems Manager knows."""
    ecs, ec2 = (boto3.client(service, endpoint_url=url, region_name=REGION) for service in ("ecs", "ec2"))
    ecs.create_cluster(clusterName=CLUSTER)
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    for _batch in range(HOSTS // 2 // AT_A_TIME):
        answer = ec2.run_instances(ImageId=image, MinCount=AT_A_TIME, MaxCount=AT_A_TIME)
        for instance in answer["Instances"]:
            identity = json.dumps({"instanceId": instance["InstanceId"]})
            ecs.register_container_instance(cluster=CLUSTER, instanceIdentityDocument=identity)
    register_external(url, HOSTS // 2)


def register_external(url: str, number: int) -> None:
    iam, ssm = (boto3.client(service, endpoint_url=url, region_name=REGION) for service in ("iam", "ssm"))
    trust = {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="ecsAnywhereRole", AssumeRolePolicyDocument=document)
    activation = ssm.create_activation(IamRole="ecsAnywhereRole", RegistrationLimit=number)
    server = Agent(url)  # one key for all of them: to make a key takes longer than all the rest
    for _server in range(number):
        server.fingerprint = str(uuid.uuid4())  # another server
        server.register(activation)
        keys = server.request_token()
        server.heartbeat()
        ecs = boto3.client("ecs", endpoint_url=url, region_name=REGION, **keys)
        ecs.register_container_instance(cluster=CLUSTER, instanceIdentityDocument="")


def without_ansible(url: str) -> float:
    """Seconds of the same requests, made one after the other by boto3 where they cannot be made at once."""
    clients = {each: boto3.client(each, endpoint_url=url, region_name=REGION) for each in ("ecs", "ec2", "ssm")}
    ecs, ec2, ssm = (RetryingBotoClientWrapper(client, lambda call: call) for client in clients.values())
    start = time.monotonic()
    found = [one["ec2InstanceId"] for one in read.read_container_instances(ecs, read.read_clusters(ecs))]
    read.read_ec2_instances(ec2, [each for each in found if each.startswith("i-")])
    read.read_managed_instances(ssm, [each for each in found if each.startswith("mi-")])
    return time.monotonic() - start


def seconds(source: str, url: str) -> tuple[float, dict]:
    start = time.monotonic()
    command = ["ansible-inventory", "-i", source, "--list"]
    environment = {**os.environ, "AWS_ENDPOINT_URL": url, "AWS_REGION": REGION}
    run = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return time.monotonic() - start, json.loads(run.stdout)


def main() -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    path = OUTPUT / "bench.container_instances.yml"
    path.write_text("plugin: fleetkit.ecs.container_instances\n")
    with launch() as url:
        register(url)
        own_start = statistics.median(seconds("one,", url)[0] for _round in range(ROUNDS))
        requests(url)
        took, listed = seconds(str(path), url)
        calls = requests(url)
        took = statistics.median([took, *(seconds(str(path), url)[0] for _round in range(ROUNDS - 1))])
        alone = statistics.median(without_ansible(url) for _round in range(ROUNDS))
    hosts = len(listed["_meta"]["hostvars"])
    assert hosts == HOSTS, f"{hosts} hosts"
    pages = len([call for call in calls if call.endswith(("ContainerInstances", "InstanceInformation"))])
    rows = [("", "measured", "allowed"), ("hosts", hosts, "")]
    rows += [(name, calls.count(name), "") for name in sorted(set(calls))]
    rows += [
        ("requests beyond pages of (container) instances", len(calls) - pages, CALLS_ALLOWED_BEYOND_PAGES),
        ("seconds beyond Ansible's own start", f"{took - own_start:.1f}", SECONDS_ALLOWED),
        ("seconds of the same requests alone", f"{alone:.1f}", ""),
        ("seconds of Ansible's own start", f"{own_start:.1f}", ""),
    ]
    figures = {
        "hosts": hosts,
        "calls": len(calls),
        "pages": pages,
        "calls_beyond_pages": len(calls) - pages,
        "seconds_beyond_start": round(took - own_start, 2),
        "seconds_of_requests_alone": round(alone, 2),
        "seconds_own_start": round(own_start, 2),
    }
    report("inventory", "The inventory of 1,000 container instances", rows, figures)


if __name__ == "__main__":
    main()
