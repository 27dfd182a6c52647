# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host's agent says, and what is made of one that is absent, slow or talks nonsense, over HTTP."""

from __future__ import annotations

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from module_runner import run_module

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent import introspection

ARN = "arn:aws:ecs:us-west-2:123456789012:container-instance/prod/0123456789abcdef0123456789abcdef"
VERSION = "Amazon ECS Agent - v1.105.1 (*a8b3e7d3)"
METADATA = f'{{"Cluster":"prod","ContainerInstanceArn":"{ARN}","Version":"{VERSION}"}}'
NOT_YET = f'{{"Cluster":"prod","ContainerInstanceArn":null,"Version":"{VERSION}"}}'
TASKS = (
    '{"Tasks":[{"Arn":"arn:t","DesiredStatus":"RUNNING","KnownStatus":"RUNNING","Family":"web","Version":"7",'
    '"Containers":[{"DockerId":"d1","DockerName":"ecs-web-7-nginx","Name":"nginx"}]}]}'
)


class Agent(ThreadingHTTPServer):
    """An introspection endpoint that gives the answers of a path in turn, and the last one for ever."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answers: dict[str, list[tuple[int, str]]] = {}
        self.asked: list[str] = []
        self.pause = 0.0
        self.released = threading.Event()

    def says(self, path: str, *bodies: str, status: int = 200) -> None:
        self.answers[path] = [(status, body) for body in bodies]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has given up waiting is no fault."""


class Answering(BaseHTTPRequestHandler):
    server: Agent

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.released.wait(self.server.pause)
        answers = self.server.answers[self.path]
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def agent(monkeypatch):
    with Agent() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setattr(introspection, "ADDRESS", server.server_address)
        monkeypatch.setattr(introspection, "PAUSE", 0.01)
        server.says("/v1/metadata", METADATA)
        server.says("/v1/tasks", TASKS)
        yield server
        server.released.set()
        server.shutdown()


@pytest.fixture
def closed_port(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else's
        monkeypatch.setattr(introspection, "ADDRESS", taken.getsockname())
        monkeypatch.setattr(introspection, "PAUSE", 0.01)
        yield


def info(**params):
    return run_module("ecs_agent_info", **params)


@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_a_registered_agent_gives_flat_values(agent, check):
    found = info(check=check)
    assert (found.changed, found.status, found.reason) == (False, "registered", "")
    assert (found.cluster, found.container_instance_arn, found.agent_version) == ("prod", ARN, "1.105.1")
    assert found.tasks == [
        {
            "arn": "arn:t",
            "family": "web",
            "revision": "7",
            "desired_status": "RUNNING",
            "known_status": "RUNNING",
            "containers": [{"name": "nginx", "docker_id": "d1", "docker_name": "ecs-web-7-nginx"}],
        }
    ]
    assert agent.asked == ["/v1/metadata", "/v1/tasks"]


@pytest.mark.parametrize("body", ['{"Tasks":[]}', '{"Tasks":null}'])
def test_an_agent_without_tasks_has_an_empty_list(agent, body):
    agent.says("/v1/tasks", body)
    assert (info().status, info().tasks) == ("registered", [])


def test_a_proxy_of_the_environment_is_not_asked(agent, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert info().status == "registered"


def test_an_agent_that_is_absent_is_no_failure(closed_port):
    found = info()
    assert (found.failed, found.status) == (False, "absent")
    assert "nothing listens on 127.0.0.1:" in found.reason
    assert (found.cluster, found.container_instance_arn, found.agent_version, found.tasks) == (None, None, None, [])


def test_an_agent_that_has_not_registered_is_told_from_one_that_has(agent):
    agent.says("/v1/metadata", NOT_YET)
    found = info()
    assert (found.status, found.cluster, found.container_instance_arn) == ("unregistered", "prod", None)
    assert "has not registered" in found.reason
    assert agent.asked == ["/v1/metadata"]


BROKEN = {
    "an error": ("/v1/metadata", "oops", 500, "/v1/metadata answers 500 Internal Server Error"),
    "a page": ("/v1/metadata", "<html>login</html>", 200, "/v1/metadata does not answer with JSON"),
    "nothing": ("/v1/metadata", "", 200, "/v1/metadata does not answer with JSON"),
    "other JSON": ("/v1/metadata", '{"AvailableCommands":[]}', 200, "/v1/metadata has no Cluster"),
    "a list": ("/v1/metadata", "[]", 200, "/v1/metadata has no Cluster"),
    "an ARN that is none": ("/v1/metadata", '{"Cluster":"c","ContainerInstanceArn":[]}', 200, "that is no string"),
    "an error for tasks": ("/v1/tasks", "{}", 404, "/v1/tasks answers 404 Not Found"),
    "no list of tasks": ("/v1/tasks", "{}", 200, "/v1/tasks is not a list of tasks (KeyError: 'Tasks')"),
    "a task that is none": ("/v1/tasks", '{"Tasks":["x"]}', 200, "/v1/tasks is not a list of tasks"),
}


@pytest.mark.parametrize(("path", "body", "status", "reason"), BROKEN.values(), ids=BROKEN)
def test_an_agent_that_answers_nonsense_is_broken_and_not_absent(agent, path, body, status, reason):
    agent.says(path, body, status=status)
    found = info()
    assert (found.failed, found.status) == (False, "broken")
    assert reason in found.reason


def test_an_agent_that_does_not_answer_in_time_is_broken(agent, monkeypatch):
    monkeypatch.setattr(introspection, "TIMEOUT", 0.1)
    agent.pause = 30
    began = time.monotonic()
    found = info()
    assert (found.status, "timed out" in found.reason) == ("broken", True)
    assert time.monotonic() - began < 20


def test_something_that_hangs_up_is_broken(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up():
            server.accept()[0].close()

        monkeypatch.setattr(introspection, "ADDRESS", server.getsockname())
        threading.Thread(target=hang_up, daemon=True).start()
        assert info().status == "broken"


def test_it_waits_until_the_agent_has_registered(agent):
    agent.says("/v1/metadata", "", NOT_YET, NOT_YET, METADATA)
    found = info(wait=True, wait_timeout=30)
    assert (found.failed, found.container_instance_arn) == (False, ARN)
    assert agent.asked.count("/v1/metadata") == 4


def test_waiting_is_bounded_and_says_what_was_found_last(agent):
    agent.says("/v1/metadata", NOT_YET)
    found = info(wait=True, wait_timeout=0)
    assert found.failed
    assert found.msg == (
        "The agent has not registered within 0 seconds: the agent runs, and has not registered with its cluster."
    )
    assert (found.status, found.cluster) == ("unregistered", "prod")


def test_check_mode_does_not_wait_for_an_agent_that_nobody_has_started(closed_port):
    found = info(check=True, wait=True, wait_timeout=60)
    assert (found.failed, found.status) == (False, "absent")
