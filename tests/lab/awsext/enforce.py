# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identity policies enforced for role sessions. moto's own enforcement knows neither resources nor conditions.

While it is on (PUT /_lab/enforcement), a request that is signed with the credentials of an assumed role reaches moto
only if the role's inline and attached policies allow every action that the request needs, on its resource, and the
role's permissions boundary does too. Requests of anybody else are those of an administrator. Which action and resource
a request needs is from the service authorization reference (https://docs.aws.amazon.com/service-authorization/),
for the calls that hosts and tasks make; another call is asked for on the resource "*", so only "*" allows it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import unquote
from xml.sax.saxutils import escape

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sts.models import AssumedRole, sts_backends
from moto.utilities.utils import get_partition

from .evaluate import ALLOWED, EXPLICIT_DENY, Context, decide


class Need(NamedTuple):
    """An action on a resource that a request must be allowed."""

    action: str
    resource: str = "*"
    context: Context = {}  # noqa: RUF012 (never changed)


class Request(NamedTuple):
    """A request as its wire form says it."""

    service: str
    operation: str
    params: dict
    method: str
    path: str
    query: dict[str, list[str]]
    region: str
    account: str

    def arn(self, resource: str, service: str | None = None) -> str:
        """The ARN of a resource in the caller's account and region."""
        return f"arn:{get_partition(self.region)}:{service or self.service}:{self.region}:{self.account}:{resource}"


class Refusal(NamedTuple):
    """An answer: its status, content type and body."""

    status: str
    content_type: str
    body: bytes


def sessions() -> list[AssumedRole]:
    """Every role session that was begun, of whatever account."""
    backends = [backend for account in list(sts_backends) for backend in list(sts_backends[account].values())]
    return [session for backend in backends for session in backend.assumed_roles]


def session_of(access_key: str) -> AssumedRole | None:
    """The role session that has this key."""
    return next((session for session in sessions() if session.access_key_id == access_key), None)


def refusal(request: Request, session: AssumedRole) -> Refusal | None:
    """The service's AccessDenied, when some action that the request needs is not allowed."""
    for need in needs(request):
        reason = denied(session.role_arn, need)
        if reason:
            text = f"User: {session.arn} is not authorized to perform: {need.action} on resource: {need.resource}"
            return access_denied(request, f"{text} {reason.format(action=need.action)}")
    return None


def denied(role_arn: str, need: Need) -> str:
    """Why a role may not, in Amazon's words; an empty string when it may."""
    context = {key.lower(): value for key, value in need.context.items()}
    context = {"aws:principalarn": role_arn, "aws:principalaccount": role_arn.split(":")[4], **context}
    for kind, documents in policies_of(role_arn):
        decision = decide(documents, need.action, need.resource, context)
        if decision == EXPLICIT_DENY:
            return f"with an explicit deny in an {kind}"
        if decision != ALLOWED:
            return f"because no {kind} allows the {{action}} action"
    return ""


def policies_of(role_arn: str) -> Iterator[tuple[str, list[dict]]]:
    """The kinds of policy that must all allow: the role's own and, when it has one, its boundary."""
    _arn, partition, _iam, _region, account, _resource = role_arn.split(":", 5)
    backend = iam_backends[account][partition]
    role = next((role for role in backend.get_roles() if role.arn == role_arn), None)
    if role is None:
        yield "identity-based policy", []
        return
    attached = [document_of(policy) for policy in role.managed_policies.values()]
    yield "identity-based policy", attached + [json.loads(document) for document in role.policies.values()]
    if role.permissions_boundary_arn:
        yield "permissions boundary", [document_of(backend.managed_policies[role.permissions_boundary_arn])]


def document_of(policy) -> dict:
    """The version in force of a managed policy."""
    return json.loads(next(version.document for version in policy.versions if version.is_default))


# What a request needs


def needs(request: Request) -> list[Need]:
    """The actions of a request; sts is not here, as AssumeRole asks trust policies and has its own code."""
    if request.service in ("sts", "unsigned"):
        return []
    if request.service == "s3":
        return needs_of_s3(request)
    special = NEEDS.get((request.service, request.operation))
    if special:
        return special(request)
    return [Need(f"{request.service}:{request.operation}")]


def on(*resources: Callable[[Request], list[str]]) -> Callable[[Request], list[Need]]:
    """The action named like the operation, on each of these resources."""

    def needed(request: Request) -> list[Need]:
        action = f"{request.service}:{request.operation}"
        return [Need(action, arn, context_of(request)) for resource in resources for arn in resource(request)]

    return needed


def context_of(request: Request) -> Context:
    """Keys of the request that statements may ask for. No source is among them: hosts and tasks act for themselves."""
    context = {"aws:RequestedRegion": request.region}
    if request.service == "ecs":
        context["ecs:cluster"] = cluster(request)[0]
    if request.operation in ("PutAccountSetting", "PutAccountSettingDefault", "DeleteAccountSetting"):
        context["ecs:account-setting"] = request.params.get("name", "")
    return context


def cluster(request: Request) -> list[str]:
    """The cluster that a call names, or the default one."""
    name = request.params.get("cluster") or request.params.get("clusterName") or "default"
    return [name if name.startswith("arn:") else request.arn(f"cluster/{name}")]


def member(request: Request, kind: str, name: str) -> str:
    """A container instance or task of that cluster."""
    return name if name.startswith("arn:") else request.arn(f"{kind}/{cluster(request)[0].split('/')[-1]}/{name}")


def instances(request: Request) -> list[str]:
    """Container instances, by id or ARN."""
    return [member(request, "container-instance", name) for name in request.params.get("containerInstances", [])]


def targets(request: Request) -> list[str]:
    """Container instances whose attributes are set."""
    named = {attribute.get("targetId", "") for attribute in request.params.get("attributes", [])}
    return [member(request, "container-instance", name) for name in sorted(named)]


def nothing(request: Request) -> list[str]:
    """The action has no resources."""
    del request
    return ["*"]


def tagged_when_created(kind: str) -> Callable[[Request], list[Need]]:
    """The call itself on the cluster and, when it brings tags, ecs:TagResource on what it creates."""

    def needed(request: Request) -> list[Need]:
        found = on(cluster)(request)
        if request.params.get("tags"):
            created = cluster(request)[0] if kind == "cluster" else member(request, kind, "*")
            found.append(Need("ecs:TagResource", created, {"ecs:CreateAction": request.operation}))
        return found

    return needed


def repository(request: Request) -> list[str]:
    """An ECR repository."""
    return [request.arn(f"repository/{request.params.get('repositoryName')}")]


def log_group(request: Request) -> list[str]:
    """A log group."""
    return [request.arn(f"log-group:{request.params.get('logGroupName')}")]


def log_stream(request: Request) -> list[str]:
    """A log stream."""
    return [f"{log_group(request)[0]}:log-stream:{request.params.get('logStreamName')}"]


def parameters(request: Request) -> list[str]:
    """Parameters of Systems Manager."""
    names = request.params.get("Names", [])
    return [name if name.startswith("arn:") else request.arn(f"parameter/{name.lstrip('/')}") for name in names]


def parameter(request: Request) -> list[str]:
    """One parameter."""
    name = request.params.get("Name", "")
    return [name if name.startswith("arn:") else request.arn(f"parameter/{name.lstrip('/')}")]


def managed_instance(request: Request) -> list[str]:
    """A server that has registered with Systems Manager, or an EC2 instance."""
    name = request.params.get("InstanceId") or "*"
    return [
        request.arn(f"instance/{name}", "ec2") if name.startswith("i-") else request.arn(f"managed-instance/{name}")
    ]


def tagged_resource(request: Request) -> list[str]:
    """What has the tags."""
    kind, name = request.params.get("ResourceType", ""), request.params.get("ResourceId", "")
    words = {"ManagedInstance": "managed-instance", "MaintenanceWindow": "maintenancewindow"}
    return [request.arn(f"{words.get(kind, kind.lower())}/{name.lstrip('/')}")]


def passing_a_role(resource: Callable[[Request], list[str]]) -> Callable[[Request], list[Need]]:
    """The call itself, and iam:PassRole on the role that it gives to Systems Manager."""

    def needed(request: Request) -> list[Need]:
        name = request.params.get("IamRole", "")
        roles = iam_backends[request.account][get_partition(request.region)].get_roles()
        missing = f"arn:{get_partition(request.region)}:iam::{request.account}:role/{name}"
        arn = next((role.arn for role in roles if role.name == name), missing)
        return [*on(resource)(request), Need("iam:PassRole", arn, {"iam:PassedToService": "ssm.amazonaws.com"})]

    return needed


def secret(request: Request) -> list[str]:
    """A secret; the ARN that a name stands for has six characters that only the service knows."""
    name = request.params.get("SecretId", "")
    stored = secretsmanager_backends[request.account][request.region].secrets
    if not name.startswith("arn:") and name in stored:
        return [stored[name].arn]
    return [name if name.startswith("arn:") else request.arn(f"secret:{name}")]


def kms_key(request: Request) -> list[str]:
    """The key that a ciphertext is of: moto puts its id in front."""
    blob = base64.b64decode(request.params.get("CiphertextBlob", ""))
    return [request.arn(f"key/{blob[:36].decode('ascii', 'replace')}")]


def document_and_instances(request: Request) -> list[str]:
    """What SendCommand is for."""
    targets = request.params.get("InstanceIds", [])
    return [
        request.arn(f"document/{request.params.get('DocumentName')}"),
        *(request.arn(f"instance/{target}", service="ec2") for target in targets),
    ]


NEEDS: dict[tuple[str, str], Callable[[Request], list[Need]]] = {
    ("ecs", "RegisterContainerInstance"): tagged_when_created("container-instance"),
    ("ecs", "CreateCluster"): tagged_when_created("cluster"),
    ("ecs", "DeregisterContainerInstance"): on(cluster),
    ("ecs", "DeleteCluster"): on(cluster),
    ("ecs", "SubmitAttachmentStateChanges"): on(cluster),
    ("ecs", "SubmitContainerStateChange"): on(cluster),
    ("ecs", "SubmitTaskStateChange"): on(cluster),
    ("ecs", "UpdateContainerInstancesState"): on(instances),
    ("ecs", "DescribeContainerInstances"): on(instances),
    ("ecs", "ListContainerInstances"): on(cluster),
    ("ecs", "PutAttributes"): on(targets),
    ("ecs", "DeleteAttributes"): on(targets),
    ("ecs", "PutAccountSetting"): on(nothing),
    ("ecs", "PutAccountSettingDefault"): on(nothing),
    ("ecs", "DeleteAccountSetting"): on(nothing),
    ("ecs", "TagResource"): on(lambda request: [request.params.get("resourceArn", "")]),
    ("ecs", "ListTagsForResource"): on(lambda request: [request.params.get("resourceArn", "")]),
    ("ecs", "RegisterTaskDefinition"): on(
        lambda request: [request.arn(f"task-definition/{request.params['family']}:*")]
    ),
    ("ecs", "RunTask"): on(lambda request: [request.arn(f"task-definition/{request.params['taskDefinition']}")]),
    ("ecr", "BatchCheckLayerAvailability"): on(repository),
    ("ecr", "BatchGetImage"): on(repository),
    ("ecr", "GetDownloadUrlForLayer"): on(repository),
    ("ecr", "PutImage"): on(repository),
    ("logs", "CreateLogGroup"): on(log_group),
    ("logs", "DescribeLogStreams"): on(log_group),
    ("logs", "CreateLogStream"): on(log_stream),
    ("logs", "PutLogEvents"): on(log_stream),
    ("ssm", "GetParameters"): on(parameters),
    ("ssm", "GetParameter"): on(parameter),
    ("ssm", "PutParameter"): on(parameter),
    ("ssm", "DeleteParameter"): on(parameter),
    ("ssm", "CreateActivation"): passing_a_role(nothing),
    ("ssm", "UpdateManagedInstanceRole"): passing_a_role(managed_instance),
    ("ssm", "DeregisterManagedInstance"): on(managed_instance),
    ("ssm", "UpdateInstanceInformation"): on(managed_instance),
    ("ssm", "ListInstanceAssociations"): on(managed_instance),
    ("ssm", "AddTagsToResource"): on(tagged_resource),
    ("ssm", "RemoveTagsFromResource"): on(tagged_resource),
    ("ssm", "ListTagsForResource"): on(tagged_resource),
    ("ssm", "SendCommand"): on(document_and_instances),
    ("secretsmanager", "GetSecretValue"): on(secret),
    ("kms", "Decrypt"): on(kms_key),
}


def needs_of_s3(request: Request) -> list[Need]:
    """S3 says by method and path what it is asked for."""
    bucket, _slash, key = unquote(request.path).lstrip("/").partition("/")
    prefix = f"arn:{get_partition(request.region)}:s3:::"
    if not bucket:
        return [Need("s3:ListAllMyBuckets")]
    if not key:
        action = "GetBucketLocation" if "location" in request.query else BUCKET_ACTIONS.get(request.method, "Unknown")
        return [Need(f"s3:{action}", prefix + bucket)]
    if request.method not in ("GET", "HEAD"):
        return [Need(f"s3:{OBJECT_ACTIONS.get(request.method, 'Unknown')}", f"{prefix}{bucket}/{key}")]
    action = "s3:GetObjectVersion" if "versionId" in request.query else "s3:GetObject"
    return [Need(action, f"{prefix}{bucket}/{key}"), *decrypting(request, bucket, key)]


BUCKET_ACTIONS = {"GET": "ListBucket", "HEAD": "ListBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}
OBJECT_ACTIONS = {"PUT": "PutObject", "POST": "PutObject", "DELETE": "DeleteObject"}


def decrypting(request: Request, bucket: str, key: str) -> list[Need]:
    """An object under SSE-KMS is decrypted with the reader's own permission."""
    backend = s3_backends[request.account][get_partition(request.region)]
    stored = backend.buckets[bucket].keys.get(key) if bucket in backend.buckets else None
    kms_key_id = getattr(stored, "kms_key_id", None)
    if not kms_key_id:
        return []
    known = kms_backends[request.account][request.region].keys
    return [Need("kms:Decrypt", known[kms_key_id].arn if kms_key_id in known else kms_key_id)]


# How services word it


def access_denied(request: Request, message: str) -> Refusal:
    """In the service's own protocol."""
    text = escape(message)
    if request.service == "s3":
        return _xml(f"<Error><Code>AccessDenied</Code><Message>{text}</Message></Error>")
    if request.service == "ec2":
        error = f"<Error><Code>UnauthorizedOperation</Code><Message>{text}</Message></Error>"
        return _xml(f"<Response><Errors>{error}</Errors><RequestID>lab</RequestID></Response>")
    if request.service == "iam":
        error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{text}</Message></Error>"
        return _xml(f"<ErrorResponse>{error}<RequestId>lab</RequestId></ErrorResponse>")
    body = json.dumps({"__type": "AccessDeniedException", "message": message}).encode()
    return Refusal("400 Bad Request", "application/x-amz-json-1.1", body)


def _xml(body: str) -> Refusal:
    return Refusal("403 Forbidden", "text/xml", body.encode())
