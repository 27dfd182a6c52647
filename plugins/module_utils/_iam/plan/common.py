# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What the plans of roles, policies and instance profiles have in common. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents


def refuse_twin(parameter: str, what: str, actual: Any, name: str | None) -> None:
    if actual and actual.name != name:
        raise Refusal(
            f"{parameter}: {what} {actual.name!r} exists ({actual.arn}), and IAM names are unique ignoring case; "
            f"write {actual.name!r}, or another name than {name!r}."
        )


def path_warnings(actual: Any, wanted: Any) -> Iterator[str]:
    if actual and wanted.path and wanted.path != actual.path:
        yield f"path: {actual.arn} is at {actual.path} and IAM cannot move it to {wanted.path}; it was left there."


def or_present(wanted: Any, actual: Any) -> Any:
    return actual if wanted is None else wanted


def future_document(actual: Any, wanted: Any) -> Any:
    """The present form where both mean the same, so that no diff shows a difference that is none."""
    return actual if wanted is None or documents.equal(actual, wanted) else wanted


def future_tags(actual: Any, wanted: Any, purge: bool) -> dict[str, str]:
    if wanted is None:
        return actual
    to_set, to_unset = compare_aws_tags(actual or {}, wanted, purge)
    return {**{key: value for key, value in (actual or {}).items() if key not in to_unset}, **to_set}


def tag_changes(kind: str, name: str, before: Any, after: Any) -> Iterator[Change]:
    to_set, to_unset = compare_aws_tags(before or {}, after or {}, True)
    if to_set:
        yield Change("update", kind, name, before=before, after=to_set)
    if to_unset:
        yield Change("delete", kind, name, before=to_unset)
