# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Register the host without ever losing the identity that it has.

With -y the agent writes an empty identity before it asks AWS. So what is there is copied aside first, and put back
when the registration fails; a copy that an interrupted run left is put back by the next.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan
from ansible_collections.fleetkit.ecs.plugins.module_utils._secrets import MASK
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.drop_in import environment, path_of
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.model import Agent, Host, Request
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.plan import (
    COPY,
    CREDENTIALS,
    FORMER,
    REGISTRATION,
    SERVICE,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.read import (
    Places,
    identity_of,
    profiles,
    read_host,
)

SUCCESS = re.compile(r"Successfully registered the instance with AWS SSM using Managed instance-id: (mi-[0-9a-f]+)")
FAILURE = re.compile(r"(?:Registration failed due to|ERROR) (.+)")
LONGEST = 180  # seconds; the agent itself tries a few times


class Writer:
    """Makes the changes of a plan, and knows afterwards who the host is."""

    def __init__(self, module: Any, request: Request, places: Places = Places()) -> None:  # noqa: B008 (it is frozen)
        self.module = module
        self.request = request
        self.places = places
        self.agent = Agent(None, "")

    def read(self) -> Host:
        """What is there; the agent that was found is the one that is told to register."""
        profile = self.request.credential_profile if self.request.absent else None
        host = read_host(runner(self.module), self.places, profile)
        self.agent = host.agent
        return host

    def apply(self, plan: Plan) -> Iterator[Change]:
        if not self.request.absent and any(change.kind != SERVICE for change in plan.changes):
            self._systemctl("stop", self.agent.unit)
        for change in plan.changes:
            self._make(change)
            yield change

    def managed_instance_id(self) -> str | None:
        """Who the host is now."""
        found = identity_of(self.places.vault, self.places)
        return found.instance_id if found else None

    def _make(self, change: Change) -> None:
        if self.request.absent:
            writes = {SERVICE: self._end, REGISTRATION: self._forget, CREDENTIALS: self._unshare}
        else:
            writes = self._writes()
        writes[change.kind]()

    def _writes(self) -> dict[str, Callable[[], None]]:
        return {
            FORMER: self._put_back,
            COPY: lambda: shutil.rmtree(self.places.aside),
            REGISTRATION: self._register,
            SERVICE: self._start,
        }

    def _end(self) -> None:
        self._systemctl("stop", self.agent.unit)
        self._systemctl("disable", self.agent.unit)

    def _forget(self) -> None:
        for path in self.places.registered:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _unshare(self) -> None:
        """Other profiles stay; a file, and then a directory, that holds nothing any more goes."""
        path, kept = self.places.credentials, profiles(self.places)
        kept.remove_section(self.request.credential_profile)
        if not kept.sections():
            path.unlink()
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
            return
        partial = path.with_name(f"{path.name}.fleetkit.ecs")
        partial.touch(0o600)
        with partial.open("w", encoding="utf-8") as stream:
            kept.write(stream)
        partial.replace(path)

    def _start(self) -> None:
        self._systemctl("enable", self.agent.unit)
        self._systemctl("restart", self.agent.unit)

    def _register(self) -> None:
        kept = self._keep()
        try:
            self._mark(self._activate())
        except OSError as error:
            if not kept:
                raise
            self._put_back()
            shutil.rmtree(self.places.aside)
            self._systemctl("start", self.agent.unit)
            raise OSError(f"{error} The registration that was there is in force again.") from error
        if kept:
            shutil.rmtree(self.places.aside)

    def _keep(self) -> bool:
        """Copy the identity aside, whole or not at all; false where there is none."""
        if identity_of(self.places.vault, self.places) is None:
            return False
        partial = self.places.aside.with_name(f"{self.places.aside.name}.new")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        shutil.copytree(self.places.vault, partial / "Vault")
        for path in (self.places.registration, self.places.mark):
            if path.exists():
                shutil.copy2(path, partial / path.name)
        os.sync()
        partial.rename(self.places.aside)
        return True

    def _put_back(self) -> None:
        """From the copy, which stays until this is done."""
        partial = self.places.vault.with_name("Vault.fleetkit.ecs")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(self.places.aside / "Vault", partial)
        shutil.rmtree(self.places.vault, ignore_errors=True)
        partial.rename(self.places.vault)
        for path in (self.places.registration, self.places.mark):
            copy = self.places.aside / path.name
            if copy.exists():
                shutil.copy2(copy, path)
        os.sync()

    def _activate(self) -> str:
        """Let the agent register. The code is among its arguments, as it takes it no other way, and nowhere else."""
        options = ["-y", "-region", str(self.request.region)]
        secret = ["-id", self.request.activation_id or "", "-code", self.request.activation_code or ""]
        program = self.places.root / str(self.agent.program).lstrip("/")
        command = [str(program), "-register", *options, *secret]
        try:
            # run_command has no timeout, and its failures show the arguments.
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
                timeout=LONGEST, env={**os.environ, "LC_ALL": "C", **self._proxy()},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise OSError(f"amazon-ssm-agent -register did not end within {LONGEST} seconds.") from None
        found = SUCCESS.findall(done.stdout + done.stderr)
        identity = identity_of(self.places.vault, self.places)
        if done.returncode == 0 and found and identity and identity.instance_id == found[-1]:
            return identity.instance_id
        raise OSError(self._why(done.stdout + done.stderr, done.returncode))

    def _why(self, output: str, code: int) -> str:
        said = [line.strip() for line in FAILURE.findall(output)] or output.strip().splitlines()[-1:]
        text = said[-1] if said else "nothing"
        for secret in (self.request.activation_code, self.request.activation_id):
            text = text.replace(secret or MASK, MASK)
        return (
            f"amazon-ssm-agent -register ended with {code} and said: {text.rstrip('.')}. Usual causes: the activation "
            f"has expired, has no registrations left, was deleted, is not of {self.request.region}, or has registered "
            "this host before; its role is gone; the endpoint of AWS Systems Manager cannot be reached from this host."
        )

    def _proxy(self) -> dict[str, str]:
        """The service's own; a registration is not made by the service."""
        path = self.places.root / path_of(self.agent.unit).lstrip("/")
        return environment(path.read_text(encoding="utf-8")) if path.exists() else {}

    def _mark(self, instance_id: str) -> None:
        """Which machine this is, by which a clone of it is told later."""
        machine = self.places.machine_id.read_text(encoding="ascii").strip()
        descriptor = os.open(self.places.mark, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            json.dump({"managed_instance_id": instance_id, "machine_id": machine}, stream)

    def _systemctl(self, command: str, unit: str) -> None:
        code, _stdout, stderr = self.module.run_command(["systemctl", command, unit])
        if code:
            raise OSError(f"systemctl {command} {unit}: {stderr.strip() or f'exit code {code}'}")


def runner(module: Any) -> Any:
    """Gives the stdout of a program that must succeed."""

    def run(command: list[str]) -> str:
        code, out, err = module.run_command(command)
        if code:
            raise OSError(f"{' '.join(command)}: {err.strip() or f'exit code {code}'}")
        return out

    return run
