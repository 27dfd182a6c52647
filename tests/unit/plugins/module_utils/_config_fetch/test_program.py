# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program that fetches ecs.config on a host, with a double of the AWS CLI that says what the real one says."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from _agent.test_validate import REFUSED, WRITTEN

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import SIZE_LIMIT
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch import persist, program
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.model import Source
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.rules import rules
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.config_object import model as config_object

SOURCE = Source("fleet-config", "ecs.config", "us-west-2")
GOOD = b"# BEGIN fleetkit.ecs\nECS_CLUSTER=production\nECS_AWSVPC_BLOCK_IMDS=true\n# END fleetkit.ecs\n"
OLD = b"ECS_CLUSTER=production\n"
PASSWORD = "correct-horse-battery"

# The AWS CLI of a host: it answers from a file, one answer for each call, and writes down what it was asked.
CLI = """#!/usr/bin/python3 -IS
import json, os, sys
with open({calls!r}, "a") as log:
    log.write(json.dumps(dict(argv=sys.argv[1:], env=dict(os.environ))) + "\\n")
with open({answers!r}) as stream:
    answers = json.load(stream)
answer = answers[0] if len(answers) == 1 else answers.pop(0)
with open({answers!r}, "w") as stream:
    json.dump(answers, stream)
if "error" in answer:
    sys.exit("\\n" + answer["error"])
with open(sys.argv[-1], "wb") as target:
    target.write(answer["body"].encode("latin-1"))
print(json.dumps(answer["said"]))
"""


def error(code: str, text: str = "as S3 says it") -> dict:
    return {"error": f"An error occurred ({code}) when calling the GetObject operation: {text}"}


def gives(body: bytes, total: int | None = None, published: str | None = None) -> dict:
    metadata = {program.DIGEST: published} if published else {}
    said = {"ETag": '"e1"', "ContentLength": len(body), "Metadata": metadata}
    said["ContentRange"] = f"bytes 0-{len(body) - 1}/{len(body) if total is None else total}"
    return {"body": body.decode("latin-1"), "said": said}


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class Host:
    """A host's files in a directory, and its AWS CLI."""

    def __init__(self, root, monkeypatch):
        self.root, self.calls, self.answers = root, root / "calls", root / "answers"
        for name in ("SETTINGS", "RECORD", "FILE", "READ_FIRST", "STATE"):
            monkeypatch.setattr(program, name, root / getattr(program, name).name.replace("config-fetch", name))
        monkeypatch.setattr(program, "READ_FIRST", root / "read-first.config")
        monkeypatch.setattr(program, "RULES", rules())
        monkeypatch.setattr(program, "PATIENCE", 0.2)
        monkeypatch.setattr(program, "PATIENCE_WITHOUT_FILE", 0.2)
        monkeypatch.setattr(program.time, "sleep", lambda _seconds: None)
        aws = root / "aws"
        aws.write_text(CLI.format(calls=str(self.calls), answers=str(self.answers)))
        aws.chmod(0o755)
        monkeypatch.setenv("PATH", f"{root}:/usr/bin:/bin")
        program.SETTINGS.write_text(json.dumps(SOURCE.settings()))

    def boot(self, *answers: dict) -> int:
        self.answers.write_text(json.dumps(answers))
        return program.main()

    @property
    def asked(self) -> list[dict]:
        return [json.loads(line) for line in self.calls.read_text().splitlines()] if self.calls.exists() else []


@pytest.fixture
def host(tmp_path, monkeypatch):
    return Host(tmp_path, monkeypatch)


@pytest.fixture
def host_with_file(host):
    program.FILE.write_bytes(OLD)
    return host


def test_a_good_object_takes_the_files_place_and_only_root_can_read_it(host):
    assert host.boot(gives(GOOD, published=digest(GOOD))) == 0
    assert program.FILE.read_bytes() == GOOD
    assert program.FILE.stat().st_mode & 0o777 == 0o600
    assert not [path.name for path in host.root.iterdir() if path.name.startswith(".")]


def test_the_second_boot_asks_once_and_only_for_another_object(host, capsys):
    host.boot(gives(GOOD))
    before = program.FILE.stat()
    assert host.boot(error("304", "Not Modified")) == 0
    assert program.FILE.stat() == before
    assert ["--if-none-match" in " ".join(call["argv"]) for call in host.asked] == [False, True]
    assert '--if-none-match="e1"' in host.asked[-1]["argv"]
    assert "s3://fleet-config/ecs.config is in force already" in capsys.readouterr().out


def test_a_file_that_somebody_has_edited_is_brought_back(host):
    host.boot(gives(GOOD))
    program.FILE.write_bytes(OLD)
    assert host.boot(gives(GOOD)) == 0
    assert "--if-none-match" not in " ".join(host.asked[-1]["argv"])
    assert program.FILE.read_bytes() == GOOD


def test_no_more_than_the_bound_is_asked_for(host):
    host.boot(gives(GOOD))
    assert "--range=bytes=0-65536" in host.asked[0]["argv"]


