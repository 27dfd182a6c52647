# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.validate import nanoseconds, validated
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.variables import VARIABLES
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal

BOOL = "ECS_DISABLE_METRICS"
DURATION = "ECS_IMAGE_PULL_TIMEOUT"
PASSWORD = "correct-horse-battery"


def refusal(variables):
    with pytest.raises(Refusal) as caught:
        validated(variables)
    return str(caught.value)


WRITTEN = [
    *[(BOOL, value, "true") for value in (True, 1, "1", "t", "T", "TRUE", "true", "True")],
    *[(BOOL, value, "false") for value in (False, 0, "0", "f", "F", "FALSE", "false", "False")],
    ("ECS_AGENT_RUN_PRIVILEGED", "True", "true"),
    *[(DURATION, value, value) for value in ("10m", "1h30m", "500ms", "1.5h", "1m0.5s", ".5s", "3us", "3µs", "9ns")],
    ("ECS_IMAGE_CLEANUP_INTERVAL", "10m", "10m"),
    ("ECS_IMAGE_CLEANUP_INTERVAL", "600s", "600s"),
    ("ECS_CGROUP_CPU_PERIOD", "100ms", "100ms"),
    ("ECS_CGROUP_CPU_PERIOD", "0.1s", "0.1s"),
    ("ECS_RESERVED_MEMORY", 0, "0"),
    ("ECS_RESERVED_MEMORY", 65535, "65535"),
    ("ECS_RESERVED_MEMORY", "0256", "256"),
    ("ECS_LOG_MAX_FILE_SIZE_MB", 5, "5"),
    ("ECS_LOG_MAX_FILE_SIZE_MB", 0.5, "0.5"),
    ("ECS_LOG_MAX_FILE_SIZE_MB", "2.5", "2.5"),
    ("ECS_INSTANCE_ATTRIBUTES", {"b": "2", "a": "x y"}, '{"a":"x y","b":"2"}'),
    ("ECS_INSTANCE_ATTRIBUTES", '{ "b": "2",\n  "a": "x y" }\n', '{"a":"x y","b":"2"}'),
    ("ECS_INSTANCE_ATTRIBUTES", {"a-b_./C": "d:e@f"}, '{"a-b_./C":"d:e@f"}'),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"stadt": "Köln"}, '{"stadt":"Köln"}'),
    ("ECS_INSTANCE_ATTRIBUTES", {}, "{}"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"k" * 128: "v" * 256}, json.dumps({"k" * 128: "v" * 256}, separators=(",", ":"))),
    (
        "ECS_ENGINE_AUTH_DATA",
        {"https://r": {"username": "u", "email": None}},
        '{"https://r":{"email":null,"username":"u"}}',
    ),
    ("ECS_RESERVED_PORTS", [22, 65535, 0], "[22,65535,0]"),
    ("ECS_RESERVED_PORTS", "[22, 2375]", "[22,2375]"),
    ("ECS_RESERVED_PORTS", [], "[]"),
    ("ECS_AVAILABLE_LOGGING_DRIVERS", ["awslogs", "none"], '["awslogs","none"]'),
    ("ECS_VOLUME_PLUGIN_CAPABILITIES", ["efsAuth"], '["efsAuth"]'),
    ("ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES", ["10.0.0.1/16", "fd00::/8"], '["10.0.0.1/16","fd00::/8"]'),
    ("ECS_LOGLEVEL", "DEBUG", "debug"),
    ("ECS_INSTANCE_IP_COMPATIBILITY", "IPv6", "ipv6"),
    ("ECS_IMAGE_PULL_BEHAVIOR", "prefer-cached", "prefer-cached"),
    ("ECS_CLUSTER", "my cluster=odd #1", "my cluster=odd #1"),
    ("ECS_DATADIR", "/data/", "/data/"),
    ("ECS_DYNAMIC_HOST_PORT_RANGE", 40000, "40000"),
    ("ECS_DYNAMIC_HOST_PORT_RANGE", "40000-50000", "40000-50000"),
    ("ECS_DYNAMIC_HOST_PORT_RANGE", "40000-40000", "40000-40000"),
    ("ECS_TASK_METADATA_RPS_LIMIT", "40,60", "40,60"),
    ("ECS_EXCLUDE_UNTRACKED_IMAGE", "a:1,r.example/b:2", "a:1,r.example/b:2"),
    ("CREDENTIALS_FETCHER_HOST", "unix:///run/cf.sock", "unix:///run/cf.sock"),
    ("HTTP_PROXY", "http://user:pw@proxy:3128", "http://user:pw@proxy:3128"),
]


