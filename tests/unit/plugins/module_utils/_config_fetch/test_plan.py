# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent import model as agent_model
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import Attributes, ConfigFile, OtherFile
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch import persist, program
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.model import Host, Source, Wanted
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.parse import source, wanted
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.plan import plan_fetch
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal

PATH = "/etc/ecs/ecs.config"
RIGHT, LOOSE = Attributes(0o600, 0, 0), Attributes(0o644, 0, 0)
SOURCE = Source("fleet-config", "ecs.config", "us-west-2")
FROM_S3 = Wanted(SOURCE)
TEXT = "ECS_CLUSTER=production\nECS_LOGLEVEL=info\n"
SECRET = 'ECS_ENGINE_AUTH_DATA={"r":{"password":"correct-horse"}}\n'


def given(text: str) -> program.Object:
    return program.Object(text.encode(), '"e1"', vouched=True)


def plan(text=TEXT, new=None, wanted=FROM_S3, files=None, enabled=True, attributes=RIGHT, move=False, **host):
    """The host has everything of ours, and S3 gave C(new); None is its answer that nothing is new."""
    file = ConfigFile(PATH, text, None if text is None else attributes)
    agent = agent_model.Host(file, host.pop("other", None), (1, 105, 1), host.pop("saved_cluster", None))
    there = persist.files(SOURCE) if files is None else files
    found = given(new) if new is not None else None
    return plan_fetch(Host(agent, there, enabled, found, **host), wanted, RIGHT, move)


def changes(planned):
    return [(change.action, change.kind, change.name) for change in planned.changes]


OURS = [("program", persist.PROGRAM), ("settings", persist.SETTINGS), ("unit", persist.UNIT_PATH)]


def test_an_object_that_is_in_force_changes_nothing():
    planned = plan()
    assert planned.changes == ()
    assert planned.before == planned.after
    assert planned.result == {
        "file": PATH,
        "file_changed": False,
        "variables": {"ECS_CLUSTER": "production", "ECS_LOGLEVEL": "info"},
    }


def test_a_host_that_has_nothing_gets_the_file_and_what_fetches_it_at_boot():
    planned = plan(text=None, new=TEXT, files={}, enabled=False)
    assert changes(planned) == [
        *(("create", kind, path) for kind, path in OURS),
        ("create", "agent_variable", "ECS_CLUSTER"),
        ("create", "agent_variable", "ECS_LOGLEVEL"),
    ]
    assert planned.text == TEXT
    assert planned.remember == (SOURCE, given(TEXT))
    assert planned.result["file_changed"]


def test_a_drift_is_shown_by_key():
    planned = plan(new="ECS_CLUSTER=production\nECS_LOGLEVEL=debug\nECS_DISABLE_METRICS=true\n")
    assert changes(planned) == [
        ("create", "agent_variable", "ECS_DISABLE_METRICS"),
        ("update", "agent_variable", "ECS_LOGLEVEL"),
    ]
    assert [(change.before, change.after) for change in planned.changes] == [(None, "true"), ("info", "debug")]


def test_a_line_that_the_object_does_not_have_goes():
    assert changes(plan(new="ECS_CLUSTER=production\n")) == [("delete", "agent_variable", "ECS_LOGLEVEL")]


def test_a_difference_in_no_variable_is_one_of_the_text():
    assert changes(plan(new=f"# by hand\n{TEXT}")) == [("update", "text", PATH)]


def test_a_secret_is_never_shown():
    planned = plan(text=TEXT + SECRET.replace("correct", "former"), new=TEXT + SECRET)
    assert changes(planned) == [("update", "agent_variable", "ECS_ENGINE_AUTH_DATA")]
    assert "horse" not in repr(planned)
    assert "(changed)" in planned.after


def test_a_unit_that_somebody_disabled_is_enabled():
    assert changes(plan(enabled=False)) == [("update", "unit", persist.UNIT_PATH)]


def test_another_bucket_changes_the_settings_and_not_the_file():
    planned = plan(new=TEXT, wanted=Wanted(Source("other-bucket", "ecs.config", "us-west-2")))
    assert changes(planned) == [("update", "settings", persist.SETTINGS)]
    assert not planned.result["file_changed"]
    assert '"bucket": "other-bucket"' in planned.after


def test_a_file_that_others_can_read_is_mended():
    assert changes(plan(attributes=LOOSE)) == [("update", "file_attributes", PATH)]


