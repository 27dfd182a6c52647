# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From what is on the host and in S3 to the changes. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.cluster import (
    after_the_text,
    before_the_text,
    left_cluster,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import effective, masked, shown
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import Attributes
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.notices import notices
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.plan import TEXT, VARIABLE, repair
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch import persist, program
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.model import FetchPlan, File, Host, Wanted
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.rules import rules
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Refusal

KINDS = {persist.PROGRAM: "program", persist.SETTINGS: "settings", persist.UNIT_PATH: "unit"}

UNKNOWN = (
    "There is no AWS CLI on this host yet, so nobody knows what the object would change. It is told as one change of "
    "the file."
)


def plan_fetch(host: Host, wanted: Wanted, right: Attributes, move_cluster: bool = False) -> FetchPlan:
    """Plan the file and what fetches it.

    Args:
        host: what is there, and the object.
        wanted: where the object is, or its content.
        right: the attributes that the file has.
        move_cluster: whether the agent's saved state may go when it is of another cluster.
    """
    present = host.agent.file
    old = present.text or ""
    new = host.object.data.decode("utf-8", "surrogateescape") if host.object else old
    if host.object:
        _refuse_bad(host, wanted, host.object)
    before, after = effective(old), effective(new)
    there = effective(host.agent.other.text) if host.agent.other else {}
    in_effect = {**there, **after}
    left = left_cluster(host.agent, after, {**there, **before}, in_effect, move_cluster) if host.object else None
    files = persist.files(wanted.source)
    text = [*_text(host, old, new, before, after)]
    ours = [*_files(host, files)]
    repaired = [*repair(present, right)] if host.object or wanted.source else []
    replaced = {name for name, value in after.items() if name in before and before[name] != value}
    return FetchPlan(
        changes=(*ours, *repaired, *before_the_text(left), *text, *after_the_text(left)),
        before=_shown(host.files, present.attributes if repaired else None) + masked(old),
        after=_shown(files, right if repaired else None) + masked(new, replaced),
        result={
            "file": present.path,
            "variables": {name: shown(name, value) for name, value in after.items()},
            "file_changed": bool(text),
        },
        warnings=(*([UNKNOWN] if host.unknown else []), *notices(host.agent, after, new, in_effect)),
        diff_title=present.path,
        text=new,
        files={change.name: files.get(change.name) for change in ours},
        remember=(wanted.source, host.object) if wanted.source and host.object else None,
    )


def _refuse_bad(host: Host, wanted: Wanted, found: program.Object) -> None:
    where = program.uri(wanted.source.settings()) if wanted.source else "content"
    first = host.agent.other.text.encode("utf-8", "surrogateescape") if host.agent.other else b""
    try:
        program.refuse_bad(found, where, first, rules())
    except program.Failed as failed:
        raise Refusal(f"{failed}. Nothing was changed, and the host's file stays in force.") from None


def _files(host: Host, wanted: Mapping[str, File]) -> Iterator[Change]:
    for path, kind in KINDS.items():
        was, will = host.files.get(path), wanted.get(path)
        if was != will or (kind == "unit" and will and not host.enabled):
            yield Change("delete" if not will else "update" if was else "create", kind, path)


def _text(host: Host, old: str, new: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    """The variables that differ, or the text as a whole where none does."""
    present = host.agent.file
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    for name in names:
        was, will = (shown(name, values[name]) if name in values else None for values in (before, after))
        action = "create" if name not in before else "update" if name in after else "delete"
        yield Change(action, VARIABLE, name, before=was, after=will)
    if host.unknown or (not names and (new != old or (host.object and present.text is None))):
        yield Change("create" if present.text is None else "update", TEXT, present.path)


def _shown(files: Mapping[str, File], attributes: Attributes | None) -> str:
    """The files of ours as a diff has them: the program by its digest."""
    parts = []
    for path, file in files.items():
        digest = hashlib.sha256(file.text.encode()).hexdigest()
        text = f"# SHA-256 {digest}\n" if path == persist.PROGRAM else file.text
        parts.append(f"# {path} (mode {file.mode:04o})\n{text}")
    return "".join(parts) + (f"{attributes}\n" if attributes else "")
