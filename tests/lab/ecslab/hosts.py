# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's network, its hosts and the IMDS stand-in."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import images
from .engine import docker, host_flags, run, wait_for
from .settings import (
    AWS_CLI_IMAGE,
    ENDPOINT_URL,
    GATEWAY,
    GATEWAY_V6,
    HOST_PREFIX,
    IMDS_ADDRESS,
    IMDS_NAME,
    INSTANCE_PROFILE,
    LABEL,
    NETWORK,
    NETWORK_PREFIX,
    REGION,
    SSH_KEY,
    SUBNET,
    SUBNET_V6,
    SUITES,
    TASK_IMAGE,
    LabError,
    say,
)

LINK_LOCAL_RULE = f"from {SUBNET} to 169.254.0.0/16 blackhole"


@dataclass(frozen=True)
class Host:
    """One host: a container of the suite with this number."""

    suite: str
    number: int

    @property
    def name(self) -> str:
        """The container's name, which is the inventory's too."""
        return f"{HOST_PREFIX}-{self.suite}-{self.number}"

    @property
    def address(self) -> str:
        """Fixed by suite and number."""
        return f"{NETWORK_PREFIX}.{SUITES[self.suite] + self.number}"

    @property
    def volume(self) -> str:
        """Holds /var/lib/docker, so that the nested overlayfs does not lie on the outer one."""
        return f"{self.name}-docker"


def named(name: str) -> Host:
    """The host of this name."""
    for host in present():
        if host.name == name:
            return host
    raise LabError(f"there is no host {name}; there are: {', '.join(host.name for host in present()) or 'none'}")


def present() -> list[Host]:
    """The hosts that exist, running or not."""
    template = f'{{{{.Label "{LABEL}.suite"}}}} {{{{.Label "{LABEL}.number"}}}}'
    listed = docker("ps", "--all", "--filter", f"label={LABEL}=host", "--format", template).stdout.splitlines()
    return sorted((Host(suite, int(number)) for suite, number in map(str.split, listed)), key=lambda host: host.name)


def inspect(name: str) -> dict | None:
    """What Docker knows of a container; None when there is none."""
    found = docker("container", "inspect", name, check=False)
    return json.loads(found.stdout)[0] if found.returncode == 0 else None


def network_up() -> None:
    """Leave with the lab's network, or say what is in its place."""
    found = docker("network", "inspect", NETWORK, check=False)
    if found.returncode == 0:
        network = json.loads(found.stdout)[0]
        subnets = [entry.get("Subnet") for entry in network["IPAM"]["Config"]]
        if LABEL not in (network.get("Labels") or {}) or SUBNET not in subnets:
            raise LabError(f"a Docker network {NETWORK} that is not the lab's exists ({subnets}); remove or rename it")
        return
    say(f"creating network {NETWORK} ({SUBNET})")
    docker(
        "network", "create", "--driver=bridge", f"--label={LABEL}=network", f"--subnet={SUBNET}",
        f"--gateway={GATEWAY}", *when_ipv6("--ipv6", f"--subnet={SUBNET_V6}", f"--gateway={GATEWAY_V6}"), NETWORK,
    )  # fmt: skip


def when_ipv6(*flags: str) -> tuple[str, ...]:
    """These flags where the kernel speaks IPv6, else none."""
    return flags if Path("/proc/net/if_inet6").exists() else ()


def link_local_up() -> None:
    """Keep the hosts' link-local traffic from leaving this machine, as a VPC does: it gets no answer.

    Elsewhere something may answer it (a cloud's own metadata service, a proxy), and any answer from 169.254.170.2
    would pass for the agent's. Bridged traffic, to the IMDS stand-in, is not routed and stays as it is.
    """
    if LINK_LOCAL_RULE not in run("ip", "rule", "show").stdout.replace("\t", " "):
        ip_rule("add")


def link_local_down() -> None:
    """Take that rule away."""
    if LINK_LOCAL_RULE in run("ip", "rule", "show").stdout.replace("\t", " "):
        ip_rule("del")


def ip_rule(action: str) -> None:
    """Change this machine's policy routing, through a container: using the lab may need no more than Docker."""
    words = ["rule", action, "pref", "117", "from", SUBNET, "to", "169.254.0.0/16", "blackhole"]
    docker("run", "--rm", "--network=host", "--cap-add=NET_ADMIN", images.task_image(), "ip", *words)


