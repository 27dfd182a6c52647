# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The local AWS as the tests of modules and playbooks see it."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import boto3


def keys_of(credentials: dict[str, str]) -> dict[str, str]:
    """Credentials as AWS gives them, as boto3 takes them."""
    keys = {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials.get("SessionToken"),
    }
    return {name: value for name, value in keys.items() if value}


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
        self._request("DELETE", "/_lab/enforcement")

    def iam_of(self, account: str) -> Any:
        """IAM of another account, as its administrator."""
        return self.client("iam", **self.keys_of_account(account))

    def keys_of_account(self, account: str) -> dict[str, str]:
        """An administrator's keys in another account, as boto3 takes them."""
        return keys_of(json.loads(self._request("POST", f"/_lab/accounts/{account}")))

    def issued_secrets(self) -> set[str]:
        """Secret key and token of every session that was begun, id and code of every activation."""
        return set(json.loads(self._request("GET", "/_lab/secrets")))

    def behave(self, **behaviour: Any) -> None:
        """Latency, late visibility, faults: see the lab's Control."""
        self._request("PUT", "/_lab/behaviour", behaviour)

    def enforce(self) -> None:
        """Identity policies of role sessions count, until reset()."""
        self._request("PUT", "/_lab/enforcement")

    def over_tls(self, directory: Path) -> dict[str, str]:
        """The environment of whoever asks by TLS, without which a bucket may be closed."""
        certificate = directory / "local-aws.pem"
        certificate.write_bytes(self._request("GET", "/_lab/certificate"))
        return {"AWS_ENDPOINT_URL": self.url.replace("http:", "https:"), "AWS_CA_BUNDLE": str(certificate)}

    def client(self, service: str, **keys: str) -> Any:
        return boto3.client(service, endpoint_url=self.url, **keys)

    def task_of(self, role_arn: str) -> dict[str, str]:
        """Credentials of a task that has this role, as the agent gets them."""
        sts = self.client("sts")

        def as_ecs(request: Any, **_more: Any) -> None:
            request.headers["X-Lab-Service-Principal"] = "ecs-tasks.amazonaws.com"

        sts.meta.events.register("before-sign.sts", as_ecs)
        return keys_of(sts.assume_role(RoleArn=role_arn, RoleSessionName="0123456789abcdef")["Credentials"])

    def operations(self) -> list[str]:
        """The operations asked since the last call, in order, as the server saw them."""
        requests = json.loads(self._request("GET", "/_lab/requests"))
        self._request("DELETE", "/_lab/requests")
        return [request["operation"] for request in requests]
