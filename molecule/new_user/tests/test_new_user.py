# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody with an empty directory, the README and two hosts to log in to: each test goes on where the one before it
ended.

Nothing of the checkout is within reach: ansible-core, boto3 and the built collection are in an environment of their
own, the collections below a home directory of its own. The hosts let in the README's user, who has to use sudo. What a
reader would not have to say, because Amazon has it, is in group_vars: the lab's packages, key and endpoint.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import ansible_collections.amazon
import boto3
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("tools", "lab")]

import artifact  # noqa: E402 (the tools are not a package)
import lanes  # noqa: E402
import pages  # noqa: E402
from ecslab import settings  # noqa: E402
from table import tables  # noqa: E402

KNOWN = json.loads((ROOT / "build" / "lab" / "inventory.yml").read_text())["all"]["children"]["container_instances"]
NAMES = {variables["lab_address"]: name for name, variables in KNOWN["hosts"].items()}
APT, DNF = sorted(NAMES, key=lambda address: "trixie" not in NAMES[address])
DOWN = f"{settings.NETWORK_PREFIX}.250"
OURS = yaml.safe_load((ROOT / "molecule" / "inventory.yml").read_text())["container_instances"]["vars"]
USER = "admin"
LET_IN = f"""
useradd --create-home {USER}
echo '{USER} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{USER}
install -D --owner={USER} --mode=0600 /root/.ssh/authorized_keys /home/{USER}/.ssh/authorized_keys
"""
REVIEW, DO, VERIFY = pages.commands(pages.section("README.md", "Use"))


class Home:
    """The user's own directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inventory = yaml.safe_load(pages.files(pages.section("README.md", "Use"))["inventory.yml"])
        self.variables = {**self.inventory["container_instances"]["vars"]["agent_variables"], **OURS["agent_variables"]}

    def install(self) -> None:
        """What the README's Install gives, with its requirements; no Galaxy is needed."""
        environment = self.folder / "venv"
        uv = lanes.install_uv()
        lock = lanes.lock_of("{}.{}".format(*sys.version_info))
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
        wanted = ["--constraint", lock, "ansible-core", "boto3"]
        subprocess.run([uv, "pip", "install", "--quiet", "--python", environment, *wanted], check=True)
        collections = self.folder / ".ansible" / "collections" / "ansible_collections"
        collections.mkdir(parents=True)
        shutil.copytree(next(iter(ansible_collections.amazon.__path__)), collections / "amazon")
        built = artifact.build(self.folder)
        self.run(f"ansible-galaxy collection install --offline {built.name}")

    def declare(self, *addresses: str, **variables: object) -> None:
        """Edit the inventory: the README's hosts are these, and have these variables of the agent too."""
        self.inventory["container_instances"]["hosts"] = dict.fromkeys(addresses)
        (self.folder / "inventory.yml").write_text(yaml.safe_dump(self.inventory))
        lab = {name: value for name, value in KNOWN["vars"].items() if name.startswith("lab_")}
        own = {name: value for name, value in OURS.items() if name not in ("agent_cluster", "agent_region")}
        own["agent_variables"] = {**self.variables, **variables}
        self.write("group_vars/container_instances.yml", {**lab, **own})
        for address in addresses:
            self.write(f"host_vars/{address}.yml", KNOWN["hosts"][NAMES.get(address, NAMES[APT])])

    def write(self, name: str, content: dict) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(content))

    def run(self, command: str, code: int = 0) -> str:
        """Type a command; give what it says."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "LANG", "LC_"))}
        environment = {
            **kept,
            "HOME": str(self.folder),
            "PATH": f"{self.folder}/venv/bin:/usr/local/bin:/usr/bin:/bin",
            "ANSIBLE_PRIVATE_KEY_FILE": str(settings.SSH_KEY),
            "ANSIBLE_HOST_KEY_CHECKING": "false",
            "ANSIBLE_SSH_COMMON_ARGS": "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR",
        }
        shell = ["bash", "-euc", command]  # which says where it is by PWD
        done = subprocess.run(shell, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout[-6000:] + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def home():
    folder = ROOT / "build" / "new_user"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in NAMES.values():
        subprocess.run(["docker", "exec", name, "sh", "-euc", LET_IN], check=True)
    return Home(folder)


def subjects(table: list[str]) -> dict[str, list[str]]:
    """A table by host or AWS: the outcome, then each thing."""
    found: dict[str, list[str]] = {}
    for row in table[1:]:
        cells = re.split(r" {2,}", row.strip())
        if row[0] != " ":
            subject = cells.pop(0)
        found.setdefault(subject, []).extend(cells)
    return found


def told(output: str) -> list[dict[str, list[str]]]:
    """The tables at the ends of plays and of batches of hosts."""
    return [subjects(table) for table in tables(output)]


def test_the_readme_leads_from_nothing_to_the_report_and_its_review_foresees_all(home):
    home.install()
    home.declare(APT, DNF)

    foreseen = told(home.run(REVIEW))
    assert not boto3.client("iam").list_roles()["Roles"], "a review changes nothing in AWS"
    for name in NAMES.values():
        bare = "test ! -e /etc/ecs && test ! -e /etc/fleetkit-ecs"
        subprocess.run(["docker", "exec", name, "sh", "-c", bare], check=True)  # nor on a host

    done = told(home.run(DO))
    assert [table.keys() for table in done] == [{"AWS"}, {APT, DNF}]
    assert {words[0] for table in done for words in table.values()} == {"changed"}
    assert foreseen == [{name: ["would change", *words[1:]] for name, words in table.items()} for table in done]

    report = home.folder / "ecs-verify.html"
    assert f"2 hosts: 2 ok, 0 wrong, 0 unreachable. {report}" in home.run(VERIFY)
    page = report.read_text()
    assert APT in page and DNF in page


def test_once_more_changes_nothing(home):
    aws, hosts = told(home.run(DO))
    assert {tuple(words) for words in (*aws.values(), *hosts.values())} == {("ok", "nothing to change")}


def test_a_limit_is_all_that_is_looked_at(home):
    home.declare(APT, DNF, ECS_LOGLEVEL="warn")
    (hosts,) = told(home.run(f"{REVIEW} --limit {DNF}"))
    assert hosts.keys() == {DNF}


def test_tags_choose_what_is_done(home):
    _aws, network = told(home.run(f"{REVIEW} --tags task_network"))
    assert network[APT] == network[DNF] == ["ok", "nothing to change"]
    _aws, agent = told(home.run(f"{REVIEW} --tags agent"))
    foreseen = ["would change", "create agent variable ECS_LOGLEVEL", "restart service ecs.service"]
    assert agent[APT] == agent[DNF] == foreseen


def test_hosts_are_taken_one_at_a_time_when_asked(home):
    _aws, first, second = told(home.run(f"{DO} --extra-vars ecs_serial=1"))
    assert sorted(words[0] for words in first.values()) == ["changed", "not begun"]
    assert [words[0] for words in second.values()] == ["changed", "changed"]


def test_a_host_that_is_down_is_named_and_keeps_nobody_from_being_right(home):
    home.declare(APT, DNF, DOWN, ECS_LOGLEVEL="info")
    _aws, done = told(home.run(DO, code=4))
    assert [done[host][0] for host in (APT, DNF, DOWN)] == ["changed", "changed", "unreachable"]
    assert "3 hosts: 2 ok, 0 wrong, 1 unreachable" in home.run(VERIFY, code=2)
    assert DOWN in (home.folder / "ecs-verify.html").read_text()
