# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in of EC2's instance metadata service: IMDSv1 and v2 for every host of the lab's network.

It runs in a container that holds 169.254.169.254 on its eth0. Each client address is an instance of its own. Role
credentials come from the local AWS, from the role that is in the instance profile at that moment.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import secrets
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

ENDPOINT = os.environ["LAB_ENDPOINT_URL"]
REGION = os.environ["LAB_REGION"]
PROFILE = os.environ["LAB_INSTANCE_PROFILE"]
ACCOUNT = "123456789012"
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"

tokens: dict[str, float] = {}
sessions: dict[tuple[str, str], dict] = {}
lock = threading.Lock()


def instance_id(client: str) -> str:
    """The same for a client for ever, another for each client."""
    return "i-" + hashlib.sha256(client.encode()).hexdigest()[:17]


def call(service: str, headers: dict[str, str] | None = None, **fields: str) -> ElementTree.Element | None:
    """Call the local AWS (query protocol); None when it refuses."""
    scope = f"lab/20260101/us-east-1/{service}/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"}
    signed["X-Lab-Internal"] = "imds"
    body = urllib.parse.urlencode(fields).encode()
    try:
        request = urllib.request.Request(ENDPOINT, body, {**signed, **(headers or {})})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return ElementTree.fromstring(reply.read())
    except urllib.error.HTTPError:
        return None


def text(element: ElementTree.Element | None, name: str) -> str | None:
    """The text of the first descendant of this name, whatever its name space."""
    found = None if element is None else element.find(f".//{{*}}{name}")
    return None if found is None else found.text


def profile() -> dict[str, str] | None:
    """The instance profile and its role, as they are in the local AWS now."""
    answer = call("iam", Action="GetInstanceProfile", Version="2010-05-08", InstanceProfileName=PROFILE)
    role = None if answer is None else answer.find(".//{*}Roles/{*}member")
    if role is None:
        return None
    arn = next(item.text for item in answer.iter() if item.tag.endswith("}Arn") and ":instance-profile/" in item.text)
    return {
        "arn": arn,
        "id": text(answer, "InstanceProfileId"),
        "role": text(role, "RoleName"),
        "role_arn": text(role, "Arn"),
    }


def credentials(client: str, role_arn: str) -> dict | None:
    """What EC2 gets for the instance from STS, kept until shortly before its end; None when the role refuses EC2."""
    now = datetime.datetime.now(datetime.timezone.utc)
    with lock:
        kept = sessions.get((client, role_arn))
        if kept and kept["Expiration"] > (now + datetime.timedelta(minutes=5)).strftime(TIME_FORMAT):
            return kept
        answer = call(
            "sts",
            {"X-Lab-Service-Principal": "ec2.amazonaws.com"},
            Action="AssumeRole",
            Version="2011-06-15",
            RoleArn=role_arn,
            RoleSessionName=instance_id(client),
        )
        if answer is None:
            return None
        sessions[client, role_arn] = {
            "Code": "Success",
            "LastUpdated": now.strftime(TIME_FORMAT),
            "Type": "AWS-HMAC",
            "AccessKeyId": text(answer, "AccessKeyId"),
            "SecretAccessKey": text(answer, "SecretAccessKey"),
            "Token": text(answer, "SessionToken"),
            "Expiration": (now + datetime.timedelta(hours=1)).strftime(TIME_FORMAT),
        }
        return sessions[client, role_arn]


def document(client: str) -> str:
    """The instance identity document."""
    return json.dumps(
        {
            "accountId": ACCOUNT,
            "architecture": "x86_64",
            "availabilityZone": f"{REGION}a",
            "imageId": "ami-0123456789abcdef0",
            "instanceId": instance_id(client),
            "instanceType": "m5.large",
            "pendingTime": "2026-01-01T00:00:00Z",
            "privateIp": client,
            "region": REGION,
            "version": "2017-09-30",
        },
        indent=2,
    )


def metadata(path: str, client: str) -> str | None:
    """The answer to a GET; None is 404."""
    fixed = {
        "meta-data": "ami-id\nhostname\niam/\ninstance-id\ninstance-type\nlocal-ipv4\nplacement/",
        "meta-data/ami-id": "ami-0123456789abcdef0",
        "meta-data/hostname": f"ip-{client.replace('.', '-')}.{REGION}.compute.internal",
        "meta-data/instance-id": instance_id(client),
        "meta-data/instance-life-cycle": "on-demand",
        "meta-data/instance-type": "m5.large",
        "meta-data/local-ipv4": client,
        "meta-data/placement": "availability-zone\nregion",
        "meta-data/placement/availability-zone": f"{REGION}a",
        "meta-data/placement/region": REGION,
        "meta-data/services/domain": "amazonaws.com",
        "meta-data/services/partition": "aws",
        "dynamic/instance-identity": "document\nsignature",
        "dynamic/instance-identity/document": document(client),
        "dynamic/instance-identity/signature": hashlib.sha256(client.encode()).hexdigest(),
    }
    return fixed[path] if path in fixed else identity(path, client)


def identity(path: str, client: str) -> str | None:
    """The answers under meta-data/iam, which exist only while the profile holds a role."""
    parts = path.split("/")
    if parts[:2] != ["meta-data", "iam"]:
        return None
    now = profile()
    if now is None:
        return None
    if parts[2:] == ["info"]:
        content = {"Code": "Success", "InstanceProfileArn": now["arn"], "InstanceProfileId": now["id"]}
        return json.dumps(content, indent=2)
    if parts[2:] == ["security-credentials"]:
        return now["role"]
    if parts[2:] == ["security-credentials", now["role"]]:
        refused = {"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role " + now["role"]}
        return json.dumps(credentials(client, now["role_arn"]) or refused, indent=2)
    return None


class Handler(BaseHTTPRequestHandler):
    """IMDSv2 with a token; IMDSv1 without one."""

    server_version = "EC2ws"

    def do_PUT(self) -> None:
        """Hand out a token."""
        seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if self.path != "/latest/api/token":
            self.answer(404, "")
        elif not seconds.isdigit() or not 1 <= int(seconds) <= 21600:
            self.answer(400, "")
        elif self.headers.get("X-Forwarded-For"):
            self.answer(403, "")
        else:
            token = secrets.token_urlsafe(40)
            tokens[token] = time.time() + int(seconds)
            self.answer(200, token)

    def do_GET(self) -> None:
        """Answer metadata; a token that is sent must be good."""
        token = self.headers.get("X-aws-ec2-metadata-token")
        if token is not None and tokens.get(token, 0) < time.time():
            self.answer(401, "")
            return
        client = self.client_address[0].removeprefix("::ffff:")
        path = urllib.parse.urlsplit(self.path).path
        found = metadata(path.removeprefix("/latest/").rstrip("/"), client) if path.startswith("/latest/") else None
        self.answer(404 if found is None else 200, found or "")

    def answer(self, status: int, body: str) -> None:
        """Send it."""
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class DualStack(ThreadingHTTPServer):
    """Listens on IPv6 and, mapped, on IPv4."""

    address_family = socket.AF_INET6
    daemon_threads = True

    def server_bind(self) -> None:
        """Take IPv4 too."""
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def main() -> None:
    """Hold the addresses and serve."""
    subprocess.run(["ip", "address", "replace", "169.254.169.254/32", "dev", "eth0"], check=True)
    # A machine without IPv6 still has a lab.
    subprocess.run(["ip", "-6", "address", "replace", "fd00:ec2::254/128", "dev", "eth0", "nodad"], check=False)
    DualStack(("::", 80), Handler).serve_forever()


if __name__ == "__main__":
    main()
