# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fetch ecs.config from S3 before the ECS agent starts. Only a good file takes the place of the one that is there.

Installed on a host by fleetkit.ecs (ecs_config_fetch, user_data), which also imports it: so it needs nothing but
Python 3.9 and the AWS CLI, any version of 1 or 2. It ends with 0 when a good file is in force, the new or the old one.
"""

# A program of its own at boot, where there is no AnsibleModule: pylint: disable=ansible-bad-function

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

SETTINGS = Path("/etc/fleetkit-ecs/config-fetch.json")
RECORD = Path("/var/lib/fleetkit-ecs/config-fetch.json")
FILE = Path("/etc/ecs/ecs.config")
READ_FIRST = Path("/var/lib/ecs/ecs.config")
STATE = Path("/var/lib/ecs/data/agent.db")
SSM_CREDENTIALS = "/root/.aws/credentials"
# The host's own trust, of Debian's family and of Red Hat's: the AWS CLI may come with another one.
TRUST = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")

MOST = 65536
DIGEST = "fleetkit-ecs-sha256"  # in the metadata of an object that ecs_config_object has published
# Seconds of trying: the old file must not keep the agent waiting, and without one there is nothing to start it with.
PATIENCE, PATIENCE_WITHOUT_FILE = 30, 300
LONGEST_PAUSE = 15
# What each variable may be, from the collection's table; filled in when the program is installed.
RULES: dict[str, dict[str, Any]] = {}

NAME = re.compile(r"[A-Z_][A-Z0-9_]*|[a-z_][a-z0-9_]*")
SAVED_CLUSTER = re.compile(rb'cluster-name"([^"\\]+)"')
UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


class Failed(Exception):
    """Why there is no new file; C(again) says whether a later try may bring it."""

    def __init__(self, why: str, again: bool = False) -> None:
        super().__init__(why)
        self.again = again


class NoCli(Failed):
    """There is no AWS CLI."""


class Object(NamedTuple):
    """An object as S3 gave it: its content, its ETag, and whether its publisher has vouched for it by a digest."""

    data: bytes
    etag: str
    vouched: bool


# What the AWS CLI says, whether to try again, and what it means. The first that fits counts.
MEANINGS = (
    (r"\(NoSuchBucket\)", False, "there is no bucket {bucket}"),
    (r"\((NoSuchKey|404)\)", False, "there is no object {uri}"),
    (r"\((InvalidRange|416)\)", False, "{uri} is empty"),
    (
        r"\((301|PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)\)",
        False,
        "the bucket {bucket} is not in the region {region}",
    ),
    (r"\(RequestTimeTooSkewed\)", True, "the clock of this host is wrong"),
    (r"\((InvalidAccessKeyId|InvalidToken|ExpiredToken|TokenRefreshRequired)\)", True, "the credentials do not count"),
    (
        r"\((403|AccessDenied|Forbidden)\)",
        False,
        "S3 refuses {uri}, which it does for two reasons and does not say which: the host's role may not read it "
        "(s3:GetObject on this key, and kms:Decrypt where SSE-KMS encrypts it), or there is no such key and the role "
        "may not list the bucket",
    ),
    (r"\((KMS\.|Kms)", False, "the key that encrypts {uri} cannot be used"),
    (r"SSL validation failed", True, "the certificate of S3 is not trusted here, or the clock of this host is wrong"),
    (r"(?i)unable to locate credentials|profile \(|partial credentials", True, "there are no credentials yet"),
    (r"(?i)could not connect|time(d )?out|name or service|connection", True, "S3 cannot be reached"),
    (r"\((5\d\d|SlowDown|InternalError|ServiceUnavailable|ServiceUnavailableException)\)", True, "S3 does not work"),
)


def fetch(settings: dict[str, Any], etag: str | None, patience: float) -> Object | None:
    """The object, or None where it is still the one with this ETag. Tries again for so many seconds at most."""
    end, pause = time.monotonic() + patience, 1.0
    while True:
        try:
            return fetch_once(settings, etag, end - time.monotonic())
        except Failed as failed:
            if not failed.again or time.monotonic() + pause > end:
                raise
            say(f"{failed}; trying again")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def fetch_once(settings: dict[str, Any], etag: str | None, seconds: float) -> Object | None:
    """One request. No more than the bound comes over the wire, however large the object is."""
    if settings.get("external") and not Path(SSM_CREDENTIALS).exists():
        raise Failed(f"the SSM agent has not written {SSM_CREDENTIALS} yet", again=True)
    descriptor, target = tempfile.mkstemp(prefix="fleetkit-ecs-")
    os.close(descriptor)
    try:
        run = subprocess.run(
            command(settings, etag, target),
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=max(seconds, 5),
            check=False,
        )
        if run.returncode == 0:
            return received(settings, json.loads(run.stdout), Path(target).read_bytes())
        if "(304)" in run.stderr:
            return None
        raise Failed(*meaning(settings, run.stderr or run.stdout))
    except subprocess.TimeoutExpired:
        raise Failed("S3 cannot be reached: the AWS CLI did not end in time", again=True) from None
    except ValueError:
        raise Failed(f"the AWS CLI answered in an unknown form for {uri(settings)}") from None
    finally:
        Path(target).unlink()


def cli() -> str | None:
    return shutil.which("aws") or shutil.which("aws", path="/usr/local/bin:/usr/bin:/snap/bin")


def command(settings: dict[str, Any], etag: str | None, target: str) -> list[str]:
    aws = cli()
    if not aws:
        raise NoCli("there is no program aws on this host: install the AWS CLI (awscli, on Amazon Linux awscli-2)")
    options = {
        "bucket": settings["bucket"],
        "key": settings["key"],
        "range": f"bytes=0-{MOST}",
        "if-none-match": etag,
        "region": settings["region"],
        "endpoint-url": settings.get("endpoint_url"),
        "cli-connect-timeout": 5,
        "cli-read-timeout": 10,
        "output": "json",
    }
    said = [f"--{name}={value}" for name, value in options.items() if value]
    return [aws, "s3api", "get-object", *said, target]


def environment(settings: dict[str, Any]) -> dict[str, str]:
    """Only the credentials of the host's own role count: IMDS's or, on an external instance, the SSM agent's."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    mine |= {"AWS_CONFIG_FILE": "/dev/null", "AWS_PAGER": "", "AWS_CLI_AUTO_PROMPT": "off", "AWS_MAX_ATTEMPTS": "1"}
    mine |= next(({"AWS_CA_BUNDLE": bundle} for bundle in TRUST if Path(bundle).exists()), {})
    if not settings.get("external"):
        return {**mine, "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_METADATA_SERVICE_TIMEOUT": "2"}
    mine |= {"AWS_SHARED_CREDENTIALS_FILE": SSM_CREDENTIALS, "AWS_EC2_METADATA_DISABLED": "true"}
    return {**mine, "AWS_PROFILE": settings.get("profile") or "default"}