@pytest.mark.parametrize(("name", "value", "text"), WRITTEN, ids=[f"{n}={v!r}"[:60] for n, v, _text in WRITTEN])
def test_a_right_value_is_written_in_one_canonical_form(name, value, text):
    assert validated({name: value}) == {name: text}


@pytest.mark.parametrize("value", [None, ""], ids=["null", "empty"])
@pytest.mark.parametrize("name", [BOOL, DURATION, "ECS_CLUSTER", "ECS_ENGINE_AUTH_DATA", "ECS_RESERVED_PORTS"])
def test_a_variable_without_a_value_must_not_be_in_the_file(name, value):
    assert validated({name: value}) == {name: None}


REFUSED = [
    (BOOL, "yes", "'yes' is no boolean to the agent; use true"),
    (BOOL, "On", "'On' is no boolean to the agent; use true"),
    (BOOL, "no", "use false"),
    (BOOL, "tRUE", "use true"),
    (BOOL, 2, "2 is no boolean to the agent; use true or false"),
    (BOOL, 1.0, "1.0 is no boolean"),
    (BOOL, ["true"], "is no boolean"),
    (BOOL, "yes", "logged as a warning, then the default applies"),
    (DURATION, 600, "600 has no unit; write 600s or 10m"),
    (DURATION, "90", "'90' has no unit; write 90s;"),
    (DURATION, 1.5, "1.5 has no unit; write 1.5s"),
    (DURATION, "0", "'0' is not above zero"),
    (DURATION, 0, "0 is not above zero"),
    (DURATION, "0h0.0s", "is not above zero"),
    (DURATION, "-5m", "is not above zero"),
    (DURATION, -5, "is not above zero"),
    (DURATION, True, "true is not a duration"),
    (DURATION, "10 m", "is not a duration"),
    (DURATION, "1d", "is not a duration"),
    (DURATION, "10M", "is not a duration"),
    (DURATION, "h", "is not a duration"),
    (DURATION, "99999999h", "is not a duration"),
    (DURATION, {"minutes": 1}, "is not a duration"),
    (
        "ECS_IMAGE_CLEANUP_INTERVAL",
        "9m59s",
        "is too short; write 10m or more; what the agent does with a wrong value: below 10m",
    ),
    ("ECS_CONTAINER_CREATE_TIMEOUT", "59.9s", "is too short; write 1m or more"),
    ("ECS_CGROUP_CPU_PERIOD", "101ms", "is too long; write 100ms or less"),
    ("ECS_POLLING_METRICS_WAIT_DURATION", "4s", "is too short; write 5s or more"),
    (
        "ECS_RESERVED_MEMORY",
        65536,
        "65536 is too large; write 65535 or less; what the agent does with a wrong value: warning and 0",
    ),
    ("ECS_RESERVED_MEMORY", -1, "-1 is too small; write 0 or more"),
    ("ECS_RESERVED_MEMORY", True, "is not a whole number"),
    ("ECS_RESERVED_MEMORY", 1.5, "is not a whole number"),
    ("ECS_RESERVED_MEMORY", "256MiB", "is not a whole number"),
    ("ECS_RESERVED_MEMORY", "٣", "is not a whole number"),
    ("ECS_NUM_IMAGES_DELETE_PER_CYCLE", 0, "write 1 or more"),
    ("ECS_TASK_PIDS_LIMIT", 4194305, "write 4194304 or less"),
    ("ECS_LOG_MAX_FILE_SIZE_MB", 0, "is not a number above 0"),
    ("ECS_LOG_MAX_FILE_SIZE_MB", "5MB", "is not a number above 0"),
    ("ECS_LOG_MAX_FILE_SIZE_MB", True, "is not a number above 0"),
    (
        "ECS_INSTANCE_ATTRIBUTES",
        '{"a": "b",}',
        "is not JSON (",
    ),
    ("ECS_INSTANCE_ATTRIBUTES", '{"a":"b"} {}', "Extra data: line 1 column 11"),
    ("ECS_INSTANCE_ATTRIBUTES", '["a"]', "is not a JSON object"),
    ("ECS_INSTANCE_ATTRIBUTES", ["a"], "is not a JSON object; write a mapping"),
    ("ECS_INSTANCE_ATTRIBUTES", {"rack": 7}, "has a value for 'rack' that is not a string; quote it"),
    ("ECS_INSTANCE_ATTRIBUTES", {"gpu": True}, "has a value for 'gpu' that is not a string; quote it"),
    ("ECS_INSTANCE_ATTRIBUTES", {"a": {"b": "c"}}, "has a value for 'a' that is not a string"),
    ("ECS_INSTANCE_ATTRIBUTES", {"a b": "c"}, "has the attribute 'a b': a name has 1 to 128 letters"),
    ("ECS_INSTANCE_ATTRIBUTES", {"stadt": "Köln"}, "has the attribute 'stadt': a value has at most 128 letters"),
    ("ECS_INSTANCE_ATTRIBUTES", {"a": "b "}, "no space at an end; what the agent does with a wrong value: bad JSON"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"a": 'say "x"'}, "needs a backslash"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"a": "line\nbreak"}, "needs a backslash"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"k" * 129: "v"}, "has a key of more than 128 characters"),
    ("ECS_CONTAINER_INSTANCE_TAGS", {"k": "v" * 257}, "has a value for 'k' of more than 256 characters"),
    ("ECS_ENGINE_AUTH_DATA", '{"a": NaN}', "NaN is not in JSON"),
    ("ECS_RESERVED_PORTS", {"a": 1}, "is not a JSON array; write a list"),
    ("ECS_RESERVED_PORTS", "22,80", "is not JSON"),
    ("ECS_RESERVED_PORTS", [65536], "has the item 65536, which is not a port from 0 to 65535"),
    ("ECS_RESERVED_PORTS", ["22"], "has the item '22', which is not a port from 0 to 65535, unquoted"),
    ("ECS_RESERVED_PORTS", [True], "has the item true"),
    ("ECS_AVAILABLE_LOGGING_DRIVERS", ["awslog"], "has the item 'awslog', which is not one of json-file, syslog"),
    ("ECS_AVAILABLE_LOGGING_DRIVERS", [1], "which is not a string; quote it"),
    ("ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES", ["10.0.0.0"], "which is not a network such as 10.0.0.0/16"),
    ("ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES", ["10.0.0.0/33"], "which is not a network"),
    ("ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES", ["10.0.0.0/255.0.0.0"], "which is not a network"),
    ("ECS_LOGLEVEL", "verbose", "is not one of debug, info, warn, error, crit, none"),
    ("ECS_IMAGE_PULL_BEHAVIOR", "Always", "is not one of default, always, once, prefer-cached"),
    ("ECS_IMAGE_PULL_BEHAVIOR", ["always"], "is not one of"),
    ("ECS_CLUSTER", 12, "12 is not a string; quote it"),
    ("ECS_CLUSTER", True, "true is not a string; quote it"),
    ("ECS_CLUSTER", "a\nECS_EXTERNAL=true", "has a line break"),
    ("ECS_CLUSTER", "a\0b", "has a line break or another control character"),
    ("ECS_CLUSTER", "a\tb", "has a line break or another control character"),
    ("ECS_CLUSTER", " a", "has spaces at an end"),
    ("ECS_CLUSTER", "a ", "has spaces at an end"),
    ("ECS_CLUSTER", '"a"', "starts with a quote, which ecs-init would keep and systemd drop"),
    ("ECS_CLUSTER", "'a'", "starts with a quote"),
    ("ECS_CLUSTER", "a\\b", "needs a backslash"),
    (BOOL, "true ", "has spaces at an end"),
    (BOOL, '"true"', "starts with a quote"),
    ("ECS_DATADIR", "data", "is not an absolute path"),
    ("ECS_DYNAMIC_HOST_PORT_RANGE", "50000-40000", "is not a range from a lower to a higher port"),
    ("ECS_DYNAMIC_HOST_PORT_RANGE", "1-65536", "of at most 65535"),
    ("ECS_DYNAMIC_HOST_PORT_RANGE", "a-b", "is not a port or a range of ports"),
    ("ECS_TASK_METADATA_RPS_LIMIT", "40", "write two whole numbers above 0"),
    ("ECS_TASK_METADATA_RPS_LIMIT", "0,60", "write two whole numbers above 0"),
    ("ECS_EXCLUDE_UNTRACKED_IMAGE", "a:1, b:2", "write name:tag pairs"),
    ("CREDENTIALS_FETCHER_HOST", "tcp://x:1", "write a unix:// address"),
    ("ecs_cluster", "x", "'ecs_cluster' is not a variable of the agent (case matters); did you mean ECS_CLUSTER"),
    ("ECS_ENABLE_TASK_IAM_ROLES", True, "did you mean ECS_ENABLE_TASK_IAM_ROLE"),
    ("ECS_CLUSTER ", "x", "'ECS_CLUSTER ' is not a variable of the agent"),
    ("FOO", "x", "see the names in Amazon's documentation"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), REFUSED, ids=[f"{n}={v!r}"[:60] for n, v, _sentence in REFUSED])
