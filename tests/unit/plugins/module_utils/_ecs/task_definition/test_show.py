# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import botocore.session
import pytest
from botocore.model import ServiceModel

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.show import (
    texts_to_mask,
    without_secrets,
)


@pytest.mark.parametrize(
    ("container", "shown"),
    [
        ({"environment": [{"name": "A", "value": "secret1"}]}, {"environment": [{"name": "A", "value": "********"}]}),
        # Nobody knows what was meant, so nothing of it is shown.
        ({"enviroment": [{"name": "A", "value": "secret1"}]}, {"enviroment": "********"}),
        ({"environment": {"A": "secret1"}}, {"environment": "********"}),
        ({"image": ["secret1"]}, {"image": "********"}),
        (
            {"logConfiguration": {"options": {"splunk-token": "secret1", "splunk-url": "https://s"}}},
            {"logConfiguration": {"options": {"splunk-token": "********", "splunk-url": "https://s"}}},
        ),
        (
            {"firelensConfiguration": {"options": {"apikey": "secret1", "Name": "datadog"}}},
            {"firelensConfiguration": {"options": {"apikey": "********", "Name": "datadog"}}},
        ),
    ],
)
def test_what_is_or_may_be_secret_is_hidden_in_any_definition_valid_or_not(shape, container, shown):
    definition = {"family": "web", "containerDefinitions": [{"name": "web", **container}]}
    assert without_secrets(definition, shape) == {
        "family": "web",
        "containerDefinitions": [{"name": "web", **shown}],
    }
    assert texts_to_mask(definition, shape) == {"secret1"}


def test_the_environment_is_hidden_also_where_an_older_model_does_not_call_it_sensitive():
    model = botocore.session.get_session().get_service_model("ecs")
    description = {name: dict(shape) for name, shape in model._shape_resolver._shape_map.items()}
    for one in description.values():
        one.pop("sensitive", None)
    older = ServiceModel({"shapes": description}).shape_for("RegisterTaskDefinitionRequest")
    environment = [{"name": "A", "value": "secret1"}]
    definition = {"containerDefinitions": [{"name": "web", "environment": environment}]}
    assert "secret1" not in str(without_secrets(definition, older))
    assert texts_to_mask(definition, older) == {"secret1"}


def test_passwords_in_options_of_a_volume_are_hidden(shape):
    options = {"type": "cifs", "o": "username=u,password=secret1"}
    volume = {"name": "v", "dockerVolumeConfiguration": {"driverOpts": options}}
    shown = without_secrets({"volumes": [volume]}, shape)["volumes"][0]["dockerVolumeConfiguration"]["driverOpts"]
    assert shown == {"type": "cifs", "o": "********"}


def test_what_also_stands_in_the_open_is_not_masked_everywhere(shape):
    environment = [{"name": "CLUSTER", "value": "production"}, {"name": "PASSWORD", "value": "hunter22"}]
    definition = {"family": "production-web", "containerDefinitions": [{"name": "web", "environment": environment}]}
    assert texts_to_mask(definition, shape) == {"hunter22"}