def container_up(name: str, image: str, create: list[str]) -> bool:
    """Leave the container running from this image; true when it was not before."""
    found = inspect(name)
    if found and LABEL not in (found["Config"].get("Labels") or {}):
        raise LabError(f"a container {name} that is not the lab's exists; remove or rename it")
    if found and found["Config"]["Image"] != image:
        say(f"{name}: its image changed, it is made anew")
        remove(name)
        found = None
    if found and found["State"]["Running"]:
        return False
    if found:
        say(f"{name} is down, starting it")
        docker("start", name)
    else:
        say(f"creating {name}")
        docker("run", "--detach", "--name", name, f"--network={NETWORK}", *create, image)
    return True


def imds_up() -> None:
    """Leave the IMDS stand-in answering."""
    create = [
        f"--ip={IMDS_ADDRESS}", f"--label={LABEL}=imds", "--restart=unless-stopped", "--cap-add=NET_ADMIN",
        *when_ipv6("--sysctl=net.ipv6.conf.all.disable_ipv6=0"),
        f"--env=LAB_ENDPOINT_URL={ENDPOINT_URL}", f"--env=LAB_REGION={REGION}",
        f"--env=LAB_INSTANCE_PROFILE={INSTANCE_PROFILE}",
    ]  # fmt: skip
    if container_up(IMDS_NAME, images.imds_image(), create):
        probe = "import urllib.request as u; u.urlopen('http://169.254.169.254/latest/meta-data/', timeout=2)"
        wait_for(
            "the IMDS stand-in",
            lambda: docker("exec", IMDS_NAME, "python3", "-c", probe, check=False).returncode == 0,
            30,
            why=lambda: docker("logs", "--tail=20", IMDS_NAME, check=False).stderr,
        )


def start(host: Host) -> None:
    """Leave the host running; it may still be booting."""
    create = [
        f"--hostname={host.name}", f"--ip={host.address}", f"--label={LABEL}=host",
        f"--label={LABEL}.suite={host.suite}", f"--label={LABEL}.number={host.number}", "--stop-timeout=60",
        "--stop-signal=SIGRTMIN+3",
        f"--volume={host.volume}:/var/lib/docker", "--tmpfs=/run", "--tmpfs=/tmp:exec",
        *when_ipv6("--sysctl=net.ipv6.conf.all.disable_ipv6=0"), *host_flags(),
    ]  # fmt: skip
    container_up(host.name, images.host_image(host.suite), create)


def ready(host: Host) -> None:
    """Leave the host booted, with a Docker that answers and holds the task image."""
    wait_booted(host)
    load_task_image(host)
    let_in(host)


def take_off_ec2(host: Host) -> None:
    """Leave the host without a way to the IMDS stand-in, now and after a reboot, as on somebody's own premises."""
    on_or_fail(host, "systemctl", "--quiet", "disable", "lab-imds-route.service")
    for version, address in (("-4", "169.254.169.254/32"), ("-6", "fd00:ec2::254/128")):
        on(host, "ip", version, "route", "del", address)


def wait_booted(host: Host) -> None:
    """Wait for systemd to have finished booting without a failed unit, and for the nested Docker to answer."""
    wait_for(f"systemd on {host.name}", lambda: state(host) in ("running", "degraded"), 120, why=lambda: report(host))
    if state(host) == "degraded":
        say(f"warning: {host.name} has failed units: {failed_units(host)}")
    wait_for(
        f"Docker on {host.name}",
        lambda: on(host, "docker", "version", "--format", "{{.Server.Version}}").returncode == 0,
        60,
        why=lambda: on(host, "journalctl", "--unit=docker", "--lines=20", "--no-pager").stdout,
    )


def on(host: Host, *command: str):
    """Run a command on a host; its failure is an answer."""
    return docker("exec", host.name, *command, check=False)


def state(host: Host) -> str:
    """What systemd says of itself."""
    return on(host, "systemctl", "is-system-running").stdout.strip()


def failed_units(host: Host) -> str:
    """The units that failed."""
    units = on(host, "systemctl", "list-units", "--failed", "--plain", "--no-legend").stdout
    return ", ".join(line.split()[0] for line in units.splitlines() if line)


