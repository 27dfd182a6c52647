# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import BEGIN, END
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import (
    Attributes,
    ConfigFile,
    Host,
    OtherFile,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.plan import plan_config
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal

PATH = "/etc/ecs/ecs.config"
RIGHT = Attributes(0o600, 0, 0)
LOOSE = Attributes(0o644, 0, 0)


def block(*lines):
    return "".join(f"{line}\n" for line in (BEGIN, *lines, END))


def plan(text, desired, attributes=RIGHT, move_cluster=False, backup=False, **host):
    file = ConfigFile(PATH, text, None if text is None else attributes)
    return plan_config(Host(file, **host), desired, RIGHT, move_cluster, backup)


def changes(planned):
    return [f"{change.action} {change.kind} {change.name}" for change in planned.changes]


CREATE, UPDATE, DELETE = (f"{action} agent_variable ECS_CLUSTER" for action in ("create", "update", "delete"))
REPAIR = f"update file_attributes {PATH}"
REFORM = f"update block {PATH}"
DESIRED = {"ECS_CLUSTER": "new"}

PLANS = {
    "new file": (None, DESIRED, [CREATE]),
    "empty file": ("", DESIRED, [CREATE]),
    "right already": (block("ECS_CLUSTER=new"), DESIRED, []),
    "another value": (block("ECS_CLUSTER=old"), DESIRED, [UPDATE]),
    "adopted with another value": ("ECS_CLUSTER=old\n", DESIRED, [UPDATE]),
    "adopted with the same value": ("ECS_CLUSTER=new\n", DESIRED, [UPDATE]),
    "adopted although the block is right": ("ECS_CLUSTER=new\n" + block("ECS_CLUSTER=new"), DESIRED, [UPDATE]),
    "adopted as systemd reads it": (block("ECS_CLUSTER=new") + "ECS_CLUSTER = x\n", DESIRED, [UPDATE]),
    "in the block as systemd reads it": (block("ECS_CLUSTER =new"), DESIRED, [UPDATE]),
    "no longer declared": (block("ECS_CLUSTER=old"), {}, [DELETE]),
    "not declared and not ours": ("ECS_CLUSTER=old", {}, []),
    "declared absent and ours": (block("ECS_CLUSTER=old"), {"ECS_CLUSTER": None}, [DELETE]),
    "declared absent and not ours": ("ECS_CLUSTER=old", {"ECS_CLUSTER": None}, [DELETE]),
    "declared absent and absent": ("A=1", {"ECS_CLUSTER": None}, []),
    "declared absent and no file": (None, {"ECS_CLUSTER": None}, []),
    "nothing declared and no file": (None, {}, []),
    "a comment got into the block": (block("# note", "ECS_CLUSTER=new"), DESIRED, [REFORM]),
    "twice in the block": (block("ECS_CLUSTER=new", "ECS_CLUSTER=new"), DESIRED, [REFORM]),
    "an empty block": (block(), {}, [REFORM]),
    "a stranger got into the block": (block("X=1", "ECS_CLUSTER=new"), DESIRED, ["delete agent_variable X"]),
    "several, by name": (
        block("ECS_CLUSTER=old", "ECS_LOGLEVEL=info"),
        {"ECS_CLUSTER": "new", "DOCKER_HOST": "unix:///x"},
        ["create agent_variable DOCKER_HOST", UPDATE, "delete agent_variable ECS_LOGLEVEL"],
    ),
}


@pytest.mark.parametrize(("text", "desired", "planned"), PLANS.values(), ids=PLANS)
def test_the_plan_is_the_difference(text, desired, planned):
    assert changes(plan(text, desired)) == planned


@pytest.mark.parametrize(("text", "desired"), [case[:2] for case in PLANS.values()], ids=PLANS)
def test_a_second_run_plans_nothing(text, desired):
    first = plan(text, desired)
    if first.changes:
        assert plan(first.text, desired).changes == ()
    else:
        assert first.text == (text or "")


@pytest.mark.parametrize(
    "attributes", [LOOSE, Attributes(0o400, 0, 0), Attributes(0o600, 1, 0), Attributes(0o600, 0, 1)], ids=str
)
def test_the_wrong_mode_or_owner_of_our_file_is_repaired_before_anything_is_written(attributes):
    assert changes(plan(block("ECS_CLUSTER=new"), DESIRED, attributes)) == [REPAIR]
    assert changes(plan("", DESIRED, attributes)) == [REPAIR, CREATE]
    assert changes(plan(block("ECS_CLUSTER=new"), {}, attributes)) == [REPAIR, DELETE]


@pytest.mark.parametrize("desired", [{}, {"ECS_CLUSTER": None}], ids=["nothing", "absent"])
def test_a_file_without_anything_of_ours_keeps_its_mode_and_owner(desired):
    assert plan("A=1\n", desired, LOOSE).changes == ()


def test_the_result_has_all_variables_of_the_file_as_ecs_init_reads_them():
    planned = plan("NO_PROXY=x\nDOCKER_HOST=1\nDOCKER_HOST=2\nAWS_SECRET_ACCESS_KEY=s3cret\n", DESIRED)
    assert planned.result == {
        "file": PATH,
        "variables": {
            "NO_PROXY": "x",
            "DOCKER_HOST": "2",
            "AWS_SECRET_ACCESS_KEY": "********",
            "ECS_CLUSTER": "new",
        },
        "backup_file": None,
    }


def test_the_diff_is_of_the_file_and_shows_the_adoption():
    planned = plan("A\nECS_CLUSTER=old\nNO_PROXY=x\n", DESIRED)
    assert planned.diff() == {
        "before_header": PATH,
        "after_header": PATH,
        "before": "********\nECS_CLUSTER=old\nNO_PROXY=x\n",
        "after": "********\nNO_PROXY=x\n" + block("ECS_CLUSTER=new"),
    }


def test_the_diff_shows_a_repair_of_mode_or_owner():
    diff = plan(block("ECS_CLUSTER=new"), DESIRED, LOOSE).diff()
    assert diff["before"].splitlines()[0] == "mode 0644, uid 0, gid 0"
    assert diff["after"].splitlines()[0] == "mode 0600, uid 0, gid 0"


SECRETS = {
    "changed": (block("ECS_ENGINE_AUTH_DATA=old-s3cret"), "ECS_ENGINE_AUTH_DATA=******** (changed)"),
    "adopted and changed": ("ECS_ENGINE_AUTH_DATA=old-s3cret\n", "ECS_ENGINE_AUTH_DATA=******** (changed)"),
    "adopted": ("ECS_ENGINE_AUTH_DATA=new-s3cret\n", "ECS_ENGINE_AUTH_DATA=********"),
    "new": (None, "ECS_ENGINE_AUTH_DATA=********"),
}


@pytest.mark.parametrize(("text", "line"), SECRETS.values(), ids=SECRETS)
def test_a_secret_is_in_the_file_and_nowhere_else_in_the_plan(text, line):
    planned = plan(text, {"ECS_ENGINE_AUTH_DATA": "new-s3cret"})
    assert "ECS_ENGINE_AUTH_DATA=new-s3cret\n" in planned.text
    assert line in planned.after.splitlines()
    assert "s3cret" not in repr(planned)


def test_a_variable_that_does_nothing_here_is_warned_of_and_written():
    planned = plan("", {"ECS_FSX_WINDOWS_FILE_SERVER_SUPPORTED": "true", "ECS_DOMAIN_JOINED_LINUX_INSTANCE": None})
    assert planned.warnings == ("ECS_FSX_WINDOWS_FILE_SERVER_SUPPORTED: it does nothing on Linux.",)
    assert "ECS_FSX_WINDOWS_FILE_SERVER_SUPPORTED=true\n" in planned.text


STATE = "/var/lib/ecs/data/agent.db"
OURS = block("ECS_CLUSTER=old")
LOWER, UPPER = OtherFile("/other", "ECS_CLUSTER=old\n"), OtherFile("/other", "ECS_CLUSTER=old\n", wins=True)
STAYS = {
    "the saved cluster": (OURS, {"ECS_CLUSTER": "old"}, {"saved_cluster": "old"}),
    "no saved cluster": (OURS, DESIRED, {"saved_cluster": None}),
    "not declared and not changed": ("ECS_CLUSTER=x\n", {"ECS_LOGLEVEL": "info"}, {"saved_cluster": "old"}),
    "not said in these files": (None, {"ECS_CLUSTER": None}, {"saved_cluster": "old"}),
    "none is the default one": (OURS, {"ECS_CLUSTER": None}, {"saved_cluster": "default"}),
    "the other file still says it": (OURS, {}, {"saved_cluster": "old", "other": LOWER}),
    "the other file wins": (None, DESIRED, {"saved_cluster": "old", "other": UPPER}),
}


@pytest.mark.parametrize("move", [False, True])
@pytest.mark.parametrize(("text", "desired", "host"), STAYS.values(), ids=STAYS)
def test_a_host_that_stays_in_its_cluster_keeps_its_saved_state(text, desired, host, move):
    kinds = {change.kind for change in plan(text, desired, move_cluster=move, **host).changes}
    assert not kinds & {"agent_state", "service"}


LEAVES = {
    "declared": (OURS, DESIRED, "'new'"),
    "declared before, by hand": (block("ECS_CLUSTER=new"), DESIRED, "'new'"),
    "as an ARN": (OURS, {"ECS_CLUSTER": "arn:aws:ecs:us-west-2:123456789012:cluster/old"}, "cluster/old'"),
    "no longer declared": (OURS, {}, "'default'"),
    "declared absent": (OURS, {"ECS_CLUSTER": None}, "'default'"),
}


@pytest.mark.parametrize(("text", "desired", "cluster"), LEAVES.values(), ids=LEAVES)
def test_another_cluster_is_refused_with_the_way_out(text, desired, cluster):
    with pytest.raises(Refusal) as caught:
        plan(text, desired, saved_cluster="old")
    for part in (cluster, STATE, "the cluster 'old'", "code 5", "move_cluster: true", "ecs_container_instance"):
        assert part in str(caught.value)


@pytest.mark.parametrize(("text", "desired", "cluster"), LEAVES.values(), ids=LEAVES)
def test_a_move_removes_the_saved_state_before_it_writes_and_starts_the_agent_last(text, desired, cluster):
    planned = changes(plan(text, desired, saved_cluster="old", move_cluster=True))
    assert planned[0] == f"delete agent_state {STATE}"
    assert planned[-1] == "update service ecs.service"
    assert planned[1:-1] == changes(plan(text, desired))


def test_the_diff_of_a_move_shows_the_saved_state_that_goes():
    diff = plan(OURS, DESIRED, saved_cluster="old", move_cluster=True).diff()
    assert diff["before"].splitlines()[0] == "saved state of the cluster old"
    assert "saved state" not in diff["after"]


KEPT = f"{PATH}.fleetkit.ecs~"
BACKUPS = {
    "a changed text": ("A=1\n", DESIRED, True, KEPT),
    "not asked for": ("A=1\n", DESIRED, False, None),
    "no file": (None, DESIRED, True, None),
    "the same text": (block("ECS_CLUSTER=new"), DESIRED, True, None),
}


@pytest.mark.parametrize(("text", "desired", "backup", "path"), BACKUPS.values(), ids=BACKUPS)
def test_a_former_text_is_kept_where_there_is_one_and_it_changes(text, desired, backup, path):
    planned = plan(text, desired, backup=backup)
    assert (planned.backup, planned.result["backup_file"]) == (path, path)
    assert planned.former == text
