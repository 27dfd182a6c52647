# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of container instances, as Ansible loads it, over HTTP against the local AWS."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import pages
import pytest
import yaml
from ssm_agent_wire import Agent

NAME = "fleetkit.ecs.container_instances"
ATTRIBUTES = [{"name": "ecs.os-type", "value": "linux"}, {"name": "ecs.capability.task-eni"}]


# Ansible's loader of plugins wants a process in which it comes first. One reads all inventories.
SERVER = """
import json, sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
for line in sys.stdin:
    inventory = InventoryManager(DataLoader(), sources=[line.strip()])
    hosts = {name: host.vars for name, host in inventory.hosts.items()}
    groups = {name: sorted(host.name for host in group.hosts) for name, group in inventory.groups.items()}
    print(json.dumps({"hosts": hosts, "groups": groups}), flush=True)
"""


@pytest.fixture(scope="session")
def ansible(aws_server, tmp_path_factory):
    """Gives hosts and groups of an inventory file, and what Ansible said."""
    said = tmp_path_factory.mktemp("ansible") / "stderr"
    command = [sys.executable, "-c", SERVER]
    with (
        said.open("w") as stderr,
        subprocess.Popen(
            command, env=os.environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        ) as server,
    ):

        def load(path):
            before = said.stat().st_size
            server.stdin.write(f"{path}\n")
            server.stdin.flush()
            found = json.loads(server.stdout.readline())
            return SimpleNamespace(**found, said=" ".join(said.read_text()[before:].split()))

        yield load
        server.stdin.close()


