# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test double of the ECS container agent: it registers the host and answers on 51678 and 51679.

It reads its environment as the real one does, signs its calls, keeps agent.db and leaves with the real exit codes.
It runs no tasks, but gives credentials to the containers that the lab starts as tasks. It holds no code of Amazon's.
"""

from __future__ import annotations

import configparser
import datetime
import hashlib
import hmac
import http.client
import json
import os
import platform
import re
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION = os.environ.get("LAB_AGENT_VERSION", "0.0.0")
COMMIT = hashlib.sha1(VERSION.encode()).hexdigest()[:8]
TARGET = "AmazonEC2ContainerServiceV20141113"
IMDS = "http://169.254.169.254/latest/"
ROTATING_CREDENTIALS = Path("/rotatingcreds/credentials")
INTROSPECTION_PORT, CREDENTIALS_PORT = 51678, 51679
EXIT_STOP, EXIT_ERROR, EXIT_TERMINAL = 0, 1, 5
TRUE_WORDS = ("1", "t", "T", "TRUE", "true", "True")
FALSE_WORDS = ("0", "f", "F", "FALSE", "false", "False")
DEFAULT_PORTS = [22, 2375, 2376, INTROSPECTION_PORT, CREDENTIALS_PORT]
DRIVERS = {"json-file", "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "logentries", "sumologic", "none",
           "awsfirelens"}  # fmt: skip
DURATION = re.compile(r"([0-9]*\.?[0-9]+(ns|us|µs|ms|s|m|h))+")
DURATIONS = ("ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", "ECS_CONTAINER_STOP_TIMEOUT", "ECS_CONTAINER_START_TIMEOUT",
             "ECS_CONTAINER_CREATE_TIMEOUT", "ECS_IMAGE_CLEANUP_INTERVAL", "ECS_IMAGE_MINIMUM_CLEANUP_AGE",
             "ECS_POLLING_METRICS_WAIT_DURATION", "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT")  # fmt: skip

# agent.db is a bolt database: a leaf has each key and, right behind it, its value, which is JSON. No more is like it.
SAVED = re.compile(rb'(agent-version|cluster-name|container-instance-arn)("[^"]*")')


class Leave(Exception):
    """The agent ends with this exit code."""

    def __init__(self, code: int, reason: str):
        super().__init__(reason)
        self.code = code


class ApiError(Exception):
    """ECS refused a call."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(f"{code}: {message} (status {status})")
        self.code = code


def log(level: str, text: str) -> None:
    """To the log file and to stdout."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = f"level={level} time={stamp} msg={json.dumps(text)}"
    print(line, flush=True)
    path = Path(os.environ.get("ECS_LOGFILE", "/log/ecs-agent.log"))
    if path.parent.is_dir():
        with path.open("a", encoding="utf-8") as out:
            out.write(line + "\n")


def text_of(name: str) -> str:
    """A variable, trimmed."""
    return os.environ.get(name, "").strip()


def bool_of(name: str, default: bool = False) -> bool:
    """Go's ParseBool; yes, no, on and off are not among its words."""
    value = text_of(name)
    if value in TRUE_WORDS:
        return True
    if value and value not in FALSE_WORDS:
        log("warn", f"Invalid format for {name}, expected boolean but got {value!r}; using {default}")
        return default
    return False if value else default


def json_of(name: str) -> object:
    """The first JSON value of a variable; ValueError when there is none."""
    return json.JSONDecoder().raw_decode(text_of(name))[0]


def ports_of(name: str, default: list[int]) -> list[int]:
    """A list of ports replaces the default one; bad JSON leaves it."""
    if not text_of(name):
        return default
    try:
        ports = json_of(name)
        if not isinstance(ports, list) or not all(isinstance(port, int) and 0 <= port <= 65535 for port in ports):
            raise ValueError("not a list of ports")
        return ports
    except ValueError as error:
        log("warn", f"Invalid format for {name}: {error}")
        return default


