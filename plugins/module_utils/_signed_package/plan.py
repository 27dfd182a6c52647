# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Decide whether what was fetched is installed. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._signed_package.model import Request, State

NOT_VERIFIED = (
    "The signature of {url} is not verified in check mode while the host has no gpg. A real run refuses that."
)


@dataclass(frozen=True)
class PackagePlan(Plan):
    """A plan to install a file.

    Attributes:
        state: with the file, and whether that is an upgrade.
    """

    state: State | None = None


def plan_package(state: State, request: Request) -> PackagePlan:
    """An older version than the installed one is only taken where it is asked for by its number."""
    fetched, installed = state.fetched, state.installed
    if fetched.name != request.name or not _is(fetched.version, request.version):
        wanted = f"{request.name} {request.version}".strip()
        raise Refusal(f"{request.url} holds {fetched.name} {fetched.version}: give the URL of {wanted}.")
    differs = fetched.version != installed and (state.newer or bool(request.version))
    action = "update" if installed else "create"
    changes = (Change(action, "package", request.name, None, installed, fetched.version),) if differs else ()
    after = fetched.version if differs else installed
    return PackagePlan(
        changes=changes,
        before={"version": installed} if installed else {},
        after={"version": after},
        result={"name": request.name, "version": after},
        warnings=() if fetched.verified else (NOT_VERIFIED.format(url=request.url),),
        state=state,
    )


def _is(version: str, wanted: str) -> bool:
    """Whether the version is the wanted one, which may come without its release: 1.105.1 is 1.105.1-1, too."""
    return wanted in ("", version, version.rpartition("-")[0])
