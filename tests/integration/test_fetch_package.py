# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fetching of a package, with real keys: nothing comes through but a good signature by a trusted key."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "roles" / "agent" / "files" / "fetch_package.py"
LONG_AGO = "20200101T000000"
CONTROL = """Package: amazon-ecs-init
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
def fetch(signed, tmp_path):
    def fetch(by, trusting, folder=signed.folder, keys=None):
        options = [f"--key=file://{folder / key}" for key in keys or [f"{by}-key.asc"]]
        options += [f"--fingerprint={signed.fingerprints.get(name, name)}" for name in trusting]
        command = [sys.executable, SCRIPT, f"file://{folder}/{by}.deb", "--kind=deb", *options]
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    return fetch


def refused(run, tmp_path):
    """What is said of it; nothing of what was fetched is left."""
    assert run.returncode == 1
    assert run.stdout == ""
    assert list(tmp_path.iterdir()) == []
    return run.stderr


def test_a_good_signature_by_a_trusted_key_gives_the_package_and_nothing_else(fetch, tmp_path):
    run = fetch("trusted", ["other", "trusted"])
    assert (run.returncode, run.stderr) == (0, "")
    given = json.loads(run.stdout)
    assert (given["name"], given["version"]) == ("amazon-ecs-init", "1.105.1-1")
    assert [str(path) for path in tmp_path.rglob("*") if path.is_file()] == [given["path"]]
    assert Path(given["path"]).parent.stat().st_mode & 0o777 == 0o700


def test_a_good_signature_by_another_key_is_refused_and_the_key_named(signed, fetch, tmp_path):
    assert signed.fingerprints["other"] in refused(fetch("other", ["trusted"]), tmp_path)


def test_a_package_that_was_changed_is_refused(signed, fetch, tmp_path, tmp_path_factory):
    folder = shutil.copytree(signed.folder, tmp_path_factory.mktemp("changed") / "copy", ignore=lambda *_: ["gnupg"])
    with (folder / "trusted.deb").open("ab") as package:
        package.write(b"more")
    assert "not good" in refused(fetch("trusted", ["trusted"], folder), tmp_path)


def test_an_expired_key_is_refused_with_the_way_out(fetch, tmp_path):
    said = refused(fetch("expired", ["expired"]), tmp_path)
    assert "has expired" in said
    assert "fingerprint" in said


def test_while_a_key_is_replaced_the_old_one_may_have_expired_and_the_new_one_counts(fetch, tmp_path):
    keys = [f"{name}-key.asc" for name in ("expired", "trusted")]
    assert "has expired" in refused(fetch("expired", ["expired", "trusted"], keys=keys), tmp_path)
    assert fetch("trusted", ["expired", "trusted"], keys=keys).returncode == 0


def test_a_signature_by_a_key_that_was_not_fetched_is_refused(fetch, tmp_path):
    assert "not good" in refused(fetch("trusted", ["trusted"], keys=["other-key.asc"]), tmp_path)


def test_something_that_is_no_key_is_refused(fetch, tmp_path):
    assert "cannot be read" in refused(fetch("trusted", ["trusted"], keys=["trusted.deb"]), tmp_path)


def test_a_url_where_nothing_is_is_named(signed, fetch, tmp_path):
    assert f"file://{signed.folder}/missing.deb cannot be fetched" in refused(fetch("missing", ["trusted"]), tmp_path)
