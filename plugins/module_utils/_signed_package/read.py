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
from collections.abc import Callable
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

Run = Callable[..., tuple[int, str, str]]

TIMEOUT = 30  # seconds without a byte
EXPIRED = r"^\[GNUPG:\] (EXPKEYSIG|EXPSIG|KEYEXPIRED)"
# A version goes into a macro of rpm's, in check mode without gpg unverified: nothing that could be more than a version.
VERSION = re.compile(r"[A-Za-z0-9.+~^:_-]+")
VERCMP = "%{{lua:print(rpm.vercmp('{}', '{}'))}}"


def read_state(run: Run, request: Request, scratch: Path, foresee: bool) -> State:
    """What the URL holds, and what the host has.

    Args:
        run: C(run_command) of the module.
        scratch: a directory that nobody else can read. The package stays in it.
        foresee: whether to go on without gpg, as check mode cannot install it.
    """
    path = _fetch(request.url, scratch / "package")
    verified = shutil.which("gpg") is not None
    if verified:
        _verify(run, path, request, scratch)
    elif not foresee:
        raise Refusal("There is no gpg on the host to verify the signature with: install it first.")
    fetched = _held(run, path, request, verified)
    installed = _installed(run, fetched.kind, request.name)
    return State(fetched, installed, not installed or _newer(run, fetched, installed))


def _fetch(url: str, path: Path) -> Path:
    try:
        with contextlib.closing(urls.open_url(url, timeout=TIMEOUT)) as answer, path.open("wb") as file:
            shutil.copyfileobj(answer, file)
    except (OSError, ValueError, urls.ConnectionError) as error:
        raise Refusal(f"{url} cannot be fetched: {error}") from error
    return path


def _verify(run: Run, package: Path, request: Request, scratch: Path) -> None:
    keyring = scratch / "keyring"
    keyring.mkdir(mode=0o700)
    # Public keys need no agent, whose socket would not fit into a long path, and who would outlive us.
    gpg = ["gpg", "--batch", "--no-autostart", "--homedir", str(keyring)]
    for url in request.signing_key_urls:
        code, _stdout, stderr = run([*gpg, "--quiet", "--import", str(_fetch(url, scratch / "key"))])
        if code:
            raise Refusal(f"The signing key {url} cannot be read: {stderr}")
    signature = _fetch(f"{request.url}{request.signature_suffix}", scratch / "signature")
    _code, status, stderr = run([*gpg, "--status-fd", "1", "--verify", str(signature), str(package)])

    # VALIDSIG ends with the fingerprint of the primary key; GOODSIG is missing when the key or signature has expired.
    signer = re.search(r"^\[GNUPG:\] VALIDSIG .* (\S+)$", status, re.MULTILINE)
    if re.search(EXPIRED, status, re.MULTILINE):
        raise Refusal(
            f"The signing key {signer[1] if signer else 'of this package'} has expired; Amazon publishes a new one "
            "from time to time. Put its fingerprint in the list of trusted ones and its URL in the list of keys."
        )
    if not signer or not re.search(r"^\[GNUPG:\] GOODSIG", status, re.MULTILINE):
        raise Refusal(f"The signature of {request.url} is not good: {stderr}")
    if signer[1] not in request.fingerprints:
        trusted = " ".join(request.fingerprints)
        raise Refusal(f"{request.url} is signed by {signer[1]}, which is not among the trusted fingerprints: {trusted}")


def _held(run: Run, path: Path, request: Request, verified: bool) -> Fetched:
    """What the file is. Its name ends as its kind does, by which apt and dnf know a file."""
    with path.open("rb") as file:
        start = file.read(8)
    for kind in KINDS:
        if start.startswith(kind.magic):
            named = path.rename(path.with_suffix(f".{kind.name}"))
            code, stdout, stderr = run([*kind.held, str(named)])
            version, _space, name = stdout.partition(" ")
            if code:
                raise Refusal(f"{request.url} cannot be read as a .{kind.name}: {stderr}")
            if not VERSION.fullmatch(version):
                raise Refusal(f"{request.url} has a version that is none: {version!r}")
            return Fetched(str(named), kind, name, version, verified)
    raise Refusal(f"{request.url} holds no .deb and no RPM")


def _installed(run: Run, kind: Kind, name: str) -> str | None:
    code, stdout, _stderr = run([*kind.installed, name])
    status, _space, version = stdout.partition(" ")
    return version if code == 0 and status == "installed" else None


def _newer(run: Run, fetched: Fetched, installed: str) -> bool:
    if fetched.kind.name == "deb":
        return run(["dpkg", "--compare-versions", fetched.version, "gt", installed])[0] == 0
    return run(["rpm", "--eval", VERCMP.format(fetched.version, installed)])[1].strip() == "1"
