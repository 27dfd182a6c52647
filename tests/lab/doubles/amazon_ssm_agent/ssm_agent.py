# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test double of amazon-ssm-agent 3.3 on a host that is not an EC2 instance: registration, role tokens, heartbeat.

It does to the host what the real one is known to do, the unpleasant parts included: a prompt on stdin, a vault that is
blanked before the service is asked, a registration file that outlives a cleared registration, exit codes that say
nothing, credentials in root's own file, an identity that a running agent keeps. It holds no code of Amazon's.
"""

from __future__ import annotations

import base64
import configparser
import datetime
import hashlib
import hmac
import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path

VERSION = "@VERSION@"
CONFIG = Path("/etc/amazon/ssm/amazon-ssm-agent.json")
DATA = Path("/var/lib/amazon/ssm")
VAULT = DATA / "Vault"
REGISTRATION = DATA / "registration"
LOGS = Path("/var/log/amazon/ssm")
WORKER = "/usr/bin/ssm-agent-worker"
IMDS = "http://169.254.169.254/latest/"
FLAGS = {"register", "clear", "y", "disableSimilarityCheck", "fingerprint", "version"}
OPTIONS = {"code", "id", "region", "role", "tags", "similarityThreshold"}
USAGE = "\n\nCommand-line Usage:\n\t-register\n\t\t-id\n\t\t-code\n\t\t-region\n\t\t-clear\n\t-y\n"
HEARTBEAT, ASSOCIATIONS = 300, 30
# How long the real one takes to end its worker, shortened.
SLOW_STOP = 1.5
LEAST_SIMILAR = 40
Signing = Callable[[str, str], str]


class Failed(Exception):
    """Ends what was asked for."""


def log(level: str, text: str) -> None:
    """One line to stdout and to the log files, as the agent's logger writes it."""
    line = f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S.%f}"[:-2] + f" {level} {text}"
    print(line, flush=True)
    LOGS.mkdir(parents=True, exist_ok=True)
    for name in ("amazon-ssm-agent.log", *(["errors.log"] if level == "ERROR" else [])):
        with (LOGS / name).open("a", encoding="utf-8") as target:
            target.write(line + "\n")


def settings(section: str) -> dict:
    """A section of the agent's own file; a file that is not JSON is ignored, with a line in the log."""
    try:
        return json.loads(CONFIG.read_text(encoding="utf-8")).get(section) or {}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError) as error:
        log("ERROR", f"Failed to unmarshal {CONFIG}: {error}")
        return {}


# The vault


def store(key: str, content: dict) -> None:
    """Write a value and list it in the manifest; directories have no x bit, which root does not need."""
    (VAULT / "Store").mkdir(parents=True, exist_ok=True)
    DATA.chmod(0o700)
    for path, text in (
        (VAULT / "Store" / key, json.dumps(content)),
        (VAULT / "Manifest", json.dumps({**manifest(), key: str(VAULT / "Store" / key)})),
    ):
        path.touch(0o600)
        path.chmod(0o600)
        path.write_text(text, encoding="utf-8")
    (VAULT / "Store").chmod(0o600)
    VAULT.chmod(0o600)