def strings_of(name: str) -> dict[str, str]:
    """An object with string values; anything else is a configuration error, which ecs-init tries for ever."""
    if not text_of(name):
        return {}
    try:
        found = json_of(name)
    except ValueError as error:
        raise Leave(EXIT_ERROR, f"Invalid format for {name}: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Leave(EXIT_ERROR, f"Invalid format for {name}: expected a JSON object of strings")
    return found


def uint16_of(name: str) -> int:
    """A number up to 65535, else 0."""
    value = text_of(name)
    if value.isdigit() and int(value) <= 65535:
        return int(value)
    if value:
        log("warn", f"Invalid format for {name}: {value!r}; using 0")
    return 0


def drivers_of(name: str) -> list[str]:
    """Log drivers: bad JSON is a warning, an unknown name a configuration error."""
    default = ["json-file", "none"]
    if not text_of(name):
        return default
    try:
        drivers = json_of(name)
    except ValueError as error:
        log("warn", f"Invalid format for {name}: {error}")
        return default
    unknown = [driver for driver in drivers if driver not in DRIVERS] if isinstance(drivers, list) else [drivers]
    if unknown:
        raise Leave(EXIT_ERROR, f"{name}: unsupported logging driver {unknown[0]}")
    return drivers


def warn_of_durations() -> None:
    """A duration needs a unit; zero or garbage counts as unset."""
    for name in DURATIONS:
        value = text_of(name)
        if value and not DURATION.fullmatch(value):
            log("warn", f"Could not parse duration value {value!r} for {name}; using the default")


@dataclass
class Config:
    """What the environment says."""

    cluster: str = ""
    region: str = ""
    endpoint: str = ""
    external: bool = False
    data: Path = Path("/data")
    reserved_memory: int = 0
    ports: list[int] = field(default_factory=list)
    ports_udp: list[int] = field(default_factory=list)
    drivers: list[str] = field(default_factory=list)
    task_role: bool = False
    task_role_host: bool = False
    instance_attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def read_config() -> Config:
    """Read the environment; an error here is exit 1."""
    external = bool_of("ECS_EXTERNAL")
    region = text_of("AWS_DEFAULT_REGION")
    if not region and not external:
        region = json.loads(imds("dynamic/instance-identity/document") or "{}").get("region", "")
    if not region:
        raise Leave(EXIT_ERROR, "Invalid configuration: AWS_DEFAULT_REGION is not set and cannot be inferred")
    warn_of_durations()
    return Config(
        cluster=text_of("ECS_CLUSTER"),
        region=region,
        endpoint=text_of("ECS_BACKEND_HOST") or f"https://ecs.{region}.amazonaws.com",
        external=external,
        data=Path(text_of("ECS_DATADIR") or "/data"),
        reserved_memory=uint16_of("ECS_RESERVED_MEMORY"),
        ports=ports_of("ECS_RESERVED_PORTS", DEFAULT_PORTS),
        ports_udp=ports_of("ECS_RESERVED_PORTS_UDP", []),
        drivers=drivers_of("ECS_AVAILABLE_LOGGING_DRIVERS"),
        task_role=bool_of("ECS_ENABLE_TASK_IAM_ROLE"),
        task_role_host=text_of("ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST") in TRUE_WORDS,
        instance_attributes=strings_of("ECS_INSTANCE_ATTRIBUTES"),
        tags=strings_of("ECS_CONTAINER_INSTANCE_TAGS"),
    )


def imds(path: str) -> str | None:
    """One answer of the instance metadata service (v2); None when it does not answer."""
    try:
        seconds = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
        request = urllib.request.Request(IMDS + "api/token", headers=seconds, method="PUT")
        with urllib.request.urlopen(request, timeout=2) as reply:
            token = reply.read().decode()
        request = urllib.request.Request(IMDS + path, headers={"X-aws-ec2-metadata-token": token})
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.read().decode()
    except OSError as error:
        log("warn", f"instance metadata {path}: {error}")
        return None


def credentials(config: Config) -> tuple[str, str, str | None]:
    """Key, secret and session token: environment, then the rotating file when external, then the instance role."""
    if text_of("AWS_ACCESS_KEY_ID"):
        return text_of("AWS_ACCESS_KEY_ID"), text_of("AWS_SECRET_ACCESS_KEY"), text_of("AWS_SESSION_TOKEN") or None
    if config.external:
        return rotating_credentials()
    role = imds("meta-data/iam/security-credentials/")
    found = json.loads((role and imds(f"meta-data/iam/security-credentials/{role.strip()}")) or "{}")
    if found.get("Code") != "Success":
        raise ApiError(0, "NoCredentialProviders", "no valid providers in chain")
    return found["AccessKeyId"], found["SecretAccessKey"], found["Token"]


def rotating_credentials() -> tuple[str, str, str | None]:
    """What the SSM agent writes to /root/.aws/credentials."""
    parser = configparser.ConfigParser()
    profile = text_of("ECS_ALTERNATE_CREDENTIAL_PROFILE") or "default"
    if not parser.read(ROTATING_CREDENTIALS) or profile not in parser:
        raise ApiError(0, "NoCredentialProviders", f"no profile {profile} in {ROTATING_CREDENTIALS}")
    section = parser[profile]
    return section["aws_access_key_id"], section["aws_secret_access_key"], section.get("aws_session_token")


def sign(config: Config, headers: dict[str, str], body: bytes) -> None:
    """AWS Signature Version 4, for a POST to /."""
    key, secret, token = credentials(config)
    now = datetime.datetime.now(datetime.timezone.utc)
    headers["X-Amz-Date"] = now.strftime("%Y%m%dT%H%M%SZ")
    if token:
        headers["X-Amz-Security-Token"] = token
    names = ";".join(sorted(name.lower() for name in headers))
    lines = "".join(
        f"{name}:{value}\n" for name, value in sorted((key.lower(), value) for key, value in headers.items())
    )
    digest = hashlib.sha256(body).hexdigest()
    canonical = f"POST\n/\n\n{lines}\n{names}\n{digest}"
    scope = f"{now:%Y%m%d}/{config.region}/ecs/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    signed = f"AWS4-HMAC-SHA256\n{headers['X-Amz-Date']}\n{scope}\n{hashed}"
    secret_key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        secret_key = hmac.new(secret_key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(secret_key, signed.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )


def call(config: Config, operation: str, **params: object) -> dict:
    """Call ECS."""
    body = json.dumps({name: value for name, value in params.items() if value is not None}).encode()
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "Host": urllib.parse.urlsplit(config.endpoint).netloc,
        "X-Amz-Target": f"{TARGET}.{operation}",
    }
    sign(config, headers, body)
    try:
        with urllib.request.urlopen(urllib.request.Request(config.endpoint, body, headers), timeout=30) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        answer = error.read().decode(errors="replace")
        try:
            found = json.loads(answer)
        except ValueError:
            found = {}
        code = found.get("__type", "ServerException").rpartition("#")[2]
        raise ApiError(error.code, code, found.get("message") or found.get("Message") or answer[:200]) from error


def attributes(config: Config, first: bool) -> list[dict[str, str]]:
    """What the host can do, and what the operator says of it (the latter at the first registration only)."""
    names = [f"com.amazonaws.ecs.capability.docker-remote-api.1.{minor}" for minor in range(17, 45)]
    names += [f"com.amazonaws.ecs.capability.logging-driver.{driver}" for driver in config.drivers]
    names += ["com.amazonaws.ecs.capability.privileged-container", "com.amazonaws.ecs.capability.ecr-auth",
              "ecs.capability.execution-role-awslogs", "ecs.capability.execution-role-ecr-pull",
              "ecs.capability.container-health-check", "ecs.capability.container-ordering",
              "ecs.capability.docker-volume-driver.local", "ecs.capability.env-files.s3",
              "ecs.capability.secrets.asm.environment-variables",
              "ecs.capability.secrets.ssm.environment-variables"]  # fmt: skip
    if config.task_role:
        names.append("com.amazonaws.ecs.capability.task-iam-role")
    if config.task_role_host:
        names.append("com.amazonaws.ecs.capability.task-iam-role-network-host")
    if config.external:
        names.append("ecs.capability.external")
    values = {"ecs.os-type": "linux", "ecs.os-family": "LINUX", "ecs.cpu-architecture": machine()}
    if first:
        values.update(config.instance_attributes)
    return [{"name": name} for name in names] + [{"name": name, "value": value} for name, value in values.items()]


def machine() -> str:
    """The architecture as ECS calls it."""
    return {"aarch64": "arm64"}.get(platform.machine(), platform.machine())


def resources(config: Config) -> list[dict]:
    """CPU shares, memory left to tasks, and the ports that are taken."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    memory = pages // 2**20 - config.reserved_memory
    return [
        {"name": "CPU", "type": "INTEGER", "integerValue": (os.cpu_count() or 1) * 1024},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": memory},
        {"name": "PORTS", "type": "STRINGSET", "stringSetValue": [str(port) for port in config.ports]},
        {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": [str(port) for port in config.ports_udp]},
    ]


def docker_version() -> str:
    """The engine's version, asked through its socket."""
    connection = http.client.HTTPConnection("docker")
    try:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect("/var/run/docker.sock")
        connection.request("GET", "/version")
        return "DockerVersion: " + json.load(connection.getresponse())["Version"]
    except (OSError, ValueError, KeyError) as error:
        log("warn", f"docker: {error}")
        return "DockerVersion: unknown"
    finally:
        connection.close()


class Agent:
    """The agent's life: register, then answer."""

    def __init__(self, config: Config):
        self.config = config
        self.cluster = config.cluster
        self.arn: str | None = None
        self.path = config.data / "agent.db"

    def restore(self) -> None:
        """Take up what an earlier life saved; another cluster than then is a terminal error."""
        if not self.path.exists():
            return
        saved = {key.decode(): json.loads(value) for key, value in SAVED.findall(self.path.read_bytes())}
        configured = self.config.cluster or "default"
        if saved["cluster-name"] != configured:
            reason = (
                f"Data mismatch; saved cluster {saved['cluster-name']} does not match configured cluster {configured}"
            )
            raise Leave(EXIT_TERMINAL, reason)
        self.cluster, self.arn = saved["cluster-name"], saved["container-instance-arn"]

    def save(self) -> None:
        """Keep the identity."""
        partial = self.path.with_suffix(".new")
        content = {"agent-version": VERSION, "cluster-name": self.cluster, "container-instance-arn": self.arn}
        leaf = "".join(key + json.dumps(value) for key, value in content.items())
        partial.write_bytes(b"\0" * 16 + b"\xed\xda\x0c\xed" + leaf.encode() + b"\0" * 16)
        partial.chmod(0o600)
        partial.rename(self.path)

    def register(self) -> None:
        """Three attempts; a parameter that ECS refuses is terminal at once."""
        for attempt in range(1, 4):
            try:
                self.register_once()
                return
            except ApiError as error:
                log("error", f"Unable to register as a container instance with ECS: {error}")
                if error.code == "InvalidParameterException":
                    raise Leave(EXIT_TERMINAL, str(error)) from error
            except OSError as error:
                log("error", f"Unable to register as a container instance with ECS: {error}")
            time.sleep(attempt)
        raise Leave(EXIT_ERROR, "could not register")

    def register_once(self) -> None:
        """Register in the cluster; without a named one, in 'default', which is then created."""
        if not self.cluster:
            try:
                self.register_in("default")
            except ApiError as error:
                if error.code != "ClusterNotFoundException":
                    raise
                call(self.config, "CreateCluster", clusterName="default")
                self.register_in("default")
        else:
            self.register_in(self.cluster)
        self.save()
        log("info", f"Registration completed successfully: {self.arn} in {self.cluster}")

    def register_in(self, cluster: str) -> None:
        """One RegisterContainerInstance."""
        external = self.config.external
        answer = call(
            self.config,
            "RegisterContainerInstance",
            cluster=cluster,
            clientToken=str(uuid.uuid4()),
            containerInstanceArn=self.arn,
            instanceIdentityDocument="" if external else imds("dynamic/instance-identity/document") or "",
            instanceIdentityDocumentSignature="" if external else imds("dynamic/instance-identity/signature") or "",
            versionInfo={"agentVersion": VERSION, "agentHash": COMMIT, "dockerVersion": docker_version()},
            totalResources=resources(self.config),
            attributes=attributes(self.config, first=self.arn is None),
            tags=[{"key": key, "value": value} for key, value in self.config.tags.items()] or None,
        )
        self.arn = answer["containerInstance"]["containerInstanceArn"]
        self.cluster = cluster

    def poll(self) -> None:
        """Discover the endpoint and knock at its control channel for ever; a refusal does no harm."""
        pause = 1.0
        while True:
            try:
                found = call(self.config, "DiscoverPollEndpoint", containerInstance=self.arn, cluster=self.cluster)
                self.knock(found["endpoint"])
            except (ApiError, OSError) as error:
                log("warn", f"Error connecting to ACS: {error}")
            time.sleep(pause)
            pause = min(pause * 2, 120)

    def knock(self, endpoint: str) -> None:
        """One handshake of the control channel."""
        query = {"agentHash": COMMIT, "agentVersion": VERSION, "clusterArn": self.cluster}
        query["containerInstanceArn"] = self.arn
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": "bGFiIGxhYiBsYWIgbGFiIQ=="}  # fmt: skip
        url = f"{endpoint.rstrip('/')}/ws?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(urllib.request.Request(url, headers=upgrade), timeout=10):
            log("info", "control channel answered")


class Handler(BaseHTTPRequestHandler):
    """What both servers share."""

    agent: Agent
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: str, kind: str) -> None:
        """Send a reply."""
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def answer_json(self, status: int, content: object) -> None:
        """Send JSON, compact as Go's encoder writes it."""
        self.answer(status, json.dumps(content, separators=(",", ":")), "application/json")

    def not_found(self) -> None:
        """Go's own words."""
        self.answer(404, "404 page not found\n", "text/plain; charset=utf-8")

    def log_message(self, format: str, *args: object) -> None:  # pylint: disable=redefined-builtin
        """Say nothing: what is asked on the credentials port is nobody's business."""


