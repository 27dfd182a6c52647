# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition import parse

CONTAINER = {"name": "web", "image": "nginx", "memory": 128}
WEB = {"family": "web", "containerDefinitions": [CONTAINER]}


def request(shape, definition, **more):
    defaults = {"tags": None, "purge_tags": True, "keep_revisions": None, "state": "present"}
    return parse.request({"definition": definition, **defaults, **more}, shape)


def with_container(**members):
    return {**WEB, "containerDefinitions": [{**CONTAINER, **members}]}


def of_container(shape, **members):
    """What becomes of these members."""
    made = request(shape, with_container(**members)).definition["containerDefinitions"][0]
    return {name: made.get(name) for name in members}


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"memory": "256"}, {"memory": 256}),
        ({"memory": 256.0}, {"memory": 256}),
        ({"essential": "True"}, {"essential": True}),
        ({"essential": "no"}, {"essential": False}),
        ({"portMappings": [{"containerPort": "80"}]}, {"portMappings": [{"containerPort": 80}]}),
        ({"environment": [{"name": "A", "value": 1}]}, {"environment": [{"name": "A", "value": "1"}]}),
        ({"dockerLabels": {"a": 1, "b": None}}, {"dockerLabels": {"a": "1"}}),
        ({"command": ["sleep", 60]}, {"command": ["sleep", "60"]}),
        ({"user": None, "links": []}, {"user": None, "links": []}),
    ],
)
def test_text_and_numbers_become_what_the_model_asks_for(shape, given, made):
    assert of_container(shape, **given) == made


def test_the_size_of_the_task_may_be_a_number(shape):
    assert request(shape, {**WEB, "cpu": 256, "memory": "1 GB"}).definition | WEB == {
        **WEB,
        "cpu": "256",
        "memory": "1 GB",
    }


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({}, "definition.family: it is missing and required."),
        ({"family": "web"}, "definition.containerDefinitions: it is missing and required."),
        ({**WEB, "family": "web:3"}, "definition.family: 'web:3' is not the name of a family"),
        ({**WEB, "family": "a b"}, "definition.family: 'a b' is not the name of a family"),
        ({**WEB, "networkmode": "host"}, "definition: 'networkmode' is not a member; did you mean networkMode."),
        ({**WEB, "network_mode": "host"}, "definition: 'network_mode' is not a member; did you mean networkMode."),
        (with_container(zzz=1), "definition.containerDefinitions[0]: 'zzz' is not a member."),
        (
            {**WEB, "networkMode": "Host"},
            "definition.networkMode: 'Host' is none of bridge, host, awsvpc, none; did you mean host.",
        ),
        (with_container(memory="1g"), "definition.containerDefinitions[0].memory: '1g' is not a whole number."),
        (with_container(memory=1.5), "definition.containerDefinitions[0].memory: 1.5 is not a whole number."),
        (with_container(memory=True), "definition.containerDefinitions[0].memory: true is not a whole number."),
        (
            with_container(essential="perhaps"),
            "definition.containerDefinitions[0].essential: 'perhaps' is not a boolean; write true or false.",
        ),
        (with_container(essential=1), "definition.containerDefinitions[0].essential: 1 is not a boolean"),
        (
            with_container(command="a b"),
            "definition.containerDefinitions[0].command: its value is not a list; from_json makes one of JSON text.",
        ),
        (with_container(command=[None]), "definition.containerDefinitions[0].command[0]: null is not text."),
        (
            with_container(dockerLabels={"version": 1.10}),
            "definition.containerDefinitions[0].dockerLabels.version: 1.1 is not text; put it in quotes.",
        ),
        (
            with_container(ulimits=[{"name": "nofile", "softLimit": 1}]),
            "definition.containerDefinitions[0].ulimits[0].hardLimit: it is missing and required.",
        ),
        ({**WEB, "containerDefinitions": CONTAINER}, "definition.containerDefinitions: a mapping is not a list."),
        (with_container(image=["a"]), "definition.containerDefinitions[0].image: a list is not text."),
        ({**WEB, "tags": [{"key": "", "value": "x"}]}, "tags[0].key, value: 0, valid min length: 1"),
        (
            with_container(
                resourceRequirements=[{"type": "GPU", "value": "1", "sharingStrategy": {"nvidiaMps": {"memory": 0}}}]
            ),
            "memory, value: 0",
        ),
    ],
)
def test_what_cannot_be_right_is_refused_with_its_path_and_what_would_be(shape, definition, said):
    with pytest.raises(Refusal) as refusal:
        request(shape, definition)
    assert said in str(refusal.value)


def test_all_problems_are_said_at_once(shape):
    with pytest.raises(Refusal, match=r"memory: 'a'.*essential: 'b'.*networkMode: 'c'"):
        request(shape, {**with_container(memory="a", essential="b"), "networkMode": "c"})


@pytest.mark.parametrize(
    "environment",
    [[{"name": "PASSWORD", "value": ["hunter22"]}], {"PASSWORD": "hunter22"}, ["PASSWORD=hunter22"], "hunter22"],
)
def test_a_refusal_does_not_show_the_environment(shape, environment):
    with pytest.raises(Refusal) as refusal:
        request(shape, with_container(environment=environment))
    assert "hunter22" not in str(refusal.value)
    assert ".environment" in str(refusal.value)


@pytest.mark.parametrize("wrong", [dict, json.dumps, list])
def test_a_refusal_of_what_is_around_the_environment_does_not_show_it_either(shape, wrong):
    containers = wrong({"environment": [{"name": "PASSWORD", "value": "hunter22"}]})
    with pytest.raises(Refusal) as refusal:
        request(shape, {**WEB, "containerDefinitions": containers})
    assert "hunter22" not in str(refusal.value)


def test_tags_of_either_kind_mean_the_same(shape):
    listed = request(shape, {**WEB, "tags": [{"key": "owner", "value": "me"}, {"key": "n", "value": "1"}]})
    assert listed.tags == request(shape, WEB, tags={"owner": "me", "n": 1}).tags == {"owner": "me", "n": "1"}
    assert "tags" not in listed.definition
    assert request(shape, WEB).tags is None
    assert request(shape, WEB, tags={}).tags == {}


@pytest.mark.parametrize(
    ("in_definition", "tags", "said"),
    [
        ([{"key": "a", "value": "b"}], {"a": "b"}, "tags: they are in the definition too; write them in one place."),
        ([], {}, "tags: they are in the definition too"),
        (None, {"aws:x": "1"}, "tags: 'aws:x' begins with aws:, which is Amazon's own prefix."),
        ([{"key": "a"}, {"key": "a"}], None, "tags: 'a' is there twice."),
        (None, {"a": True}, "tags[0].value: true is not text; put it in quotes."),
    ],
)
def test_tags_that_cannot_be_are_refused(shape, in_definition, tags, said):
    with pytest.raises(Refusal) as refusal:
        request(shape, {**WEB, "tags": in_definition}, tags=tags)
    assert said in str(refusal.value)


def test_at_least_the_new_revision_is_kept(shape):
    with pytest.raises(Refusal, match="keep_revisions: 0 is less than 1"):
        request(shape, WEB, keep_revisions=0)


def test_absent_needs_the_family_alone_and_looks_at_nothing_else(shape):
    assert request(shape, {"family": "web", "nonsense": 1}, state="absent").absent
    with pytest.raises(Refusal, match=r"definition.family: it is missing and required."):
        request(shape, {}, state="absent")
