# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ecs.config from S3 on three families of host, in the order of a host's life: each test begins where one ended."""

from __future__ import annotations

import json
import sys
import urllib.request

import pytest
from fleet import BUCKET, FILE, KEY, PROGRAM, ROOT, UNIT, URI, Fleet

sys.path.insert(0, str(ROOT / "tests" / "tools"))

import pages

SECRET = "correct-horse-battery"
CONVERGE = "molecule/s3_config/converge.yml"
INVOCATION = "systemctl show --property=InvocationID --value ecs.service"


@pytest.fixture(scope="module")
def fleet():
    return Fleet()


@pytest.fixture(autouse=True)
def kind_again(fleet):
    """Each test begins with the good object, which ecs_config_object published, in an S3 that works."""
    yield
    fleet.no_fault()
    fleet.publish(fleet.good())


def module(fleet, *arguments: str) -> dict[str, dict]:
    """The results of ecs_config_fetch by host."""
    printed = fleet.play("ansible", "container_instances", "-m", "fleetkit.ecs.ecs_config_fetch", "-a", *arguments)
    parts = printed.split(" => ")
    hosts = [parts[0].split()[0], *(part.rpartition("}")[2].split()[0] for part in parts[1:-1])]
    return {host: json.loads(part[: part.rindex("}") + 1]) for host, part in zip(hosts, parts[1:])}


def test_a_launched_host_joins_its_cluster_by_its_user_data_alone(fleet):
    fleet.reboot(wait=False)
    fleet.wait_for_the_agent()
    assert set(fleet.said(f"cat {FILE}").values()) == {fleet.good().strip()}
    assert set(fleet.said(f"stat -c '%a %U %G' {FILE}").values()) == {"600 root root"}
    assert set(fleet.said(f"systemctl is-enabled {UNIT} ecs.service").values()) == {"enabled\nenabled"}


def test_then_ansible_has_nothing_to_change_and_asks_once_on_each_host(fleet):
    fleet.statuses()
    results = module(fleet, f"s3_uri={URI} region={fleet.facts['region']} endpoint_url={fleet.s3.meta.endpoint_url}")
    assert {host: (result["changed"], result["file_changed"]) for host, result in results.items()} == dict.fromkeys(
        fleet.hosts, (False, False)
    )
    assert fleet.statuses() == [304] * len(fleet.hosts)


def test_it_goes_without_touching_the_agent_and_comes_back_as_check_mode_foresaw(fleet):
    before = fleet.said(INVOCATION)
    results = module(fleet, "state=absent")
    assert all(result["changed"] and not result["file_changed"] for result in results.values())
    assert set(fleet.said(f"ls {PROGRAM} /etc/systemd/system/{UNIT} | wc -l").values()) == {"0"}
    assert fleet.said(INVOCATION) == before
    fleet.play(sys.executable, "tests/tools/thrice.py", CONVERGE)
    assert set(fleet.said(f"systemctl is-enabled {UNIT}").values()) == {"enabled"}
    assert fleet.said(INVOCATION) == before


def test_a_changed_object_is_shown_by_key_and_restarts_the_agent_once(fleet):
    fleet.publish(fleet.good(ECS_LOGLEVEL="debug", ECS_ENGINE_AUTH_DATA=f'{{"r":{{"password":"{SECRET}"}}}}'))
    before = fleet.said(INVOCATION)
    shown = fleet.play("ansible-playbook", CONVERGE, "--check", "--diff")
    assert shown.count("+ECS_LOGLEVEL=debug") == len(fleet.hosts)
    assert shown.count("+ECS_ENGINE_AUTH_DATA=********") == len(fleet.hosts)
    assert fleet.said(INVOCATION) == before
    done = fleet.play("ansible-playbook", CONVERGE, "--diff", "-vvv")
    assert SECRET not in shown + done
    after = fleet.said(INVOCATION)
    assert not set(after.values()) & set(before.values())
    fleet.statuses()
    fleet.play("ansible-playbook", CONVERGE)
    assert fleet.said(INVOCATION) == after
    assert fleet.statuses() == [304] * len(fleet.hosts)


def test_nothing_bad_takes_the_files_place(fleet):
    """At the hand of the program itself, as at boot. The last good file stays, and the agent could start."""
    good = fleet.good()
    assert {run.returncode for run in fleet.on_all(PROGRAM).values()} == {0}
    bad = {
        "half-written": (
            lambda: fleet.publish(good[:40], digest_of=good),
            "its SHA-256 is not the one in its metadata",
        ),
        "oversized": (lambda: fleet.publish("# " + "x" * 70_000), "and an ecs.config of more than 65536 is not taken"),
        "no config": (lambda: fleet.publish("<html>\n"), "line 1 is not NAME=value"),
        "a wrong value": (lambda: fleet.publish(f"{good}ECS_AWSVPC_BLOCK_IMDS=yes\n"), "to what is not true or false"),
        "another cluster": (lambda: fleet.publish(fleet.good(ECS_CLUSTER="other")), "the agent would exit for good"),
        "no cluster": (lambda: fleet.publish("ECS_LOGLEVEL=info\n"), "the agent would join the one named default"),
        "missing": (fleet.unpublish, "or there is no such key"),
        "cut off": (lambda: fleet.fault("cut"), "stays as it is"),
        "forbidden": (lambda: fleet.fault("denied"), "the host's role may not read it"),
    }
    for name, (make, said) in bad.items():
        fleet.no_fault()
        make()
        runs = fleet.on_all(f"timeout 60 {PROGRAM}")
        told = {host: (run.returncode, said in run.stdout, run.stdout, run.stderr) for host, run in runs.items()}
        assert all(code == 0 and heard for code, heard, *_more in told.values()), (name, told)
        assert set(fleet.said(f"cat {FILE}").values()) == {good.strip()}, name


