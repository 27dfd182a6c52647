# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""signed_package with real keys: nothing comes through but a good signature by a trusted key.

In check mode, which does all but the installation: that belongs to hosts, and Molecule's scenarios have it there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from module_runner import run_module

LONG_AGO = "20200101T000000"
CONTROL = """Package: fleetkit-signed
Version: 1.105.1-1
Architecture: all
Maintainer: Nobody <nobody@example.com>
Description: a package
"""


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
    package = folder / "agent.deb"
    control = folder / "agent" / "DEBIAN" / "control"
    control.parent.mkdir(parents=True, mode=0o755)
    control.write_text(CONTROL)
    subprocess.run(["dpkg-deb", "--build", control.parents[1], package], check=True, capture_output=True)
    for name, fingerprint in fingerprints.items():
        when = LONG_AGO if name == "expired" else None
        signed, key = folder / f"{name}.deb", folder / f"{name}-key.asc"
        shutil.copy(package, signed)
        signature = folder / f"{name}.deb.asc"
        keys.gpg("--local-user", fingerprint, "--armor", "--output", signature, "--detach-sign", package, when=when)
        key.write_text(keys.gpg("--armor", "--export", fingerprint))
    yield SimpleNamespace(folder=folder, fingerprints=fingerprints)
    subprocess.run(["gpgconf", "--kill", "all"], env=keys.environment, check=False)


@pytest.fixture
def install(signed, monkeypatch):
    # A host's temporary directory has a short path; in one of pytest's gpg's own sockets would find no room.
    with tempfile.TemporaryDirectory() as directory:
        monkeypatch.setattr(tempfile, "tempdir", directory)
        yield partial(check, signed)
        assert not list(Path(directory).iterdir()), "something of what was fetched is left"


def check(signed, by, trusting, folder=None, keys=None, **params):
    folder = folder or signed.folder
    given = {
        "name": "fleetkit-signed",
        "url": f"file://{folder}/{by}.deb",
        "signing_key_urls": [f"file://{folder / key}" for key in keys or [f"{by}-key.asc"]],
        "fingerprints": [signed.fingerprints.get(name, name) for name in trusting],
    }
    return run_module("signed_package", check=True, **{**given, **params})


def refused(run):
    assert run.failed
    assert not run.changed
    return run.msg


def copy_of(signed, tmp_path_factory):
    return shutil.copytree(signed.folder, tmp_path_factory.mktemp("copy") / "copy", ignore=lambda *_: ["gnupg"])


def test_a_good_signature_by_a_trusted_key_lets_the_package_in(install):
    run = install("trusted", ["other", "trusted"])
    assert not run.failed, run.msg
    assert (run.name, run.version, run.changed, run.warnings) == ("fleetkit-signed", "1.105.1-1", True, [])
    assert run.changes == [{"action": "create", "kind": "package", "name": "fleetkit-signed"}]
    assert run.diff == {"before": {}, "after": {"version": "1.105.1-1"}}


def test_a_good_signature_by_another_key_is_refused_and_the_key_named(signed, install):
    assert signed.fingerprints["other"] in refused(install("other", ["trusted"]))


def test_a_package_that_was_changed_is_refused(signed, install, tmp_path_factory):
    folder = copy_of(signed, tmp_path_factory)
    with (folder / "trusted.deb").open("ab") as package:
        package.write(b"more")
    assert "not good" in refused(install("trusted", ["trusted"], folder))


def test_an_expired_key_is_refused_with_the_way_out(install):
    said = refused(install("expired", ["expired"]))
    assert "has expired" in said
    assert "fingerprint" in said


def test_while_a_key_is_replaced_the_old_one_may_have_expired_and_the_new_one_counts(install):
    keys = [f"{name}-key.asc" for name in ("expired", "trusted")]
    assert "has expired" in refused(install("expired", ["expired", "trusted"], keys=keys))
    assert not install("trusted", ["expired", "trusted"], keys=keys).failed


def test_a_signature_by_a_key_that_was_not_fetched_is_refused(install):
    assert "not good" in refused(install("trusted", ["trusted"], keys=["other-key.asc"]))


def test_something_that_is_no_key_is_refused(install):
    assert "cannot be read" in refused(install("trusted", ["trusted"], keys=["trusted.deb"]))


def test_a_url_where_nothing_is_is_named(signed, install):
    assert f"file://{signed.folder}/missing.deb cannot be fetched" in refused(install("missing", ["trusted"]))


def test_something_that_is_no_package_is_refused(signed, install, tmp_path_factory, monkeypatch):
    folder = copy_of(signed, tmp_path_factory)
    (folder / "trusted.deb").write_text("<html>")
    monkeypatch.setenv("PATH", "")  # as the signature would be the first thing that is wrong
    assert refused(install("trusted", ["trusted"], folder)) == f"file://{folder}/trusted.deb holds no .deb and no RPM"


def test_another_package_or_version_than_the_one_that_is_meant_is_refused(install):
    assert "holds fleetkit-signed 1.105.1-1: give the URL of other." in refused(
        install("trusted", ["trusted"], name="other")
    )
    assert "holds fleetkit-signed 1.105.1-1: give the URL of fleetkit-signed 1.104.0-1." in refused(
        install("trusted", ["trusted"], version="1.104.0-1")
    )
    assert not install("trusted", ["trusted"], version="1.105.1").failed


def test_a_signature_under_another_name_is_taken_where_it_is_named(signed, install, tmp_path_factory):
    folder = copy_of(signed, tmp_path_factory)
    (folder / "trusted.deb.asc").rename(folder / "trusted.deb.sig")
    assert "trusted.deb.asc cannot be fetched" in refused(install("trusted", ["trusted"], folder))
    assert not install("trusted", ["trusted"], folder, signature_suffix=".sig").failed


def test_a_fingerprint_that_is_none_is_refused_before_anything_is_fetched(install):
    assert refused(install("missing", ["0xBCE9D9A42D51784F"])).endswith("got 0xBCE9D9A42D51784F.")


def test_without_gpg_check_mode_foresees_and_says_that_it_could_not_verify(install, monkeypatch, tmp_path_factory):
    programs = tmp_path_factory.mktemp("bin")
    for program in ("dpkg-deb", "dpkg-query", "rm", "tar"):
        (programs / program).symlink_to(shutil.which(program))
    monkeypatch.setenv("PATH", str(programs))
    run = install("trusted", ["trusted"])
    assert run.changed
    assert "is not verified in check mode while the host has no gpg" in run.warnings[0]
