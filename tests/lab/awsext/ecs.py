# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECS: what the container agent needs to register, and answers that moto gets wrong around container instances."""

from __future__ import annotations

import json
import re

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.models import ContainerInstance, EC2ContainerServiceBackend, Task
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.moto_api._internal import mock_random
from moto.sts.models import sts_backends

from .patch import replaces

ATTRIBUTE_NAME = re.compile(r"[\w./-]{1,128}", re.ASCII)
ATTRIBUTE_VALUE = re.compile(r"[\w./@:\\ -]{0,128}", re.ASCII)


class RegisteredInstance(ContainerInstance):
    """A container instance made of what its agent sent; moto's own wants an EC2 instance behind it."""

    def __init__(self, backend: EC2ContainerServiceBackend, cluster_name: str, ec2_instance_id: str):  # pylint: disable=super-init-not-called
        self.ec2_instance_id = ec2_instance_id
        self.cluster_name = cluster_name
        self.region_name = backend.region_name
        self._account_id = backend.account_id
        self._backend = backend
        self.id = mock_random.uuid4().hex
        self.status = "ACTIVE"
        self.agent_connected = True
        self.running_tasks_count = 0
        self.pending_tasks_count = 0
        self.registered_at = utcnow()
        self.attributes = {}
        self.version_info = {}
        self.registered_resources = []
        self.remaining_resources = []

    def update(self, params: dict) -> None:
        """Take over what a registration, the first or a later one, says."""
        self.version_info = params.get("versionInfo") or {}
        self.registered_resources = params.get("totalResources") or []
        self.remaining_resources = json.loads(json.dumps(self.registered_resources))
        self.attributes.update({item["name"]: item.get("value") for item in params.get("attributes") or []})
        self.agent_connected = True


def instance_id(params: dict, session_name: str | None) -> str:
    """i-... from the identity document; an external instance sends an empty one, and its session is named mi-..."""
    document = params.get("instanceIdentityDocument")
    if document:
        return json.loads(document)["instanceId"]
    if session_name and session_name.startswith("mi-"):
        return session_name
    return f"mi-{mock_random.uuid4().hex[:17]}"


def refuse_bad_attributes(attributes: list[dict] | None) -> None:
    """The API's limits on custom attributes."""
    for item in attributes or []:
        value = item.get("value") or ""
        if not ATTRIBUTE_NAME.fullmatch(item["name"]):
            raise InvalidParameterException(f"Attribute name {item['name']} is not valid.")
        if not ATTRIBUTE_VALUE.fullmatch(value) or value != value.strip():
            raise InvalidParameterException(f"Attribute value {value} is not valid.")


@replaces(EC2ContainerServiceResponse, "register_container_instance")
def register_container_instance(original, self) -> ActionResult:
    """Keep what the agent sends; a registration with an ARN renews that instance instead of making another."""
    del original
    backend = self.ecs_backend
    names = ("instanceIdentityDocument", "versionInfo", "totalResources", "attributes", "containerInstanceArn")
    params = {name: self._get_param(name) for name in names}
    cluster = backend._get_cluster(self._get_param("cluster") or "default")
    refuse_bad_attributes(params["attributes"])
    instances = backend.container_instances.setdefault(cluster.name, {})
    arn = params["containerInstanceArn"]
    if arn:
        instance = instances.get(arn.split("/")[-1])
        if not instance:
            raise InvalidParameterException("The specified container instance is not registered with the cluster.")
    else:
        session = sts_backends[backend.account_id]["aws"].get_assumed_role_from_access_key(self.get_access_key())
        instance = RegisteredInstance(backend, cluster.name, instance_id(params, session and session.session_name))
        instances[instance.id] = instance
        cluster.registered_container_instances_count += 1
    instance.update(params)
    return ActionResult({"containerInstance": instance})


@replaces(EC2ContainerServiceResponse, "discover_poll_endpoint")
def discover_poll_endpoint(original, self) -> ActionResult:
    """The endpoints that the agent polls: this server."""
    del original
    if self._get_param("cluster"):
        self.ecs_backend._get_cluster(self._get_param("cluster"))
    url = f"http://{self.headers.get('Host')}/"
    return ActionResult({"endpoint": url, "telemetryEndpoint": url, "serviceConnectEndpoint": url})


@replaces(EC2ContainerServiceBackend, "create_cluster")
def create_cluster(original, self, cluster_name: str, *args, **kwargs):
    """Creating a cluster that exists gives the one that exists; moto would replace it by an empty one."""
    existing = self.clusters.get(cluster_name)
    return existing if existing else original(self, cluster_name, *args, **kwargs)


@replaces(EC2ContainerServiceBackend, "_get_cluster")
def get_cluster(original, self, name: str):
    """As moto's; a cluster without instances must not be a KeyError in the calls that come next."""
    cluster = original(self, name)
    self.container_instances.setdefault(cluster.name, {})
    return cluster


@replaces(EC2ContainerServiceBackend, "list_container_instances")
def list_container_instances(original, self, cluster_str: str, status: str | None = None) -> list[str]:
    """A cluster that does not exist is an error, not an empty list."""
    self._get_cluster(cluster_str)
    return original(self, cluster_str, status)


@replaces(EC2ContainerServiceBackend, "deregister_container_instance")
def deregister_container_instance(original, self, cluster_str: str, container_instance_str: str, force: bool):
    """An instance that is not there is a client's error; the count of instances follows, the state is INACTIVE."""
    cluster = self._get_cluster(cluster_str)
    if container_instance_str.split("/")[-1] not in self.container_instances[cluster.name]:
        raise InvalidParameterException("The specified container instance is not registered with the cluster.")
    instance = original(self, cluster_str, container_instance_str, force)
    cluster.registered_container_instances_count -= 1
    instance.status = "INACTIVE"
    instance.agent_connected = False
    return instance


@replaces(EC2ContainerServiceBackend, "list_attributes")
def list_attributes(original, self, target_type, cluster_name=None, attr_name=None, attr_value=None):
    """A name without a value asks for every value; moto would look for the value None."""
    found = original(self, target_type, cluster_name, None, None)
    return [
        item
        for item in found
        if (not attr_name or item[2] == attr_name) and (attr_value is None or item[3] == attr_value)
    ]


@replaces(EC2ContainerServiceResponse, "run_task")
def run_task(original, self) -> ActionResult:
    """Keep whether ECS Exec was asked for, which takes a task role; its agent then runs in every container."""
    enabled = bool(self._get_param("enableExecuteCommand", False))
    definition = self.ecs_backend.describe_task_definition(self._get_param("taskDefinition"))
    role = (self._get_param("overrides") or {}).get("taskRoleArn") or getattr(definition, "task_role_arn", None)
    if enabled and not role:
        raise InvalidParameterException(
            "Tasks could not be created because a valid taskRoleArn is not being used. Specify a valid task role in "
            "your task definition and try again."
        )
    before = {arn for tasks in self.ecs_backend.tasks.values() for arn in tasks}
    answer = original(self)
    for task in [task for tasks in self.ecs_backend.tasks.values() for arn, task in tasks.items() if arn not in before]:
        task.enable_execute_command = enabled
        for container in task.containers if enabled else []:
            container.managed_agents = [{"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}]
    return answer


@replaces(Task, "advance")
def advance(original, self) -> None:
    """A task runs until it is stopped; moto's begins to stop when it is looked at."""
    del original, self