BAD = {
    "half-written": (gives(GOOD[:20], published=digest(GOOD)), "its SHA-256 is not the one in its metadata"),
    "cut off on the way": (gives(GOOD[:20], total=len(GOOD)), f"20 of the {len(GOOD)} bytes"),
    "too large": (gives(b"#" * 70, total=70_000), "has 70000 bytes, and an ecs.config of more than 65536"),
    "empty": (error("InvalidRange"), "s3://fleet-config/ecs.config is empty"),
    "not text": (gives(b"ECS_CLUSTER=\xff\n"), "it is not UTF-8"),
    "a web page": (gives(b"<html>\n"), "line 1 is not NAME=value"),
    "a NUL byte": (gives(b"ECS_CLUSTER=a\0b\n"), "line 1 has a control character"),
    "export": (gives(b"export ECS_CLUSTER=a\n"), "line 1 is not NAME=value"),
    "spaces": (gives(b"ECS_CLUSTER = a\n"), "line 1 has a space at its '=' (ECS_CLUSTER)"),
    "quotes": (gives(b'ECS_CLUSTER="a"\n'), "line 1 has a quote at the start of its value or a backslash in it"),
    "a comment that hides a line": (
        gives(b"# x \\\nECS_CLUSTER=a\n"),
        "line 1 is a comment that ends with a backslash",
    ),
    "a misspelt name": (gives(b"ECS_CLUSTER=a\nECS_CLUSTR=b\n"), "line 2 sets ECS_CLUSTR, which is not a variable"),
    "a wrong value": (gives(b"ECS_CLUSTER=a\nECS_AWSVPC_BLOCK_IMDS=yes\n"), "to what is not true or false"),
    "JSON that the agent exits for": (gives(b"ECS_CLUSTER=a\nECS_INSTANCE_ATTRIBUTES={\n"), "to what is not JSON"),
    "no cluster": (gives(b"ECS_AWSVPC_BLOCK_IMDS=true\n"), "the agent would join the one named default"),
    "forbidden": (error("AccessDenied"), "the host's role may not read it"),
    "forbidden, so perhaps missing": (error("403", "Forbidden"), "or there is no such key"),
    "missing": (error("NoSuchKey"), "there is no object s3://fleet-config/ecs.config"),
    "no bucket": (error("NoSuchBucket"), "there is no bucket fleet-config"),
    "another region": (error("PermanentRedirect"), "the bucket fleet-config is not in the region us-west-2"),
    "a clock that is wrong": (error("RequestTimeTooSkewed"), "the clock of this host is wrong"),
    "a disabled key": (error("KMS.DisabledException"), "the key that encrypts s3://fleet-config/ecs.config"),
    "S3 is down": ({"error": 'Could not connect to the endpoint URL: "http://s3"'}, "S3 cannot be reached"),
    "a certificate that is not trusted": (
        {"error": "SSL validation failed for https://s3 certificate verify failed"},
        "the certificate of S3 is not trusted here",
    ),
    "S3 is slow": ({"error": 'Read timeout on endpoint URL: "http://s3"'}, "S3 cannot be reached"),
    "S3 does not work": (error("503", "Service Unavailable"), "S3 does not work"),
    "no credentials": ({"error": "Unable to locate credentials."}, "there are no credentials yet"),
    "something unknown": (error("Strange"), "could not be fetched (An error occurred (Strange)"),
}


@pytest.mark.parametrize("case", BAD)
def test_with_a_good_file_nothing_takes_its_place_and_the_agent_starts(host_with_file, capsys, case):
    answer, said = BAD[case]
    assert host_with_file.boot(answer) == 0
    assert program.FILE.read_bytes() == OLD
    told = capsys.readouterr().out
    assert "ecs.config stays as it is" in told
    assert said in told


@pytest.mark.parametrize("case", BAD)
def test_without_a_file_the_agent_does_not_start(host, capsys, case):
    answer, said = BAD[case]
    assert host.boot(answer) == 1
    assert not program.FILE.exists()
    assert said in capsys.readouterr().out


def test_a_file_that_names_no_cluster_is_no_good_file(host):
    """As that of an image, in which there is nothing or a comment."""
    program.FILE.write_bytes(b"# see the guide\n")
    assert host.boot(error("NoSuchKey")) == 1


@pytest.mark.parametrize("text", [None, "", "# see the guide\n"])
def test_the_hosts_own_file_alone_is_no_good_file(host, text):
    program.READ_FIRST.write_text("ECS_CLUSTER=ours\n")
    if text is not None:
        program.FILE.write_text(text)
    assert host.boot(error("NoSuchKey")) == 1


def test_windows_line_ends_are_read_as_ecs_init_reads_them(host):
    assert host.boot(gives(b"ECS_CLUSTER=x\r\n")) == 0


def test_a_published_object_may_have_names_that_this_host_does_not_know(host):
    newer = GOOD + b"ECS_OF_THE_YEAR_2030=1\n"
    assert host.boot(gives(newer, published=digest(newer))) == 0
    assert host.boot(gives(newer)) == 0
    assert "ECS_OF_THE_YEAR_2030" in program.FILE.read_text()


