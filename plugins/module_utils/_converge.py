# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The one shell every module goes through: read, plan, apply.

Planning is pure (data in, a Plan out), so check mode is "stop before apply" and predicts exactly
what a real run returns: both results are computed from the same Plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


class Refusal(ValueError):
    """Input that cannot be right, found before the first change.

    The sentence names the parameter, the value and what would be right.
    """


@dataclass(frozen=True)
class Change:
    """One difference between what is there and what was asked for, and one write to mend it.

    Attributes:
        action: C(create), C(update) or C(delete).
        kind: what is changed, in Amazon's or netfilter's term (C(role), C(inline_policy), C(rule), ...).
        name: which one.
        owner: the thing it belongs to, where that is not itself.
        before: what is there now; None when nothing is.
        after: what will be there; None when nothing will.
    """

    action: str
    kind: str
    name: str
    owner: str | None = None
    before: Any = None
    after: Any = None

    def summary(self) -> dict[str, str]:
        """The part shown to users; values belong in the diff."""
        shown = {"action": self.action, "kind": self.kind, "name": self.name}
        return {**shown, "owner": self.owner} if self.owner else shown

    def __str__(self) -> str:
        of = f" of {self.owner}" if self.owner else ""
        return f"{self.action} {self.kind.replace('_', ' ')} {self.name}{of}"


@dataclass(frozen=True)
class Failure:
    """A change that could not be made, where the others go on."""

    change: Change
    error: Exception

    def summary(self) -> dict[str, str]:
        return {**self.change.summary(), "error": str(self.error)}


@dataclass(frozen=True)
class Plan:
    """What a run will do and what it will return.

    Attributes:
        changes: in the order in which they are applied.
        before, after: the whole subject, for the diff (a mapping, or the text of a file).
        result: the values returned, computed from the plan alone.
        warnings: sentences a user should read even when nothing changes.
        diff_title: what the diff is of, where before and after are texts.
    """

    changes: tuple[Change, ...] = ()
    before: Any = field(default_factory=dict)
    after: Any = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    diff_title: str | None = None

    def diff(self) -> dict[str, Any]:
        titles = {"before_header": self.diff_title, "after_header": self.diff_title} if self.diff_title else {}
        return {"before": self.before, "after": self.after, **titles}


def converge(
    module: Any,
    read: Callable[[], Any],
    plan: Callable[[Any], Plan],
    apply: Callable[[Any], Iterable[Change | Failure]],
    errors: tuple[type[Exception], ...] = (OSError,),
    fail: Callable[..., Any] | None = None,
    extras: Callable[[], dict[str, Any]] = dict,
) -> None:
    """Read, plan and (outside check mode) apply; then leave with the plan's result.

    Args:
        module: an AnsibleModule or one with its interface.
        read: gives the present state. It changes nothing.
        plan: the pure function from the present state to a Plan, or to a kind of Plan that its apply knows.
        apply: makes the plan's changes and yields each one as soon as it is made, in the plan's order
            (a file or a table of rules is written once and then yields all of its changes).
            A Failure in a change's place lets the others go on; the run fails at the end and lists them.
        errors: what read and apply raise when the other side refuses. Anything else is a bug and stays a traceback.
        fail: called as fail(exception, message, **result) on such an error; the default is module.fail_json.
        extras: more values to return, known only at the end (a count of API calls).
    """
    planned = Plan()
    done: list[Change] = []
    failures: list[Failure] = []
    try:
        planned = plan(read())
        for warning in planned.warnings:
            module.warn(warning)
        for made in () if module.check_mode else apply(planned):
            if isinstance(made, Failure):
                failures.append(made)
            else:
                done.append(made)
        if failures:
            raise failures[0].error
    except Refusal as refusal:
        message = f"Could not {failures[0].change}{_more(failures)}: {refusal}" if failures else str(refusal)
        module.fail_json(msg=message, **_outcome(done, failures), **extras())
    except errors as error:
        undone = failures[0].change if failures else next(iter(planned.changes[len(done) :]), None)
        message = f"Could not {undone or 'read the present state'}{_more(failures)}"
        if fail is None:
            module.fail_json(msg=f"{message}: {error}", **_outcome(done, failures), **extras())
        else:
            fail(error, message, **_outcome(done, failures), **extras())
    result = {**planned.result, **_outcome(planned.changes), **extras()}
    if module._diff and planned.changes:
        result["diff"] = planned.diff()
    module.exit_json(**result)


def _outcome(changes: Any, failures: Any = ()) -> dict[str, Any]:
    outcome = {"changed": bool(changes), "changes": [change.summary() for change in changes]}
    return {**outcome, "failures": [failure.summary() for failure in failures]} if failures else outcome


def _more(failures: list[Failure]) -> str:
    return f" (and {len(failures) - 1} more, see failures)" if len(failures) > 1 else ""
