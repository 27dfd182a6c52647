# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The text of an ecs.config file: how it is read, which part of it is ours, and how it is shown.

ecs-init trims each line and splits it on the first C(=); there are no comments, no quotes and no C(export). Its own
unit hands the same file to systemd as an C(EnvironmentFile), which also drops the spaces round the C(=).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.variables import VARIABLES
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._secrets import MASK

# Bytes of a file that is published or fetched. All of the agent's variables together are far from it, and a page of an
# error or another file is refused before it is read.
SIZE_LIMIT = 65536

# Without '=', or ecs-init would take them for variables.
BEGIN = "# BEGIN fleetkit.ecs"
END = "# END fleetkit.ecs"


# The names that variables really have. Anything else before a '=' may be the rest of a value broken over two lines.
NAME = re.compile(r"[A-Z_][A-Z0-9_]*|[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class Layout:
    """The lines of a file, each with its line end: what is around our block, and what is in it."""

    above: tuple[str, ...]
    block: tuple[str, ...] | None
    below: tuple[str, ...]

    @classmethod
    def of(cls, text: str, path: str) -> Layout:
        lines = split_lines(text)
        begins, ends = ([i for i, line in enumerate(lines) if line.strip() == mark] for mark in (BEGIN, END))
        if not begins and not ends:
            return cls(lines, None, ())
        if len(begins) != 1 or len(ends) != 1 or begins > ends:
            raise Refusal(
                f"{path} has {len(begins)} line(s) '{BEGIN}' and {len(ends)} line(s) '{END}', so it cannot be told "
                "what in it is ours. Edit it to have one of each, in this order, or none, and run again."
            )
        return cls(lines[: begins[0]], lines[begins[0] + 1 : ends[0]], lines[ends[0] + 1 :])

    def rewritten(self, desired: Mapping[str, str | None]) -> str:
        """The text with our block brought to C(desired), and no line elsewhere that sets one of its variables."""
        above = [line for line in self.above if setting(line)[0] not in desired]
        below = [line for line in self.below if setting(line)[0] not in desired]
        wanted = [f"{name}={value}\n" for name, value in sorted(desired.items()) if value is not None]
        if not wanted:
            return "".join(above + below)
        if above and not above[-1].endswith("\n"):
            above[-1] += "\n"
        return "".join([*above, f"{BEGIN}\n", *wanted, f"{END}\n", *below])


def rendered(desired: Mapping[str, str | None]) -> str:
    """The file that has these variables and nothing else, as it would be written where there was none."""
    return Layout((), None, ()).rewritten(desired)


def split_lines(text: str) -> tuple[str, ...]:
    """The lines with their line ends; a line ends at a line feed only, as it does for ecs-init."""
    return tuple(re.findall(r"[^\n]*\n|[^\n]+", text))


def setting(line: str) -> tuple[str | None, str]:
    """The variable that a line sets for ecs-init or for systemd, and the value; C((None, "")) where it sets none."""
    name, equals, value = line.strip().partition("=")
    name = name.rstrip()
    return (name, value) if equals and NAME.fullmatch(name) else (None, "")


def read_unlike(line: str) -> str | None:
    """How ecs-init and systemd read a line differently, to follow the variable's name; None where they agree.

    See EnvironmentFile= in systemd.exec(5). ecs-init reads its own environment through systemd, and gives the agent
    the values as they stand in the file.
    """
    name, equals, value = line.strip().partition("=")
    if "\0" in line:
        return "has a NUL byte, for which systemd leaves out the whole file"
    if name.startswith(("#", ";")):
        hides = line.rstrip("\n").endswith("\\")
        return "is a comment that ends with a backslash; systemd before 254 hides the next line" if hides else None
    if not equals:
        return None
    if any("\udc80" <= character <= "\udcff" for character in line):
        return "has bytes that are not UTF-8, for which systemd leaves out the whole file"
    if not NAME.fullmatch(name.rstrip()):
        return None
    if name != name.rstrip() or value != value.lstrip():
        return "has spaces round its '=', which systemd drops and ecs-init keeps; write it without"
    if value.startswith(('"', "'")):
        return "starts with a quote, which systemd drops and ecs-init keeps; write it without"
    if "\\" in value:
        return "has a backslash, which systemd drops and ecs-init keeps; write it without"
    return None


def effective(text: str) -> dict[str, str]:
    """The variables as ecs-init reads them: of two lines for one variable the later wins."""
    found = {}
    for line in split_lines(text):
        name, equals, value = line.strip().partition("=")
        if equals and NAME.fullmatch(name):
            found[name] = value
    return found


def shown(name: str, value: str) -> str:
    """A value as people may see it. What is not known to be harmless (a line of somebody else's) is not shown."""
    variable = VARIABLES.get(name)
    return MASK if variable is None or variable.secret else _printable(value)


def masked(text: str, changed: Collection[str] = ()) -> str:
    """The text as people may see it; a hidden value of C(changed) says that it is another one than before."""
    return "".join(_masked_line(line, changed) for line in split_lines(text))


def _masked_line(line: str, changed: Collection[str]) -> str:
    if not line.strip() or (line.lstrip().startswith("#") and "=" not in line):
        return _printable(line)
    name, value = setting(line)
    end = "\n" if line.endswith("\n") else ""
    if name is None:
        return MASK + end
    if shown(name, value) != MASK:
        return _printable(line)
    return f"{name}={MASK}{' (changed)' if name in changed else ''}{end}"


def _printable(text: str) -> str:
    """Bytes that are not UTF-8 are kept in the file, but a result must be UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
