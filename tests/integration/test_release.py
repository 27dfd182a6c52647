# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release, rehearsed as docs/release.md tells it, in a clone with a remote of its own."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pages
import pytest
import release
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = pages.section("release.md", "Release")
VERSION = re.search(r"VERSION=(\S+)", PAGE)[1]
WHO = {f"GIT_{role}_{what}": "rehearsal@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def run(clone: Path, command: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **WHO, **more}
    return subprocess.run(
        ["sh", "-c", command], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )


def done(clone: Path, command: str, **more: str) -> str:
    result = run(clone, command, **more)
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clean checkout of main with what is here, whose lanes are made already, and its origin."""
    folder = tmp_path_factory.mktemp("release")
    clone = folder / "ecs"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    (clone / "build").mkdir()
    (clone / "build" / "lanes").symlink_to(ROOT / "build" / "lanes")
    done(folder, "git init --quiet --bare --initial-branch main origin.git")
    done(clone, "git init --quiet --initial-branch main && git add --all && git commit --quiet --message 'All of it'")
    done(clone, "git remote add origin ../origin.git")
    return clone


@pytest.fixture(scope="module")
def released(clone):
    """The page, typed. Of Galaxy's importer only what is quick, as make lint runs all of it on the same files."""
    quick = {"GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false", "GALAXY_IMPORTER_RUN_ANSIBLE_DOC": "false"}
    for command in pages.commands(PAGE):
        done(clone, command, **quick)
    return clone


def test_a_release_has_its_version_and_every_fragment_in_the_changelog(released):
    assert yaml.safe_load((released / "galaxy.yml").read_text())["version"] == VERSION
    assert list((released / "changelogs" / "fragments").glob("*.yml")) == []
    changes = yaml.safe_load((released / "changelogs" / "changelog.yaml").read_text())["releases"][VERSION]
    fragments = {path.name for path in (ROOT / "changelogs" / "fragments").glob("*.yml")}
    assert set(changes["fragments"]) == fragments
    assert {one["name"] for one in changes["modules"]} == {
        path.stem for path in (ROOT / "plugins/modules").glob("*.py")
    }
    told = (released / "CHANGELOG.md").read_text()
    assert f"## v{VERSION}".replace(".", r"\.") in told
    assert "iam\\_role" in told


def test_the_changelog_says_what_the_releases_say(released):
    done(released, 'tests/tools/in-lane "$(python3 tests/tools/lanes.py newest)" antsibull-changelog generate')
    assert done(released, "git status --porcelain") == ""


def test_the_artifact_is_of_that_version_and_has_the_changelog(released):
    told = done(released, f"tar -xOzf build/artifact/fleetkit-ecs-{VERSION}.tar.gz MANIFEST.json CHANGELOG.md")
    assert f'"version": "{VERSION}"' in told
    assert "Release Notes" in told


def test_the_commit_and_its_tag_are_at_the_origin(released):
    assert done(released, f"git ls-remote origin main 'refs/tags/{VERSION}^{{}}' | cut -f 1 | uniq").split() == [
        done(released, "git rev-parse HEAD").strip()
    ]


def test_a_version_is_released_once(released):
    again = run(released, f"make release VERSION={VERSION}")
    assert again.returncode != 0
    assert f"{VERSION} is released already" in again.stderr


def test_publishing_gives_galaxy_the_artifact_with_the_token_of_the_environment(released, galaxy):
    url, received = galaxy
    *settings, publish = pages.commands(pages.section("release.md", "Publish by hand"))
    environment = dict(setting.removeprefix("export ").split("=", 1) for setting in settings)
    environment |= {"ANSIBLE_GALAXY_SERVER_GALAXY_URL": url, "ANSIBLE_GALAXY_SERVER_GALAXY_TOKEN": "sesame"}
    done(released, publish, **environment)
    ((token, body),) = received
    assert token == "Token sesame"
    built = (released / "build" / "artifact" / f"fleetkit-ecs-{VERSION}.tar.gz").read_bytes()
    assert hashlib.sha256(built).hexdigest().encode() in body


@pytest.fixture
def galaxy():
    """The part of Galaxy's API that publishing asks, and what was published: token and body."""
    received: list[tuple[str, bytes]] = []

    class Galaxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(
                {"available_versions": {"v3": "v3/"}, "state": "completed", "finished_at": "now", "messages": []}
            )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.headers["Authorization"], body))
            self.answer({"task": f"{url}api/v3/imports/collections/1/"})

        def answer(self, content: dict) -> None:
            data = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Galaxy)
    url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield url, received
    server.shutdown()


# What release.py refuses, without a checkout of its own.

REFUSED = {
    "1.0": "three numbers",
    "0.0.9": "version_added: 0.1.0",
    "2.0.0": "version_added: 0.1.0",
}


@pytest.mark.parametrize("version", REFUSED)
def test_a_version_that_cannot_be_is_refused(version):
    assert REFUSED[version] in release.mistake(version)
