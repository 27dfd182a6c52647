# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import stat
import sys

import pytest
from ssm_host import MACHINE, Module

from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.apply import Writer
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.model import Request
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.plan import plan_registration

ID, CODE = "01234567-89ab-cdef-0123-456789abcdef", "Abcdefghij0123456789"
NEW = "mi-00000000000000001"
OLD = "mi-0123456789abcdef0"


def run(host, module=None, **options):
    """Read, plan and apply, as the module does."""
    module = module or Module()
    request = Request("us-west-2", ID, CODE, **options)
    writer = Writer(module, request, host.places)
    plan = plan_registration(writer.read(), request)
    done = [str(change) for change in writer.apply(plan)]
    return writer.managed_instance_id(), module.commands[1:], done


def test_a_host_is_registered_while_its_agent_is_stopped_and_marked_with_its_machine_id(host):
    host.install(NEW)
    instance, commands, _done = run(host)
    assert instance == NEW
    unit = "amazon-ssm-agent.service"
    assert commands == [f"stop {unit}", f"enable {unit}", f"restart {unit}"]
    assert MACHINE in host.files()["ssm/fleetkit.ecs.json"]
    assert stat.S_IMODE(host.places.mark.stat().st_mode) == 0o600
    assert run(host) == (NEW, [], [])


def test_a_registration_that_fails_leaves_every_file_as_it_was_and_the_agent_running(host):
    host.vault()
    host.write("var/lib/amazon/ssm/registration", {"ManagedInstanceID": OLD, "Region": "us-west-2"})
    host.install(error="ActivationExpired")
    before, module = host.files(), Module()
    with pytest.raises(OSError, match="is in force again"):
        run(host, module, force=True)
    assert host.files() == before
    assert module.commands[-1] == "start amazon-ssm-agent.service"


def test_the_reason_is_told_without_the_activation(host):
    host.install(error="ActivationExpired")
    with pytest.raises(OSError, match="ActivationExpired") as failed:
        run(host)
    assert ID not in str(failed.value)
    assert CODE not in str(failed.value)
    assert "Usual causes" in str(failed.value)


def test_a_run_that_was_cut_off_while_the_vault_was_blank_is_put_right_by_the_next(host, monkeypatch):
    host.vault()
    host.install(error="nothing, as the run ends here")
    before = host.files()
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "_put_back", lambda self: sys.exit("cut off"))
        with pytest.raises(SystemExit):
            run(host, force=True)
    assert host.files() != before
    assert stat.S_IMODE(host.places.aside.stat().st_mode) == 0o700
    instance, _commands, done = run(host)
    assert instance == OLD
    assert done[:2] == [f"create former registration {OLD}", f"delete registration copy {OLD}"]
    assert host.files() == before


def test_nothing_of_the_copy_stays_after_a_move(host):
    host.vault(region="eu-west-1")
    host.install(NEW)
    assert run(host, move=True)[0] == NEW
    assert not host.places.aside.exists()
    assert OLD not in str(host.files())


def test_a_success_that_the_vault_does_not_know_of_is_a_failure(host):
    host.vault()
    host.install(NEW)
    program = host.root / "usr/bin/amazon-ssm-agent"
    program.write_text(program.read_text().replace(f'"instanceID": "{NEW}"', '"instanceID": "mi-0"'))
    with pytest.raises(OSError, match="in force again"):
        run(host, force=True)
    assert run(host)[0] == OLD


def test_the_proxy_of_the_service_is_used_for_the_registration(host):
    host.install(NEW)
    program = host.root / "usr/bin/amazon-ssm-agent"
    program.write_text(program.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\necho $https_proxy >{host.root}/proxy\n"))
    drop_in = "etc/systemd/system/amazon-ssm-agent.service.d/fleetkit-ecs-proxy.conf"
    host.write(drop_in, '[Service]\nEnvironment="https_proxy=http://u:p%%40@proxy:3128"\n')
    run(host)
    assert (host.root / "proxy").read_text() == "http://u:p%40@proxy:3128\n"


def forget(host, module=None):
    module = module or Module()
    request = Request(None, absent=True)
    writer = Writer(module, request, host.places)
    plan = plan_registration(writer.read(), request)
    return [str(change) for change in writer.apply(plan)], plan.result["left"], module.commands[1:]


def test_a_host_forgets_its_registration_and_the_credentials_that_the_agent_wrote_and_no_others(host):
    host.vault()
    host.install()
    host.write("var/lib/amazon/ssm/registration", {"ManagedInstanceID": OLD, "Region": "us-west-2"})
    mine = "[mine]\naws_access_key_id = B\n\n"
    host.write("root/.aws/credentials", f"[default]\naws_access_key_id = A\naws_session_token = t\n\n{mine}")
    done, left, commands = forget(host)
    assert done == [
        "update service amazon-ssm-agent.service",
        f"delete registration {OLD} in us-west-2",
        "delete credentials /root/.aws/credentials [default]",
    ]
    assert left == {"managed_instance_id": OLD, "region": "us-west-2"}
    assert commands == ["stop amazon-ssm-agent.service", "disable amazon-ssm-agent.service"]
    assert host.files() == {}
    assert host.places.credentials.read_text() == mine
    assert forget(host, Module("inactive", "disabled")) == ([], None, [])


def test_roots_directory_goes_with_the_last_profile_and_somebodys_own_keys_stay(host):
    host.write("root/.aws/credentials", "[default]\naws_access_key_id = A\naws_session_token = t\n")
    assert forget(host)[0] == ["delete credentials /root/.aws/credentials [default]"]
    assert not (host.root / "root/.aws").exists()
    host.write("root/.aws/credentials", "[default]\naws_access_key_id = A\n")
    assert forget(host)[0] == []


def test_what_a_clone_has_is_removed_and_nobody_is_told_to_deregister_the_other_machine(host):
    host.vault(machine="f" * 32)
    assert forget(host)[:2] == ([f"delete registration {OLD} in us-west-2"], None)
