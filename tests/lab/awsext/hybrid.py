# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Systems Manager: hybrid activations and managed instances, which moto lacks altogether.

Documented by Amazon, and so here (the API reference of the operations below, and the user guide's pages on hybrid
activations): the code is shown once, at creation; one registration and 24 hours when nothing else is said, 1 to 1000
registrations and 30 days at most; a server that registers again must use another activation than it did before; the
role is given by its name, must trust ssm.amazonaws.com and is no service-linked role; an activation's tags are given at
its creation, never later, and go to the instances that register with it; deleting an activation leaves its instances;
pages of at most 50, of 10 when DescribeInstanceInformation is not told; its filters by tag are not combined with
others, and an id that is not registered is an error there.
Texts that Systems Manager is known to answer: "Nonexistent role or missing ssm service principal in trust policy",
InvalidActivation and ActivationExpired (without a text), "Not existing InstanceId", "Fingerprint does not match".

Guessed: RegistrationLimitExceeded for an activation that is used up (it is known for an account that is), the other
texts, which of the documented errors answers what, the ARNs that it sends as aws:SourceArn, that deregistering does not
give a registration back, that a server is known again by its fingerprint (nothing else of it is in a registration), and
that an instance that was never heard of is shown as ConnectionLost.
"""

from __future__ import annotations

import datetime
import re
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.moto_api._internal import mock_random
from moto.ssm.exceptions import SSMException
from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends
from moto.ssm.responses import SimpleSystemManagerResponse
from moto.utilities.utils import get_partition

from .iam import visible
from .patch import replaces
from .sts import Caller, allowed, find_role

SERVICE = "ssm.amazonaws.com"
ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
INSTANCE_ID = re.compile(r"mi-[0-9a-f]{17}")
TEXT = re.compile(r"[\w\s.:/=+@-]*")
MOST_REGISTRATIONS, LONGEST, DAY = 1000, 30 * 86400, 86400
MOST_TAGS, PAGE = 50, 50

# What tests set by PUT /_lab/behaviour: how far the clock of Systems Manager is ahead (seconds), after how many seconds
# of silence an instance is ConnectionLost, whether agents are told to change their keys, and which id the next server
# that registers gets.
behaviour = SimpleNamespace(ahead=0.0, silence=300.0, rotate_keys=False, next_id="")


def now() -> float:
    """The time by the clock of Systems Manager."""
    return time.time() + behaviour.ahead


def error(code: str, message: str = "") -> SSMException:
    """An error of the service."""
    return SSMException(code, message)


@dataclass
class Activation:
    """What may be registered with a code."""

    role: str
    limit: int
    expires: float
    name: str
    description: str
    tags: dict[str, str]
    activation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    code: str = field(default_factory=lambda: mock_random.get_random_string(20))
    created: float = field(default_factory=now)
    count: int = 0
    fingerprints: set[str] = field(default_factory=set)

    @property
    def expired(self) -> bool:
        return now() >= self.expires

    def shown(self) -> dict[str, Any]:
        """As DescribeActivations has it; empty texts are left out."""
        texts = {"Description": self.description, "DefaultInstanceName": self.name}
        return {
            "ActivationId": self.activation_id,
            **{key: text for key, text in texts.items() if text},
            "IamRole": self.role,
            "RegistrationLimit": self.limit,
            "RegistrationsCount": self.count,
            "ExpirationDate": timestamp(self.expires),
            "Expired": self.expired,
            "CreatedDate": timestamp(self.created),
            "Tags": tag_list(self.tags),
        }


@dataclass
class ManagedInstance:
    """A server that has registered."""

    activation_id: str
    role: str
    name: str
    tags: dict[str, str]
    public_key: str
    fingerprint: str
    instance_id: str = field(default_factory=lambda: behaviour.next_id or f"mi-{uuid.uuid4().hex[:17]}")
    registered: float = field(default_factory=now)
    said: dict[str, Any] = field(default_factory=dict)
    heard: float | None = None
    key_changed: bool = False

    @property
    def ping(self) -> str:
        return "Online" if self.heard is not None and now() - self.heard < behaviour.silence else "ConnectionLost"

    def shown(self) -> dict[str, Any]:
        """As DescribeInstanceInformation has it."""
        names = ("AgentVersion", "PlatformType", "PlatformName", "PlatformVersion", "IPAddress", "ComputerName")
        return {
            "InstanceId": self.instance_id,
            "PingStatus": self.ping,
            **({"LastPingDateTime": timestamp(self.heard)} if self.heard else {}),
            **{name: self.said[name] for name in names if name in self.said},
            "ActivationId": self.activation_id,
            "IamRole": self.role,
            "RegistrationDate": timestamp(self.registered),
            "ResourceType": "ManagedInstance",
            **({"Name": self.name} if self.name else {}),
            "SourceId": self.instance_id,
            "SourceType": "AWS::SSM::ManagedInstance",
        }


@dataclass
class Hybrid:
    """The activations and managed instances of one account in one region; they go when moto is reset."""

    account_id: str
    region: str
    activations: dict[str, Activation] = field(default_factory=dict)
    deleted: dict[str, Activation] = field(default_factory=dict)
    instances: dict[str, ManagedInstance] = field(default_factory=dict)

    def instance(self, instance_id: str) -> ManagedInstance:
        if not INSTANCE_ID.fullmatch(instance_id):
            raise refused("instanceId", instance_id, "must match ^mi-[0-9a-f]{17}$")
        if instance_id not in self.instances:
            raise error("InvalidInstanceId", f"Not existing InstanceId {instance_id}")
        return self.instances[instance_id]

    def caller(self, resource: str) -> Caller:
        """Systems Manager itself, on behalf of this account."""
        arn = f"arn:{get_partition(self.region)}:ssm:{self.region}:{self.account_id}:{resource}"
        source = {"aws:sourcearn": arn, "aws:sourceaccount": self.account_id}
        return Caller(SERVICE, self.account_id, service=SERVICE, context=source)

    def role_arn(self, name: str) -> str | None:
        """A role by its name, whatever its path."""
        from moto.iam.models import iam_backends

        roles = iam_backends[self.account_id][get_partition(self.region)].get_roles()
        return next((role.arn for role in roles if role.name == name), None)

    def trusting_role(self, name: str, resource: str) -> str:
        """The role's name, when the role exists and trusts Systems Manager here."""
        if not ROLE_NAME.fullmatch(name):
            raise refused("iamRole", name, "must match ^[\\w+=,.@-]*$ and have at most 64 characters: a name, no ARN")
        arn = self.role_arn(name)
        role = find_role(arn) if arn else None
        if role is None or not visible(role) or not allowed(self.caller(resource), role.arn):
            missing = arn or f"arn:{get_partition(self.region)}:iam::{self.account_id}:role/{name}"
            raise error(
                "ValidationException", f"Nonexistent role or missing ssm service principal in trust policy: {missing}"
            )
        if "/aws-service-role/" in role.arn:
            raise error("ValidationException", f"A service-linked role cannot be used: {role.arn}")
        return name


