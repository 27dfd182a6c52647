# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From the file that is there and the variables that were asked for to the changes. Pure: no file is touched here."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import (
    Layout,
    effective,
    masked,
    setting,
    shown,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import Attributes, ConfigFile, ConfigPlan
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.variables import VARIABLES
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change

# The kinds of change that are a write of their own; the text of the file makes all others at once.
DIRECTORY = "directory"
ATTRIBUTES = "file_attributes"


def plan_config(present: ConfigFile, desired: Mapping[str, str | None], right: Attributes) -> ConfigPlan:
    """Plan the file.

    Args:
        present: the file as it was found.
        desired: the text of each declared variable; None for one that must not be there.
        right: the attributes that a file of ours has.
    """
    old = present.text or ""
    layout = Layout.of(old, present.path)
    new = layout.rewritten(desired)
    before, after = effective(old), effective(new)
    changes = [*_surroundings(present, right, ours=new != old or any(desired.values()))]
    changes += _variables(layout, desired, before, after)
    if new != old and not any(change.kind == "agent_variable" for change in changes):
        changes.append(Change("update", "block", present.path))
    repaired = any(change.kind == ATTRIBUTES for change in changes)
    replaced = {name for name, value in after.items() if name in before and before[name] != value}
    return ConfigPlan(
        changes=tuple(changes),
        before=(f"{present.attributes}\n" if repaired else "") + masked(old),
        after=(f"{right}\n" if repaired else "") + masked(new, replaced),
        # Not as "path": to that AnsibleModule adds the file's size and mode, which check mode could not predict.
        result={"file": present.path, "variables": {name: shown(name, value) for name, value in after.items()}},
        warnings=tuple(_warnings(desired)),
        diff_title=present.path,
        text=new,
    )


def _surroundings(present: ConfigFile, right: Attributes, ours: bool) -> Iterator[Change]:
    """What must be right around the text, where there is any of ours."""
    if not ours:
        return
    if not present.directory:
        yield Change("create", DIRECTORY, posixpath.dirname(present.path))
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
            yield Change("delete", "agent_variable", name, before=was)
        elif value is not None and not there:
            yield Change("create", "agent_variable", name, after=will)
        elif value is not None and (name in foreign or before.get(name) != value):
            yield Change("update", "agent_variable", name, before=was, after=will)


def _warnings(desired: Mapping[str, str | None]) -> Iterator[str]:
    for name, value in sorted(desired.items()):
        if value is not None and VARIABLES[name].notice:
            yield f"{name}: {VARIABLES[name].notice}."
