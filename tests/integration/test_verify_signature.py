# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check of a package's signature, with real keys: nothing passes but a good signature by a trusted key."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "roles" / "agent" / "files" / "verify_signature.sh"
LONG_AGO = "20200101T000000"


class Keys:
    """A keyring of its own with throw-away keys."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.environment = {**os.environ, "GNUPGHOME": str(folder)}

    def gpg(self, *arguments, when=None):
        clock = ["--faked-system-time", when] if when else []
        silent = ["--batch", "--quiet", "--pinentry-mode=loopback", "--passphrase="]
        command = ["gpg", *silent, *clock, *map(str, arguments)]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout

    def make(self, name, expires="never", when=None):
        self.gpg("--quick-generate-key", name, "ed25519", "sign", expires, when=when)
        listing = self.gpg("--with-colons", "--list-keys", name)
        return re.search(r"^fpr:+([0-9A-F]{40}):", listing, re.MULTILINE)[1]


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A package signed by a trusted key, by another one and by one that has expired."""
    folder = tmp_path_factory.mktemp("signed")
    keys = Keys(folder / "gnupg")
    fingerprints = {
        "trusted": keys.make("trusted"),
        "other": keys.make("other"),
        "expired": keys.make("expired", expires="1d", when=LONG_AGO),
    }
    package = folder / "package.deb"
    package.write_bytes(b"a package")
    for name, fingerprint in fingerprints.items():
        when = LONG_AGO if name == "expired" else None
        signature, key = folder / f"{name}.asc", folder / f"{name}-key.asc"
        keys.gpg("--local-user", fingerprint, "--armor", "--output", signature, "--detach-sign", package, when=when)
        key.write_text(keys.gpg("--armor", "--export", fingerprint))
    yield SimpleNamespace(folder=folder, package=package, fingerprints=fingerprints)
    subprocess.run(["gpgconf", "--kill", "all"], env=keys.environment, check=False)


def verify(signed, by, trusting, package=None, keys=None):
    keys = keys or [signed.folder / f"{by}-key.asc"]
    trusted = [signed.fingerprints.get(name, name) for name in trusting]
    command = ["sh", SCRIPT, package or signed.package, signed.folder / f"{by}.asc", *keys, "--", *trusted]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def test_a_good_signature_by_a_trusted_key_passes(signed):
    run = verify(signed, "trusted", ["other", "trusted"])
    assert (run.returncode, run.stderr) == (0, "")


def test_a_good_signature_by_another_key_is_refused_and_the_key_named(signed):
    run = verify(signed, "other", ["trusted"])
    assert run.returncode == 1
    assert signed.fingerprints["other"] in run.stderr


def test_a_package_that_was_changed_is_refused(signed, tmp_path):
    changed = tmp_path / "package.deb"
    changed.write_bytes(b"another package")
    run = verify(signed, "trusted", ["trusted"], package=changed)
    assert run.returncode == 1
    assert "not good" in run.stderr


def test_an_expired_key_is_refused_with_the_way_out(signed):
    run = verify(signed, "expired", ["expired"])
    assert run.returncode == 1
    assert "has expired" in run.stderr
    assert "fingerprint" in run.stderr


def test_while_a_key_is_replaced_the_old_one_may_have_expired_and_the_new_one_counts(signed):
    keys = [signed.folder / f"{name}-key.asc" for name in ("expired", "trusted")]
    assert verify(signed, "trusted", ["expired", "trusted"], keys=keys).returncode == 0
    run = verify(signed, "expired", ["expired", "trusted"], keys=keys)
    assert run.returncode == 1
    assert "has expired" in run.stderr


def test_a_signature_by_a_key_that_was_not_fetched_is_refused(signed):
    run = verify(signed, "trusted", ["trusted"], keys=[signed.folder / "other-key.asc"])
    assert run.returncode == 1
    assert "not good" in run.stderr


def test_something_that_is_no_key_is_refused(signed):
    run = verify(signed, "trusted", ["trusted"], keys=[signed.package])
    assert run.returncode == 1
    assert "cannot be read" in run.stderr