class Fleet:
    """A local AWS with container instances, and what the plugin makes of it."""

    def __init__(self, aws, ansible, directory):
        self.aws, self.load, self.path = aws, ansible, directory / "fleet.container_instances.yml"
        self.ecs, self.ec2 = aws.client("ecs"), aws.client("ec2")
        self.calls = Counter()

    def launch(self, number=1):
        """Ids of new EC2 instances."""
        subnet = self.ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        answer = self.ec2.run_instances(ImageId=image, SubnetId=subnet, MinCount=number, MaxCount=number)
        return [one["InstanceId"] for one in answer["Instances"]]

    def register(self, cluster, instance_id, **attributes):
        self.ecs.create_cluster(clusterName=cluster)
        custom = [{"name": name, "value": value} for name, value in attributes.items()]
        identity = json.dumps({"instanceId": instance_id})
        answer = self.ecs.register_container_instance(
            cluster=cluster, instanceIdentityDocument=identity, attributes=[*ATTRIBUTES, *custom]
        )
        return answer["containerInstance"]["containerInstanceArn"]

    def register_external(self, cluster, address):
        """A server that has registered with Systems Manager and, as that instance, with the cluster; gives its id."""
        trust = {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        with contextlib.suppress(self.aws.iam.exceptions.EntityAlreadyExistsException):
            self.aws.iam.create_role(RoleName="ecsAnywhereRole", AssumeRolePolicyDocument=document)
        agent = Agent(self.aws.url)
        agent.register(self.aws.client("ssm").create_activation(IamRole="ecsAnywhereRole"))
        ecs = self.aws.client("ecs", **agent.request_token())
        agent.heartbeat(IPAddress=address, ComputerName="rack-7")
        self.ecs.create_cluster(clusterName=cluster)
        ecs.register_container_instance(cluster=cluster, instanceIdentityDocument="", attributes=ATTRIBUTES)
        return agent.instance_id

    def inventory(self, **options):
        """The inventory, and in C(calls) what it asked of AWS."""
        self.path.write_text(yaml.safe_dump({"plugin": NAME, **options}))
        self.aws.operations()
        inventory = self.load(self.path)
        self.calls = Counter(self.aws.operations())
        return inventory


@pytest.fixture
def fleet(aws, ansible, tmp_path):
    return Fleet(aws, ansible, tmp_path)


def variables(inventory, host):
    return inventory.hosts[host]


def members(inventory):
    return {name: hosts for name, hosts in inventory.groups.items() if hosts and name not in ("all", "ungrouped")}


def test_every_instance_of_every_cluster_is_a_host_with_its_address_and_groups(fleet):
    first, second = sorted(fleet.launch(2))
    arn = fleet.register("production", first, rack="7")
    fleet.register("staging", second)
    inventory = fleet.inventory()
    host = variables(inventory, first)
    described = fleet.ec2.describe_instances(InstanceIds=[first])["Reservations"][0]["Instances"][0]
    assert host["ansible_host"] == host["ecs_private_ip_address"] == described["PrivateIpAddress"]
    assert host["ecs_container_instance_arn"] == arn
    assert (host["ecs_cluster"], host["ecs_status"], host["ecs_external"]) == ("production", "ACTIVE", False)
    assert host["ecs_attributes"] == {"ecs.os-type": "linux", "rack": "7"}
    assert host["ecs_capabilities"] == ["ecs.capability.task-eni"]
    assert members(inventory) == {
        "container_instances": [first, second],
        "ecs_cluster_production": [first],
        "ecs_cluster_staging": [second],
        "ecs_status_active": [first, second],
        "ecs_ec2": [first, second],
        "ecs_os_linux": [first, second],
        "ecs_attribute_rack_7": [first],
    }
    assert fleet.calls == {
        "ListClusters": 1,
        "ListContainerInstances": 2,
        "DescribeContainerInstances": 2,
        "DescribeInstances": 1,
    }


def test_external_instances_are_hosts_like_the_others(fleet):
    (inside,), outside = fleet.launch(), fleet.register_external("production", "10.1.2.3")
    fleet.register("production", inside)
    inventory = fleet.inventory()
    host = variables(inventory, outside)
    assert (host["ecs_external"], host["ansible_host"], host["ecs_computer_name"]) == (True, "10.1.2.3", "rack-7")
    assert members(inventory)["ecs_external"] == [outside]
    assert members(inventory)["ecs_ec2"] == [inside]
    assert members(inventory)["ecs_cluster_production"] == sorted([inside, outside])
    assert (fleet.calls["DescribeInstanceInformation"], fleet.calls["DescribeInstances"]) == (1, 1)
    assert variables(fleet.inventory(connect_by="ssm"), outside)["ansible_host"] == outside


def test_only_the_named_clusters_are_asked_for(fleet):
    first, second = fleet.launch(2)
    fleet.register("production", first)
    fleet.register("staging", second)
    assert list(fleet.inventory(clusters=["staging"]).hosts) == [second]
    assert (fleet.calls["ListClusters"], fleet.calls["ListContainerInstances"]) == (0, 1)


def test_hosts_of_the_ssm_connection_plugin_cost_no_question_for_addresses(fleet):
    (instance,) = fleet.launch()
    fleet.register("production", instance)
    host = variables(fleet.inventory(connect_by="ssm"), instance)
    assert (host["ansible_connection"], host["ansible_host"]) == ("amazon.aws.aws_ssm", instance)
    assert (host["ansible_aws_ssm_instance_id"], host["ansible_aws_ssm_region"]) == (instance, "us-west-2")
    assert "DescribeInstances" not in fleet.calls


def test_public_addresses_are_used_when_asked_for_and_private_ones_where_there_is_none(fleet):
    first, second = fleet.launch(2)
    fleet.register("production", first)
    fleet.register("production", second)
    allocation = fleet.ec2.allocate_address(Domain="vpc")
    fleet.ec2.associate_address(InstanceId=first, AllocationId=allocation["AllocationId"])
    inventory = fleet.inventory(connect_by="public_ip")
    host, other = variables(inventory, first), variables(inventory, second)
    assert host["ansible_host"] == host["ecs_public_ip_address"] == allocation["PublicIp"]
    assert other["ansible_host"] == other.get("ecs_public_ip_address", other["ecs_private_ip_address"])


def test_tags_attributes_and_conditions_make_groups_and_variables(fleet):
    (instance,) = fleet.launch()
    arn = fleet.register("production", instance, rack="7")
    fleet.ecs.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "web shop"}])
    inventory = fleet.inventory(
        keyed_groups=[{"key": "ecs_tags", "prefix": "tag"}, {"key": "ecs_attributes.rack", "prefix": "rack"}],
        groups={"lost": "not ecs_agent_connected", "kept": "ecs_agent_connected"},
        compose={"agent_cluster": "ecs_cluster"},
        strict=True,
    )
    assert {"tag_team_web_shop", "rack_7", "kept"} < set(members(inventory))
    assert "lost" not in members(inventory)
    assert variables(inventory, instance)["agent_cluster"] == "production"


