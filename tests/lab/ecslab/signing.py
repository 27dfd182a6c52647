# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's signing key, and what it signs."""

from __future__ import annotations

import shutil
from pathlib import Path

from .engine import run
from .settings import BUILD, PACKAGES, say

GNUPG = BUILD / "gnupg"
KEY_NAME = "fleetkit.ecs lab <lab@fleetkit.invalid>"
KEY_FILE = "lab-signing-key.asc"


def gpg(*args: str) -> str:
    """Run gpg in the lab's own key ring."""
    return run("gpg", "--homedir", str(GNUPG), "--batch", "--yes", "--pinentry-mode=loopback", *args).stdout


def signing_key() -> str:
    """The fingerprint of the lab's signing key, which is made once and kept until 'down --all'."""
    exported = PACKAGES / KEY_FILE
    kept = GNUPG / "fingerprint"
    if exported.exists() and kept.exists():
        return kept.read_text(encoding="ascii")
    say("making the lab's signing key")
    shutil.rmtree(GNUPG, ignore_errors=True)
    GNUPG.mkdir(parents=True, mode=0o700)
    gpg("--passphrase", "", "--quick-generate-key", KEY_NAME, "rsa3072", "sign", "never")
    listing = gpg("--with-colons", "--list-keys").splitlines()
    fingerprint = next(line.split(":")[9] for line in listing if line.startswith("fpr:"))
    exported.write_text(gpg("--armor", "--export", fingerprint), encoding="ascii")
    stop_gpg_agent()
    kept.write_text(fingerprint, encoding="ascii")
    return fingerprint


def sign(package: Path) -> None:
    """Write the detached, armored signature next to the package."""
    gpg("--passphrase", "", "--armor", "--output", f"{package}.asc", "--detach-sign", str(package))
    stop_gpg_agent()


def sign_binary(package: Path) -> None:
    """Write the detached signature as Amazon's SSM has it: binary, in a .sig."""
    gpg("--passphrase", "", "--output", f"{package}.sig", "--detach-sign", str(package))
    stop_gpg_agent()


def sign_inline(text: Path, target: Path) -> None:
    """Write the text with its signature around it, as apt's InRelease is."""
    gpg("--passphrase", "", "--output", str(target), "--clear-sign", str(text))
    stop_gpg_agent()


def stop_gpg_agent() -> None:
    """gpg starts an agent in the background; leave none."""
    run("gpgconf", "--homedir", str(GNUPG), "--kill", "gpg-agent", check=False)
