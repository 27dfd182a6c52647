# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test double of ecs-init, the program that runs the ECS container agent on a host.

It does to the host what the real one is known to do, the unpleasant parts included: iptables without -w and without
looking first, one -D each at the end, no clean-up at all while Docker does not answer, literal "true" tests, values
of ecs.config taken as they stand. It holds no code of Amazon's.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

DOCKER_SOCKET = "/var/run/docker.sock"
CONFIG_FILES = ("/var/lib/ecs/ecs.config", "/etc/ecs/ecs.config")
IMAGE = "amazon/amazon-ecs-agent:latest"
TARBALL = Path("/var/cache/ecs/ecs-agent.tar")
LOADED_MARK = Path("/var/lib/ecs/data/.loaded-image")
CONTAINER = "ecs-agent"
CREDENTIALS_ADDRESS = "169.254.170.2"
TRUE_WORDS = ("1", "t", "T", "TRUE", "true", "True")
FALSE_WORDS = ("0", "f", "F", "FALSE", "false", "False")
EXIT_STOP, EXIT_ERROR, EXIT_TERMINAL, EXIT_UPDATE = 0, 1, 5, 42
# Docker is asked for about this long before ecs-init gives up, whatever it was called for.
DOCKER_PATIENCE = 17

DEFAULTS = {
    "ECS_LOGFILE": "/log/ecs-agent.log",
    "ECS_DATADIR": "/data/",
    "ECS_AGENT_CONFIG_FILE_PATH": "/etc/ecs/ecs.config.json",
    "ECS_UPDATE_DOWNLOAD_DIR": "/var/cache/ecs",
    "ECS_UPDATES_ENABLED": "true",
    "ECS_AVAILABLE_LOGGING_DRIVERS": '["json-file","syslog","awslogs","fluentd","none"]',
    "ECS_ENABLE_TASK_IAM_ROLE": "true",
    "ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST": "true",
}


class InitError(Exception):
    """Ends a command with exit 1."""


def log(level: str, text: str) -> None:
    """One line for the journal."""
    print(f"level={level} time={time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} msg={json.dumps(text)}", flush=True)


def parse_bool(name: str) -> bool:
    """Go's ParseBool on the process environment, without trimming; anything else is false."""
    value = os.environ.get(name, "")
    if value and value not in TRUE_WORDS + FALSE_WORDS:
        log("error", f"{name}: {value!r} is not a boolean")
    return value in TRUE_WORDS


def external() -> bool:
    """Only the literal word counts here; the agent itself is more liberal."""
    return os.environ.get("ECS_EXTERNAL") == "true"


def config_values() -> dict[str, str]:
    """ecs.config as ecs-init reads it: split on the first '=', only the line trimmed, quotes and all kept."""
    values: dict[str, str] = {}
    for path in CONFIG_FILES:
        try:
            text = Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for line in text.split("\n"):
            name, equals, value = line.strip().partition("=")
            if equals:
                values[name] = value
    return values


class DockerConnection(http.client.HTTPConnection):
    """HTTP over Docker's socket."""

    def __init__(self) -> None:
        super().__init__("docker")

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(DOCKER_SOCKET)


def docker(method: str, path: str, body=None, kind: str = "application/json") -> tuple[int, object]:
    """One call of the engine's API: status and decoded answer."""
    connection = DockerConnection()
    try:
        connection.request(method, path, body, {"Content-Type": kind} if body else {})
        reply = connection.getresponse()
        content = reply.read()
        try:
            return reply.status, json.loads(content)
        except ValueError:
            return reply.status, content.decode(errors="replace")
    finally:
        connection.close()


def docker_must(method: str, path: str, body: object = None) -> object:
    """A call that has to succeed."""
    status, answer = docker(method, path, None if body is None else json.dumps(body))
    if status >= 400:
        raise InitError(f"docker {method} {path}: {status} {answer}")
    return answer


def wait_for_docker() -> None:
    """Every command begins like this; post-stop, too, does nothing at all when Docker stays away."""
    end = time.monotonic() + DOCKER_PATIENCE
    while True:
        try:
            if docker("GET", "/_ping")[0] == 200:
                return
        except OSError as error:
            if time.monotonic() > end:
                raise InitError(f"could not connect to docker: {error}") from error
        if time.monotonic() > end:
            raise InitError("docker does not answer")
        time.sleep(0.5)