def report(host: Host) -> str:
    """Why a host does not come up."""
    if not (inspect(host.name) or {}).get("State", {}).get("Running"):
        return "its container ended: " + docker("logs", "--tail=30", host.name, check=False).stdout
    return f"it is '{state(host)}', jobs: {on(host, 'systemctl', 'list-jobs', '--no-pager').stdout}"


def load_task_image(host: Host) -> None:
    """Packet tests need an image on the host's own Docker, and no registry is there."""
    load_image(host, TASK_IMAGE, images.task_tarball)


def load_image(host: Host, name: str, tarball: Callable[[], Path]) -> None:
    """Put an image on a host's own Docker, if it is not there."""
    if on(host, "docker", "image", "inspect", name).returncode == 0:
        return
    say(f"loading {name} on {host.name}")
    with tarball().open("rb") as content:
        docker("exec", "--interactive", host.name, "docker", "load", stdin=content)


def start_task(host: Host, family: str, role_arn: str) -> str:
    """Start what stands for a task of ECS that has a role, with the AWS CLI in its image; gives the container's id.

    The agent is told of the task's role by a file, which the real one hears from ECS. Labels and the variable are those
    of the real one; the region is not in a task's environment on a host, so what the task needs is in its definition.
    """
    load_image(host, AWS_CLI_IMAGE, images.aws_cli_tarball)
    identifier, task = str(uuid.uuid4()), uuid.uuid4().hex
    folder = "/var/lib/ecs/data/lab-tasks"
    on_or_fail(host, "sh", "-c", f"mkdir -p {folder} && printf %s '{role_arn}' > {folder}/{identifier}")
    account = role_arn.split(":")[4]
    labels = {
        "cluster": "demo",
        "container-name": family,
        "task-arn": f"arn:aws:ecs:{REGION}:{account}:task/demo/{task}",
        "task-definition-family": family,
        "task-definition-version": "1",
    }
    environment = {
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": f"/v2/credentials/{identifier}",
        "AWS_ENDPOINT_URL": ENDPOINT_URL,
        "AWS_DEFAULT_REGION": REGION,
    }
    options = [f"--label=com.amazonaws.ecs.{name}={value}" for name, value in labels.items()]
    options += [f"--env={name}={value}" for name, value in environment.items()]
    return on_or_fail(host, "docker", "run", "--detach", *options, AWS_CLI_IMAGE, "sleep", "infinity")


def on_or_fail(host: Host, *command: str) -> str:
    """Run a command on a host that must succeed; gives what it says."""
    return docker("exec", host.name, *command).stdout.strip()


def let_in(host: Host) -> None:
    """Let the lab's key in over SSH."""
    if not SSH_KEY.exists():
        SSH_KEY.parent.mkdir(parents=True, exist_ok=True)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", LABEL, "-f", str(SSH_KEY))
    script = "mkdir -p -m 0700 /root/.ssh && cat > /root/.ssh/authorized_keys"
    with SSH_KEY.with_suffix(".pub").open("rb") as key:
        docker("exec", "--interactive", host.name, "sh", "-c", script, stdin=key)


def reboot(host: Host) -> None:
    """A true reboot: the network namespace is new, every iptables rule and runtime sysctl is gone."""
    say(f"rebooting {host.name}")
    docker("restart", host.name)
    wait_booted(host)


def remove(name: str) -> None:
    """Remove a container and its volume, if they are there.

    The nested containers go first: killed together with their host, they would leave empty cgroups on this machine.
    """
    docker("exec", name, "sh", "-c", "docker ps --quiet | xargs --no-run-if-empty docker rm --force", check=False)
    docker("rm", "--force", "--volumes", name, check=False)
    docker("volume", "rm", f"{name}-docker", check=False)


def down() -> None:
    """Remove the hosts, the IMDS stand-in, the network and its rule."""
    link_local_down()
    for host in present():
        say(f"removing {host.name}")
        remove(host.name)
    found = inspect(IMDS_NAME)
    if found and LABEL in (found["Config"].get("Labels") or {}):
        docker("rm", "--force", IMDS_NAME)
    listed = docker("network", "ls", "--quiet", "--filter", f"label={LABEL}=network").stdout.split()
    if listed:
        docker("network", "rm", *listed)
