# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ECS: what the container agent needs to register, and answers that moto gets wrong around container instances."""

from __future__ import annotations

import copy
import json
import re
import time
from types import SimpleNamespace

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecs.exceptions import ECSException, InvalidParameterException
from moto.ecs.models import ContainerInstance, EC2ContainerServiceBackend, Task
from moto.ecs.responses import EC2ContainerServiceResponse, format_attributes
from moto.moto_api._internal import mock_random
from moto.sts.models import sts_backends

from . import ec2
from .patch import replaces

# Which of the cluster query language's expressions are known here.
BY_HOST = re.compile(r"ec2InstanceId in \[(?P<ids>'[^']*'(, ?'[^']*')*)\]")
MOST_ATTRIBUTES = 10
PAGE = 100  # the most in an answer, and container instances in a request
ATTRIBUTE_NAME = re.compile(r"[\w./-]{1,128}", re.ASCII)
ATTRIBUTE_VALUE = re.compile(r"[\w./@:\\ -]{0,128}", re.ASCII)


# moto keeps attributes as a dictionary, and forgets to make a list of it in two answers.
for answer in ("UpdateContainerInstancesStateResponse.containerInstances.ContainerInstance",
               "DeregisterContainerInstanceResponse.containerInstance"):  # fmt: skip
    EC2ContainerServiceResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER[f"{answer}.attributes"] = format_attributes


class Draining:
    """How long tasks of services go on after their container instance was set to drain: tests wait for it."""

    seconds = 0.0


draining = Draining()


class Silent:
    """The container instances whose agent Amazon ECS does not hear from, by ARN."""

    arns: frozenset[str] = frozenset()


silent = Silent()


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
        self.draining_since = 0.0
        self.tagged = SimpleNamespace(tags=[])

    def update(self, params: dict) -> None:
        """Take over what a registration, the first or a later one, says."""
        self.version_info = params.get("versionInfo") or {}
        self.registered_resources = params.get("totalResources") or []
        self.remaining_resources = json.loads(json.dumps(self.registered_resources))
        self.attributes.update({item["name"]: item.get("value") for item in params.get("attributes") or []})
        self.agent_connected = True
        self.tagged.tags = params.get("tags") or self.tagged.tags


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
    names = ("instanceIdentityDocument", "versionInfo", "totalResources", "attributes", "containerInstanceArn", "tags")
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
        if instance.ec2_instance_id.startswith("i-"):
            ec2.launched(backend.account_id, backend.region_name, instance.ec2_instance_id)
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


@replaces(EC2ContainerServiceResponse, "list_container_instances")
def list_filtered_container_instances(original, self) -> ActionResult:
    """With the filter by host, which moto ignores; any other is refused."""
    chosen = self._get_param("filter")
    by_host = BY_HOST.fullmatch(chosen or "")
    if chosen and not by_host:
        raise InvalidParameterException(f"The lab does not know the filter {chosen}")
    found = original(self).result["containerInstanceArns"]
    if by_host:
        hosts = re.findall(r"'([^']*)'", by_host["ids"])
        known = self.ecs_backend.container_instances[self.ecs_backend._get_cluster(self._get_param("cluster")).name]
        found = sorted(one.container_instance_arn for one in known.values() if one.ec2_instance_id in hosts)
    return ActionResult(page_of(self, "containerInstanceArns", found))


def page_of(response: EC2ContainerServiceResponse, name: str, items: list[str]) -> dict:
    """The page of a list that a request asks for; moto gives all at once."""
    size = response._get_int_param("maxResults", PAGE)
    if not 1 <= size <= PAGE:
        raise InvalidParameterException(f"maxResults must be from 1 to {PAGE}.")
    start = int(response._get_param("nextToken") or 0)
    more = {"nextToken": str(start + size)} if start + size < len(items) else {}
    return {name: items[start : start + size], **more}


@replaces(EC2ContainerServiceResponse, "list_clusters")
def list_clusters(original, self) -> ActionResult:
    """In pages."""
    return ActionResult(page_of(self, "clusterArns", original(self).result["clusterArns"]))


@replaces(EC2ContainerServiceResponse, "describe_container_instances")
def describe_with_tags(original, self) -> ActionResult:
    """At most 100; tags are told only when they are asked for."""
    if len(self._get_param("containerInstances") or []) > PAGE:
        raise InvalidParameterException("Container instance IDs list cannot exceed 100.")
    answer = original(self)
    if "TAGS" in (self._get_param("include") or []):
        answer.result["containerInstances"] = [with_tags(one) for one in answer.result["containerInstances"]]
    return answer


