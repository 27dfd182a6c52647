# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ssm_host import MACHINE, Module

from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration import credential_sources
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.apply import runner
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.credential_sources import earlier_sources
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.read import read_host


def read(host, **module):
    return read_host(runner(Module(**module)), host.places)


def test_a_host_without_the_agent_is_unregistered_and_systemd_is_not_asked(host):
    found = read(host)
    assert (found.status, found.agent.source, found.notes) == ("unregistered", None, ())


def test_an_identity_is_id_region_and_key_in_a_file_that_the_manifest_lists(host):
    host.install()
    host.vault()
    found = read(host)
    assert (found.status, str(found.identity)) == ("registered", "mi-0123456789abcdef0 in us-west-2")
    assert (found.agent.running, found.agent.enabled) == (True, True)


@pytest.mark.parametrize(
    "vault",
    [{"instance": ""}, {"region": ""}, {"key": ""}, {"listed": False}],
)
def test_without_one_of_them_the_host_is_not_registered(host, vault):
    host.vault(**vault)
    found = read(host)
    assert found.status == "unregistered"
    assert len(found.notes) == (0 if vault == {"instance": ""} else 1)


def test_a_registration_file_that_outlived_its_registration_is_explained_and_not_believed(host):
    host.vault(instance="")
    host.write("var/lib/amazon/ssm/registration", {"ManagedInstanceID": "mi-0123456789abcdef0", "Region": "us-west-2"})
    found = read(host)
    assert found.status == "unregistered"
    assert (
        "/var/lib/amazon/ssm/registration names mi-0123456789abcdef0, and the agent is not registered" in found.notes[0]
    )


def test_a_clone_is_told_by_the_agents_fingerprint(host):
    host.vault(machine="f" * 32)
    found = read(host)
    assert found.status == "cloned"
    assert "clone" in found.cloned
    assert MACHINE in found.cloned


def test_a_clone_whose_agent_has_made_its_fingerprint_anew_is_told_by_our_mark(host):
    host.vault()
    host.write(
        "var/lib/amazon/ssm/fleetkit.ecs.json", {"managed_instance_id": "mi-0123456789abcdef0", "machine_id": "e" * 32}
    )
    assert read(host).status == "cloned"


def test_the_mark_of_an_earlier_registration_says_nothing(host):
    host.vault()
    host.write(
        "var/lib/amazon/ssm/fleetkit.ecs.json", {"managed_instance_id": "mi-00000000000000000", "machine_id": "e" * 32}
    )
    assert read(host).status == "registered"


def test_what_is_not_json_is_no_registration(host):
    host.write("var/lib/amazon/ssm/Vault/Manifest", "{")
    assert read(host).status == "unregistered"


def test_a_snap_is_recognised(host):
    host.install(path="snap/amazon-ssm-agent/current/amazon-ssm-agent")
    agent = read(host).agent
    assert (agent.source, agent.unit) == ("snap", "snap.amazon-ssm-agent.amazon-ssm-agent.service")


def test_an_agent_that_waits_for_systemd_to_try_again_does_not_run(host):
    host.install()
    assert read(host, active="activating").agent.running is False


SECRET = "wJalrXUtnFEMI"
SOURCES = {
    "etc/ecs/ecs.config": (f"ECS_CLUSTER=a\nAWS_SECRET_ACCESS_KEY={SECRET}\n", "sets AWS_SECRET_ACCESS_KEY"),
    "etc/systemd/system/ecs.service.d/x.conf": ('[Service]\nEnvironment="AWS_PROFILE=x"\n', "sets AWS_PROFILE"),
    "root/.aws/credentials": (f"[default]\naws_access_key_id = A\naws_secret_access_key = {SECRET}\n", "[default]"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_credentials_that_would_come_first_are_named_and_not_shown(host, name):
    content, said = SOURCES[name]
    host.write(name, content)
    (found,) = earlier_sources("default", host.places, lambda: False)
    assert f"/{name}" in found
    assert said in found
    assert SECRET not in found


def test_what_the_ssm_agent_wrote_itself_another_profile_and_a_region_are_no_such_credentials(host):
    host.write("etc/ecs/ecs.config", "AWS_DEFAULT_REGION=us-west-2\n")
    temporary = "aws_access_key_id = A\naws_session_token = t\n"
    host.write("root/.aws/credentials", f"[default]\n{temporary}[mine]\naws_access_key_id = B\n")
    assert not [*earlier_sources("default", host.places, lambda: False)]
    assert [*earlier_sources("mine", host.places, lambda: False)]


def test_an_instance_role_is_one(host):
    (found,) = earlier_sources("default", host.places, lambda: True)
    assert "gives the credentials of an instance role" in found


@pytest.mark.parametrize(
    ("answers", "is_role"),
    [
        ({"PUT": (200, "t"), "GET": (200, "ecsInstanceRole\n")}, True),
        ({"PUT": (404, ""), "GET": (200, "ecsInstanceRole")}, True),
        ({"PUT": (200, "t"), "GET": (404, "<html>")}, False),
        ({"PUT": (400, ""), "GET": (200, "<html>another cloud's</html>")}, False),
        ({"PUT": (200, "t"), "GET": (200, "")}, False),
    ],
)
def test_a_metadata_service_counts_only_where_it_names_a_role(monkeypatch, answers, is_role):
    monkeypatch.setattr(credential_sources, "_ask", lambda method, path, headers: answers[method])
    assert credential_sources.instance_role() is is_role


def test_nothing_at_that_address_is_no_role(monkeypatch):
    def refuse(*_any):
        raise OSError("no route")

    monkeypatch.setattr(credential_sources, "_ask", refuse)
    assert credential_sources.instance_role() is False