def manifest() -> dict:
    """What the vault has, by name."""
    try:
        return json.loads((VAULT / "Manifest").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def retrieve(key: str) -> dict:
    """A value that is listed; nothing else counts."""
    try:
        return json.loads(Path(manifest()[key]).read_text(encoding="utf-8"))
    except (KeyError, OSError, ValueError):
        return {}


def identity() -> dict:
    """The registration, where all of it is there."""
    found = retrieve("RegistrationKey")
    return found if found.get("instanceID") and found.get("region") and found.get("privateKey") else {}


def keep(instance: str, region: str, key: str) -> None:
    """Write the registration over the one that is there."""
    kind = "Rsa" if key else ""
    fields = {"instanceID": instance, "region": region, "instanceType": "", "availabilityZone": ""}
    store("RegistrationKey", {**fields, "privateKey": key, "privateKeyType": kind})


# The fingerprint


def hardware() -> dict[str, str]:
    """What the machine is known by, as far as a container has it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
        except OSError:
            address = ""
    return {
        "machine-id": Path("/etc/machine-id").read_text(encoding="ascii"),
        "processor-hash": "", "memory-hash": "", "bios-hash": "", "system-hash": "", "disk-info": "",
        "hostname-info": socket.gethostname(),
        "ipaddress-info": address,
        "macaddr-info": f"{uuid.getnode():012x}",
    }  # fmt: skip


def similar(saved: dict[str, str], current: dict[str, str], threshold: int) -> bool:
    """Another machine-id is another machine; another address is one where less than the threshold is the same."""
    if saved.get("machine-id") != current["machine-id"]:
        log("ERROR", "Cannot connect to AWS Systems Manager.  The hardware ID has changed from the registered value.")
        return False
    same = sum(saved.get(name) == value for name, value in current.items())
    return saved.get("ipaddress-info") == current["ipaddress-info"] or same * 100 >= threshold * len(current)


def fingerprint() -> str:
    """The one in the vault, or a new one in its place where the machine is not the one that it was made on."""
    saved, current = retrieve("InstanceFingerprint"), hardware()
    threshold = saved.get("similarityThreshold", LEAST_SIMILAR)
    if saved.get("fingerprint") and similar(saved["hardwareHash"], current, threshold):
        return saved["fingerprint"]
    log("INFO", "Calculated hardware difference, regenerating fingerprint..." if saved else "No initial fingerprint")
    made = str(uuid.uuid4())
    store("InstanceFingerprint", {"fingerprint": made, "hardwareHash": current, "similarityThreshold": threshold})
    return made


# The wire


def openssl(*words: str, content: bytes = b"") -> bytes:
    """The cryptography that Python's own library lacks."""
    return subprocess.run(["openssl", *words], input=content, capture_output=True, check=True).stdout


def new_keys() -> tuple[str, str]:
    """An RSA pair: private and public, in DER and base64."""
    private = openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER")
    public = openssl("pkey", "-inform", "DER", "-pubout", "-outform", "DER", content=private)
    return base64.b64encode(private).decode(), base64.b64encode(public).decode()


def rsa_signature(private: str, text: str) -> str:
    """RSA-PSS with SHA-256 and 32 bytes of salt, in base64."""
    key = os.memfd_create("key")
    try:
        os.write(key, base64.b64decode(private))
        path = f"/proc/{os.getpid()}/fd/{key}"
        padding = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"]
        signed = openssl("dgst", "-sha256", *padding, "-keyform", "DER", "-sign", path, content=text.encode())
    finally:
        os.close(key)
    return base64.b64encode(signed).decode()


def keyed_hash(secret: str, scope: str, text: str) -> str:
    """The signature of Signature Version 4 with a secret key."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def authorization(headers: dict[str, str], body: bytes, region: str, key_id: str, sign: Signing) -> str:
    """The header of Signature Version 4 for a POST to /; sign() makes a signature from the scope and the string."""
    names = ";".join(sorted(name.lower() for name in headers))
    lines = "".join(f"{name.lower()}:{headers[name]}\n" for name in sorted(headers, key=str.lower))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    date, digest = headers["X-Amz-Date"], hashlib.sha256(canonical.encode()).hexdigest()
    scope = f"{date[:8]}/{region}/ssm/aws4_request"
    signature = sign(scope, f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}")
    return f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"


def call(
    operation: str, region: str, content: dict, credentials: dict | None = None, found: dict | None = None
) -> dict:
    """One call of SSM: unsigned, with a role's credentials, or as the managed instance with its private key."""
    endpoint = settings("Ssm").get("Endpoint") or f"https://ssm.{region}.amazonaws.com"
    body = json.dumps(content).encode()
    now = datetime.datetime.now(datetime.timezone.utc)
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "Host": urllib.parse.urlsplit(endpoint).netloc,
        "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}",
        "X-Amz-Target": f"AmazonSSM.{operation}",
    }
    if credentials:
        headers["X-Amz-Security-Token"] = credentials["SessionToken"]
        secret = credentials["SecretAccessKey"]
        headers["Authorization"] = authorization(
            headers, body, region, credentials["AccessKeyId"], lambda scope, text: keyed_hash(secret, scope, text)
        )
    elif found:
        headers["Authorization"] = authorization(
            headers, body, region, found["instanceID"], lambda _scope, text: rsa_signature(found["privateKey"], text)
        )
    try:
        with urllib.request.urlopen(urllib.request.Request(endpoint, body, headers), timeout=30) as reply:
            return json.loads(reply.read() or b"{}")
    except urllib.error.HTTPError as error:
        answer = error.read().decode(errors="replace")
        try:
            said = json.loads(answer)
        except ValueError:
            said = {}
        code = str(said.get("__type", "UnknownError")).rpartition("#")[2]
        text = said.get("message") or said.get("Message") or ""
        raise Failed(f"{code}: {text}\n\tstatus code: {error.code}, request id: {uuid.uuid4()}") from error
    except OSError as error:
        raise Failed(f"RequestError: send request failed\ncaused by: Post {endpoint}/: {error}") from error


