# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From the file that is there and the variables that were asked for to the changes. Pure: no file is touched here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.cluster import (
    after_the_text,
    before_the_text,
    left_cluster,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import (
    Layout,
    effective,
    masked,
    setting,
    shown,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import (
    Attributes,
    ConfigFile,
    ConfigPlan,
    Host,
    OtherFile,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.notices import notices
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change

# The kinds of change: what is around the text has a write of its own, one write of the text makes all of the others.
ATTRIBUTES = "file_attributes"
VARIABLE = "agent_variable"
BLOCK = "block"
TEXT = "text"  # of a file that is ours as a whole


def plan_config(
    host: Host,
    desired: Mapping[str, str | None],
    right: Attributes,
    move_cluster: bool = False,
    backup: bool = False,
) -> ConfigPlan:
    """Plan the file.

    Args:
        host: the file and what is around it, as they were found.
        desired: the text of each declared variable; None for one that must not be there.
        right: the attributes that a file of ours has.
        move_cluster: whether the agent's saved state may go when it is of another cluster.
        backup: whether a former text is kept.
    """
    present = host.file
    old = present.text or ""
    layout = Layout.of(old, present.path)
    new = layout.rewritten(desired)
    before, after = effective(old), effective(new)
    in_effect = _in_effect(after, host.other)
    left = left_cluster(host, desired, _in_effect(before, host.other), in_effect, move_cluster)
    repaired = [*repair(present, right)] if new != old or any(desired.values()) else []
    variables = [*_variables(layout, desired, before, after)]
    if new != old and not variables:
        variables.append(Change("update", BLOCK, present.path))
    replaced = {name for name, value in after.items() if name in before and before[name] != value}
    kept = backup_of(present.path) if backup and variables and present.text is not None else None
    return ConfigPlan(
        changes=(*repaired, *before_the_text(left), *variables, *after_the_text(left)),
        before=(f"{present.attributes}\n" if repaired else "")
        + (f"saved state of the cluster {left}\n" if left else "")
        + masked(old),
        after=(f"{right}\n" if repaired else "") + masked(new, replaced),
        # Not as "path": to that AnsibleModule adds the file's size and mode, which check mode could not predict.
        result={
            "file": present.path,
            "variables": {name: shown(name, value) for name, value in after.items()},
            "backup_file": kept,
        },
        warnings=tuple(notices(host, desired, new, in_effect)),
        diff_title=present.path,
        text=new,
        former=present.text,
        backup=kept,
    )


def backup_of(path: str) -> str:
    """Where the former file is kept. One name, and one that nobody else uses, so that there is never more than one."""
    return f"{path}.fleetkit.ecs~"


def _in_effect(values: Mapping[str, str], other: OtherFile | None) -> dict[str, str]:
    """The variables of both files, of which the later wins."""
    there = effective(other.text) if other else {}
    return {**values, **there} if other and other.wins else {**there, **values}


def repair(present: ConfigFile, right: Attributes) -> Iterator[Change]:
    """The owner and mode of a file that is there."""
    if present.attributes not in (None, right):
        yield Change("update", ATTRIBUTES, present.path, before=str(present.attributes), after=str(right))


def _variables(
    layout: Layout, desired: Mapping[str, str | None], before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[Change]:
    owned = [setting(line)[0] for line in layout.block or ()]
    foreign = [setting(line)[0] for line in layout.above + layout.below]
    for name in sorted({name for name in owned if name} | set(desired)):
        value = desired.get(name)
        there = name in owned or name in foreign
        was, will = (shown(name, values[name]) if name in values else None for values in (before, after))
        if value is None and there:
            yield Change("delete", VARIABLE, name, before=was)
        elif value is not None and not there:
            yield Change("create", VARIABLE, name, after=will)
        elif value is not None and (name in foreign or before.get(name) != value):
            yield Change("update", VARIABLE, name, before=was, after=will)
