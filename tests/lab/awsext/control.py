# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in front of moto: the request log, and the lab's own addresses under /_lab/."""

from __future__ import annotations

import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterable
from urllib.parse import parse_qs

from . import ecs, enforce, hybrid, iam, s3, ssm_agent

SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
SIGNER = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/")


class Control:
    """WSGI middleware; calls to moto pass one at a time, as its dictionaries know no locks.

    Not logged is what the lab itself asks, in the part of EC2 (the IMDS stand-in marks its calls X-Lab-Internal).
    GET /_lab/health, GET /_lab/certificate (see tls), GET and DELETE /_lab/requests, POST /_lab/accounts/ID, which
    gives credentials of an administrator of that account (the way into an account in which no role exists yet), POST
    /_lab/accounts/ID/root, which gives those of its root user, GET /_lab/secrets, which gives those of all role
    sessions and hybrid activations (for tests that look for them where they must not be), PUT and DELETE
    /_lab/enforcement, which puts identity policies in and out of force (see enforce), and POST /_lab/simulate, which
    says whether a role may do something that has no HTTP call here. Policies of buckets are always in force (see s3).

    PUT /_lab/behaviour makes it as unkind as the real one can be, DELETE makes it kind again:
    latency (seconds that each request takes, apart from the work), visible_after (seconds until IAM knows what it has
    created), drain_seconds (until a draining container instance has lost the tasks of services), silent (ARNs of
    container instances whose agent is not heard from), ssm_clock_ahead (seconds by which the clock of Systems Manager
    is ahead, so that activations expire), connection_lost_after (seconds of silence after which a managed instance is
    lost), rotate_keys (its agent is told to change its key), next_managed_instance (the id that a server gets that
    registers), and faults, a list of {operation, times, answer, match}, where match has fields that the request must
    have and answer is "throttled", "busy", "denied", "unavailable", "cut" (only half of the body comes), "lost" (done,
    but the caller never hears of it), or "overwritten": done, and at once somebody else makes the trust policy of the
    fault's role its document.
    """

    certificate = ""  # whom a client has to trust that speaks TLS

    def __init__(self, application: Callable):
        self.application = application
        self.requests: list[dict] = []
        self.serial = threading.Lock()
        self.enforcing = False
        self.behaviour: dict = {}

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_lab/"):
            return self.own(environ, path.removeprefix("/_lab/"), start_response)
        if path == "/ws":
            return self.refuse_websocket(start_response)
        return self.forward(environ, start_response)

    def forward(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        """Log the request and let moto answer it."""
        form = form_of(environ)
        service, operation = identify(environ, form)
        entry = {"service": service, "operation": operation, "status": None}

        def recording(status: str, headers: list, exc_info=None) -> Callable:
            entry["status"] = int(status.split(" ", 1)[0])
            return start_response(status, headers, exc_info)

        time.sleep(self.behaviour.get("latency", 0))
        with self.serial:
            if "HTTP_X_LAB_INTERNAL" not in environ:
                self.requests.append(entry)
            fault = self.fault(operation, form)
            answer = fault.get("answer")
            if answer in REFUSALS:
                drain(environ)
                return refuse(recording, environ, *REFUSALS[answer])
            try:
                refusal = refusal_of(environ, service, operation, self.enforcing)
                if refusal:
                    drain(environ)
                    recording(refusal.status, [("Content-Type", refusal.content_type)])
                    return [refusal.body]
                if answer == "lost":
                    list(self.serve(operation, environ, lambda *_args: lambda _data: None))
                    return refuse(recording, environ, "503 Service Unavailable", "ServiceUnavailable", "Try again")
                body = list(self.serve(operation, environ, recording))
                if answer == "cut":
                    return [b"".join(body)[: sum(map(len, body)) // 2]]
                if answer == "overwritten":
                    iam.overwrite_trust(fault["role"], fault["document"])
                return body
            finally:
                entry["status"] = entry["status"] or 500

    def serve(self, operation: str, environ: dict, start_response: Callable) -> Iterable[bytes]:
        """What moto answers, or what it cannot."""
        if ssm_agent.answers(operation, environ.get("HTTP_X_AMZ_TARGET", "")):
            return ssm_agent.answer(operation, environ, body_of(environ), start_response)
        return self.application(environ, start_response)

    def fault(self, operation: str, form: dict[str, list[str]]) -> dict:
        """The first fault that is meant for this request, or an empty one."""
        for fault in self.behaviour.get("faults", []):
            meant = all(form.get(field) == [value] for field, value in fault.get("match", {}).items())
            if fault["operation"] == operation and meant and fault["times"] > 0:
                fault["times"] -= 1
                return fault
        return {}

    def behave(self, behaviour: dict) -> None:
        """Be so from now on."""
        self.behaviour = behaviour
        ecs.draining.seconds = behaviour.get("drain_seconds", 0)
        ecs.silent.arns = frozenset(behaviour.get("silent", []))
        iam.propagation.seconds = behaviour.get("visible_after", 0)
        hybrid.behaviour.ahead = behaviour.get("ssm_clock_ahead", 0)
        hybrid.behaviour.silence = behaviour.get("connection_lost_after", 300)
        hybrid.behaviour.rotate_keys = behaviour.get("rotate_keys", False)
        hybrid.behaviour.next_id = behaviour.get("next_managed_instance", "")

    def refuse_websocket(self, start_response: Callable) -> Iterable[bytes]:
        """The agent's control channel: nothing is at its end, and the agent tries again with back-off."""
        self.requests.append({"service": "ecs", "operation": "GET /ws", "status": 404})
        return respond(start_response, "404 Not Found", {"message": "the lab has no control channel"})

    def own(self, environ: dict, path: str, start_response: Callable) -> Iterable[bytes]:
        """Answer one of the lab's own addresses."""
        method = environ["REQUEST_METHOD"]
        if path == "health":
            return respond(start_response, "200 OK", {"status": "ok"})
        if path == "certificate":
            start_response("200 OK", [("Content-Type", "application/x-pem-file")])
            return [self.certificate.encode()]
        if path == "requests" and method == "GET":
            return respond(start_response, "200 OK", list(self.requests))
        if path == "requests" and method == "DELETE":
            self.requests.clear()
            return respond(start_response, "200 OK", [])
        if path == "secrets" and method == "GET":
            with self.serial:
                return respond(start_response, "200 OK", secrets())
        if path == "enforcement" and method in ("PUT", "DELETE"):
            self.enforcing = method == "PUT"
            return respond(start_response, "200 OK", {"enforcing": self.enforcing})
        if path == "behaviour" and method in ("PUT", "DELETE"):
            self.behave(json.loads(body_of(environ)) if method == "PUT" else {})
            return respond(start_response, "200 OK", self.behaviour)
        if path == "simulate" and method == "POST":
            with self.serial:
                return respond(start_response, "200 OK", simulate(json.loads(body_of(environ))))
        account = re.fullmatch(r"accounts/(\d{12})(?:/(root))?", path)
        if account and method == "POST":
            with self.serial:
                return respond(start_response, "200 OK", access_key(account[1], account[2] or "administrator"))
        return respond(start_response, "404 Not Found", {"message": f"no {method} /_lab/{path}"})


REFUSALS = {
    "throttled": ("400 Bad Request", "Throttling", "Rate exceeded"),
    "busy": ("409 Conflict", "EntityTemporarilyUnmodifiable", "It is being changed by another request"),
    "denied": ("403 Forbidden", "AccessDenied", "User is not authorized to perform this operation"),
    "unavailable": ("503 Service Unavailable", "ServiceUnavailable", "Please try again"),
}


def refuse(start_response: Callable, environ: dict, status: str, code: str, message: str) -> Iterable[bytes]:
    """An error in the protocol of the request: JSON (where codes end in Exception), S3, or the query of IAM and STS."""
    if speaks_json(environ):
        return respond(start_response, "400 Bad Request", {"__type": f"{code}Exception", "message": message})
    if identify(environ, {})[0] == "s3":
        start_response(status, [("Content-Type", "application/xml")])
        return [enforce.s3_error(status, code, message).body]
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    start_response(status, [("Content-Type", "text/xml")])
    return [f"<ErrorResponse>{error}<RequestId>lab</RequestId></ErrorResponse>".encode()]


def form_of(environ: dict) -> dict[str, list[str]]:
    """The fields of a form request (the query protocol of IAM and STS); the body stays readable for moto."""
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return {}
    return parse_qs(body_of(environ).decode("utf-8", "replace"))


def body_of(environ: dict) -> bytes:
    """The body, which stays readable."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def drain(environ: dict) -> None:
    """Read what nobody will: unread, it would reset the connection of whoever is refused."""
    whole = environ.get("wsgi.input_terminated", False)  # sent in chunks, it says itself where it ends
    environ["wsgi.input"].read(*([] if whole else [int(environ.get("CONTENT_LENGTH") or 0)]))


def identify(environ: dict, form: dict[str, list[str]]) -> tuple[str, str]:
    """Which service and operation a request is for."""
    scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    service = scope[1] if scope else "unsigned"
    if "Action" in form:
        return service, form["Action"][0]
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return service, target.rpartition(".")[2]
    return service, f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}"


def speaks_json(environ: dict) -> bool:
    """Whether a request is in the JSON protocol, as those of ECS and SSM are."""
    return environ.get("CONTENT_TYPE", "").startswith("application/x-amz-json")


def refusal_of(environ: dict, service: str, operation: str, enforcing: bool) -> enforce.Refusal | None:
    """The AccessDenied that policies make of a request: a bucket's, and while they count the signing role's own."""
    signer = SIGNER.search(environ.get("HTTP_AUTHORIZATION", ""))
    key = signer[1] if signer else None
    session = enforce.session_of(key) if key and enforcing else None
    if session is None and service not in ("s3", "unsigned"):
        return None
    request = enforce.Request(
        service=service,
        operation=operation,
        params=json.loads(body_of(environ) or b"{}") if speaks_json(environ) else {},
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", ""),
        query=parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True),
        region=signer[2] if signer else "us-east-1",
        account=session.account_id if session else "",
        secure=environ["wsgi.url_scheme"] == "https",
        checksum="HTTP_X_AMZ_CHECKSUM_MODE" in environ,
        encryption=environ.get("HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION"),
        kms_key=environ.get("HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_AWS_KMS_KEY_ID"),
        expected_owner=environ.get("HTTP_X_AMZ_EXPECTED_BUCKET_OWNER"),
    )
    if service in ("s3", "unsigned"):
        return s3.refusal(request, key, enforcing)
    return enforce.refusal(request, session) if session else None


def simulate(question: dict) -> dict[str, bool | str]:
    """May this role (an ARN) do this action on this resource in this context, and if not, why?"""
    need = enforce.Need(question["action"], question.get("resource", "*"), question.get("context", {}))
    reason = enforce.denied(question["role"], need)
    return {"allowed": not reason, "reason": reason.format(action=need.action)}


def secrets() -> list[str]:
    """What only its owner may see: secret key and token of every role session, id and code of every activation."""
    sessions = [part for one in enforce.sessions() for part in (one.secret_access_key, one.session_token)]
    return sessions + hybrid.secrets()


def access_key(account_id: str, name: str) -> dict[str, str]:
    """Credentials of a user of an account, who is created where there is none and keeps one access key."""
    from moto.iam.models import iam_backends

    backend = iam_backends[account_id]["aws"]
    if name not in {user.name for user in backend.users.values()}:
        backend.create_user("us-east-1", name, path="/")
        backend.create_access_key(name)
    key = backend.get_user(name).access_keys[0]
    return {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}


def respond(start_response: Callable, status: str, content: object) -> Iterable[bytes]:
    """A JSON answer."""
    body = json.dumps(content).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
