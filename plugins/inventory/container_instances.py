# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: container_instances
short_description: The container instances of Amazon ECS clusters as an inventory
version_added: 0.1.0
author:
  - fleetkit.ecs contributors (@fleetkit)
description:
  - Every container instance of the clusters is a host, EC2 instances and external ones (ECS Anywhere) alike. It is
    named by its instance id, V(i-...) or V(mi-...).
  - The file of an inventory ends with C(container_instances.yml) or C(container_instances.yaml).
  - Every host is in the group C(container_instances), which the playbooks of this collection are for, and in
    C(ecs_cluster_NAME), C(ecs_status_active) and the like, C(ecs_ec2) or C(ecs_external), C(ecs_os_linux) or
    C(ecs_os_windows), C(ecs_capacity_provider_NAME) where it has one, and C(ecs_attribute_NAME_VALUE) for each of its
    custom attributes. O(keyed_groups) and O(groups) make more, of tags for example.
  - >-
    Host variables are C(ecs_instance_id), C(ecs_external), C(ecs_container_instance_arn), C(ecs_cluster),
    C(ecs_region), C(ecs_account_id), C(ecs_status), C(ecs_agent_connected), C(ecs_agent_version),
    C(ecs_docker_version), C(ecs_running_tasks_count), C(ecs_pending_tasks_count), C(ecs_registered_at),
    C(ecs_capacity_provider), C(ecs_os_type), C(ecs_attributes), C(ecs_capabilities), C(ecs_tags), and where they are
    known C(ecs_private_ip_address), C(ecs_public_ip_address) and C(ecs_computer_name).
  - A host that is registered more than once, because its agent has lost its state, is one host. Its variables are those
    of the container instance whose agent is connected, or else of the latest.
  - It takes one request for a hundred clusters, for a hundred container instances to be listed and for a hundred to be
    described, and for their addresses one for two hundred EC2 instances and for fifty external ones. Up to eight are
    made at the same time.
  - The caller needs C(ecs:ListContainerInstances) and C(ecs:DescribeContainerInstances), without O(clusters) also
    C(ecs:ListClusters), and unless O(connect_by=ssm) also C(ec2:DescribeInstances) and
    C(ssm:DescribeInstanceInformation) where there are hosts of that kind.
  - What AWS says is not a template. Expressions in tags and attributes are not evaluated.
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
  - amazon.aws.boto3
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
  - fleetkit.ecs._assume_role
