# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page that the role verify writes, read in a headless Chromium."""

from __future__ import annotations

import re
from pathlib import Path

import browser as browsers
import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet.checks import CHECKS, report
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet.files import files
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.fleet.model import Aws, Look
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.checks import NAMES
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.checks import RoleFacts

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "verify"
PICTURE = ROOT / "build" / "verify.png"
HOSTS, MANY, MARKUP = 80, 1000, 66
SECONDS_TO_FILTER = 1.0

WRONG = {
    "imds_guard": (
        "the rule -A DOCKER-USER -d 169.254.169.254/32 -i docker+ -j DROP is at position 2",
        "place it at position 1 with fleetkit.ecs.netfilter_rules",
    ),
    "clock": ("the clock is 412 seconds behind the controller's", "run an NTP client such as chrony"),
    "variables": (
        "ECS_LOGLEVEL is debug in ecs.config, and the agent was started with info",
        "run systemctl restart ecs",
    ),
}


def look(number):
    """Every fortieth host is unreachable, and the one before and the one after it have something wrong."""
    name = f"10.0.{number // 20}.{number % 20 + 1}"
    if number % 40 == 7:
        return Look(name, problem="Failed to connect to the host via ssh: Connection timed out", unreachable=True)
    bad = {6: ["imds_guard"], 8: ["clock", "variables"]}.get(number % 40, [])
    checks = [
        {"name": each, "status": "wrong", "found": WRONG[each][0], "remedy": WRONG[each][1]}
        if each in bad
        else {
            "name": each,
            "status": "not_applicable" if each == "ssm" else "ok",
            "found": "as it should be",
            "remedy": "",
        }
        for each in NAMES
    ]
    if number == MARKUP:
        checks[0] = {"name": "agent", "status": "wrong", "found": "<b>bold</b></script>", "remedy": "none"}
    arn = f"arn:aws:ecs:us-west-2:123456789012:container-instance/production/{number:032x}"
    return Look(name, "production", arn, f"i-{number:017x}", checks=checks)


def fleet(number):
    """The report of so many hosts, which AWS has nothing against."""
    looks = [look(each) for each in range(number)]
    profile, role = (f"arn:aws:iam::123456789012:{name}" for name in ("instance-profile/p", "role/ecsInstanceRole"))
    options = {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    instance = {"IamInstanceProfile": {"Arn": profile}, "MetadataOptions": options}
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    return report(
        looks,
        Aws(
            container_instances=[
                {"containerInstanceArn": one.container_instance_arn, "ec2InstanceId": one.instance_id,
                 "status": "ACTIVE", "agentConnected": True, "cluster": "production", "runningTasksCount": 3}
                for one in looks if one.instance_id
            ],
            ec2={one.instance_id: instance for one in looks},
            profiles={profile: role},
            roles={role: RoleFacts(arn=role, policies=(("p", everything),))},
        ),
    )  # fmt: skip


def render(found, directory):
    page = directory / "page.html"
    page.write_text(files(found, (ROLE / "files" / "report.html").read_text())[".html"])
    return page


@pytest.fixture(scope="module")
def browser():
    with browsers.launch() as running:
        yield running


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """The page of a fleet, opened."""
    path = render(fleet(HOSTS), tmp_path_factory.mktemp("page"))
    browser.open(path.as_uri())
    yield path
    assert browser.log() == []


@pytest.fixture
def fresh(browser, page):
    browser.open(page.as_uri())
    return browser


SHOWN = "[...document.querySelectorAll('tr.host')].filter((row) => !row.hidden)"


def shown(browser):
    return browser.run(f"{SHOWN}.length")


def test_it_needs_no_network(browser, page):
    assert browser.run("performance.getEntriesByType('resource').length") == 0
    assert not re.findall(r"\b(?:src|href)=|url\(|fetch\(|import\(", page.read_text())


def test_it_shows_the_counts_and_the_worst_hosts_first(fresh):
    cards = fresh.run(
        "[...document.querySelectorAll('#cards li')].map((card) => card.innerText.split(/\\s+/).join(' '))"
    )
    assert cards[:4] == ["80 hosts", "73 ok", "5 wrong", "2 unreachable"]
    order = fresh.run("[...document.querySelectorAll('td.status')].map((cell) => cell.innerText)")
    assert order == ["unreachable"] * 2 + ["wrong"] * 5 + ["ok"] * 73


def test_every_check_is_a_column(fresh):
    columns = fresh.run("[...document.querySelectorAll('#head .turned')].map((cell) => cell.textContent)")
    assert columns == ["reachable", *NAMES, *CHECKS]


def test_hosts_are_filtered_by_text_status_and_check(fresh):
    fresh.type("#text", "10.0.2.")
    assert shown(fresh) == 20
    fresh.choose("#status", "wrong")
    assert shown(fresh) == 2
    fresh.clear("#text")
    assert shown(fresh) == 5
    fresh.choose("#check", "clock")
    assert shown(fresh) == 2
    assert fresh.run("document.querySelector('#shown').textContent") == "2 of 80 hosts"


def test_a_host_opens_to_what_was_found_and_what_mends_it_by_mouse_and_keyboard(fresh):
    fresh.type("#text", "10.0.0.9")
    first = "tr.host:not([hidden]) .open"
    fresh.click(first)
    told = fresh.run("document.querySelector('tr.detail').innerText")
    assert "412 seconds behind" in told
    assert "run an NTP client such as chrony" in told
    assert fresh.run(f"document.querySelector('{first}').getAttribute('aria-expanded')") == "true"
    fresh.type(first, browsers.ENTER)
    assert fresh.run("document.querySelectorAll('tr.detail').length") == 0


def test_what_hosts_say_is_text_and_never_markup(fresh):
    fresh.type("#text", "</script>")
    fresh.click("tr.host:not([hidden]) .open")
    assert "<b>bold</b></script>" in fresh.run("document.querySelector('tr.detail').innerText")


def test_assistive_technology_is_told_names_and_states(fresh):
    assert fresh.role_and_name("#text") == ("searchbox", "Search")
    assert fresh.role_and_name("#status")[1] == "Host"
    assert fresh.role_and_name("tr.host .open") == ("button", "10.0.0.8")
    assert fresh.role_and_name("tr.host td:nth-child(3)")[1] == "reachable: wrong"
    assert fresh.run("document.documentElement.lang") == "en"
    assert fresh.run("document.querySelectorAll('th:not([scope])').length") == 0


def test_on_paper_hosts_that_are_not_ok_are_open(fresh):
    assert fresh.pdf().startswith(b"%PDF")
    assert fresh.run("document.querySelectorAll('tr.detail').length") == 7


def test_a_thousand_hosts_are_filtered_at_once(browser, tmp_path):
    browser.open(render(fleet(MANY), tmp_path).as_uri())
    assert shown(browser) == MANY
    took = browser.run("(() => { const start = performance.now(); document.querySelector('#text').value = 'clock';"
                       " filter(); document.body.offsetHeight; return performance.now() - start; })()")  # fmt: skip
    assert shown(browser) == MANY // 40
    assert took / 1000 < SECONDS_TO_FILTER


def test_a_picture_of_it_is_taken(browser, tmp_path):
    """build/verify.png is what docs/verify.md shows."""
    browser.open(render(fleet(24), tmp_path).as_uri())
    browser.click("tr.host:nth-of-type(3) .open")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(browser.screenshot())
    assert PICTURE.read_bytes().startswith(b"\x89PNG")