def of(backend: SimpleSystemManagerBackend) -> Hybrid:
    """The part of a backend that is here."""
    return backend.__dict__.setdefault("hybrid", Hybrid(backend.account_id, backend.region_name))


def everywhere(region: str) -> list[Hybrid]:
    """That of every account in a region."""
    return [of(ssm_backends[account][region]) for account in list(ssm_backends)]


def secrets() -> list[str]:
    """Ids and codes of all activations that there ever were."""
    backends = [of(backend) for account in list(ssm_backends) for backend in list(ssm_backends[account].values())]
    every = [one for hybrid in backends for one in (*hybrid.activations.values(), *hybrid.deleted.values())]
    return [part for one in every for part in (one.activation_id, one.code)]


def timestamp(seconds: float) -> datetime.datetime:
    """As moto's serializer takes it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """In Amazon's form."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def refused(name: str, value: object, constraint: str) -> SSMException:
    """As services word a value that cannot be."""
    text = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member {constraint}"
    return error("ValidationException", text)


def tags_of(items: list[dict[str, str]] | None, present: Iterable[str] = ()) -> dict[str, str]:
    """Tags, in number and form as Systems Manager takes them."""
    tags = {item["Key"]: item["Value"] for item in items or []}
    if len(tags) != len(items or []):
        raise error("ValidationException", "Duplicate tag keys are not allowed")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or not TEXT.fullmatch(key + value):
            raise refused("tags", f"{key}={value}", "must satisfy regular expression pattern")
        if key.lower().startswith("aws:"):
            raise error("ValidationException", "aws: prefixed tag key names are not allowed for external use")
    if len(tags.keys() | set(present)) > MOST_TAGS:
        raise error("TooManyTagsError", f"A resource has at most {MOST_TAGS} tags")
    return tags


# Activations


