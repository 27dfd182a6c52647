# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the agent of Systems Manager asks of its service, which no SDK knows and so moto cannot answer.

On the wire (JSON 1.1, POST /, X-Amz-Target: AmazonSSM.OPERATION):

- RegisterManagedInstance is not signed. It is for the region that the Host header names (ssm.REGION.amazonaws.com), and
  without one for the lab's.
- RequestManagedInstanceRoleToken and UpdateManagedInstancePublicKey are signed with the instance's private key: the
  string to sign of Signature Version 4, by RSA-PSS with SHA-256 and 32 bytes of salt, in base64, in the place of the
  signature; the access key in the Credential is the mi- id. Here the signature is checked.
- UpdateInstanceInformation and ListInstanceAssociations are signed with the token, as any request.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto.ssm.exceptions import SSMException
from moto.ssm.models import ssm_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from . import enforce
from .hybrid import Hybrid, ManagedInstance, allowed, behaviour, error, everywhere, find_role, now, of, refused

REGION = "us-west-2"
HOST = re.compile(r"ssm\.([a-z0-9-]+)\.", re.ASCII)
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>\d{8}/(?P<region>[^/]+)/ssm/aws4_request), ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>\S+)"
)
TOKEN_SECONDS = 3600


def answers(operation: str, target: str) -> bool:
    """Is this one of them?"""
    return target == f"AmazonSSM.{operation}" and operation in OPERATIONS


def answer(operation: str, environ: dict, body: bytes, start_response: Callable) -> Iterable[bytes]:
    """The answer, or the error, in the JSON protocol."""
    try:
        status, content = "200 OK", OPERATIONS[operation](environ, json.loads(body or b"{}"), body)
    except SSMException as failure:
        status, content = "400 Bad Request", {"__type": failure.code, "message": failure.message}
    encoded = json.dumps(content).encode()
    start_response(status, [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(encoded)))])
    return [encoded]


def register(environ: dict, params: dict, _body: bytes) -> dict[str, Any]:
    """Any account's activation, as its id says whose it is."""
    region = HOST.match(environ.get("HTTP_HOST", ""))
    activation_id, code = params.get("ActivationId", ""), params.get("ActivationCode", "")
    hybrid = next(
        (one for one in everywhere(region[1] if region else REGION) if activation_id in one.activations), None
    )
    activation = hybrid.activations[activation_id] if hybrid else None
    if hybrid is None or activation is None or not hmac.compare_digest(activation.code, code):
        raise error("InvalidActivation")
    if activation.expired:
        raise error("ActivationExpired")
    if activation.count >= activation.limit:
        raise error("RegistrationLimitExceeded", f"Registration limit of {activation.limit} reached for the activation")
    if params.get("Fingerprint") in activation.fingerprints:
        raise error("InvalidActivation", "A server that registers again must use a different activation")
    if params.get("PublicKeyType") != "Rsa" or not params.get("Fingerprint"):
        raise refused("publicKeyType", params.get("PublicKeyType"), "must be Rsa, with a fingerprint")
    instance = ManagedInstance(
        activation_id=activation_id,
        role=activation.role,
        name=activation.name,
        tags=dict(activation.tags),
        public_key=checked_key(params.get("PublicKey", "")),
        fingerprint=params["Fingerprint"],
    )
    activation.count += 1
    activation.fingerprints.add(instance.fingerprint)
    hybrid.instances[instance.instance_id] = instance
    return {"InstanceId": instance.instance_id}


def checked_key(encoded: str) -> str:
    """An RSA key of at least 2048 bits."""
    try:
        key = load_der_public_key(base64.b64decode(encoded, validate=True))
    except ValueError:
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < 2048:
        raise refused("publicKey", "...", "must be an RSA key of 2048 bits, DER in base64")
    return encoded


def signed_by_instance(environ: dict, body: bytes) -> tuple[Hybrid, ManagedInstance]:
    """Who signs with its own key; the region is that of the signature."""
    match = AUTHORIZATION.fullmatch(environ.get("HTTP_AUTHORIZATION", ""))
    if match is None:
        raise error("IncompleteSignature", "Authorization header requires a credential, signed headers and signature")
    found = [one for one in everywhere(match["region"]) if match["key"] in one.instances]
    if not found:
        raise error("InvalidInstanceId", f"Not existing InstanceId {match['key']}")
    instance = found[0].instances[match["key"]]
    key = load_der_public_key(base64.b64decode(instance.public_key))
    assert isinstance(key, RSAPublicKey)  # checked when it was registered
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
    try:
        signature = base64.b64decode(match["signature"], validate=True)
        key.verify(signature, string_to_sign(environ, body, match), scheme, hashes.SHA256())
    except (ValueError, InvalidSignature):
        raise error("InvalidSignatureException", "The request signature does not match the key") from None
    return found[0], instance


