# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Makes one Change, where IAM is only eventually consistent and an answer may get lost on its way.

IAM spreads a change to all its servers within seconds, seldom minutes
(https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency):
until then it may refuse to use what it has just created.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code, is_boto3_error_message

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import apply, documents
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import ManagedPolicy, Role, RoleRequest
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import Caller
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.read import Reader


class Patience:
    """Bounds the waiting: all that wait for the same thing wait together, and never longer than the timeout.

    Args:
        timeout: seconds to wait for one thing.
        log: is told once for each thing that is waited for.
    """

    def __init__(self, timeout: float, log: Callable[[str], Any], clock: Any = time) -> None:
        self.timeout = timeout
        self.log = log
        self.clock = clock
        self.lock = threading.Lock()
        self.since: dict[str, float] = {}
        self.waited = 0.0

    def wait(self, reason: str) -> bool:
        """Sleep a little; False, at once, when waiting for this has lasted long enough."""
        now = self.clock.monotonic()
        with self.lock:
            if reason not in self.since:
                self.since[reason] = now
                self.log(f"waiting up to {self.timeout:g} seconds: {reason}")
        passed = now - self.since[reason]
        if passed >= self.timeout:
            return False
        self.clock.sleep(min(0.25 + passed / 4, 5, self.timeout - passed))
        with self.lock:
            self.waited = max(self.waited, self.clock.monotonic() - self.since[reason])
        return True

    def wait_or_explain(self, error: Any) -> None:
        """Wait for what IAM says that it does not know, or refuse it in the end."""
        said = error.response["Error"]["Message"]
        if not self.wait(said):
            raise Refusal(
                f"IAM still says {said!r} after {self.timeout:g} seconds (wait_timeout), so it does not "
                "exist; correct its name, or create it first."
            ) from error


class Writer:
    """Makes changes through one IAM client."""

    def __init__(self, iam: Any, reader: Reader, patience: Patience) -> None:
        self.iam = iam
        self.reader = reader
        self.patience = patience

    def __call__(self, change: Change) -> None:
        while True:
            try:
                return apply.call(self.iam, change)
            except is_boto3_error_code("NoSuchEntity") as error:
                if change.action == "delete":
                    return None  # gone already: by somebody else, or by our request whose answer was lost
                self.patience.wait_or_explain(error)
            except is_boto3_error_message("Invalid principal") as error:
                self.patience.wait_or_explain(error)
            except is_boto3_error_code(["EntityAlreadyExists", "LimitExceeded"]) as error:
                # Either a create that was sent twice because its first answer was lost, or a true refusal.
                if self._is_made(change):
                    return None
                if error.response["Error"]["Code"] == "LimitExceeded":
                    raise
                raise Refusal(self._why_taken(change)) from error

    def _is_made(self, change: Change) -> bool:
        there = self._there(change)
        return there is not None and IS_AS_WANTED[change.kind](there, change.after)

    def _there(self, change: Change) -> Any:
        """What there is of that name; IAM may refuse to create it again before it shows it."""
        find = FIND.get(change.kind)
        there = find and find(self.reader, change)
        while find and there is None and self.patience.wait(f"IAM has {change.name} and does not show it"):
            there = find(self.reader, change)
        return there

    def _why_taken(self, change: Change) -> str:
        there = self._there(change)
        what = change.kind.replace("_", " ")
        if there and there.name != change.name:
            return f"{what} {there.name!r} exists ({there.arn}), and IAM names are unique ignoring case."
        return f"somebody else has created {what} {change.name!r} since it was looked for; run again to change it."


def _policy(reader: Reader, change: Change) -> ManagedPolicy | None:
    arn = change.after.arn if change.kind == "managed_policy" else change.owner
    _arn, partition, _service, _region, account = str(arn).split(":")[:5]
    path = str(arn).split(":policy", 1)[1].rpartition("/")[0] + "/"
    return reader.managed_policy(ManagedPolicy(change.name, path=path), Caller(partition, account), absent=False)


# What there is of the name that a change creates.
FIND: dict[str, Callable[[Reader, Change], Any]] = {
    "role": lambda reader, change: reader.role(RoleRequest(Role(change.name))),
    "instance_profile": lambda reader, change: reader.instance_profile(change.name),
    "instance_profile_role": lambda reader, change: reader.instance_profile(str(change.owner)),
    "managed_policy": _policy,
    "managed_policy_version": _policy,
}


def _is_role(there: Role, wanted: Role) -> bool:
    settings = [
        (role.name, role.path, role.description, role.max_session_duration, role.permissions_boundary, role.tags)
        for role in (there, wanted)
    ]
    return settings[0] == settings[1] and documents.equal(there.trust, wanted.trust)


IS_AS_WANTED: dict[str, Callable[[Any, Any], bool]] = {
    "role": _is_role,
    "instance_profile": lambda there, wanted: (there.name, there.path) == (wanted.name, wanted.path),
    "instance_profile_role": lambda there, wanted: there.role == wanted,
    "managed_policy": lambda there, wanted: (
        there.arn == wanted.arn and documents.equal(there.document, wanted.document)
    ),
    "managed_policy_version": lambda there, wanted: documents.equal(there.document, wanted),
}
