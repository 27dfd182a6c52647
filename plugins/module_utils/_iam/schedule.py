# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Makes the changes of a plan, those that do not depend on one another at the same time.

Each change writes one role, policy or instance profile and may use others. As in any such system, what writes a thing
comes after all that used or wrote it earlier in the plan, and what uses it comes after what wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from heapq import heappop, heappush
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Failure, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents

# A role, policy or instance profile: its kind, and its name or ARN.
Key = tuple[str, str]


def writes(change: Change) -> Key:
    """What a change creates, changes or deletes."""
    if change.kind == "managed_policy":
        return "policy", change.after.arn if change.after else change.name
    if change.kind == "managed_policy_tags":
        return "policy", change.name
    if change.kind.startswith("managed_policy"):
        return "policy", str(change.owner)
    if change.kind in ("user_policy_attachment", "group_policy_attachment"):
        return "policy", change.name
    if change.kind.startswith("instance_profile"):
        return "instance_profile", change.owner or change.name
    return "role", change.owner or change.name


def uses(change: Change) -> set[Key]:
    """What else must be there, or must still be there, when a change is made."""
    if change.kind == "role_policy_attachment":
        return {("policy", change.name)}
    if change.kind == "instance_profile_role":
        # A role leaves its profile only for one that exists.
        return {("role", name) for name in (change.name, change.after) if name}
    if change.kind == "permissions_boundary" and change.after:
        return {("policy", change.after)}
    if change.kind == "trust_policy":
        return _trusted(change.after)
    if change.kind == "role" and change.action == "create":
        boundary = change.after.permissions_boundary
        return _trusted(change.after.trust) | ({("policy", boundary)} if boundary else set())
    return set()


def _trusted(trust: Any) -> set[Key]:
    arns = (name for _kind, name in documents.all_principals(trust or {}) if ":role/" in name)
    return {("role", arn.rsplit("/", 1)[-1]) for arn in arns}


def dependencies(changes: Sequence[Change]) -> list[set[int]]:
    """For each change the earlier ones, by their index, that must be finished before it begins."""
    written: dict[Key, int] = {}
    used: dict[Key, set[int]] = {}
    needed: list[set[int]] = []
    for index, change in enumerate(changes):
        target, others = writes(change), uses(change)
        before = {written[key] for key in {target, *others} if key in written} | used.pop(target, set())
        needed.append(before - {index})
        written[target] = index
        for key in others - {target}:
            used.setdefault(key, set()).add(index)
    return needed


class Scheduler:
    """Makes a plan's changes, the earliest first; yields each as it is made, or a Failure where it could not be.

    A failure holds back only what it makes impossible or unsafe: everything about a thing that could not be created,
    and deletions about a thing whose other changes failed (so that a role keeps a permission whose replacement could
    not be attached).
    """

    def __init__(self, make: Callable[[Change], Any], errors: tuple[type[Exception], ...], concurrency: int) -> None:
        self.make = make
        self.errors = errors
        self.concurrency = concurrency

    def __call__(self, plan: Plan) -> Iterator[Change | Failure]:
        self.missing: dict[Key, Change] = {}
        self.hurt: dict[Key, Change] = {}
        open_needs = dependencies(plan.changes)
        followers: dict[int, list[int]] = {}
        for index, needs in enumerate(open_needs):
            for need in needs:
                followers.setdefault(need, []).append(index)
        ready = [index for index, needs in enumerate(open_needs) if not needs]
        running: dict[Future[Any], int] = {}
        with ThreadPoolExecutor(self.concurrency) as pool:
            while ready or running:
                while ready and len(running) < self.concurrency:
                    index = heappop(ready)
                    running[pool.submit(self._try, plan.changes[index])] = index
                finished, _others = wait(running, return_when=FIRST_COMPLETED)
                for future in sorted(finished, key=running.__getitem__):
                    index = running.pop(future)
                    yield self._note(future.result())
                    for follower in followers.get(index, ()):
                        open_needs[follower].discard(index)
                        if not open_needs[follower]:
                            heappush(ready, follower)

    def _try(self, change: Change) -> Change | Failure:
        obstacle = self._obstacle(change)
        if obstacle:
            return Failure(change, Refusal(f"not tried, because it was not possible to {obstacle}"))
        try:
            self.make(change)
        except (Refusal, *self.errors) as error:
            return Failure(change, error)
        return change

    def _obstacle(self, change: Change) -> Change | None:
        target = writes(change)
        missing = next((self.missing[key] for key in (target, *uses(change)) if key in self.missing), None)
        return missing or (self.hurt.get(target) if change.action == "delete" else None)

    def _note(self, made: Change | Failure) -> Change | Failure:
        if isinstance(made, Failure):
            change = made.change
            creating = change.action == "create" and change.kind in ("role", "managed_policy", "instance_profile")
            (self.missing if creating else self.hurt).setdefault(writes(change), change)
        return made
