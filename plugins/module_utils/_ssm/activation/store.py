# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Where the code is kept: a file of mode 0600, a SecureString of Systems Manager, or nowhere.

Either has a JSON object of two members, activation_id and activation_code, which belong together.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.model import Kept, Secret

ACTIVATION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def store_of(params: Mapping[str, Any], ssm: Any) -> Any:
    """The one that a task names."""
    if params["code_file"]:
        return FileStore(params["code_file"])
    return ParameterStore(ssm, params["code_parameter"]) if params["code_parameter"] else NoStore()


class NoStore:
    """The code is in the result of the task alone."""

    def read(self) -> Kept:
        return Kept()


class FileStore:
    """A file on the system that the task runs on."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def read(self) -> Kept:
        """What is in it. A directory that is not there, or that may not be written, is refused now, not halfway."""
        if not os.access(self.path.parent, os.W_OK | os.X_OK):
            raise Refusal(
                f"code_file: no file can be written in {self.path.parent}; create it first, or correct its permissions."
            )
        try:
            status = self.path.lstat()
            if not stat.S_ISREG(status.st_mode):
                raise Refusal(f"code_file: {self.path} is not a regular file.")
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Kept(str(self.path))
        except (OSError, UnicodeDecodeError) as error:
            raise Refusal(f"code_file: {self.path} cannot be read ({type(error).__name__}).") from None
        loose = bool(stat.S_IMODE(status.st_mode) & 0o077) or status.st_uid != os.geteuid()
        return Kept(str(self.path), _decoded("code_file", str(self.path), text), loose)

    def write(self, secret: Secret) -> None:
        """In one step, and at no moment readable by others: mkstemp makes the file with mode 0600."""
        try:
            descriptor, new = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                    stream.write(_encoded(secret) + "\n")
                    stream.flush()
                    os.fsync(stream.fileno())
                Path(new).replace(self.path)
            except BaseException:
                Path(new).unlink()
                raise
        except OSError as error:
            raise Refusal(f"code_file: {self.path} cannot be written ({error.strerror}).") from None

    def remove(self) -> None:
        self.path.unlink()


class ParameterStore:
    """A SecureString, encrypted with the account's own key of Systems Manager (alias/aws/ssm)."""

    def __init__(self, ssm: Any, name: str) -> None:
        self.ssm = ssm
        self.name = name

    def read(self) -> Kept:
        try:
            found = self.ssm.get_parameter(Name=self.name, WithDecryption=True, aws_retry=True)["Parameter"]
        except is_boto3_error_code("ParameterNotFound"):
            return Kept(self.name)
        if found["Type"] != "SecureString":
            raise Refusal(
                f"code_parameter: {self.name} is there and a {found['Type']}, which is not encrypted; name another."
            )
        return Kept(self.name, _decoded("code_parameter", self.name, found["Value"]))

    def write(self, secret: Secret) -> None:
        self.ssm.put_parameter(
            Name=self.name, Value=_encoded(secret), Type="SecureString", Overwrite=True, aws_retry=True
        )

    def remove(self) -> None:
        self.ssm.delete_parameter(Name=self.name, aws_retry=True)


def _encoded(secret: Secret) -> str:
    return json.dumps({"activation_id": secret.activation_id, "activation_code": secret.activation_code})


def _decoded(option: str, where: str, text: str) -> Secret | None:
    """What somebody else has put there is neither shown nor overwritten. An empty file is nobody's."""
    if not text.strip():
        return None
    try:
        found = json.loads(text)
        if not ACTIVATION_ID.fullmatch(found["activation_id"]):
            raise ValueError
        return Secret(found["activation_id"], str(found["activation_code"]))
    except (ValueError, KeyError, TypeError):
        raise Refusal(
            f"{option}: {where} has something else in it than an activation (a JSON object with activation_id and "
            "activation_code); name another, or remove it yourself."
        ) from None
