# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import ConfigFile, Host, OtherFile
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.notices import newest_needed, notices
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.variables import VARIABLES

PATH, OTHER = "/etc/ecs/ecs.config", "/var/lib/ecs/ecs.config"


def said(desired, version=None, text="", other=None, in_effect=None):
    values = {name: value for name, value in desired.items() if value} if in_effect is None else in_effect
    return notices(Host(ConfigFile(PATH), other, version), desired, text, values)


NEEDED = {
    "ECS_ENABLE_TASK_IAM_ROLE": ((1, 10, 99), "1.11.0"),
    "ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST": ((1, 11, 9), "1.12.0"),
    "ECS_AWSVPC_BLOCK_IMDS": ((1, 14, 5), "1.15.0"),
    "ECS_EXTERNAL": ((1, 51, 0), "1.52.0"),
}


@pytest.mark.parametrize(("name", "old", "needed"), [(name, *case) for name, case in NEEDED.items()])
def test_an_older_agent_is_reported_with_the_version_that_is_needed(name, old, needed):
    desired, region = {name: "true"}, {"AWS_DEFAULT_REGION": "us-west-2"}
    (sentence,) = said(desired, old, in_effect=region)
    assert sentence.startswith(f"{name} needs agent {needed} or later (ecs-init {needed}-1), and this host has ")
    assert ".".join(map(str, old)) in sentence
    assert said(desired, tuple(map(int, needed.split("."))), in_effect=region) == []
    assert said(desired, None, in_effect=region) == []
    assert said({name: None}, old) == []


def test_versions_are_compared_as_numbers():
    assert said({"ECS_ENABLE_TASK_IAM_ROLE": "true"}, (1, 9, 0)) != []
    assert said({"ECS_ENABLE_TASK_IAM_ROLE": "true"}, (1, 105, 1)) == []
    assert said({"ECS_ENABLE_TASK_IAM_ROLE": "true"}, (2, 0, 0)) == []


def test_the_newest_version_that_is_needed_is_that_of_the_newest_variable():
    desired = {"ECS_CLUSTER": "c", "ECS_EXTERNAL": "true", "ECS_TASK_PIDS_LIMIT": None, "ECS_UNKNOWN": "x"}
    assert newest_needed(desired) == (1, 52, 0)
    assert newest_needed({}) == (0, 0, 0)


def test_a_variable_that_newer_agents_no_longer_read_is_told_unless_the_agent_is_older():
    desired = {"ECS_OFFHOST_INTROSPECTION_INTERFACE_NAME": "eth0"}
    for version in (None, (1, 97, 0)):
        assert said(desired, version) == [
            "ECS_OFFHOST_INTROSPECTION_INTERFACE_NAME: agents from 1.97.0 on no longer read it."
        ]
    assert said(desired, (1, 96, 0)) == []


def test_every_version_of_the_table_is_a_version():
    for variable in VARIABLES.values():
        assert variable.since is None or newest_needed({variable.name: "x"}) > (0, 0, 0)


@pytest.mark.parametrize("wins", [True, False])
def test_a_value_that_the_other_file_takes_the_place_of_is_told(wins):
    other = OtherFile(OTHER, "ECS_CLUSTER=theirs\nECS_LOGLEVEL=info\n", wins)
    sentences = said({"ECS_CLUSTER": "ours", "ECS_LOGLEVEL": "info"}, other=other)
    assert [OTHER in sentence and "ECS_CLUSTER" in sentence for sentence in sentences] == [True] * wins


@pytest.mark.parametrize("wins", [True, False])
def test_a_variable_that_must_not_be_there_and_is_in_the_other_file_is_told(wins):
    (sentence,) = said({"ECS_CLUSTER": None}, other=OtherFile(OTHER, "ECS_CLUSTER=theirs\n", wins))
    assert sentence == f"ECS_CLUSTER: it is still set in {OTHER}, which ecs-init reads too. Remove it there."


def test_lines_of_others_in_both_files_that_systemd_reads_differently_are_told_without_their_values():
    sentences = said({}, text='HTTP_PROXY="s3cret"\nA=1\n', other=OtherFile(OTHER, "NO_PROXY = s3cret\n"))
    assert [sentence.partition(" starts")[0].partition(" has")[0] for sentence in sentences] == [
        f"{PATH}: HTTP_PROXY",
        f"{OTHER}: NO_PROXY",
    ]
    assert "s3cret" not in "".join(sentences)


DIRECT = "169.254.169.254,169.254.170.2,/var/run/docker.sock"
TOGETHER = {
    "external without a region": ({"ECS_EXTERNAL": "true"}, {}, "without AWS_DEFAULT_REGION"),
    "external with one in the other file": ({"ECS_EXTERNAL": "true"}, {"AWS_DEFAULT_REGION": "us-west-2"}, None),
    "not external": ({"ECS_EXTERNAL": "false"}, {}, None),
    "a proxy for everything": ({"HTTP_PROXY": "p"}, {"NO_PROXY": "169.254.169.254"}, "needs 169.254.170.2, /var/run"),
    "a proxy with exceptions": ({"HTTP_PROXY": "p"}, {"NO_PROXY": DIRECT}, None),
    "ports left out": ({"ECS_RESERVED_PORTS": "[22,9100]"}, {}, "may now use 2375, 2376, 51678, 51679"),
    "all ports": ({"ECS_RESERVED_PORTS": "[22,2375,2376,51678,51679,9100]"}, {}, None),
    "default ports": ({"ECS_RESERVED_PORTS": None}, {}, None),
}


@pytest.mark.parametrize(("desired", "in_effect", "sentence"), TOGETHER.values(), ids=TOGETHER)
def test_variables_that_need_one_another(desired, in_effect, sentence):
    found = said(desired, in_effect=in_effect)
    assert found == [] if sentence is None else [sentence in one for one in found] == [True]
