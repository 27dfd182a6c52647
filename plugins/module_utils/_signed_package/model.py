# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""A package and its signature, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        name: of the package that the URL must hold.
        url: of the package; its signature is at C(url) + C(signature_suffix).
        signing_key_urls: where the keys are.
        fingerprints: of the keys that are trusted, 40 hexadecimal digits each.
        version: which must be held, with or without its release; empty for whatever is.
    """

    name: str
    url: str
    signature_suffix: str
    signing_key_urls: tuple[str, ...]
    fingerprints: tuple[str, ...]
    version: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of package file.

    Attributes:
        magic: what its first bytes are.
        held: the command that says C(VERSION NAME) of a file, whose path is its last word.
        installed: the command that says C(installed VERSION) of a package, whose name is its last word.
    """

    name: str
    magic: bytes
    held: tuple[str, ...]
    installed: tuple[str, ...]


KINDS = (
    Kind(
        "deb",
        b"!<arch>\n",
        ("dpkg-deb", "--show", "--showformat=${Version} ${Package}"),
        ("dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}"),
    ),
    Kind(
        "rpm",
        b"\xed\xab\xee\xdb",
        ("rpm", "--query", "--nosignature", "--queryformat=%{VERSION}-%{RELEASE} %{NAME}", "--package"),
        ("rpm", "--query", "--queryformat=installed %{VERSION}-%{RELEASE}"),
    ),
)


@dataclass(frozen=True)
class Fetched:
    """A package file.

    Attributes:
        verified: whether its signature was: only check mode goes on without.
    """

    path: str
    kind: Kind
    name: str
    version: str
    verified: bool


@dataclass(frozen=True)
class State:
    """What a plan is made from.

    Attributes:
        installed: the version that the host has, if any.
        newer: whether the file's is newer than that.
    """

    fetched: Fetched
    installed: str | None
    newer: bool
