# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what is there and what was asked for to the Plan of a customer managed policy. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents, show
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import (
    ManagedPolicy,
    PolicyFacts,
    PolicyRequest,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.plan.common import (
    future_document,
    future_tags,
    path_warnings,
    refuse_twin,
    tag_changes,
)

VERSIONS_LIMIT = 5


def plan_managed_policy(facts: PolicyFacts, request: PolicyRequest) -> Plan:
    actual, desired = facts.policy, request.policy
    refuse_twin("name", "policy", actual, desired.name)
    if request.absent:
        return _plan_policy_absent(actual)
    if actual is None and desired.document is None:
        raise Refusal(f"document: policy {desired.name!r} does not exist yet and cannot be created without a document.")
    after = _future_policy(facts, request)
    changes = (
        _policy_changes(actual, after) if actual else [Change("create", "managed_policy", after.name, after=after)]
    )
    return Plan(
        changes=tuple(changes),
        before=show.managed_policy(actual),
        after=show.managed_policy(after),
        result={"policy": show.managed_policy(after)},
        warnings=tuple(_policy_warnings(actual, desired)),
    )


def _policy_warnings(actual: ManagedPolicy | None, desired: ManagedPolicy) -> Iterator[str]:
    yield from path_warnings(actual, desired)
    if actual and desired.description is not None and desired.description != actual.description:
        yield f"description: IAM cannot change the description of policy {actual.name}; it was left as it is."


def _future_policy(facts: PolicyFacts, request: PolicyRequest) -> ManagedPolicy:
    desired = request.policy
    present = facts.policy or ManagedPolicy(
        name=desired.name,
        arn=facts.caller.arn("policy", desired.path, desired.name),
        path=desired.path or "/",
        description=desired.description or "",
        tags={},
    )
    return replace(
        present,
        document=future_document(present.document, desired.document),
        tags=future_tags(present.tags, desired.tags, request.purge_tags),
    )


def _policy_changes(before: ManagedPolicy, after: ManagedPolicy) -> Iterator[Change]:
    if not documents.equal(before.document, after.document):
        if len(before.versions) >= VERSIONS_LIMIT:
            spare = [version for version in before.versions if version != before.default_version]
            yield Change("delete", "managed_policy_version", spare[0], before.arn)
        yield Change(
            "create", "managed_policy_version", after.name, after.arn, before=before.document, after=after.document
        )
    yield from tag_changes("managed_policy_tags", str(after.arn), before.tags, after.tags)


def _plan_policy_absent(actual: ManagedPolicy | None) -> Plan:
    changes: list[Change] = []
    if actual:
        changes = [
            *(
                Change("delete", f"{kind}_policy_attachment", str(actual.arn), name)
                for kind, name in actual.attachments
            ),
            *(
                Change("delete", "managed_policy_version", version, actual.arn)
                for version in actual.versions
                if version != actual.default_version
            ),
            Change("delete", "managed_policy", str(actual.arn), before=actual),
        ]
    return Plan(tuple(changes), before=show.managed_policy(actual), result={"policy": None})
