# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What a playbook says at its end: a table of hosts, and of AWS, made of the results that its tasks have registered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# What changes of one kind on one host take more than this are counted, not named; --diff has each of them.
LONGEST_NAMES = 60
LONGEST_REASON = 300
# The fact in which playbooks/tasks/keep_failure.yml keeps why a host failed.
FAILURE = "__failure"
AWS = "AWS"
NOTHING = "nothing to change"
# Its turn has not come (serial), or the tags of the run leave out all that would be told.
NOT_BEGUN = "not begun"


@dataclass(frozen=True)
class Row:
    """A line or more of the table: who, with what outcome, and what was done or went wrong there."""

    name: str
    outcome: str
    told: tuple[str, ...]


@dataclass(frozen=True)
class Play:
    """What the table is about.

    Attributes:
        words: what a change of a task is called, by the variable that the task registers; None where the result has
            changes of its own.
        aws: those of the variables whose results are about AWS and not about a host.
        controller: whether the play is about AWS alone, so that its one host, the controller, stands for it.
        left: the hosts that Ansible has not given up.
        check: whether nothing was really done.
    """

    words: Mapping[str, str | None]
    aws: frozenset[str] = frozenset()
    controller: bool = False
    left: frozenset[str] = frozenset()
    check: bool = False


def table(variables: Mapping[str, Mapping[str, Any]], play: Play) -> list[str]:
    """The lines of the table, from the variables of every host of the play."""
    hosts = {} if play.controller else variables
    rows = [*aws_rows(variables, play), *(host_row(name, of, play) for name, of in hosts.items())]
    return [headline(rows), *lines(rows)]


def aws_rows(variables: Mapping[str, Mapping[str, Any]], play: Play) -> list[Row]:
    """One row for what is AWS': every change by its name. What ran once is known to every host."""
    known = {variable: of[variable] for of in variables.values() for variable in sorted(play.aws) if variable in of}
    told = told_of({variable: known[variable] for variable in play.words if variable in known}, play.words, False)
    failures = [of[FAILURE] for of in variables.values() if FAILURE in of] if play.controller else []
    if failures:
        return [Row(AWS, "failed", (short(failures[0]), *told))]
    if known:
        return [Row(AWS, outcome_of(told, play), told or (NOTHING,))]
    return [Row(AWS, NOT_BEGUN, ())] if play.controller else []


def host_row(name: str, variables: Mapping[str, Any], play: Play) -> Row:
    """What became of a host; what was done there before it failed comes after the reason."""
    results = {variable: variables[variable] for variable in play.words if variable in variables}
    told = told_of({variable: of for variable, of in results.items() if variable not in play.aws}, play.words)
    if FAILURE in variables:
        return Row(name, "failed", (short(variables[FAILURE]), *told))
    if name not in play.left:
        return lost_row(name, results.values(), told)
    if not results:
        return Row(name, NOT_BEGUN, ())
    return Row(name, outcome_of(told, play), told or (NOTHING,))


def lost_row(name: str, results: Iterable[Mapping[str, Any]], told: tuple[str, ...]) -> Row:
    """A host that Ansible has given up without a rescue: it does not answer any more, or a handler failed."""
    for result in results:
        for outcome in ("unreachable", "failed"):
            if result.get(outcome):
                return Row(name, outcome, (short(result.get("msg", "")), *told))
    return Row(name, "lost", ("its own lines above say why", *told))


def outcome_of(told: tuple[str, ...], play: Play) -> str:
    if not told:
        return "ok"
    return "would change" if play.check else "changed"


def told_of(
    results: Mapping[str, Mapping[str, Any]], words: Mapping[str, str | None], counted: bool = True
) -> tuple[str, ...]:
    """The changes in the order of the words, and what several tasks do together once.

    A host has many that are alike: those of one kind are told together.
    """
    told: list[str] = []
    for variable, result in results.items():
        word = words[variable]
        if word is not None:
            told += [word] if result.get("changed") else []
        else:
            changes = changes_of(result)
            told += by_kind(changes) if counted else map(name_of, changes)
    return tuple(dict.fromkeys(told))


def by_kind(changes: Iterable[Mapping[str, str]]) -> Iterable[str]:
    kinds: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        kinds.setdefault((change["action"], change["kind"].replace("_", " ")), []).append(change["name"])
    for (action, kind), names in kinds.items():
        named = ", ".join(names)
        yield (
            f"{action} {kind} {named}"
            if len(names) == 1 or len(named) <= LONGEST_NAMES
            else f"{action} {len(names)} {kind}s"
        )


def changes_of(result: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """The changes of a result, or of each of a loop's."""
    return [
        change for one in result.get("results", [result]) if one.get("changed") for change in one.get("changes", [])
    ]


def name_of(change: Mapping[str, str]) -> str:
    of = f" of {change['owner']}" if change.get("owner") else ""
    return f"{change['action']} {change['kind'].replace('_', ' ')} {change['name']}{of}"


def short(reason: str) -> str:
    text = " ".join(str(reason).split())
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]} ..."


def headline(rows: list[Row]) -> str:
    """How many there are of each outcome, the worst last, where the eye is."""
    order = ("ok", "changed", "would change", NOT_BEGUN, "lost", "unreachable", "failed")
    counts = {outcome: sum(row.outcome == outcome for row in rows if row.name != AWS) for outcome in order}
    hosts = sum(counts.values())
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    aws = [f"{AWS}: {row.outcome}" for row in rows if row.name == AWS]
    return "; ".join([*aws, *([f"{hosts} host{'s' if hosts > 1 else ''}: {told}"] if hosts else [])])


def lines(rows: list[Row]) -> list[str]:
    """Columns: the name and the outcome once, what is told line by line."""
    name, outcome = max(len(row.name) for row in rows), max(len(row.outcome) for row in rows)
    return [
        f"{row.name if first else '':<{name}}  {row.outcome if first else '':<{outcome}}  {told}".rstrip()
        for row in rows
        for first, told in ((number == 0, told) for number, told in enumerate(row.told or ("",)))
    ]