def test_the_cluster_may_stand_in_the_file_that_ecs_init_reads_first(host):
    program.READ_FIRST.write_text("ECS_CLUSTER=ours\n")
    assert host.boot(gives(b"ECS_AWSVPC_BLOCK_IMDS=true\n")) == 0


def test_another_cluster_than_the_saved_one_is_not_installed(host_with_file, capsys):
    program.STATE.write_bytes(b'\x00{"cluster-name"production"}')
    assert host_with_file.boot(gives(b"ECS_CLUSTER=staging\n")) == 0
    assert program.FILE.read_bytes() == OLD
    assert "the agent would exit for good (code 5)" in capsys.readouterr().out


def test_what_passes_is_tried_again_and_what_stays_is_not(host, monkeypatch):
    monkeypatch.setattr(program, "PATIENCE_WITHOUT_FILE", 60)
    assert host.boot(error("503"), {"error": "Could not connect to the endpoint URL"}, gives(GOOD)) == 0
    assert len(host.asked) == 3
    program.FILE.unlink()
    assert host.boot(error("AccessDenied")) == 1
    assert len(host.asked) == 4


def test_an_external_host_waits_for_the_ssm_agents_credentials(host, monkeypatch, tmp_path):
    monkeypatch.setattr(program, "PATIENCE_WITHOUT_FILE", 60)
    monkeypatch.setattr(program, "SSM_CREDENTIALS", str(tmp_path / "credentials"))
    monkeypatch.setattr(program.time, "sleep", lambda _seconds: (tmp_path / "credentials").touch())
    program.SETTINGS.write_text(json.dumps({**SOURCE.settings(), "external": True, "profile": "ecs"}))
    assert host.boot(gives(GOOD)) == 0
    environment = host.asked[0]["env"]
    assert environment["AWS_PROFILE"] == "ecs"
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == str(tmp_path / "credentials")
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"


def test_only_the_roles_own_credentials_count(host, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "an-administrators")
    monkeypatch.setenv("AWS_PROFILE", "an-administrators")
    host.boot(gives(GOOD))
    environment = host.asked[0]["env"]
    assert "an-administrators" not in environment.values()
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == environment["AWS_CONFIG_FILE"] == "/dev/null"


def test_without_an_aws_cli_it_says_what_to_install(host, monkeypatch, capsys):
    monkeypatch.setattr(program, "cli", lambda: None)
    assert host.boot() == 1
    assert "install the AWS CLI (awscli, on Amazon Linux awscli-2)" in capsys.readouterr().out


def test_no_value_is_ever_said(host_with_file, capsys):
    for name in ("ECS_ENGINE_AUTH_DATA", "ECS_CLUSTER", "UNKNOWN"):
        for value in (PASSWORD, f'"{PASSWORD}"', f"{{{PASSWORD}", f"{PASSWORD}\x07"):
            host_with_file.boot(gives(f"{name}={value}\n{PASSWORD}\n".encode()))
    assert PASSWORD not in capsys.readouterr().out


# What ecs_agent_config says of a declared value, the program says of a line.


@pytest.mark.parametrize(("name", "text"), sorted({(name, text) for name, _value, text in WRITTEN}))
def test_a_line_that_ecs_agent_config_writes_is_good(name, text):
    assert program.problems(f"{name}={text}\n".encode(), rules()) == []


def in_a_line(value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# What a line cannot have: spaces at its ends are trimmed, and a number or a boolean is a text like any other.
NOT_IN_A_LINE = [
    ("ECS_CLUSTER", 12),
    ("ECS_CLUSTER", True),
    ("ECS_CLUSTER", "a "),
    ("ECS_CLUSTER", "a\nECS_EXTERNAL=true"),
]
NOT_IN_A_LINE += [("ECS_DISABLE_METRICS", "true "), ("ECS_IMAGE_PULL_TIMEOUT", True)]
LINES = [(name, value) for name, value, _sentence in REFUSED if (name, value) not in NOT_IN_A_LINE]


@pytest.mark.parametrize(("name", "value"), LINES, ids=[f"{name}={value!r}"[:60] for name, value in LINES])
def test_a_line_with_a_value_that_ecs_agent_config_refuses_is_bad(name, value):
    assert len(program.problems(f"{name}={in_a_line(value)}\n".encode(), rules())) == 1


def test_publisher_and_host_mean_the_same_digest_and_bound():
    assert (program.DIGEST, program.MOST) == (config_object.DIGEST, SIZE_LIMIT)


def test_the_program_on_a_host_is_its_source_with_the_table(tmp_path):
    text = persist.program_text()
    assert text.startswith("#!/usr/bin/python3\n")
    names: dict = {"__name__": "installed"}
    exec(compile(text, "fleetkit-ecs-config-fetch", "exec"), names)  # noqa: S102 (it is ours)
    assert names["RULES"] == rules()
    assert not re.search(r"^\s*(from|import) ansible", text, re.MULTILINE)