def uri(settings: dict[str, Any]) -> str:
    return f"s3://{settings['bucket']}/{settings['key']}"


def meaning(settings: dict[str, Any], said: str) -> tuple[str, bool]:
    """What a failure of the AWS CLI means, with its own words, and whether to try again."""
    own = " ".join(said.split())
    for pattern, again, sentence in MEANINGS:
        if re.search(pattern, own):
            return f"{sentence.format(uri=uri(settings), **settings)} ({own})", again
    return f"{uri(settings)} could not be fetched ({own or 'the AWS CLI said nothing'})", True


def received(settings: dict[str, Any], answer: dict[str, Any], data: bytes) -> Object:
    """The whole object, or Failed for a part of one or too much."""
    total = int(answer.get("ContentRange", f"/{answer['ContentLength']}").rpartition("/")[2])
    if total > MOST:
        raise Failed(f"{uri(settings)} has {total} bytes, and an ecs.config of more than {MOST} is not taken")
    if len(data) != total:
        raise Failed(f"{len(data)} of the {total} bytes of {uri(settings)} came", again=True)
    digest = answer.get("Metadata", {}).get(DIGEST)
    if digest and digest != hashlib.sha256(data).hexdigest():
        raise Failed(f"{uri(settings)} is not what was published: its SHA-256 is not the one in its metadata")
    return Object(data, answer["ETag"], bool(digest))


def problems(data: bytes, rules: dict[str, dict[str, Any]], vouched: bool = False) -> list[str]:
    """What is wrong with a file, never with a value in it. A publisher that vouched may know names that we do not."""
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return ["it is not UTF-8"]
    found = ((number, why_unfit(line.strip(), rules, vouched)) for number, line in enumerate(lines, 1))
    return [f"line {number} {why}" for number, why in found if why]


def why_unfit(line: str, rules: dict[str, dict[str, Any]], vouched: bool) -> str | None:
    """ecs-init and systemd both read the file, so a line must be one that they read alike."""
    if not line.isprintable():
        return "has a control character"
    if not line or line.startswith("#"):
        return "is a comment that ends with a backslash, which may hide the next line" if line.endswith("\\") else None
    name, equals, value = line.partition("=")
    if not equals or not NAME.fullmatch(name.strip()):
        return "is not NAME=value"
    if name != name.rstrip() or value != value.lstrip():
        return f"has a space at its '=' ({name.strip()})"
    if value[:1] in ('"', "'") or "\\" in value:
        return f"has a quote at the start of its value or a backslash in it ({name})"
    if name not in rules:
        return None if vouched else f"sets {name}, which is not a variable of the agent (case matters)"
    why = _unfit_value(rules[name], value) if value else None
    return f"sets {name} to what is not {why}" if why else None


def _unfit_value(rule: dict[str, Any], value: str) -> str | None:
    """What the value would have to be; None where it is."""
    if "json" in rule:
        return _unfit_json(rule, value)
    if not re.fullmatch(rule.get("pattern", ".*"), value):
        return str(rule["words"])
    return None if _within(rule, value) else str(rule["words"])


def _within(rule: dict[str, Any], value: str) -> bool:
    if rule.get("ports"):
        ports = [int(port) for port in value.split("-")]
        return ports == sorted(ports) and ports[-1] <= 65535
    if "least" not in rule and "most" not in rule:
        return True
    measure = _nanoseconds(value) if rule.get("duration") else int(value)
    return bool(rule.get("least", measure) <= measure <= rule.get("most", measure))