options:
  plugin:
    description: Names this plugin.
    required: true
    choices: [fleetkit.ecs.container_instances]
  clusters:
    description: Names or ARNs of the clusters. All clusters of the region if left out.
    type: list
    elements: str
    default: []
  connect_by:
    description:
      - How Ansible gets at the hosts.
      - V(private_ip) sets C(ansible_host) to the private address of an EC2 instance, or the address that Systems
        Manager knows of an external one. V(public_ip) prefers the public address of an EC2 instance.
      - V(ssm) sets C(ansible_connection) to P(amazon.aws.aws_ssm#connection), and asks for no addresses. The plugin
        also needs the variable C(ansible_aws_ssm_bucket_name).
    type: str
    choices: [private_ip, public_ip, ssm]
    default: private_ip
seealso:
  - module: fleetkit.ecs.ecs_container_instance
  - name: ListContainerInstances
    description: Which container instances Amazon ECS lists. All but those that are INACTIVE.
    link: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListContainerInstances.html
  - name: DescribeInstanceInformation
    description: What Systems Manager knows of an external instance.
    link: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html
"""

EXAMPLES = r"""
---
# all.container_instances.yml: every cluster of the region, over SSH to private addresses
plugin: fleetkit.ecs.container_instances
region: us-west-2
---
# production.container_instances.yml: two clusters, groups of tags, and the variables of the role agent
plugin: fleetkit.ecs.container_instances
region: us-west-2
clusters: [production, production-gpu]
keyed_groups:
  - key: ecs_tags
    prefix: ecs_tag
  - key: ecs_attributes['ecs.availability-zone']
    prefix: zone
groups:
  lost: not ecs_agent_connected
compose:
  agent_cluster: ecs_cluster
  agent_region: ecs_region
strict: true
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /tmp/container_instances
cache_timeout: 300
---
# ssm.container_instances.yml: no SSH, and a role in another account
plugin: fleetkit.ecs.container_instances
region: us-west-2
connect_by: ssm
compose:
  ansible_aws_ssm_bucket_name: "'transfers-of-ansible'"
assume_role_arn: arn:aws:iam::210987654321:role/inventory
"""

from functools import partial
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # the base class says so in its own words
    BotoCoreError = ClientError = OSError  # type: ignore[misc,assignment]

from ansible.errors import AnsibleParserError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.amazon.aws.plugins.plugin_utils.inventory import AWSInventoryBase

from ansible_collections.fleetkit.ecs.plugins.module_utils import _assume_role
from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import RETRY
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet import read
from ansible_collections.fleetkit.ecs.plugins.plugin_utils import _container_instances as shape

SSM = "ssm"
PUBLIC = "public_ip"


class InventoryModule(AWSInventoryBase):
    NAME = "fleetkit.ecs.container_instances"
    INVENTORY_FILE_SUFFIXES = ("container_instances.yml", "container_instances.yaml")

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True, **_more: Any) -> None:
        super().parse(inventory, loader, path, cache=cache)
        known, hosts = self.get_cached_result(path, cache)
        if not known:
            try:
                hosts = self._read()
            except (BotoCoreError, ClientError) as error:
                self.fail_aws(f"{path}: AWS did not say which container instances there are", exception=error)
        for host in hosts:
            self._add(host)
        self.update_cached_result(path, cache, hosts)

    def _do_fail(self, message: str) -> Any:
        raise AnsibleParserError(message)

    def _set_frozen_credentials(self) -> None:
        """As every module of the collection assumes a role; the base class knows no more than its ARN."""
        try:
            wanted = _assume_role.parse({name: self.get_option(name) for name in _assume_role.OPTIONS})
        except Refusal as refusal:
            self.fail_aws(str(refusal))
        if wanted is None:
            return
        try:
            issued = _assume_role.exchange(self.client("sts", retry_decorator=RETRY), wanted)
        except Refusal as refusal:
            self.fail_aws(str(refusal))
        except (BotoCoreError, ClientError) as error:
            self.fail_aws(_assume_role.explain(error, wanted))
        self._frozen_credentials = {"profile_name": None, **issued}

    def _read(self) -> list[shape.Variables]:
        """The variables of all hosts, as a cache can keep them."""
        client = partial(self.client, retry_decorator=RETRY)
        ecs = client("ecs")
        clusters = self.get_option("clusters") or read.read_clusters(ecs)
        found = shape.one_for_each_host(read.read_container_instances(ecs, clusters))
        by_ssm, ec2, ssm = self.get_option("connect_by") == SSM, {}, {}
        external = [name for name in found if shape.is_external(name)]
        if len(external) < len(found) and not by_ssm:
            ec2 = read.read_ec2_instances(client("ec2"), [name for name in found if not shape.is_external(name)])
        if external and not by_ssm:
            ssm = read.read_managed_instances(client("ssm"), external)
        return [shape.variables(found[name], ec2.get(name), ssm.get(name), by_ssm) for name in sorted(found)]

    def _add(self, variables: shape.Variables) -> None:
        name = variables["ecs_instance_id"]
        self.inventory.add_host(name)
        host = wrap_var({**self._address(variables), **variables})
        for variable, value in host.items():
            self.inventory.set_variable(name, variable, value)
        for group in shape.groups(variables):
            self.inventory.add_child(self.inventory.add_group(self._sanitize_group_name(group)), name)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), host, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), host, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), host, name, strict=strict)

    def _address(self, variables: shape.Variables) -> shape.Variables:
        private, public = (variables.get(f"ecs_{kind}_ip_address") for kind in ("private", "public"))
        address = (public or private) if self.get_option("connect_by") == PUBLIC else private
        return {"ansible_host": address} if address else {}