def test_what_fetches_goes_and_the_file_stays():
    planned = plan(wanted=Wanted())
    assert changes(planned) == [("delete", kind, path) for kind, path in OURS]
    assert planned.text == TEXT
    assert planned.files == dict.fromkeys(persist.PATHS)


def test_a_content_of_the_controllers_ends_the_fetch_at_boot():
    planned = plan(new="ECS_CLUSTER=production\n", wanted=Wanted(content="ECS_CLUSTER=production\n"))
    assert changes(planned) == [
        *(("delete", kind, path) for kind, path in OURS),
        ("delete", "agent_variable", "ECS_LOGLEVEL"),
    ]
    assert planned.remember is None


def test_a_bad_object_is_refused_with_everything_that_is_wrong_with_it():
    with pytest.raises(
        Refusal, match="line 1 is not NAME=value; line 2 sets ECS_LOGLEVEL to what is not one of"
    ) as said:
        plan(new="cluster\nECS_LOGLEVEL=loud\n")
    assert "s3://fleet-config/ecs.config" in str(said.value)
    assert "Nothing was changed" in str(said.value)


def test_the_cluster_may_be_the_hosts_own():
    other = OtherFile("/var/lib/ecs/ecs.config", "ECS_CLUSTER=ours\n")
    assert plan(new="ECS_LOGLEVEL=info\n", other=other).changes
    with pytest.raises(Refusal, match="the agent would join the one named default"):
        plan(new="ECS_LOGLEVEL=info\n")


def test_another_cluster_is_refused_or_moved_to():
    new = TEXT.replace("production", "staging")
    with pytest.raises(Refusal, match="move_cluster: true"):
        plan(new=new, saved_cluster="production")
    planned = plan(new=new, saved_cluster="production", move=True)
    assert [(change.action, change.kind) for change in planned.changes] == [
        ("delete", "agent_state"),
        ("update", "agent_variable"),
        ("update", "service"),
    ]


def test_without_an_aws_cli_check_mode_foresees_one_change_and_says_what_it_does_not_know():
    planned = plan(text=None, files={}, enabled=False, unknown=True)
    assert changes(planned) == [*(("create", kind, path) for kind, path in OURS), ("create", "text", PATH)]
    assert "There is no AWS CLI on this host yet" in planned.warnings[0]


def test_what_a_variable_needs_is_said_in_every_run():
    old = plan(text="ECS_CLUSTER=a\nECS_FSX_WINDOWS_FILE_SERVER_SUPPORTED=true\n")
    assert any("Linux" in warning for warning in old.warnings)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("https://fleet-config.s3.amazonaws.com/ecs.config", "such as s3://my-bucket/ecs.config"),
        ("s3://fleet-config", "such as s3://my-bucket/ecs.config"),
        ("s3://fleet-config/", "such as s3://my-bucket/ecs.config"),
        ("s3://fleet-config/folder/", "such as s3://my-bucket/ecs.config"),
        ("s3://Fleet_Config/ecs.config", "such as s3://my-bucket/ecs.config"),
        ("s3://fleet-config/a\nb", "no control characters"),
        (f"s3://fleet-config/{'k' * 1025}", "at most 1,024 bytes"),
    ],
)
def test_what_is_no_object_is_refused(uri, said):
    with pytest.raises(Refusal, match="s3_uri") as refusal:
        source(uri, "us-west-2")
    assert said in str(refusal.value)


@pytest.mark.parametrize("region", [None, "", "us-west", "Oregon"])
def test_a_region_is_needed(region):
    with pytest.raises(Refusal, match="write that of the bucket, such as us-west-2"):
        source("s3://fleet-config/ecs.config", region)


def test_only_an_external_instance_has_a_profile():
    with pytest.raises(Refusal, match="only an external instance"):
        source("s3://fleet-config/ecs.config", "us-west-2", profile="ecs")


def test_the_parameters_of_a_task_are_a_source_a_content_or_nothing():
    task = {"state": "present", "s3_uri": "s3://b-1/k/ey", "region": "eu-central-1", "endpoint_url": None}
    task |= {"external": True, "profile": None, "content": None}
    assert wanted(task) == Wanted(Source("b-1", "k/ey", "eu-central-1", external=True))
    assert wanted({**task, "s3_uri": None, "content": "x"}) == Wanted(content="x")
    assert wanted({**task, "state": "absent"}) == Wanted()