class Introspection(Handler):
    """Port 51678, on every interface."""

    COMMANDS = ("/v1/metadata", "/v1/tasks", "/license")

    def do_GET(self) -> None:
        """Metadata, tasks, licence, and the list of these."""
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/v1/metadata":
            version = f"Amazon ECS Agent - v{VERSION} (*{COMMIT})"
            arn = self.agent.arn
            self.answer_json(200, {"Cluster": self.agent.cluster, "ContainerInstanceArn": arn, "Version": version})
        elif url.path == "/v1/tasks":
            self.tasks(urllib.parse.parse_qs(url.query))
        elif url.path == "/license":
            self.answer(200, "Test double of fleetkit.ecs, GPL-3.0-or-later\n", "text/plain; charset=utf-8")
        else:
            self.answer_json(200, {"AvailableCommands": self.COMMANDS})

    def tasks(self, query: dict[str, list[str]]) -> None:
        """No task runs here."""
        if {"taskarn", "dockerid"} <= set(query):
            self.answer_json(400, {})
        elif query:
            self.answer_json(404, {})
        else:
            self.answer_json(200, {"Tasks": []})


class Credentials(Handler):
    """Port 51679, on 127.0.0.1 only."""

    def do_GET(self) -> None:
        """The credentials of a task's role, by the id that only its containers have."""
        url = urllib.parse.urlsplit(self.path)
        if url.path.startswith("/v2/credentials/"):
            self.give("CredentialsV2Request", url.path.removeprefix("/v2/credentials/"))
        elif url.path == "/v1/credentials":
            self.give("CredentialsV1Request", "".join(urllib.parse.parse_qs(url.query).get("id", [])))
        else:
            self.not_found()

    def give(self, request: str, identifier: str) -> None:
        """Credentials of a known task; the refusals are in the real agent's words."""
        if not identifier:
            self.refuse("NoIdInRequest", f"{request}: No ID in the request")
            return
        role_arn = task_role_of(self.agent.config, identifier)
        if role_arn is None:
            self.refuse("InvalidIdInRequest", f"{request}: Credentials not found")
            return
        try:
            found = assume(self.agent.config, role_arn, identifier)
        except (ApiError, OSError) as error:
            log("error", f"task credentials: {error}")
            self.answer_json(500, {"code": "InternalServerError", "message": "", "HTTPErrorCode": 500})
            return
        self.answer_json(200, found)

    def refuse(self, code: str, message: str) -> None:
        """As the real agent words it."""
        self.answer_json(400, {"code": code, "message": message, "HTTPErrorCode": 400})


