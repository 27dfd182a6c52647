# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what is there and what was asked for to the Plan of an instance profile. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import show
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import (
    InstanceProfile,
    ProfileFacts,
    ProfileRequest,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.common import (
    future_tags,
    or_present,
    path_warnings,
    refuse_twin,
    tag_changes,
)


def plan_instance_profile(facts: ProfileFacts, request: ProfileRequest) -> Plan:
    actual, desired = facts.profile, request.profile
    refuse_twin("name", "instance profile", actual, desired.name)
    if request.absent:
        return _plan_profile_absent(actual)
    after = future_profile(facts, request)
    return Plan(
        changes=tuple(profile_changes(actual, after)),
        before=show.instance_profile(actual),
        after=show.instance_profile(after),
        result={"iam_instance_profile": show.instance_profile(after)},
        warnings=tuple(path_warnings(actual, desired)),
    )


def _plan_profile_absent(actual: InstanceProfile | None) -> Plan:
    changes: list[Change] = []
    if actual and actual.role:
        changes.append(Change("delete", "instance_profile_role", actual.role, actual.name))
    if actual:
        changes.append(Change("delete", "instance_profile", actual.name, before=actual))
    return Plan(tuple(changes), before=show.instance_profile(actual), result={"iam_instance_profile": None})


def future_profile(facts: ProfileFacts, request: ProfileRequest) -> InstanceProfile:
    desired = request.profile
    present = facts.profile or InstanceProfile(
        name=desired.name,
        arn=facts.caller.arn("instance-profile", desired.path, desired.name),
        path=desired.path or "/",
        role="",
        tags={},
    )
    return replace(
        present,
        role=or_present(desired.role, present.role),
        tags=future_tags(present.tags, desired.tags, request.purge_tags),
    )


def profile_changes(before: InstanceProfile | None, after: InstanceProfile) -> Iterator[Change]:
    if before is None:
        yield Change("create", "instance_profile", after.name, after=after)
    else:
        yield from tag_changes("instance_profile_tags", after.name, before.tags, after.tags)
    held = before.role if before else ""
    if held != after.role and held:
        yield Change("delete", "instance_profile_role", held, after.name, before=held, after=after.role or None)
    if held != after.role and after.role:
        yield Change("create", "instance_profile_role", after.role, after.name, after=after.role)
