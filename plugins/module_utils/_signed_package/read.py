# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Fetch a package and verify its signature; ask the host for the version that it has. Nothing is installed here.

The signature must be good and unexpired, by one of the keys, and that key must have one of the fingerprints. The
keyring is the run's own, so that no other key on the host can vouch for the package.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from pathlib import Path

from ansible.module_utils import urls

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._signed_package.model import (
    KINDS,
    Fetched,
    Kind,
    Request,
    State,
)

TIMEOUT = 30  # seconds without a byte
EXPIRED = r"^\[GNUPG:\] (EXPKEYSIG|EXPSIG|KEYEXPIRED)"
# A version goes into a macro of rpm's, in check mode without gpg unverified: nothing that could be more than a version.
VERSION = re.compile(r"[A-Za-z0-9.+~^:_-]+")
VERCMP = "%{{lua:print(rpm.vercmp('{}', '{}'))}}"


def read_state(request: Request, scratch: Path, foresee: bool) -> State:
    """What the URL holds, and what the host has.

    Args:
        scratch: a directory that nobody else can read. The package stays in it.
        foresee: whether to go on without gpg, as check mode cannot install it.
    """
    path = _fetch(request.url, scratch / "package")
    verified = shutil.which("gpg") is not None
    if verified:
        _verify(path, request, scratch)
    elif not foresee:
        raise Refusal("There is no gpg on the host to verify the signature with: install it first.")
    fetched = _held(path, request, verified)
    installed = _installed(fetched.kind, request.name)
    return State(fetched, installed, not installed or _newer(fetched, installed))


def _fetch(url: str, path: Path) -> Path:
    try:
        with contextlib.closing(urls.open_url(url, timeout=TIMEOUT)) as answer, path.open("wb") as file:
            shutil.copyfileobj(answer, file)
    except (OSError, ValueError, urls.ConnectionError) as error:
        raise Refusal(f"{url} cannot be fetched: {error}") from error
    return path


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)


def _verify(package: Path, request: Request, scratch: Path) -> None:
    keyring = scratch / "keyring"
    keyring.mkdir(mode=0o700)
    # Public keys need no agent, whose socket would not fit into a long path, and who would outlive us.
    gpg = ("gpg", "--batch", "--no-autostart", "--homedir", keyring)
    for url in request.signing_key_urls:
        imported = _run(*gpg, "--quiet", "--import", _fetch(url, scratch / "key"))
        if imported.returncode:
            raise Refusal(f"The signing key {url} cannot be read: {imported.stderr}")
    signature = _fetch(f"{request.url}{request.signature_suffix}", scratch / "signature")
    verified = _run(*gpg, "--status-fd", "1", "--verify", signature, package)

    # VALIDSIG ends with the fingerprint of the primary key; GOODSIG is missing when the key or signature has expired.
    signer = re.search(r"^\[GNUPG:\] VALIDSIG .* (\S+)$", verified.stdout, re.MULTILINE)
    if re.search(EXPIRED, verified.stdout, re.MULTILINE):
        raise Refusal(
            f"The signing key {signer[1] if signer else 'of this package'} has expired; Amazon publishes a new one "
            "from time to time. Put its fingerprint in the list of trusted ones and its URL in the list of keys."
        )
    if not signer or not re.search(r"^\[GNUPG:\] GOODSIG", verified.stdout, re.MULTILINE):
        raise Refusal(f"The signature of {request.url} is not good: {verified.stderr}")
    if signer[1] not in request.fingerprints:
        trusted = " ".join(request.fingerprints)
        raise Refusal(f"{request.url} is signed by {signer[1]}, which is not among the trusted fingerprints: {trusted}")


def _held(path: Path, request: Request, verified: bool) -> Fetched:
    """What the file is. Its name ends as its kind does, by which apt and dnf know a file."""
    with path.open("rb") as file:
        start = file.read(8)
    for kind in KINDS:
        if start.startswith(kind.magic):
            named = path.rename(path.with_suffix(f".{kind.name}"))
            asked = _run(*kind.held, named)
            version, _space, name = asked.stdout.partition(" ")
            if asked.returncode:
                raise Refusal(f"{request.url} cannot be read as a .{kind.name}: {asked.stderr}")
            if not VERSION.fullmatch(version):
                raise Refusal(f"{request.url} has a version that is none: {version!r}")
            return Fetched(str(named), kind, name, version, verified)
    raise Refusal(f"{request.url} holds no .deb and no RPM")


def _installed(kind: Kind, name: str) -> str | None:
    asked = _run(*kind.installed, name)
    status, _space, version = asked.stdout.partition(" ")
    return version if asked.returncode == 0 and status == "installed" else None


def _newer(fetched: Fetched, installed: str) -> bool:
    if fetched.kind.name == "deb":
        return _run("dpkg", "--compare-versions", fetched.version, "gt", installed).returncode == 0
    return _run("rpm", "--eval", VERCMP.format(fetched.version, installed)).stdout.strip() == "1"
