# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Credentials on a host that the ECS agent would find before those of its managed instance, and then not register.

The agent looks at its environment, then at the file that the SSM agent writes to, then at instance metadata; another
profile of that name in root's file is overwritten by the SSM agent. Values are never shown.
"""

from __future__ import annotations

import configparser
import http.client
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.read import Places

# Files that end up in the agent's environment.
CONFIG_FILES = ("etc/ecs/ecs.config", "var/lib/ecs/ecs.config")
DROP_INS = "etc/systemd/system/ecs.service.d"
VARIABLE = re.compile(
    r"""^(?:Environment=)?["']?(AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|PROFILE|ROLE_ARN"""
    r"""|WEB_IDENTITY_TOKEN_FILE|SHARED_CREDENTIALS_FILE|CONTAINER_CREDENTIALS_\w+))=.""",
    re.MULTILINE,
)
CREDENTIALS = "root/.aws/credentials"
METADATA = "169.254.169.254"
PATIENCE = 1.0  # seconds; an instance's own metadata service takes a millisecond
ROLES = "/latest/meta-data/iam/security-credentials/"


def earlier_sources(profile: str, places: Places, has_instance_role: Callable[[], bool]) -> Iterator[str]:
    """Each as a sentence that says what it is and what to do about it."""
    drop_ins = sorted((places.root / DROP_INS).glob("*.conf"))
    for path in [places.root / name for name in CONFIG_FILES] + drop_ins:
        names = sorted(set(VARIABLE.findall(_text(path))))
        if names:
            yield f"/{path.relative_to(places.root)} sets {', '.join(names)} for the agent: remove them there."
    if _has_own_keys(places.root / CREDENTIALS, profile):
        yield (
            f"/{CREDENTIALS} has a profile [{profile}] with keys of somebody's own, which the SSM agent would "
            "overwrite: choose another profile for it (ssm_agent_credential_profile)."
        )
    if has_instance_role():
        yield (
            f"{METADATA} gives the credentials of an instance role: this host is an EC2 instance, which is no external "
            "instance (playbook fleetkit.ecs.container_instances), or something plays the metadata service of one."
        )


def instance_role() -> bool:
    """Does an instance metadata service name a role? Other clouds have services at that address, too, which do not."""
    try:
        seconds = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        status, token = _ask("PUT", "/latest/api/token", seconds)
        status, role = _ask("GET", ROLES, {"X-aws-ec2-metadata-token": token} if status == 200 else {})
    except (OSError, http.client.HTTPException):
        return False
    return status == 200 and bool(re.fullmatch(r"[\w+=,.@-]{1,64}", role.strip()))


def _ask(method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection(METADATA, timeout=PATIENCE)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(4096).decode("ascii", "replace")
    finally:
        connection.close()


def _has_own_keys(path: Path, profile: str) -> bool:
    """The SSM agent writes temporary keys, which have a session token; nobody would miss those."""
    parser = configparser.RawConfigParser(default_section="", strict=False)
    try:
        parser.read_string(_text(path))
    except configparser.Error:
        return True
    return parser.has_option(profile, "aws_access_key_id") and not parser.has_option(profile, "aws_session_token")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
