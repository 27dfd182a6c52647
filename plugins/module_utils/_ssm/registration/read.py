# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Read what the agent itself goes by: its vault. Nothing else says whether a host is registered."""

from __future__ import annotations

import configparser
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.model import Agent, Host, Identity

# Where the agent's program is, and which unit then runs it.
PROGRAMS = {
    "/usr/bin/amazon-ssm-agent": "amazon-ssm-agent.service",
    "/snap/amazon-ssm-agent/current/amazon-ssm-agent": "snap.amazon-ssm-agent.amazon-ssm-agent.service",
}
KEY, FINGERPRINT = "RegistrationKey", "InstanceFingerprint"
Run = Callable[[list[str]], str]


@dataclass(frozen=True)
class Places:
    """Where things are; only tests have them elsewhere."""

    root: Path = Path("/")

    @property
    def data(self) -> Path:
        """The agent's own directory."""
        return self.root / "var/lib/amazon/ssm"

    @property
    def vault(self) -> Path:
        return self.data / "Vault"

    @property
    def registration(self) -> Path:
        """Written at a registration and never read again by the agent; clearing leaves it."""
        return self.data / "registration"

    @property
    def mark(self) -> Path:
        """Ours: which machine registered as what."""
        return self.data / "fleetkit.ecs.json"

    @property
    def aside(self) -> Path:
        """Ours: the copy of a working identity while another one is being registered."""
        return self.root / "var/lib/amazon/ssm.fleetkit.ecs"

    @property
    def registered(self) -> tuple[Path, ...]:
        """All that a registration leaves."""
        return self.vault, self.registration, self.mark, self.aside

    @property
    def credentials(self) -> Path:
        """Where the agent puts the credentials of the managed instance."""
        return self.root / "root/.aws/credentials"

    @property
    def machine_id(self) -> Path:
        return self.root / "etc/machine-id"


def read_host(run: Run, places: Places, profile: str | None = None) -> Host:
    """Read the agent and its registration.

    Args:
        run: runs a program and gives its stdout.
        places: where things are.
        profile: where the agent's credentials are looked for; None where nobody asks.
    """
    identity = identity_of(places.vault, places)
    return Host(
        agent=read_agent(run, places),
        identity=identity,
        cloned=why_cloned(identity, places) if identity else "",
        former=identity_of(places.aside / "Vault", places),
        notes=tuple(notes(identity, places)),
        remains=tuple(_shown(path, places) for path in places.registered if path.exists()),
        shared=f"{_shown(places.credentials, places)} [{profile}]" if profile and has_shared(places, profile) else None,
    )


def program_of(places: Places) -> str | None:
    """The program, from a snap where there is one: Ubuntu has it so, and a package is then not installed beside it."""
    found = [path for path in PROGRAMS if os.access(places.root / path.lstrip("/"), os.X_OK)]
    return found[-1] if found else None


def unit_of(program: str | None) -> str:
    """The unit that runs it."""
    return PROGRAMS[program] if program else "amazon-ssm-agent.service"


def read_agent(run: Run, places: Places) -> Agent:
    program = program_of(places)
    unit = unit_of(program)
    if program is None:
        return Agent(None, unit)
    lines = run(["systemctl", "show", "--property=ActiveState,UnitFileState", unit]).splitlines()
    shown = dict(line.split("=", 1) for line in lines if "=" in line)
    # One that failed waits as "activating" until systemd tries again, which takes minutes.
    running = shown.get("ActiveState") in ("active", "reloading")
    return Agent(program, unit, running=running, enabled=shown.get("UnitFileState") == "enabled")


def identity_of(vault: Path, places: Places) -> Identity | None:
    """Who the agent is by this vault: id, region and private key, in a file that the manifest lists."""
    listed = _json(vault / "Manifest").get(KEY)
    if listed != str(Path("/") / (places.vault / "Store" / KEY).relative_to(places.root)):
        return None
    found = _json(vault / "Store" / KEY)
    if not all(isinstance(found.get(name), str) and found[name] for name in ("instanceID", "region", "privateKey")):
        return None
    return Identity(found["instanceID"], found["region"])


def why_cloned(identity: Identity, places: Places) -> str:
    """Why the identity is another machine's.

    The agent's own fingerprint says so only until the agent has started here, which writes it anew; our mark stays.
    """
    machine = _text(places.machine_id).strip()
    mark = _json(places.mark)
    hardware = _json(places.vault / "Store" / FINGERPRINT).get("hardwareHash")
    known = [hardware.get("machine-id")] if isinstance(hardware, Mapping) else []
    if mark.get("managed_instance_id") == identity.instance_id:
        known.append(mark.get("machine_id"))
    others = {other.strip() for other in known if isinstance(other, str) and other.strip()} - {machine}
    if not others:
        return ""
    return (
        f"{identity} was registered by a machine whose /etc/machine-id was {min(others)}; here it is {machine}. This "
        "host is a clone of that machine, or its machine-id was made anew. AWS Systems Manager refuses it either way."
    )


def notes(identity: Identity | None, places: Places) -> Iterator[str]:
    """What looks like a registration and is none."""
    stale = _json(places.registration).get("ManagedInstanceID")
    if stale and (identity is None or identity.instance_id != stale):
        yield (
            f"{_shown(places.registration, places)} names {stale}, and the agent is "
            f"{identity or 'not registered'}: it does not read that file, and clearing a registration leaves it."
        )
    key = places.vault / "Store" / KEY
    if identity is None and _json(key).get("instanceID"):
        yield (
            f"{_shown(key, places)} names {_json(key)['instanceID']}, but the agent does not find it: the manifest "
            "beside it does not list it, or its region or private key is missing."
        )


def profiles(places: Places) -> configparser.RawConfigParser:
    """Root's credentials by profile; a file that cannot be read has none that the agent could have written."""
    parser = configparser.RawConfigParser(default_section="", strict=False)
    try:
        parser.read_string(_text(places.credentials))
    except configparser.Error:
        parser.clear()
    return parser


def has_shared(places: Places, profile: str) -> bool:
    """Whether the agent wrote this profile: its keys are temporary, and have a session token."""
    return profiles(places).has_option(profile, "aws_session_token")


def _shown(path: Path, places: Places) -> str:
    return f"/{path.relative_to(places.root)}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _json(path: Path) -> dict[str, Any]:
    """What a file holds; a file that is not there or holds something else is empty, as the agent takes it."""
    try:
        found = json.loads(_text(path))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
