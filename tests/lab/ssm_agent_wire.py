# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent of Systems Manager, as far as the wire: registers, asks for tokens, says that it lives. For tests."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import urllib.error
import urllib.request
import uuid
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class WireError(Exception):
    """An error of the service: its code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Agent:
    """One server. What it learns at registration and by a token is kept here."""

    def __init__(self, url: str, region: str = "us-west-2") -> None:
        self.url, self.region = url, region
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.fingerprint = str(uuid.uuid4())
        self.instance_id = ""
        self.token: dict[str, Any] = {}

    def register(self, activation: dict[str, str], **changed: str) -> str:
        """With the answer of CreateActivation; not signed, and for the region of the host that it asks."""
        params = {
            "ActivationId": activation["ActivationId"],
            "ActivationCode": activation["ActivationCode"],
            "PublicKey": self.public_key,
            "PublicKeyType": "Rsa",
            "Fingerprint": self.fingerprint,
            **changed,
        }
        headers = {} if self.region == "us-west-2" else {"Host": f"ssm.{self.region}.amazonaws.com"}
        self.instance_id = self.send("RegisterManagedInstance", params, headers)["InstanceId"]
        return self.instance_id

    @property
    def public_key(self) -> str:
        der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def request_token(self) -> dict[str, str]:
        """Signed with the private key; gives credentials as boto3 takes them."""
        self.token = self.send_signed("RequestManagedInstanceRoleToken", {"Fingerprint": self.fingerprint})
        return {
            "aws_access_key_id": self.token["AccessKeyId"],
            "aws_secret_access_key": self.token["SecretAccessKey"],
            "aws_session_token": self.token["SessionToken"],
        }

    def change_key(self) -> None:
        """The new key is signed for by the old one."""
        old, self.key = self.key, rsa.generate_private_key(public_exponent=65537, key_size=2048)
        params, self.key, new = {"NewPublicKey": self.public_key, "NewPublicKeyType": "Rsa"}, old, self.key
        self.send_signed("UpdateManagedInstancePublicKey", params)
        self.key = new

    def send_signed(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """With Signature Version 4, but that the private key signs."""
        body = json.dumps(params).encode()
        now = datetime.datetime.now(datetime.timezone.utc)
        headers = {"Host": self.url.split("/")[2], "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}"}
        headers["X-Amz-Target"] = f"AmazonSSM.{operation}"
        lines = "".join(f"{name.lower()}:{value}\n" for name, value in sorted(headers.items()))
        names = ";".join(sorted(name.lower() for name in headers))
        canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{now:%Y%m%d}/{self.region}/ssm/aws4_request"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{headers['X-Amz-Date']}\n{scope}\n{hashed}"
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        signature = base64.b64encode(self.key.sign(to_sign.encode(), scheme, hashes.SHA256())).decode()
        credential = f"Credential={self.instance_id}/{scope}"
        headers["Authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
        return self.send(operation, params, headers)

    def heartbeat(self, **changed: str) -> dict[str, Any]:
        """As the agent says it every few minutes."""
        params = {
            "InstanceId": self.instance_id,
            "AgentName": "amazon-ssm-agent",
            "AgentVersion": "3.3.1142.0",
            "AgentStatus": "Active",
            "PlatformType": "Linux",
            "PlatformName": "Debian GNU/Linux",
            "PlatformVersion": "13",
            "ComputerName": "shop-1",
            "IPAddress": "192.0.2.7",
            **changed,
        }
        return self.send_as_role("UpdateInstanceInformation", params)

    def send_as_role(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Signed with the token, as any request is."""
        request = AWSRequest("POST", f"{self.url}/", data=json.dumps(params).encode())
        keys = (self.token[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
        SigV4Auth(Credentials(*keys), "ssm", self.region).add_auth(request)
        return self.send(operation, params, dict(request.headers.items()))

    def send(self, operation: str, params: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        """A POST; an error of the service is a WireError."""
        headers = {
            **headers,
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AmazonSSM.{operation}",
        }
        request = urllib.request.Request(f"{self.url}/", data=json.dumps(params).encode(), headers=headers)
        try:
            with urllib.request.urlopen(request) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as refused:
            answer = json.load(refused)
            raise WireError(answer["__type"], answer["message"]) from None