@replaces(SimpleSystemManagerResponse, "create_activation")
def create_activation(original, self) -> ActionResult:
    """The only answer that has the code."""
    del original
    hybrid = of(self.ssm_backend)
    limit = self._get_param("RegistrationLimit", 1)
    if not 1 <= int(limit) <= MOST_REGISTRATIONS:
        raise refused("registrationLimit", limit, f"must have value between 1 and {MOST_REGISTRATIONS}")
    activation = Activation(
        role=str(self._get_param("IamRole")),
        limit=int(limit),
        expires=expiry_of(self._get_param("ExpirationDate")),
        name=text_of(self, "DefaultInstanceName"),
        description=text_of(self, "Description"),
        tags=tags_of(self._get_param("Tags")),
    )
    hybrid.trusting_role(activation.role, f"activation/{activation.activation_id}")
    hybrid.activations[activation.activation_id] = activation
    return ActionResult({"ActivationId": activation.activation_id, "ActivationCode": activation.code})


def expiry_of(given: Any) -> float:
    """In the future, and at most 30 days."""
    if given is None:
        return now() + DAY
    expires = given.timestamp() if isinstance(given, datetime.datetime) else float(given)
    if not now() < expires <= now() + LONGEST:
        raise error("ValidationException", "Expiration date must be in the future and at most 30 days ahead")
    return expires


def text_of(response: SimpleSystemManagerResponse, name: str) -> str:
    """A text with the alphabet and length of names and descriptions."""
    text = response._get_param(name) or ""
    if len(text) > 256 or (name != "Description" and not TEXT.fullmatch(text)):
        raise refused(name[0].lower() + name[1:], text, "must satisfy regular expression pattern")
    return text


@replaces(SimpleSystemManagerResponse, "describe_activations")
def describe_activations(original, self) -> ActionResult:
    """Without codes; expired and exhausted ones too. All filters must hold, and of each one value."""
    del original
    found = list(of(self.ssm_backend).activations.values())
    for chosen in self._get_param("Filters") or []:
        key, values = chosen.get("FilterKey"), chosen.get("FilterValues") or []
        if key not in ACTIVATION_FILTERS or not values:
            raise error("InvalidFilter", f"The filter {key} is not valid")
        found = [one for one in found if ACTIVATION_FILTERS[key](one) in values]
    shown = [one.shown() for one in sorted(found, key=lambda one: one.activation_id)]
    return ActionResult(page(self, "ActivationList", shown, PAGE, 1))


ACTIVATION_FILTERS = {
    "ActivationIds": lambda one: one.activation_id,
    "DefaultInstanceName": lambda one: one.name,
    "IamRole": lambda one: one.role,
}


def page(response: SimpleSystemManagerResponse, name: str, found: list, default: int, least: int) -> dict[str, Any]:
    """A page of an answer."""
    size = int(response._get_param("MaxResults") or default)
    if not least <= size <= PAGE:
        raise refused("maxResults", size, f"must have value between {least} and {PAGE}")
    token = response._get_param("NextToken") or "page-0"
    if not re.fullmatch(r"page-\d+", token):
        raise error("InvalidNextToken", "The specified token isn't valid.")
    start = int(token.removeprefix("page-"))
    rest = {"NextToken": f"page-{start + size}"} if start + size < len(found) else {}
    return {name: found[start : start + size], **rest}


@replaces(SimpleSystemManagerResponse, "delete_activation")
def delete_activation(original, self) -> EmptyResult:
    """The instances that have registered with it stay."""
    del original
    hybrid, activation_id = of(self.ssm_backend), self._get_param("ActivationId")
    if activation_id in hybrid.deleted:
        raise error("InvalidActivation", "The activation is not valid. It might have been deleted.")
    if activation_id not in hybrid.activations:
        raise error("InvalidActivationId", "The activation ID is not valid.")
    hybrid.deleted[activation_id] = hybrid.activations.pop(activation_id)
    return EmptyResult()


# Managed instances


@replaces(SimpleSystemManagerResponse, "describe_instance_information")
def describe_instance_information(original, self) -> ActionResult:
    """By the newer filters (Key, Values) or the older ones (key, valueSet), never by both."""
    del original
    found = list(of(self.ssm_backend).instances.values())
    newer = [(one["Key"], one["Values"]) for one in self._get_param("Filters") or []]
    older = [(one["key"], one["valueSet"]) for one in self._get_param("InstanceInformationFilterList") or []]
    if newer and older:
        raise error("ValidationException", "Filters and InstanceInformationFilterList cannot be given together")
    if len({key.startswith("tag") for key, _values in newer}) > 1:
        raise error("ValidationException", "Tag filters cannot be combined with other filter types")
    for values in (values for key, values in newer + older if key == "InstanceIds"):
        if not set(values) <= {one.instance_id for one in found}:
            raise error("InvalidInstanceId", f"An id is not valid: {values}")
    for key, values in newer + older:
        found = [one for one in found if matches(one, key, values, with_tags=bool(newer))]
    shown = [one.shown() for one in sorted(found, key=lambda one: one.instance_id)]
    return ActionResult(page(self, "InstanceInformationList", shown, 10, 5))