def with_tags(instance: ContainerInstance) -> ContainerInstance:
    """As it is told to who asks for tags."""
    told = copy.copy(instance)
    told.tags = instance.tagged.tags
    return told


@replaces(EC2ContainerServiceBackend, "_get_resource")
def get_resource(original, self, resource_arn: str, parsed_arn: dict):
    """Container instances have tags too."""
    if parsed_arn["service"] != "container-instance":
        return original(self, resource_arn, parsed_arn)
    for instances in self.container_instances.values():
        if resource_arn.rsplit("/", 1)[-1] in instances:
            return instances[resource_arn.rsplit("/", 1)[-1]].tagged
    raise InvalidParameterException("The specified container instance is not registered.")


@replaces(EC2ContainerServiceBackend, "describe_container_instances")
def describe_container_instances(original, self, cluster_str: str, list_container_instance_ids: list[str]):
    """Draining ones lose tasks of services after a while; deregistered ones are remembered for some time."""
    cluster = self._get_cluster(cluster_str)
    for instance in self.container_instances[cluster.name].values():
        stop_tasks_of_services(self, cluster, instance)
        instance.agent_connected = instance.container_instance_arn not in silent.arns
    found, failures = original(self, cluster_str, list_container_instance_ids)
    remembered = getattr(self, "deregistered", {})
    known = {failure.arn.split("/")[-1] for failure in failures} & set(remembered)
    found += [remembered[identifier] for identifier in sorted(known)]
    return found, [failure for failure in failures if failure.arn.split("/")[-1] not in known]


def stop_tasks_of_services(backend: EC2ContainerServiceBackend, cluster, instance) -> None:
    """What draining does: other tasks are left alone."""
    if instance.status != "DRAINING" or time.monotonic() < instance.draining_since + draining.seconds:
        return
    for task in list(backend.tasks.get(cluster.name, {}).values()):
        on_it = task.container_instance_arn == instance.container_instance_arn
        if on_it and task.desired_status == "RUNNING" and task.group.startswith("service:"):
            backend.stop_task(cluster.name, task.task_arn, "draining")


@replaces(EC2ContainerServiceBackend, "update_container_instances_state")
def update_container_instances_state(original, self, cluster_str: str, ids: list[str], status: str):
    """As moto's, which does not say since when."""
    found, failures = original(self, cluster_str, ids, status)
    for instance in found:
        instance.draining_since = time.monotonic()
    return found, failures


@replaces(EC2ContainerServiceBackend, "list_tasks")
def list_tasks(original, self, cluster_str=None, *args, **kwargs):
    """Those that are to run, unless others are asked for; moto gives all of them."""
    bound = dict(zip(("container_instance", "family", "started_by", "service_name", "desiredStatus"), args), **kwargs)
    bound["desiredStatus"] = bound.get("desiredStatus") or "RUNNING"
    return original(self, cluster_str, **bound)


@replaces(EC2ContainerServiceBackend, "put_attributes")
def put_attributes(original, self, cluster_name: str, attributes: list[dict] | None = None) -> None:
    """The API's limits, in a call and on a container instance."""
    refuse_bad_attributes(attributes)
    if len(attributes or []) > MOST_ATTRIBUTES:
        raise InvalidParameterException("You can specify up to 10 attributes in a single call.")
    instances = self.container_instances[self._get_cluster(cluster_name).name]
    for identifier in {(item.get("targetId") or "").split("/")[-1] for item in attributes or []} & set(instances):
        names = {item["name"] for item in attributes or [] if item["targetId"].endswith(identifier)}
        own = {name for name in instances[identifier].attributes if not name.startswith(("ecs.", "com.amazonaws."))}
        if len(own | names) > MOST_ATTRIBUTES:
            raise ECSException("AttributeLimitExceededException", f"{identifier} would have more than 10 attributes.")
    original(self, cluster_name, attributes)


@replaces(EC2ContainerServiceBackend, "_delete_attribute")
def delete_attribute(original, self, cluster_name: str, name: str, value=None, target_id=None, target_type=None):
    """An attribute is deleted by its name; moto wants its value too."""
    instance = self.container_instances[cluster_name].get((target_id or "").rsplit("/", 1)[-1])
    held = instance.attributes.get(name) if instance else value
    return original(self, cluster_name, name, held, target_id, target_type)


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
    self.deregistered = {**getattr(self, "deregistered", {}), instance.id: instance}
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