def string_to_sign(environ: dict, body: bytes, match: re.Match) -> bytes:
    """That of Signature Version 4, for a POST to /."""
    lines = "".join(f"{name}:{' '.join(header(environ, name).split())}\n" for name in match["headers"].split(";"))
    canonical = f"POST\n/\n\n{lines}\n{match['headers']}\n{hashlib.sha256(body).hexdigest()}"
    date = header(environ, "x-amz-date")
    return f"AWS4-HMAC-SHA256\n{date}\n{match['scope']}\n{hashlib.sha256(canonical.encode()).hexdigest()}".encode()


def header(environ: dict, name: str) -> str:
    """A header, as WSGI has it."""
    key = name.upper().replace("-", "_")
    return environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", "")


def request_token(environ: dict, params: dict, body: bytes) -> dict[str, Any]:
    """Credentials of the role, in a session that has the instance's id as its name."""
    hybrid, instance = signed_by_instance(environ, body)
    if params.get("Fingerprint") != instance.fingerprint:
        raise error("MachineFingerprintDoesNotMatch", "Fingerprint does not match")
    arn = hybrid.role_arn(instance.role)
    role = find_role(arn) if arn else None
    if role is None or not allowed(hybrid.caller(f"managed-instance/{instance.instance_id}"), role.arn):
        raise error("AccessDeniedException", f"Systems Manager cannot assume the role {instance.role}")
    session = sts_backends[hybrid.account_id][get_partition(hybrid.region)].assume_role(
        region_name=hybrid.region,
        role_session_name=instance.instance_id,
        role_arn=role.arn,
        policy="",
        duration=TOKEN_SECONDS,
        external_id="",
    )
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
        "TokenExpirationDate": now() + TOKEN_SECONDS,
        "UpdateKeyPair": behaviour.rotate_keys and not instance.key_changed,
    }


def update_key(environ: dict, params: dict, body: bytes) -> dict[str, Any]:
    """From now on the instance signs with another key."""
    _hybrid, instance = signed_by_instance(environ, body)
    if params.get("NewPublicKeyType") != "Rsa":
        raise refused("newPublicKeyType", params.get("NewPublicKeyType"), "must be Rsa")
    instance.public_key = checked_key(params.get("NewPublicKey", ""))
    instance.key_changed = True
    return {}


def of_session(environ: dict) -> tuple[Hybrid, str]:
    """The account and region of a request that is signed as any other, and its session's name."""
    match = re.search(r"Credential=([^/]+)/\d{8}/([^/]+)/ssm/", environ.get("HTTP_AUTHORIZATION", ""))
    session = enforce.session_of(match[1]) if match else None
    if match is None or session is None:
        raise error("UnrecognizedClientException", "The security token included in the request is invalid.")
    return of(ssm_backends[session.account_id][match[2]]), session.session_name


def update_information(environ: dict, params: dict, _body: bytes) -> dict[str, Any]:
    """The agent is alive. It speaks for its own instance only; what it says is kept."""
    hybrid, name = of_session(environ)
    instance = hybrid.instance(params.get("InstanceId", ""))
    if name != instance.instance_id:
        raise error("AccessDeniedException", f"{name} cannot speak for {instance.instance_id}")
    instance.said.update({key: value for key, value in params.items() if value is not None})
    instance.heard = now()
    return {}


def list_associations(environ: dict, params: dict, _body: bytes) -> dict[str, Any]:
    """None here."""
    hybrid, _name = of_session(environ)
    hybrid.instance(params.get("InstanceId", ""))
    return {"Associations": []}


OPERATIONS: dict[str, Callable[[dict, dict, bytes], dict[str, Any]]] = {
    "RegisterManagedInstance": register,
    "RequestManagedInstanceRoleToken": request_token,
    "UpdateManagedInstancePublicKey": update_key,
    "UpdateInstanceInformation": update_information,
    "ListInstanceAssociations": list_associations,
}