def _nanoseconds(text: str) -> Fraction:
    parts = re.findall(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)", text)
    return sum((Fraction(number) * UNITS[unit] for number, unit in parts), Fraction(0))


def _unfit_json(rule: dict[str, Any], value: str) -> str | None:
    try:
        content = json.loads(value, parse_constant=_no_constant)
    except ValueError:
        return "JSON"
    if rule["json"] == "object":
        fits = isinstance(content, dict) and all(_fits_pair(rule, *pair) for pair in content.items())
    else:
        fits = isinstance(content, list) and all(_fits_item(rule, item) for item in content)
    return None if fits else str(rule["words"])


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _fits_pair(rule: dict[str, Any], key: str, value: Any) -> bool:
    if "value" in rule and not (isinstance(value, str) and re.fullmatch(rule["value"], value)):
        return False
    return bool(re.fullmatch(rule.get("key", ".*"), key, re.DOTALL))


def _fits_item(rule: dict[str, Any], item: Any) -> bool:
    if rule["items"] == "port":
        return isinstance(item, int) and not isinstance(item, bool) and 0 <= item <= 65535
    if not isinstance(item, str) or not re.fullmatch(rule.get("item", ".*"), item, re.DOTALL):
        return False
    try:
        return rule["items"] != "cidr" or bool(ipaddress.ip_interface(item))
    except ValueError:
        return False


def variable(data: bytes, name: str) -> str:
    """A variable as ecs-init reads it: of two lines the later wins."""
    pairs = [line.strip().partition("=") for line in data.decode("utf-8", "replace").split("\n")]
    return next((value.strip() for found, _equals, value in reversed(pairs) if found == name), "")


def content_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def cluster_of(data: bytes, read_first: bytes) -> str:
    """The cluster that a file would have the agent join; empty where neither it nor the one read first names any."""
    return variable(data, "ECS_CLUSTER") or variable(read_first, "ECS_CLUSTER")


def refuse_bad(found: Object, where: str, read_first: bytes, rules: dict[str, dict[str, Any]]) -> None:
    wrong = problems(found.data, rules, found.vouched)
    if wrong:
        raise Failed(f"{where} is no good ecs.config: {'; '.join(wrong)}")
    if not cluster_of(found.data, read_first):
        raise Failed(
            f"{where} names no cluster and neither does {READ_FIRST}, so the agent would join the one named default; "
            "if that is meant, write ECS_CLUSTER=default"
        )


def refuse_other_cluster(cluster: str, where: str) -> None:
    """The agent compares the two as text and exits for good (code 5) when they differ."""
    saved = SAVED_CLUSTER.search(content_of(STATE))
    if saved and saved[1].decode("utf-8", "replace") != cluster:
        raise Failed(
            f"{where} has ECS_CLUSTER={cluster}, but the agent's saved state ({STATE}) is of the cluster "
            f"{saved[1].decode('utf-8', 'replace')}, and the agent would exit for good (code 5); to move the host, run "
            "the role agent with agent_move_cluster"
        )


def known_etag(settings: dict[str, Any]) -> str | None:
    """The ETag of the object that the present file is; None where somebody has changed the file since."""
    try:
        record = json.loads(RECORD.read_bytes())
        same = record["uri"] == uri(settings) and record["sha256"] == hashlib.sha256(FILE.read_bytes()).hexdigest()
        return record["etag"] if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(settings: dict[str, Any], found: Object) -> None:
    record = {"uri": uri(settings), "etag": found.etag, "sha256": hashlib.sha256(found.data).hexdigest()}
    replace(RECORD, json.dumps(record).encode(), 0o600)


def replace(path: Path, data: bytes, mode: int) -> None:
    """In one step, and never readable by anybody for whom it is not."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        Path(new).replace(path)
    except BaseException:
        Path(new).unlink()
        raise


def say(text: str) -> None:
    print(text, flush=True)


def update(settings: dict[str, Any], patience: float) -> str:
    """Bring the file to what the object is; gives what was done."""
    found = fetch(settings, known_etag(settings), patience)
    if found is None:
        return f"{uri(settings)} is in force already"
    read_first = content_of(READ_FIRST)
    refuse_bad(found, uri(settings), read_first, RULES)
    refuse_other_cluster(cluster_of(found.data, read_first), uri(settings))
    replace(FILE, found.data, 0o600)
    remember(settings, found)
    return f"{uri(settings)} is in force"


def main() -> int:
    present = content_of(FILE)
    in_force = b"=" in present and bool(cluster_of(present, content_of(READ_FIRST)))
    try:
        settings = json.loads(SETTINGS.read_bytes())
        say(update(settings, PATIENCE if in_force else PATIENCE_WITHOUT_FILE))
    except (Failed, OSError, ValueError) as error:
        if in_force:
            say(f"{FILE} stays as it is: {error}")
            return 0
        say(f"There is no {FILE} that names a cluster, so the agent is not started: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