# The command line


def parse(words: list[str]) -> dict[str, str]:
    """Go's flags: one dash or two, a value behind = or in the next word; anything unknown is a usage error."""
    given: dict[str, str] = {}
    rest = list(words)
    while rest:
        name, equals, value = rest.pop(0).lstrip("-").partition("=")
        if name in FLAGS:
            given[name] = value if equals else "true"
        elif name in OPTIONS and (equals or rest):
            given[name] = value if equals else rest.pop(0)
        else:
            sys.stderr.write(f"flag provided but not defined: -{name}{USAGE}")
            sys.exit(2)
    return given


def confirmed() -> bool:
    """The prompt; the end of stdin is an error, as any answer but yes and no."""
    print(
        "\nInstance already registered. Would you like to override existing with new registration information? "
        "[Yes/No]: ",
        end="",
        flush=True,
    )
    answer = sys.stdin.readline()
    if not answer:
        raise Failed("EOF")
    if answer[:1].lower() == "n":
        return False
    if answer[:1].lower() != "y":
        raise Failed("Invalid response received.")
    return True


def register(given: dict[str, str]) -> int:
    """Register, or clear the registration: then the file registration stays."""
    if not all(given.get(name) for name in ("code", "id", "region")):
        if "clear" not in given:
            sys.stderr.write(USAGE)
            return 1
        keep("", "", "")
        log("INFO", "Registration information has been removed from the instance.")
        return 0
    try:
        if "y" not in given and retrieve("RegistrationKey").get("instanceID") and not confirmed():
            log("INFO", "Registration canceled by user")
            return 1
        instance = activate(given)
    except Failed as error:
        log("ERROR", f"Registration failed due to {error}")
        return 1
    log("INFO", f"Successfully registered the instance with AWS SSM using Managed instance-id: {instance}")
    return 0


def activate(given: dict[str, str]) -> str:
    """The vault is written first, to see that it can be: the identity that was there is gone by then."""
    private, public = new_keys()
    keep("", "", private)
    content = {
        "ActivationId": given["id"],
        "ActivationCode": given["code"],
        "PublicKey": public,
        "PublicKeyType": "Rsa",
        "Fingerprint": fingerprint(),
    }
    try:
        instance = call("RegisterManagedInstance", given["region"], content)["InstanceId"]
    except Failed as error:
        raise Failed(f"error registering the instance with AWS SSM. {error}") from error
    keep(instance, given["region"], private)
    REGISTRATION.touch(0o600)
    REGISTRATION.write_text(json.dumps({"ManagedInstanceID": instance, "Region": given["region"]}), encoding="utf-8")
    return instance


# The service


def run() -> int:
    """Find out who this is, once, and let the worker work. systemd starts again what finds nobody, in a while."""
    found = identity()
    if not found:
        if not on_ec2():
            log("ERROR", "failed to find agent identity, no identity of OnPrem, EC2 is available")
            return 1
        log("INFO", "Identity is EC2, nothing to do for the double")
        signal.sigwait([signal.SIGTERM, signal.SIGINT])
        return 0
    environment = {**os.environ, "LAB_SSM_IDENTITY": json.dumps(found)}
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
    worker = subprocess.Popen([WORKER], env=environment, preexec_fn=unblock)
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    worker.terminate()
    worker.wait()
    time.sleep(SLOW_STOP)
    return 0