def test_a_tag_is_never_a_template(fleet):
    (instance,) = fleet.launch()
    arn = fleet.register("production", instance)
    fleet.ecs.tag_resource(resourceArn=arn, tags=[{"key": "note", "value": "{{ lookup('env', 'HOME') }}"}])
    inventory = fleet.inventory(compose={"copy": "ecs_tags.note"}, strict=True)
    assert variables(inventory, instance)["copy"] == "{{ lookup('env', 'HOME') }}"


def test_with_strict_an_expression_that_fails_is_an_error(fleet):
    (instance,) = fleet.launch()
    fleet.register("production", instance)
    assert fleet.inventory(compose={"x": "nowhere.at_all"}).hosts
    assert not fleet.inventory(compose={"x": "nowhere.at_all"}, strict=True).hosts.get(instance, {}).get("x")


def test_a_host_that_registered_twice_is_the_connected_one(fleet):
    (instance,) = fleet.launch()
    lost, kept = fleet.register("production", instance), fleet.register("production", instance)
    fleet.aws.behave(silent=[lost])
    inventory = fleet.inventory()
    assert variables(inventory, instance)["ecs_container_instance_arn"] == kept


def test_a_second_inventory_comes_from_the_cache(fleet, tmp_path):
    (instance,) = fleet.launch()
    fleet.register("production", instance)
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = fleet.inventory(**cache)
    assert fleet.calls
    second = fleet.inventory(**cache)
    assert not fleet.calls
    assert variables(second, instance) == variables(first, instance)
    assert members(second) == members(first)


def test_it_assumes_a_role_as_the_modules_do(fleet):
    (instance,) = fleet.launch()
    fleet.register("production", instance)
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole",
             "Condition": {"StringEquals": {"sts:ExternalId": "fleet-1"}}}], "Version": "2012-10-17"}  # fmt: skip
    role = fleet.aws.iam.create_role(RoleName="inventory", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    assert not fleet.inventory(assume_role_arn=role).hosts
    assert fleet.calls == {"AssumeRole": 1}
    assert list(fleet.inventory(assume_role_arn=role, assume_role_external_id="fleet-1").hosts) == [instance]
    assert fleet.calls["AssumeRole"] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"clusters": ["nowhere"]}, "ClusterNotFoundException"),
        ({"assume_role_external_id": "x"}, "it needs assume_role_arn"),
        ({"assume_role_arn": "arn:aws::iam::aws:role/x"}, "assume_role_arn"),
    ],
)
def test_what_is_wrong_is_said(fleet, options, said):
    inventory = fleet.inventory(**options)
    assert not inventory.hosts
    assert said in inventory.said


def test_the_commands_of_the_page_do_what_it_says(fleet, tmp_path, playbook_environment):
    (instance,) = fleet.launch()
    arn = fleet.register("production", instance)
    fleet.ecs.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "shop"}])
    page = pages.section("inventory.md")
    for name, content in pages.files(page).items():
        (tmp_path / name).write_text(content)
    told = []
    for command in pages.commands(page):
        run = subprocess.run(
            shlex.split(command), cwd=tmp_path, env=playbook_environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
        told.append(run.stdout)
    assert f"@ecs_tag_team_shop:\n  |  |--{instance}" in told[0]
    assert "agent_cluster" in told[1]