def command(*words: str, fatal: bool = True) -> None:
    """Run a program of the host."""
    log("debug", " ".join(words))
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        said = done.stderr.strip()
        failed = done.returncode != 0
    except OSError as error:
        failed, said = True, str(error)
    if failed and fatal:
        raise InitError(f"{' '.join(words)}: {said}")
    if failed:
        log("error", f"{' '.join(words)}: {said}")


def bridge_name() -> str | None:
    """The name of Docker's default bridge; None when there is none."""
    status, answer = docker("GET", "/networks/bridge")
    if status != 200:
        return None
    return (answer.get("Options") or {}).get("com.docker.network.bridge.name", "docker0")


PREROUTING = ["PREROUTING", "-p", "tcp", "-d", CREDENTIALS_ADDRESS, "--dport", "80", "-j", "DNAT", "--to-destination",
              "127.0.0.1:51679"]  # fmt: skip
LOCALHOST = ["INPUT", "--dst", "127.0.0.0/8", "!", "--src", "127.0.0.0/8", "-m", "conntrack", "!", "--ctstate",
             "RELATED,ESTABLISHED,DNAT", "-j", "DROP"]  # fmt: skip
INTROSPECTION = ["INPUT", "-p", "tcp", "--dport", "51678", "!", "-i", "lo", "-j", "DROP"]
OUTPUT = ["OUTPUT", "-p", "tcp", "-d", CREDENTIALS_ADDRESS, "--dport", "80", "-j", "REDIRECT", "--to-ports", "51679"]


def bridge_rule(bridge: str) -> list[str]:
    """Rule 4: the default bridge may ask the introspection API."""
    return ["INPUT", "-p", "tcp", "--dport", "51678", "-i", bridge, "-j", "ACCEPT"]


def has_ip6tables() -> bool:
    """IPv6 in the kernel, and the program."""
    found = any(Path(folder, "ip6tables").exists() for folder in os.environ.get("PATH", "").split(":"))
    return Path("/proc/sys/net/ipv6").exists() and found


def add_rules() -> None:
    """Rules 1 to 5, raw and blind."""
    command("iptables", "-t", "nat", "-A", *PREROUTING)
    if not parse_bool("ECS_SKIP_LOCALHOST_TRAFFIC_FILTER"):
        command("iptables", "-t", "filter", "-I", *LOCALHOST)
    if not parse_bool("ECS_ALLOW_OFFHOST_INTROSPECTION_ACCESS"):
        command("iptables", "-t", "filter", "-I", *INTROSPECTION)
        if has_ip6tables():
            command("ip6tables", "-t", "filter", "-I", *INTROSPECTION, fatal=False)
        bridge = bridge_name()
        if bridge:
            command("iptables", "-t", "filter", "-I", *bridge_rule(bridge))
    command("iptables", "-t", "nat", "-A", *OUTPUT)


def delete_rules() -> None:
    """One -D of each, whatever is there; failures are only logged."""
    command("iptables", "-t", "nat", "-D", *PREROUTING, fatal=False)
    if not parse_bool("ECS_SKIP_LOCALHOST_TRAFFIC_FILTER"):
        command("iptables", "-t", "filter", "-D", *LOCALHOST, fatal=False)
    command("iptables", "-t", "filter", "-D", *INTROSPECTION, fatal=False)
    if has_ip6tables():
        command("ip6tables", "-t", "filter", "-D", *INTROSPECTION, fatal=False)
    command("iptables", "-t", "filter", "-D", *bridge_rule(bridge_name() or "docker0"), fatal=False)
    command("iptables", "-t", "nat", "-D", *OUTPUT, fatal=False)


def has_default_route() -> bool:
    """Is there an IPv4 default route?"""
    rows = [line.split() for line in Path("/proc/net/route").read_text(encoding="ascii").splitlines()[1:]]
    return any(row[1] == "00000000" and row[7] == "00000000" for row in rows)


