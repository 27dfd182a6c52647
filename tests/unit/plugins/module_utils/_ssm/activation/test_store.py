# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import stat

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.model import Kept, Secret
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.store import FileStore

ID = "751a488c-e9c7-4539-8171-15d48f4fd90a"
SECRET = Secret(ID, "code-1")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "activation.json"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_is_read_and_readable_by_its_owner_alone(path):
    former = os.umask(0)
    try:
        FileStore(str(path)).write(SECRET)
    finally:
        os.umask(former)
    assert mode(path) == 0o600
    assert FileStore(str(path)).read() == Kept(str(path), SECRET)
    assert json.loads(path.read_text()) == {"activation_id": ID, "activation_code": "code-1"}
    assert [one.name for one in path.parent.iterdir()] == ["activation.json"]


def test_a_loose_file_is_told_and_writing_puts_it_right(path):
    store = FileStore(str(path))
    store.write(SECRET)
    path.chmod(0o640)
    assert store.read().loose
    store.write(SECRET)
    assert not store.read().loose


@pytest.mark.parametrize("text", ["", "\n"])
def test_nothing_and_an_empty_file_have_no_code(path, text):
    assert FileStore(str(path)).read() == Kept(str(path))
    path.write_text(text)
    path.chmod(0o600)
    assert FileStore(str(path)).read() == Kept(str(path))


@pytest.mark.parametrize("text", ["my notes", "[]", "7", '{"activation_id": "x", "activation_code": "y"}', "\x00"])
def test_somebody_elses_file_is_neither_shown_nor_overwritten(path, text):
    path.write_text(text)
    with pytest.raises(Refusal, match="something else in it") as refusal:
        FileStore(str(path)).read()
    assert "my notes" not in str(refusal.value)


def test_a_place_where_no_file_can_be_is_refused_before_anything_is_created(path):
    with pytest.raises(Refusal, match="create it first"):
        FileStore(str(path / "deeper")).read()
    path.mkdir()
    with pytest.raises(Refusal, match="not a regular file"):
        FileStore(str(path)).read()
    path.rmdir()
    path.symlink_to("/etc/hostname")
    with pytest.raises(Refusal, match="not a regular file"):
        FileStore(str(path)).read()


def test_a_write_that_fails_leaves_nothing_behind(path):
    path.mkdir()
    with pytest.raises(Refusal, match="cannot be written"):
        FileStore(str(path)).write(SECRET)
    assert [one.name for one in path.parent.iterdir()] == ["activation.json"]