def test_a_wrong_value_is_refused_with_what_would_be_right(name, value, sentence):
    message = refusal({name: value})
    assert sentence in message
    assert name in message


UNKNOWN = {
    "text": ("x=y", "x=y"),
    "boolean": (True, "true"),
    "number": (7, "7"),
    "JSON": ({"b": [1], "a": "x"}, '{"a":"x","b":[1]}'),
    "absent": (None, None),
}


@pytest.mark.parametrize(("value", "text"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_name_that_is_not_known_is_taken_where_that_is_asked_for(value, text):
    assert validated({"ECS_NEW": value}, allow_unknown=True) == {"ECS_NEW": text}


@pytest.mark.parametrize("name", ["ecs-new", "1A", "A B", "A=B", "", "#A"])
def test_a_name_that_no_variable_has_is_refused_all_the_same(name):
    with pytest.raises(Refusal, match="is not a variable"):
        validated({name: "x"}, allow_unknown=True)


def test_the_value_of_a_name_that_is_not_known_is_refused_without_being_shown():
    with pytest.raises(Refusal) as caught:
        validated({"ECS_NEW": f"{PASSWORD}\\"}, allow_unknown=True)
    assert "ECS_NEW: its value needs a backslash" in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_all_problems_are_told_at_once():
    message = refusal({BOOL: "yes", DURATION: 600, "ECS_CLUSTR": "x", "ECS_CLUSTER": "fine"})
    assert [name in message for name in (BOOL, DURATION, "ECS_CLUSTR")] == [True, True, True]
    assert "fine" not in message


def test_a_long_value_does_not_drown_the_message():
    assert len(refusal({"ECS_RESERVED_PORTS": {str(port): port for port in range(9999)}})) < 400


SECRETS_WRONG = [
    ("ECS_ENGINE_AUTH_DATA", f'{{"r": {{"password": "{PASSWORD}"}}'),
    ("ECS_ENGINE_AUTH_DATA", PASSWORD),
    ("ECS_ENGINE_AUTH_DATA", [PASSWORD]),
    ("ECS_ENGINE_AUTH_DATA", {"r": {"password": f'{PASSWORD}"'}}),
    ("ECS_LOG_OPTS", {"splunk-token": [PASSWORD]}),
    ("HTTP_PROXY", f" http://user:{PASSWORD}@proxy"),
    ("HTTP_PROXY", [PASSWORD]),
    ("ECS_ENGINE_AUTHDATA", PASSWORD),
]


@pytest.mark.parametrize(("name", "value"), SECRETS_WRONG, ids=[f"{n}-{i}" for i, (n, _v) in enumerate(SECRETS_WRONG)])
def test_a_refused_secret_is_not_in_the_message(name, value):
    message = refusal({name: value})
    assert name in message
    assert PASSWORD not in message


DURATIONS = [("1h", 3600 * 10**9), ("1h1m1s1ms1us1ns", 3661001001001), ("1.5s", 1500000000), ("", None), ("5", None)]


@pytest.mark.parametrize(("text", "length"), DURATIONS, ids=[text or "empty" for text, _length in DURATIONS])
def test_durations_are_read_as_go_reads_them(text, length):
    assert nanoseconds(text) == length


ANY_VALUE = {
    "bool": True,
    "duration": "15s",
    "float": 5,
    "int": 5,
    "json_array": [],
    "json_object": {},
    "path": "/x",
    "port_range": 40000,
    "string": "x",
}
OWN_VALUE = {
    "ECS_CGROUP_CPU_PERIOD": "10ms",
    "CREDENTIALS_FETCHER_HOST": "unix:///x",
    "ECS_EXCLUDE_UNTRACKED_IMAGE": "x:1",
    "ECS_TASK_METADATA_RPS_LIMIT": "1,1",
}


def test_every_variable_of_the_agent_is_known_once_and_can_be_set():
    assert len(VARIABLES) == 109
    for name, variable in VARIABLES.items():
        value = OWN_VALUE.get(name) or (variable.allowed or (ANY_VALUE.get(variable.type),))[0]
        if variable.type == "duration" and variable.minimum and name not in OWN_VALUE and variable.minimum != "5s":
            value = variable.minimum
        if variable.type == "json_array":
            value = list(variable.allowed)
        assert validated({name: value})[name], name


def test_the_table_can_serve_the_version_gate():
    assert VARIABLES["ECS_ENABLE_TASK_IAM_ROLE"].since == "1.11.0"
    assert VARIABLES["ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST"].since == "1.12.0"
