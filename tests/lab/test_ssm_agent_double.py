# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The double of amazon-ssm-agent is as unkind as the real one: here in a directory that is its host."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest

PROGRAM = Path(__file__).parent / "doubles" / "amazon_ssm_agent" / "ssm_agent.py"
PLACES = ("/etc/amazon", "/var/lib/amazon", "/var/log/amazon", "/root/.aws", "/etc/machine-id", "/usr/bin/ssm-agent")
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-west-2"}
ROLE = "agentDouble"


class Server:
    """The directory, with the program in it."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        text = PROGRAM.read_text(encoding="utf-8").replace("@VERSION@", "3.3.0.0")
        for place in PLACES:
            text = text.replace(f'"{place}', f'"{root}{place}')
        for name in ("amazon-ssm-agent", "ssm-agent-worker", "ssm-cli"):
            self.write(f"usr/bin/{name}", f"#!{sys.executable}\n{text}").chmod(0o755)
        self.write("etc/machine-id", f"{'a' * 32}\n")
        self.write("etc/amazon/ssm/amazon-ssm-agent.json", json.dumps({"Ssm": {"Endpoint": url}}))

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, name: str, *options: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        command = [self.root / "usr/bin" / name, *options]
        return subprocess.run(command, input=answer, capture_output=True, text=True, check=False)

    def register(self, activation: dict, *options: str, answer: str = "", **changed: str):
        given = {"id": activation["ActivationId"], "code": activation["ActivationCode"], **changed}
        words = [word for name, value in given.items() for word in (f"-{name}", value)]
        return self.run("amazon-ssm-agent", "-register", *options, *words, "-region", "us-west-2", answer=answer)

    @property
    def data(self) -> Path:
        return self.root / "var/lib/amazon/ssm"

    def vault(self) -> dict:
        return json.loads((self.data / "Vault/Store/RegistrationKey").read_text())

    def registration(self) -> str:
        return json.loads((self.data / "registration").read_text())["ManagedInstanceID"]


@pytest.fixture
def server(tmp_path, url):
    return Server(tmp_path, url)


@pytest.fixture(scope="module")
def ssm(url):
    statement = {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    boto3.client("iam", endpoint_url=url, **KEYS).create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
    return boto3.client("ssm", endpoint_url=url, **KEYS)


@pytest.fixture
def activation(ssm):
    return ssm.create_activation(IamRole=ROLE, RegistrationLimit=2)


@pytest.fixture
def instance(server, activation):
    """The server, registered."""
    done = server.register(activation)
    assert done.returncode == 0, done.stdout
    return server.vault()["instanceID"]


def test_a_registration_is_in_the_vault_that_its_manifest_lists_and_only_its_owner_may_read_it(server, instance):
    assert instance.startswith("mi-")
    assert server.registration() == instance
    for name in ("Vault", "Vault/Store", "Vault/Manifest", "Vault/Store/RegistrationKey", "registration"):
        assert stat.S_IMODE((server.data / name).stat().st_mode) == 0o600
    assert json.loads(server.run("ssm-cli", "get-instance-information").stdout)["instance-id"] == instance
    (server.data / "Vault/Manifest").write_text("{}")
    assert server.run("ssm-cli", "get-instance-information").returncode == 1


@pytest.mark.parametrize("answer", ["", "no\n", "what\n"])
def test_it_asks_before_it_registers_again_and_without_a_yes_it_fails_and_leaves_all_as_it_is(
    server, instance, activation, answer
):
    done = server.register(activation, answer=answer)
    assert done.returncode == 1
    assert "Would you like to override" in done.stdout
    assert server.vault()["instanceID"] == instance


def test_told_not_to_ask_it_loses_the_identity_when_the_activation_is_not_good(server, instance, activation):
    done = server.register(activation, "-y", code="x" * 20)
    assert done.returncode == 1
    assert "Registration failed due to error registering the instance with AWS SSM. InvalidActivation" in done.stdout
    assert server.vault()["instanceID"] == ""
    assert server.vault()["privateKey"]
    assert server.registration() == instance


def test_clearing_leaves_the_file_and_is_not_heard_beside_an_activation(server, instance, ssm):
    assert server.run("amazon-ssm-agent", "-register", "-clear").returncode == 0
    assert (server.vault()["instanceID"], server.registration()) == ("", instance)
    assert server.register(ssm.create_activation(IamRole=ROLE), "-clear").returncode == 0
    assert server.vault()["instanceID"]


def test_its_fingerprint_outlives_a_registration_so_aws_knows_it_again(server, instance, activation):
    done = server.register(activation, "-y")
    assert "InvalidActivation: A server that registers again" in done.stdout


@pytest.mark.parametrize("options", [["-y"], ["-clear"], ["-register", "-y"]])
def test_half_a_command_prints_its_usage_and_fails(server, options):
    done = server.run("amazon-ssm-agent", *options)
    assert (done.returncode, "Usage" in done.stderr) == (1, True)


@pytest.fixture
def credentials(server):
    """Root's own file, in which there is something."""
    return server.write("root/.aws/credentials", "[mine]\naws_access_key_id = A\n")


@pytest.fixture
def service(server, instance, credentials):
    """The agent as its unit starts it."""
    process = subprocess.Popen([server.root / "usr/bin/amazon-ssm-agent"], stdout=subprocess.DEVNULL)
    yield process
    process.terminate()
    process.wait(20)


def wait_for(condition) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_it_writes_its_credentials_beside_other_profiles_and_is_heard_of(service, credentials, instance, ssm):
    wait_for(lambda: "aws_session_token" in credentials.read_text())
    profiles = [line for line in credentials.read_text().splitlines() if line.startswith("[")]
    assert profiles == ["[mine]", "[default]"]
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600

    def online() -> bool:
        known = ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [instance]}])
        return [one["PingStatus"] for one in known["InstanceInformationList"]] == ["Online"]

    wait_for(online)


@pytest.fixture
def clone(server, instance):
    server.write("etc/machine-id", f"{'b' * 32}\n")


def test_on_another_machine_id_it_makes_its_fingerprint_anew_and_aws_refuses_it(server, clone, service):
    log = server.root / "var/log/amazon/ssm/errors.log"
    wait_for(lambda: log.exists() and "MachineFingerprintDoesNotMatch" in log.read_text())
    saved = json.loads((server.data / "Vault/Store/InstanceFingerprint").read_text())
    assert saved["hardwareHash"]["machine-id"] == f"{'b' * 32}\n"