def load_image(again: bool = False) -> None:
    """Load the agent's image from the package, when it is not the one that is loaded."""
    status, _answer = docker("GET", f"/images/{urllib.parse.quote(IMAGE)}/json")
    wanted = os.path.realpath(TARBALL)
    loaded = LOADED_MARK.read_text(encoding="utf-8") if LOADED_MARK.exists() else ""
    if status == 200 and loaded == wanted and not again:
        return
    log("info", f"loading {TARBALL}")
    with TARBALL.open("rb") as tarball:
        status, answer = docker("POST", "/images/load?quiet=1", tarball, "application/x-tar")
    if status >= 400 or "errorDetail" in str(answer):
        raise InitError(f"could not load {TARBALL}: {answer}")
    LOADED_MARK.parent.mkdir(parents=True, exist_ok=True)
    LOADED_MARK.write_text(wanted, encoding="utf-8")


def pre_start() -> int:
    """Prepare the host."""
    command("sysctl", "-w", "net.ipv4.conf.all.route_localnet=1")
    command("sysctl", "-e", "-w", "net.ipv6.conf.docker0.accept_ra=0")
    if not has_default_route():
        command("ip", "route", "replace", f"{CREDENTIALS_ADDRESS}/32", "dev", "lo", "scope", "link")
    add_rules()
    Path("/mnt/ecs/ebs").mkdir(parents=True, exist_ok=True)
    load_image()
    return EXIT_STOP


def container_request() -> dict:
    """What the agent's container is made of."""
    environment = {**DEFAULTS, **({} if external() else {"ECS_ENABLE_TASK_ENI": "true"}), **config_values()}
    binds = ["/var/run:/var/run", "/var/log/ecs:/log", "/var/lib/ecs/data:/data", "/etc/ecs:/etc/ecs",
             "/var/cache/ecs:/var/cache/ecs"]  # fmt: skip
    if external():
        binds.append("/root/.aws:/rotatingcreds:ro")
    host = {"NetworkMode": "host", "Binds": binds, "Init": True, "CapAdd": ["NET_ADMIN", "SYS_ADMIN"]}
    return {"Image": IMAGE, "Env": [f"{name}={value}" for name, value in environment.items()], "HostConfig": host}


def run_agent() -> int:
    """One life of the agent's container; its exit code."""
    docker("DELETE", f"/containers/{CONTAINER}?force=1")
    made = docker_must("POST", f"/containers/create?name={CONTAINER}", container_request())
    docker_must("POST", f"/containers/{made['Id']}/start")
    status, answer = docker("POST", f"/containers/{made['Id']}/wait")
    return answer["StatusCode"] if status < 400 else EXIT_ERROR


def start() -> int:
    """Run the agent until it stops for good."""
    pause = 0.5
    while True:
        try:
            code = run_agent()
        except (OSError, InitError) as error:
            log("error", str(error))
            code = EXIT_ERROR
        log("info", f"agent exited with code {code}")
        if code == EXIT_STOP:
            return EXIT_STOP
        if code == EXIT_TERMINAL:
            log("error", "agent exited with a terminal code")
            return EXIT_TERMINAL
        if code == EXIT_UPDATE:
            load_image(again=True)
            continue
        time.sleep(pause * random.uniform(0.8, 1.2))
        pause = min(pause * 2, 15)


def stop() -> int:
    """Stop the agent's container."""
    docker("POST", f"/containers/{CONTAINER}/stop?t=10")
    return EXIT_STOP


def post_stop() -> int:
    """Undo what pre-start did, as far as it is undone: accept_ra and /mnt/ecs/ebs stay."""
    default = Path("/proc/sys/net/ipv4/conf/default/route_localnet").read_text(encoding="ascii").strip()
    command("sysctl", "-w", f"net.ipv4.conf.all.route_localnet={default}", fatal=False)
    command("ip", "route", "del", f"{CREDENTIALS_ADDRESS}/32", "dev", "lo", "scope", "link", fatal=False)
    delete_rules()
    return EXIT_STOP


def main() -> int:
    """Run one command."""
    actions = {"pre-start": pre_start, "start": start, "stop": stop, "pre-stop": stop, "post-stop": post_stop}
    if len(sys.argv) != 2 or sys.argv[1] not in actions:
        print(f"usage: amazon-ecs-init {{{'|'.join(actions)}}}", file=sys.stderr)
        return EXIT_ERROR
    try:
        wait_for_docker()
        return actions[sys.argv[1]]()
    except (InitError, OSError) as error:
        log("error", str(error))
        return EXIT_ERROR


if __name__ == "__main__":
    sys.exit(main())
