# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring the test lab up or down: python tests/lab/lab.py {up,down,reboot,status,package} (see README.md here)."""

from __future__ import annotations

import argparse
import fcntl
import shutil
import sys

from ecslab import engine, hosts, images, inventory, packages, rpms, services, ssm_packages
from ecslab.settings import BUILD, CACHE, ECS_INIT_VERSION, IMDS_NAME, SHAPE, SUITES, LabError, say

LOCK = BUILD / "lock"


def up(args: argparse.Namespace) -> None:
    """Bring up whatever is not up."""
    CACHE.mkdir(parents=True, exist_ok=True)
    engine.ensure()
    wanted = [hosts.Host(suite, number) for suite in args.suite or ["trixie"] for number in range(1, args.hosts + 1)]
    for host in wanted if args.fresh else []:
        hosts.remove(host.name)
    hosts.network_up()
    hosts.link_local_up()
    shape = SHAPE in {host.suite for host in [*wanted, *hosts.present()]}
    built = build(ECS_INIT_VERSION, rpm=shape) | ssm_packages.build(rpm=shape)
    for service in services.services():
        services.up(service)
    services.create_cluster(args.cluster)
    hosts.imds_up()
    for host in wanted:
        hosts.start(host)  # all of them boot at the same time
    for host in wanted:
        hosts.ready(host)
        if args.on_premises:
            hosts.take_off_ec2(host)
    known = inventory.write(hosts.present(), built, args.cluster)
    say(f"up: {', '.join(host['name'] for host in known['hosts'])}; facts in {inventory.FACTS}")


def build(version: str, rpm: bool) -> dict[str, str]:
    """Build the packages of this version; the RPMs only where something installs them."""
    return packages.build(version) | (rpms.build(version) if rpm else {})


def down(args: argparse.Namespace) -> None:
    """Remove everything but the caches; with --all those too."""
    if engine.installed():
        engine.wake()  # hosts outlive the engine that ran them, and would be taken for new ones
        hosts.down()
    for service in services.services():
        services.down(service)
    inventory.remove()
    if args.all:
        if engine.installed():
            images.remove_all()
        shutil.rmtree(BUILD, ignore_errors=True)
    say("down (a dockerd that 'up' had to start stays up)")


def programs(args: argparse.Namespace) -> None:
    """Install the programs that the lab and the tests call, where they are missing."""
    del args
    engine.install_missing({**engine.PROGRAMS, **engine.TEST_PROGRAMS})


def reboot(args: argparse.Namespace) -> None:
    """Reboot one host and wait until it is back."""
    hosts.reboot(hosts.named(args.host))


def task(args: argparse.Namespace) -> None:
    """Start a container that stands for a task with a role; prints its id."""
    print(hosts.start_task(hosts.named(args.host), args.family, args.role_arn))


def status(args: argparse.Namespace) -> None:
    """Say what is up."""
    del args
    if not engine.answers():
        say("the Docker engine does not answer")
        return
    for service in services.services():
        say(f"{service.name}: {'up' if services.recorded(service) and services.answers(service) else 'down'}")
    imds = hosts.inspect(IMDS_NAME)
    say(f"imds: {'up' if imds and imds['State']['Running'] else 'down'}")
    for host in hosts.present():
        say(f"{host.name} ({host.address}): {hosts.state(host) or 'stopped'}")


def package(args: argparse.Namespace) -> None:
    """Build the amazon-ecs-init double of another version, for upgrade and version tests."""
    built = build(args.version, rpm=SHAPE in {host.suite for host in hosts.present()})
    print(*(url for name, url in built.items() if name in ("deb_url", "rpm_url")), sep="\n")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    command = commands.add_parser("up", help="bring up whatever is not up")
    command.add_argument(
        "--suite", action="append", choices=sorted(SUITES), help="what the hosts are (trixie); can be given again"
    )
    command.add_argument("--hosts", type=int, default=1, choices=range(1, 41), metavar="N", help="how many hosts")
    command.add_argument("--cluster", default="demo", help="ECS cluster to create in a new local AWS")
    command.add_argument("--fresh", action="store_true", help="make these hosts anew, with nothing installed")
    command.add_argument("--on-premises", action="store_true", help="these hosts have no instance metadata service")
    command.set_defaults(run=up)
    command = commands.add_parser("down", help="remove everything but the caches")
    command.add_argument("--all", action="store_true", help="the caches and images too")
    command.set_defaults(run=down)
    command = commands.add_parser("reboot", help="reboot a host")
    command.add_argument("host")
    command.set_defaults(run=reboot)
    command = commands.add_parser(
        "task", help="start what stands for a task with a role, with the AWS CLI in its image"
    )
    command.add_argument("host")
    command.add_argument("--family", default="app", help="of its task definition")
    command.add_argument("--role-arn", required=True, help="its task role")
    command.set_defaults(run=task)
    commands.add_parser("programs", help="install what the lab and the tests call").set_defaults(run=programs)
    commands.add_parser("status", help="say what is up").set_defaults(run=status)
    command = commands.add_parser("package", help="build and sign another version of the amazon-ecs-init double")
    command.add_argument("--version", required=True, help="for example 1.80.0-1")
    command.set_defaults(run=package)
    return top


def main() -> int:
    """Run one command."""
    args = parser().parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    try:
        with LOCK.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two at a time would build and create the same things
            args.run(args)
    except LabError as error:
        print(f"lab: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
