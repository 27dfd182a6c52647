# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fetch a package, and give it only if a trusted key has signed it.

The signature must be good and unexpired, by one of the keys, and that key must have one of the fingerprints. The
keyring is the run's own, so that no other key on the host can vouch for the package. Prints the path of the package
and what it holds, as JSON; its directory holds nothing else and is the caller's to remove.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

TIMEOUT = 30  # seconds without a byte
QUERIES = {
    ".deb": ("dpkg-deb", "--show", "--showformat=${Version} ${Package}"),
    ".rpm": ("rpm", "--query", "--nosignature", "--queryformat=%{VERSION}-%{RELEASE} %{NAME}", "--package"),
}
EXPIRED = r"^\[GNUPG:\] (EXPKEYSIG|EXPSIG|KEYEXPIRED)"


def fetch(url: str, path: Path) -> Path:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer, path.open("wb") as file:
            shutil.copyfileobj(answer, file)
    except (OSError, ValueError) as error:
        sys.exit(f"{url} cannot be fetched: {error}")
    return path


def gpg(keyring: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Public keys need no agent, whose socket would not fit into a long path, and who would outlive us.
    command = ["gpg", "--batch", "--no-autostart", "--homedir", str(keyring), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def verify(package: Path, options: argparse.Namespace, scratch: Path) -> None:
    keyring = scratch / "keyring"
    keyring.mkdir(mode=0o700)
    for url in options.key:
        imported = gpg(keyring, "--quiet", "--import", str(fetch(url, scratch / "key")))
        if imported.returncode:
            sys.exit(f"The signing key {url} cannot be read: {imported.stderr}")
    signature = fetch(f"{options.url}{options.signature}", scratch / "signature")
    verified = gpg(keyring, "--status-fd", "1", "--verify", str(signature), str(package))

    # VALIDSIG ends with the fingerprint of the primary key; GOODSIG is missing when the key or signature has expired.
    signer = re.search(r"^\[GNUPG:\] VALIDSIG .* (\S+)$", verified.stdout, re.MULTILINE)
    if re.search(EXPIRED, verified.stdout, re.MULTILINE):
        sys.exit(
            f"The signing key {signer[1] if signer else 'of this package'} has expired; Amazon publishes a new one "
            "from time to time. Put its fingerprint in the list of trusted ones and its URL in the list of keys."
        )
    if not signer or not re.search(r"^\[GNUPG:\] GOODSIG", verified.stdout, re.MULTILINE):
        sys.exit(f"The signature is not good: {verified.stderr}")
    if signer[1] not in options.fingerprint:
        trusted = " ".join(options.fingerprint)
        sys.exit(f"The package is signed by {signer[1]}, which is not among the trusted fingerprints: {trusted}")


def held(package: Path) -> dict[str, str]:
    """Version and name of what the file holds."""
    command = [*QUERIES[package.suffix], str(package)]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    version, _space, name = asked.stdout.partition(" ")
    if asked.returncode or not name:
        sys.exit(f"What was fetched is not a package: {asked.stderr}")
    return {"path": str(package), "version": version, "name": name}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of the package")
    parser.add_argument("--signature", default=".asc", help="what the URL of its signature ends in more")
    parser.add_argument("--kind", choices=["deb", "rpm"], required=True)
    parser.add_argument("--key", action="append", default=[], help="URL of a key")
    parser.add_argument("--fingerprint", action="append", default=[], help="of a key that is trusted")
    parser.add_argument("--only-foresee", action="store_true", help="gpg is not there yet, and nothing is installed")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="fleetkit-ecs-"))
    try:
        package = fetch(options.url, directory / f"package.{options.kind}")
        with tempfile.TemporaryDirectory() as scratch:
            if not options.only_foresee:
                verify(package, options, Path(scratch))
        print(json.dumps(held(package)))
    except BaseException:
        shutil.rmtree(directory)
        raise


if __name__ == "__main__":
    main()