def matches(instance: ManagedInstance, key: str, values: list[str], with_tags: bool) -> bool:
    """Does one filter let the instance through?"""
    if with_tags and key.startswith("tag:"):
        return instance.tags.get(key.removeprefix("tag:")) in values
    if with_tags and key == "tag-key":
        return bool(instance.tags.keys() & set(values))
    if key not in INSTANCE_FILTERS:
        raise error("InvalidFilterKey", f"The filter {key} is not valid")
    known = KNOWN_VALUES.get(key)
    if known and not set(values) <= known:
        raise error("InvalidInstanceInformationFilterValue", f"A value of {key} is not valid: {values}")
    return INSTANCE_FILTERS[key](instance) in values


INSTANCE_FILTERS = {
    "InstanceIds": lambda one: one.instance_id,
    "AgentVersion": lambda one: one.said.get("AgentVersion"),
    "PingStatus": lambda one: one.ping,
    "PlatformTypes": lambda one: one.said.get("PlatformType"),
    "ActivationIds": lambda one: one.activation_id,
    "IamRole": lambda one: one.role,
    "ResourceType": lambda one: "ManagedInstance",
    "AssociationStatus": lambda one: None,
}
KNOWN_VALUES = {
    "PingStatus": {"Online", "ConnectionLost", "Inactive"},
    "PlatformTypes": {"Windows", "Linux", "MacOS"},
    "ResourceType": {"ManagedInstance", "EC2Instance"},
}


@replaces(SimpleSystemManagerResponse, "update_managed_instance_role")
def update_managed_instance_role(original, self) -> EmptyResult:
    """The next token is of this role."""
    del original
    hybrid = of(self.ssm_backend)
    instance = hybrid.instance(self._get_param("InstanceId"))
    instance.role = hybrid.trusting_role(self._get_param("IamRole"), f"managed-instance/{instance.instance_id}")
    return EmptyResult()


@replaces(SimpleSystemManagerResponse, "deregister_managed_instance")
def deregister_managed_instance(original, self) -> EmptyResult:
    """Its agent gets no further token; the one that it has goes on to its end."""
    del original
    hybrid = of(self.ssm_backend)
    del hybrid.instances[hybrid.instance(self._get_param("InstanceId")).instance_id]
    return EmptyResult()


# Tags: those of activations cannot be changed, as Activation is no resource type that the API takes.


def tagged(backend: SimpleSystemManagerBackend, resource_type: str, resource_id: str) -> dict[str, str] | None:
    """The tags of a managed instance; None when it is about something that is moto's."""
    if resource_type != "ManagedInstance":
        return None
    instance = of(backend).instances.get(resource_id)
    if instance is None:
        raise error("InvalidResourceId", "The resource ID is not valid. Verify that you entered the correct ID.")
    return instance.tags


@replaces(SimpleSystemManagerBackend, "add_tags_to_resource")
def add_tags_to_resource(original, self, resource_type: str, resource_id: str, tags: dict[str, str]) -> None:
    """Those with a key that is there are changed."""
    present = tagged(self, resource_type, resource_id)
    if present is None:
        original(self, resource_type, resource_id, tags)
    else:
        present.update(tags_of(tag_list(tags), present))


@replaces(SimpleSystemManagerBackend, "remove_tags_from_resource")
def remove_tags_from_resource(original, self, resource_type: str, resource_id: str, keys: list[str]) -> None:
    """Keys that are not there are no error."""
    present = tagged(self, resource_type, resource_id)
    if present is None:
        original(self, resource_type, resource_id, keys)
    else:
        for key in keys:
            present.pop(key, None)


@replaces(SimpleSystemManagerBackend, "list_tags_for_resource")
def list_tags_for_resource(original, self, resource_type: str, resource_id: str) -> dict[str, str]:
    """As they are."""
    present = tagged(self, resource_type, resource_id)
    return original(self, resource_type, resource_id) if present is None else present
