# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Our drop-in for the agent's unit, which holds its proxy: the text from the variables and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping

HEAD = "# Written by the Ansible collection fleetkit.ecs; what is changed here is lost.\n[Service]\n"
BEGIN, END = 'Environment="', '"'


def path_of(unit: str) -> str:
    """Where it is."""
    return f"/etc/systemd/system/{unit}.d/fleetkit-ecs-proxy.conf"


def text_of(variables: Mapping[str, str]) -> str | None:
    """The file; None where nothing is to be set."""
    lines = [f"{BEGIN}{name}={_escaped(value)}{END}\n" for name, value in sorted(variables.items()) if value]
    return HEAD + "".join(lines) if lines else None


def environment(text: str) -> dict[str, str]:
    """The variables of such a file."""
    lines = [line for line in text.splitlines() if line.startswith(BEGIN) and line.endswith(END)]
    pairs = [line[len(BEGIN) : -len(END)].partition("=") for line in lines]
    return {name: _plain(value) for name, _equals, value in pairs}


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _plain(value: str) -> str:
    return value.replace("%%", "%").replace('\\"', '"').replace("\\\\", "\\")