def test_the_least_privilege_of_a_host_reads_this_object_and_no_other(fleet):
    fleet.s3.put_object(Bucket=BUCKET, Key="other.config", Body=b"ECS_CLUSTER=other\n")
    get = f"aws s3api get-object --bucket {BUCKET} --region us-west-2 --endpoint-url"
    get = f"AWS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt {get}"
    runs = fleet.on_all(f"{get} {fleet.s3.meta.endpoint_url} --key other.config /dev/null")
    assert all("AccessDenied" in run.stderr for run in runs.values()), runs
    runs = fleet.on_all(f"{get} {fleet.endpoint} --key {KEY} /dev/null")
    assert all("AccessDenied" in run.stderr for run in runs.values()), "without TLS"
    runs = fleet.on_all(f"{get} {fleet.s3.meta.endpoint_url} --key {KEY} /dev/null")
    assert all(run.returncode == 0 for run in runs.values()), runs


def test_what_the_page_says_to_type_on_a_host_works(fleet):
    for command in pages.commands(pages.section("s3_config.md", "On the host")):
        runs = fleet.on_all(command)
        assert all(run.returncode == 0 for run in runs.values()), (command, runs)


def test_s3_is_down_at_boot_and_the_agent_starts_with_the_last_good_file(fleet):
    fleet.publish(fleet.good(ECS_LOGLEVEL="crit"))
    fleet.fault("unavailable")
    fleet.reboot(wait=False)
    fleet.wait_for_the_agent()
    assert set(fleet.said(f"cat {FILE}").values()) == {fleet.good().strip()}
    journal = fleet.said(f"journalctl --boot --unit={UNIT} --output=cat --no-pager")
    assert all(f"{FILE} stays as it is: S3 does not work" in text for text in journal.values()), journal


def test_s3_is_down_at_boot_and_without_a_file_the_agent_waits_for_it(fleet):
    fleet.on_all(f"rm {FILE}")
    fleet.fault("unavailable")
    fleet.reboot(wait=False)
    fleet.wait_for(f"systemctl is-active {UNIT} ecs.service | tr '\\n' ' '", "activating inactive")
    fleet.wait_for(f"journalctl --boot --unit={UNIT} | grep -c 'trying again' | sed 's/[1-9].*/some/'", "some")
    assert set(fleet.said("systemctl is-active ecs.service; docker ps -q --filter name=ecs-agent").values()) == {
        "inactive"
    }
    fleet.no_fault()
    fleet.wait_for_the_agent()


def test_without_a_file_and_a_permission_the_agent_does_not_start_on_the_default_cluster(fleet):
    fleet.on_all(f"systemctl stop ecs.service {UNIT}; rm {FILE}")
    fleet.fault("denied")
    assert all(run.returncode != 0 for run in fleet.on_all("systemctl start ecs.service").values())
    assert set(fleet.said(f"systemctl is-active {UNIT} ecs.service | tr '\\n' ' '").values()) == {"failed inactive"}
    fleet.no_fault()
    assert all(run.returncode == 0 for run in fleet.on_all("systemctl start ecs.service").values())
    fleet.wait_for_the_agent()


def test_the_unit_takes_less_than_two_seconds_of_a_boot_when_s3_answers(fleet, capsys):
    """By systemd's clock, the best of some starts, as this machine does other work, too. The floor is printed
    beside it: one bare run of the AWS CLI for the same object.
    """
    fleet.on_all(f"systemctl stop ecs.service {UNIT}")
    took = {name: (fleet.seconds_of_the_unit(name), fleet.seconds_of_the_cli(name)) for name in fleet.hosts}
    with capsys.disabled():
        for name, (unit, cli) in took.items():
            print(f"\n{name}: the unit {unit:.2f} s, a bare run of the AWS CLI {cli:.2f} s", end="")
    assert all(0 < unit < 2 for unit, _cli in took.values()), took
    fleet.on_all("systemctl start ecs.service")
    fleet.wait_for_the_agent()


def test_the_controller_may_fetch_instead_and_nothing_is_left_to_fetch_at_boot(fleet, tmp_path):
    with urllib.request.urlopen(f"{fleet.endpoint}/_lab/certificate") as answer:
        (tmp_path / "lab.pem").write_bytes(answer.read())
    environment = {"AWS_ENDPOINT_URL": fleet.s3.meta.endpoint_url, "AWS_CA_BUNDLE": str(tmp_path / "lab.pem")}
    fleet.publish(fleet.good(ECS_LOGLEVEL="warn"))
    fleet.play("ansible-playbook", CONVERGE, "-e", "agent_config_s3_fetch_from=controller", environment=environment)
    assert set(fleet.said(f"grep -c ECS_LOGLEVEL=warn {FILE}; systemctl is-active ecs.service").values()) == {
        "1\nactive"
    }
    assert set(fleet.said(f"ls {PROGRAM} /etc/systemd/system/{UNIT} | wc -l").values()) == {"0"}
