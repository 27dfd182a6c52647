# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.read import registration_of
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.read import Places

DATA = "var/lib/amazon/ssm"
KEY = f"{DATA}/Vault/Store/RegistrationKey"


@pytest.fixture
def places(tmp_path):
    """A host on which the SSM agent once was mi-0123456789abcdef0 and has left the file that it never reads again."""
    write(tmp_path, f"{DATA}/registration", {"ManagedInstanceID": "mi-0123456789abcdef0", "Region": "us-west-2"})
    write(tmp_path, f"{DATA}/Vault/Manifest", {"RegistrationKey": f"/{KEY}"})
    return Places(tmp_path)


def write(root, path, content):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(json.dumps(content))


def test_a_file_that_the_ssm_agent_left_makes_no_registration(places):
    write(places.root, KEY, {"instanceID": "", "region": "", "privateKey": ""})
    assert registration_of(places).instance_id == ""


def test_who_an_external_host_is_stands_in_the_ssm_agents_vault(places):
    write(places.root, KEY, {"instanceID": "mi-0fedcba9876543210", "region": "us-west-2", "privateKey": "key"})
    found = registration_of(places)
    assert (found.instance_id, found.age) == ("mi-0fedcba9876543210", None)


def test_the_age_of_the_credentials_is_that_of_their_file(places):
    write(places.root, "root/.aws/credentials", {})
    assert 0 <= registration_of(places).age < 60