def unblock() -> None:
    """A child has its parent's mask."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM, signal.SIGINT])


def on_ec2() -> bool:
    """Does the instance metadata service answer?"""
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    try:
        request = urllib.request.Request(IMDS + "api/token", headers=headers, method="PUT")
        urllib.request.urlopen(request, timeout=2).close()
    except OSError:
        return False
    return True


def work() -> int:
    """The worker: a token before the last one ends, a heartbeat, and the question for associations."""
    found = json.loads(os.environ.pop("LAB_SSM_IDENTITY"))
    signal.signal(signal.SIGTERM, lambda *_any: os._exit(0))
    pause, known, beat = 1, {}, 0.0
    while True:
        try:
            if not known or time.time() > known["renew"]:
                known = token(found)
                share(known)
                beat = 0.0
            if time.monotonic() > beat:
                hello(found, known)
                beat = time.monotonic() + HEARTBEAT
            call(
                "ListInstanceAssociations",
                found["region"],
                {"InstanceId": found["instanceID"], "MaxResults": 20},
                known,
            )
            pause = 1
            threading.Event().wait(ASSOCIATIONS)
        except Failed as error:
            log("ERROR", f"[ssm-agent-worker] {error}")
            threading.Event().wait(pause)
            pause = min(pause * 2, 60)


def token(found: dict) -> dict:
    """Credentials of the managed instance's role; AWS may ask for another pair of keys with them."""
    answer = call("RequestManagedInstanceRoleToken", found["region"], {"Fingerprint": fingerprint()}, found=found)
    if answer.get("UpdateKeyPair"):
        private, public = new_keys()
        content = {"NewPublicKey": public, "NewPublicKeyType": "Rsa"}
        call("UpdateManagedInstancePublicKey", found["region"], content, found=found)
        found["privateKey"] = private
        keep(found["instanceID"], found["region"], private)
    return {**answer, "renew": time.time() + (answer["TokenExpirationDate"] - time.time()) / 2}


def hello(found: dict, known: dict) -> None:
    """Two of them: who the agent is, and then what the host is."""
    mine = {"AgentName": "amazon-ssm-agent", "AgentVersion": VERSION, "InstanceId": found["instanceID"]}
    call("UpdateInstanceInformation", found["region"], {**mine, "PlatformType": "Linux"}, known)
    release = dict(re.findall(r'^(NAME|VERSION_ID)="?([^"\n]*)"?$', Path("/etc/os-release").read_text(), re.MULTILINE))
    host = {
        "AgentStatus": "Active",
        "ComputerName": platform.node(),
        "IPAddress": hardware()["ipaddress-info"],
        "PlatformName": release.get("NAME", "Linux"),
        "PlatformType": "Linux",
        "PlatformVersion": release.get("VERSION_ID", ""),
    }
    call("UpdateInstanceInformation", found["region"], {**mine, **host}, known)


def share(known: dict) -> None:
    """Write the credentials to root's own file, under the profile that is chosen; other profiles stay."""
    profile = settings("Profile")
    if not profile.get("ShareCreds", True):
        return
    path = Path("/root/.aws/credentials")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    parser = configparser.RawConfigParser(default_section="lab: no default section")
    parser.read(path)
    parser[profile.get("ShareProfile") or "default"] = {
        "aws_access_key_id": known["AccessKeyId"],
        "aws_secret_access_key": known["SecretAccessKey"],
        "aws_session_token": known["SessionToken"],
    }
    path.touch(0o600)
    path.chmod(0o600)
    with path.open("w", encoding="utf-8") as target:
        parser.write(target)


def main() -> int:
    """The programs of the package are this one under other names."""
    name = Path(sys.argv[0]).name
    if name == "ssm-agent-worker":
        return work()
    if name == "ssm-cli":
        found = identity()
        shown = {"instance-id": found.get("instanceID"), "region": found.get("region"), "release-version": VERSION}
        print(json.dumps(shown))
        return 0 if found else 1
    given = parse(sys.argv[1:])
    if list(given) == ["version"]:
        print(f"SSM Agent version: {VERSION}")
        return 0
    print(
        "Error occurred fetching the seelog config file path:  open /etc/amazon/ssm/seelog.xml: no such file",
        flush=True,
    )
    log("INFO", f"Agent will take identity from {CONFIG}" if CONFIG.exists() else "Agent will use default settings")
    if given:
        if "register" in given:
            return register(given)
        sys.stderr.write(USAGE)
        return 1
    return run()


if __name__ == "__main__":
    sys.exit(main())
