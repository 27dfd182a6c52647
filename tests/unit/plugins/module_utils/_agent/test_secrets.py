# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.secrets import texts_to_mask, without_secrets

PATH = "/etc/ecs/ecs.config"


def test_secret_and_unknown_values_are_not_shown():
    declared = {"ECS_CLUSTER": "c", "ECS_ENGINE_AUTH_DATA": {"r": {}}, "HTTP_PROXY": "p", "ECS_ENGINE_AUTHDATA": "x"}
    assert without_secrets(declared) == {
        "ECS_CLUSTER": "c",
        "ECS_ENGINE_AUTH_DATA": "********",
        "HTTP_PROXY": "********",
        "ECS_ENGINE_AUTHDATA": "********",
    }


def test_every_text_of_a_secret_is_masked_also_inside_json_in_a_string():
    data = '{"r":{"password":"hunter22","pins":[314159]}}'
    assert texts_to_mask({"ECS_ENGINE_AUTH_DATA": data}, PATH) == {data, "hunter22", "314159"}
    assert texts_to_mask({"ECS_ENGINE_AUTH_DATA": {"r": {"auth": "hunter22", "x": None, "y": True}}}, PATH) == {
        "hunter22"
    }


def test_what_also_stands_in_the_open_is_not_masked_so_that_results_stay_readable():
    declared = {
        "ECS_ENGINE_AUTH_TYPE": "docker",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "ECS_ENGINE_AUTH_DATA": {"r": {"username": "docker", "password": "hunter22", "email": "a"}},
        "ECS_LOG_OPTS": {"awslogs-region": "eu-west-1", "awslogs-group": "config"},
    }
    assert texts_to_mask(declared, PATH) == {"hunter22"}
