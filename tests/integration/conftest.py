# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules and playbooks against a real local AWS over HTTP, started once for the whole run."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from ansible.module_utils.common import warnings as module_warnings
from ansible.module_utils.testing import patch_module_args

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lab"))

import local_aws  # noqa: E402 (the lab is not a package)

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_REGION": "us-west-2",
}


class LocalAws:
    """The local AWS as a test sees it: clients, what was asked of it, and a way to empty it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.iam = boto3.client("iam", endpoint_url=url)

    def _request(self, method: str, path: str, content: Any = None) -> bytes:
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def reset(self) -> None:
        self._request("POST", "/moto-api/reset")
        self._request("DELETE", "/_lab/requests")
        self._request("DELETE", "/_lab/behaviour")

    def behave(self, **behaviour: Any) -> None:
        """Latency, late visibility, faults: see the lab's Control."""
        self._request("PUT", "/_lab/behaviour", behaviour)

    def operations(self) -> list[str]:
        """The operations asked since the last call, in order, as the server saw them."""
        requests = json.loads(self._request("GET", "/_lab/requests"))
        self._request("DELETE", "/_lab/requests")
        return [request["operation"] for request in requests]


@pytest.fixture(scope="session")
def aws_server():
    with local_aws.launch() as url, pytest.MonkeyPatch.context() as patch:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": url}.items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        yield LocalAws(url)


@pytest.fixture
def aws(aws_server):
    aws_server.reset()
    return aws_server


def run_module(module_name: str, /, check: bool = False, **params: Any) -> SimpleNamespace:
    """Run a module's main() in this process; gives its result as attributes, C(failed) included."""
    arguments = {**params, "_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": "/tmp"}
    module = importlib.import_module(f"ansible_collections.fleetkit.ecs.plugins.modules.{module_name}")
    output = io.StringIO()
    module_warnings._global_warnings.clear()  # they outlive a module only in this process
    with patch_module_args(arguments), contextlib.redirect_stdout(output), pytest.raises(SystemExit):
        module.main()
    result = {"failed": False, "diff": None, **json.loads(output.getvalue())}
    result["warnings"] = [_text_of(warning) for warning in result.get("warnings", [])]
    return SimpleNamespace(**result, json=result)


def _text_of(warning: Any) -> str:
    """Since ansible-core 2.20 a warning in a module's raw result is a structure."""
    return warning if isinstance(warning, str) else warning["event"]["msg"]


def applied(module_name: str, /, **params: Any) -> SimpleNamespace:
    """Check mode, a real run, and both again: the first predicts the second exactly, the others change nothing."""
    predicted = run_module(module_name, check=True, **params)
    real = run_module(module_name, **params)
    assert not predicted.failed, predicted.msg
    assert not real.failed, real.msg
    told = [
        {key: run.json.get(key) for key in run.json if key not in ("api_calls", "warnings", "waited")}
        for run in (predicted, real)
    ]
    assert told[0] == told[1]
    for check in (True, False):
        again = run_module(module_name, check=check, **params)
        assert not again.failed, again.msg
        assert (again.changed, again.changes, again.diff) == (False, [], None)
    return real


@pytest.fixture
def playbook_environment(aws):
    """The environment in which ansible-playbook finds the collection, the local AWS and nothing of the user's."""
    return {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build" / "collections"),
        "ANSIBLE_INJECT_FACT_VARS": "false",
        "ANSIBLE_NOCOLOR": "1",
    }