def task_role_of(config: Config, identifier: str) -> str | None:
    """The role of a task that the lab says runs here: the content of the file of that id in the data directory.

    The real agent is told by ECS what to run, and is told of no task with a role while task roles are off.
    """
    path = config.data / "lab-tasks" / identifier
    if not config.task_role or not re.fullmatch(r"[0-9a-f-]{36}", identifier) or not path.is_file():
        return None
    return path.read_text(encoding="ascii").strip()


def assume(config: Config, role_arn: str, identifier: str) -> dict[str, str]:
    """What ECS does for a task and sends to the agent: the role's credentials, in the form of the endpoint."""
    _arn, partition, _iam, _region, account, _role = role_arn.split(":", 5)
    task = uuid.uuid5(uuid.NAMESPACE_OID, identifier).hex
    scope = f"lab/20260101/{config.region}/sts/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none",
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Lab-Internal": "lab",
        "X-Lab-Service-Principal": "ecs-tasks.amazonaws.com",
        "X-Lab-Source-Account": account,
        "X-Lab-Source-Arn": f"arn:{partition}:ecs:{config.region}:{account}:task/{task}",
    }
    fields = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": role_arn, "RoleSessionName": task}
    body = urllib.parse.urlencode(fields).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(config.endpoint, body, headers), timeout=30) as reply:
            answer = reply.read().decode()
    except urllib.error.HTTPError as error:
        raise ApiError(error.code, "AssumeRole", error.read().decode(errors="replace")[:200]) from error
    found = {name: re.search(f"<{name}>([^<]+)</{name}>", answer)[1] for name in
             ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")}  # fmt: skip
    token = found.pop("SessionToken")
    return {"RoleArn": role_arn, **found, "Token": token}


class DualStack(ThreadingHTTPServer):
    """Every interface: IPv6 and, mapped, IPv4; IPv4 alone where there is no IPv6."""

    address_family = socket.AF_INET6 if socket.has_ipv6 and Path("/proc/net/if_inet6").exists() else socket.AF_INET

    def server_bind(self) -> None:
        """Take IPv4 too."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def listen(agent: Agent) -> None:
    """Open both ports; before registration neither is."""
    Handler.agent = agent
    everywhere = "::" if DualStack.address_family == socket.AF_INET6 else "0.0.0.0"
    servers = [
        DualStack((everywhere, INTROSPECTION_PORT), Introspection),
        ThreadingHTTPServer(("127.0.0.1", CREDENTIALS_PORT), Credentials),
    ]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()


def healthcheck() -> int:
    """What Docker asks: does introspection answer?"""
    try:
        # Go, unlike Python, never asks a proxy for localhost.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"http://localhost:{INTROSPECTION_PORT}/v1/metadata", timeout=5):
            return 0
    except OSError:
        return 1


def stop_now(*_args: object) -> None:
    """SIGTERM is a clean stop."""
    log("info", "Agent received signal, exiting")
    os._exit(EXIT_STOP)


def main() -> int:
    """Run the agent; its exit code tells ecs-init what to do next."""
    if "-healthcheck" in sys.argv or "--healthcheck" in sys.argv:
        return healthcheck()
    signal.signal(signal.SIGTERM, stop_now)
    signal.signal(signal.SIGINT, stop_now)
    log("info", f"Starting Amazon ECS Agent (lab double) version {VERSION}")
    try:
        agent = Agent(read_config())
        agent.restore()
        agent.register()
        listen(agent)
        agent.poll()
    except Leave as leave:
        log("crit", str(leave))
        return leave.code
    return EXIT_STOP


if __name__ == "__main__":
    sys.exit(main())
