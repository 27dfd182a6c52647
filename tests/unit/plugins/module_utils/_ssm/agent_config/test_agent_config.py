# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import stat

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.apply import Writer
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.drop_in import environment, text_of
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.model import CONFIG, Found, Request
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.plan import plan_config
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.read import read_config
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.registration.read import Places

UNIT = "amazon-ssm-agent.service"
DROP_IN = f"/etc/systemd/system/{UNIT}.d/fleetkit-ecs-proxy.conf"
PROXY = {"https_proxy": "http://user:pass%word@proxy:3128", "no_proxy": "169.254.169.254", "http_proxy": ""}


def plan(text=None, settings=None, proxy=None, drop_in=None):
    return plan_config(Found(text, UNIT, drop_in), Request(settings or {}, proxy))


def changes(planned):
    return [f"{change.action} {change.kind} {change.name}" for change in planned.changes]


CASES = {
    "nothing asked, nothing there": (None, {}, [], None),
    "a first setting": (None, {"Ssm": {"Endpoint": "u"}}, ["create setting Ssm.Endpoint"], {"Ssm": {"Endpoint": "u"}}),
    "it is there": ('{"Ssm":{"Endpoint":"u"}}', {"Ssm": {"Endpoint": "u"}}, [], {"Ssm": {"Endpoint": "u"}}),
    "another value": (
        '{"Ssm": {"Endpoint": "o", "Z": 1}}', {"Ssm": {"Endpoint": "u"}},
        ["update setting Ssm.Endpoint"], {"Ssm": {"Endpoint": "u", "Z": 1}},
    ),
    "what is not named stays": (
        '{"Agent": {"Region": "r"}}', {"Ssm": {"Endpoint": "u"}},
        ["create setting Ssm.Endpoint"], {"Agent": {"Region": "r"}, "Ssm": {"Endpoint": "u"}},
    ),
    "what must not be there goes, with its section": (
        '{"Agent": {}, "Ssm": {"Endpoint": "u"}}', {"Ssm": {"Endpoint": None}},
        ["delete setting Ssm.Endpoint"], {"Agent": {}},
    ),
    "what must not be there and is not": (
        '{"Ssm": {}}', {"Ssm": {"Endpoint": None}, "Mds": {"E": None}}, [], {"Ssm": {}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_settings_are_merged(case):
    text, settings, expected, after = CASES[case]
    planned = plan(text, settings)
    assert changes(planned) == expected
    assert json.loads(planned.text or "{}") == (after or {})
    assert expected or planned.text == text


@pytest.mark.parametrize("text", ["{", "[]", '{"Ssm": "u"}'])
def test_a_file_that_the_agent_would_ignore_is_refused(text):
    with pytest.raises(Refusal, match="would ignore all of it"):
        plan(text, {"Ssm": {"Endpoint": "u"}})


def test_a_proxy_comes_changes_and_goes_and_its_password_is_not_shown():
    first = plan(proxy=PROXY)
    assert changes(first) == [f"create proxy {DROP_IN}"]
    assert "pass" not in str(first.diff())
    assert "169.254.169.254" in str(first.diff())
    assert changes(plan(proxy=PROXY, drop_in=first.drop_in)) == []
    assert changes(plan(proxy={"https_proxy": "http://p"}, drop_in=first.drop_in)) == [f"update proxy {DROP_IN}"]
    assert changes(plan(proxy={}, drop_in=first.drop_in)) == [f"delete proxy {DROP_IN}"]
    assert changes(plan(proxy=None, drop_in=first.drop_in)) == []


@pytest.mark.parametrize("value", ["http://u:p@h:1", "http://u:a%40\\b%22@h", 'http://u:"q"@h', "a b"])
def test_what_the_drop_in_says_is_read_back_as_it_was(value):
    assert environment(text_of({"no_proxy": value})) == {"no_proxy": value}


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"settings": {"ssm": {"Endpoint": "u"}}}, "no section 'ssm'"),
        ({"settings": {"Ssm": "u"}}, "is a map of settings"),
        ({"settings": {"Ssm": {"Endpoint": {}}}}, "is a map; the agent has none"),
        ({"proxy": {"https_proxy": "proxy:3128"}}, "https_proxy is a URL"),
        ({"proxy": {"no_proxy": "a\nb"}}, "line break"),
    ],
)
def test_what_cannot_be_right_is_refused(params, said):
    with pytest.raises(Refusal) as refused:
        parse.request({"settings": {}, "proxy": None, **params})
    assert said in str(refused.value)


def test_credentials_that_are_not_shared_are_warned_of():
    assert "ShareCreds" in plan('{"Profile": {"ShareCreds": false}}').warnings[0]


def test_files_are_written_with_their_modes_and_systemd_is_told(tmp_path):
    commands = []

    class Module:
        def run_command(self, command):
            commands.append(" ".join(command))
            return 0, "", ""

    places, module = Places(tmp_path), Module()
    request = Request({"Ssm": {"Endpoint": "u"}}, PROXY)
    assert len([*Writer(module, places).apply(plan_config(read_config(places), request))]) == 2
    config, drop_in = tmp_path / CONFIG.lstrip("/"), tmp_path / DROP_IN.lstrip("/")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (config, drop_in)] == [0o644, 0o600]
    assert commands == ["systemctl daemon-reload"]
    assert plan_config(read_config(places), request).changes == ()
    config.chmod(0o640)
    assert [*Writer(module, places).apply(plan_config(read_config(places), Request({"Ssm": {"Endpoint": "v"}}, {})))]
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert not drop_in.exists()
