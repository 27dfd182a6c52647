# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The agent, its variables, the packets and the system: what is right and wrong about them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import shown
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.introspection import REGISTERED
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.state import SERVICE, version_of
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.variables import VARIABLES
from ansible_collections.fleetkit.ecs.plugins.module_utils._host_check.model import (
    Fault,
    Finding,
    Host,
    NotApplicable,
    Pending,
    Seen,
)

PLAYBOOK = "run the playbook fleetkit.ecs.container_instances"
IMDS = "169.254.169.254"
# Of a host whose tasks are not kept from it.
UNGUARDED = "tasks may reach IMDS here: an external host, or task_network_imds_guard is false"
SSM_AGENT = "amazon-ssm-agent.service"
OLDEST_DOCKER = (20, 10)  # of what this collection is proven with
CLOCK = 60.0  # seconds; AWS refuses what is signed five minutes off
CREDENTIALS_AGE = 3600.0  # seconds that the SSM agent's credentials last; it renews them at half of that
ROOM = 2**30  # bytes for images and layers
LITTLE_ROOM = 64 * 2**20  # bytes for state and logs
FILES_FREE = 0.02

_LOOK = "read journalctl --unit ecs and /var/log/ecs/ecs-agent.log"
_AGENT_FIRST = "see agent"


def agent(host: Host) -> Iterator[Finding]:
    """Whether the agent runs, will run after a boot, and is a container instance."""
    unit = host.units.get(SERVICE, {})
    if unit.get("LoadState") == "not-found":
        yield Fault(f"there is no {SERVICE}", PLAYBOOK)
        return
    if host.state(SERVICE) != "active":
        yield Fault(f"{SERVICE} is {host.state(SERVICE)}", f"run systemctl start ecs, and {_LOOK}")
    elif host.agent.status != REGISTERED:
        yield Fault(host.agent.reason.rstrip("."), _LOOK)
    if unit.get("UnitFileState") not in ("enabled", "enabled-runtime"):
        yield Fault(f"{SERVICE} does not start at boot", "run systemctl enable ecs")
    yield Seen(f"{host.agent.container_instance_arn} runs agent {host.agent.agent_version}")


def agent_version(host: Host) -> Iterator[Finding]:
    """Whether the agent that runs knows all variables that it is given."""
    runs = version_of(host.agent.agent_version)
    if runs is None:
        yield Pending("no agent says which version it is", _AGENT_FIRST)
        return
    declared = {name for name, value in host.wanted.variables.items() if value is not None}
    for name in sorted(declared | set(host.config)):
        since = version_of(VARIABLES[name].since) if name in VARIABLES else None
        if since and runs < since:
            yield Fault(
                f"{name} needs agent {VARIABLES[name].since}, and {host.agent.agent_version} runs",
                f"set agent_version to {VARIABLES[name].since}-1 or later and {PLAYBOOK}",
            )
    yield Seen(f"agent {host.agent.agent_version} knows all variables that are set")


def cluster(host: Host) -> Iterator[Finding]:
    """Whether the agent is in the cluster that it should be in."""
    wanted = host.wanted.variables.get("ECS_CLUSTER") or host.config.get("ECS_CLUSTER") or "default"
    if host.agent.cluster is None:
        yield Pending("no agent says which cluster it is in", _AGENT_FIRST)
    elif host.agent.cluster.rpartition("/")[2] != wanted.rpartition("/")[2]:
        yield Fault(
            f"the agent is in the cluster {host.agent.cluster}, not in {wanted}",
            f"to move the host set agent_move_cluster to true and {PLAYBOOK}; to leave it there, correct agent_cluster",
        )
    else:
        yield Seen(f"in the cluster {host.agent.cluster}")


def variables(host: Host) -> Iterator[Finding]:
    """Whether what is declared is in ecs.config, and what is in there is what the agent was started with."""
    for name, value in sorted(host.wanted.variables.items()):
        there = host.config.get(name)
        if name != "ECS_CLUSTER" and there != value:  # that one has a check of its own
            yield Fault(f"{name} is {_said(name, there)} in ecs.config, and declared {_said(name, value)}", PLAYBOOK)
    if host.environment is None:
        yield Pending("there is no container ecs-agent to look into", _AGENT_FIRST)
        return
    for name, value in sorted(host.config.items()):
        if host.environment.get(name) != value:
            yield Fault(
                f"{name} is {_said(name, value)} in ecs.config, and the agent was started with "
                f"{_said(name, host.environment.get(name))}",
                "run systemctl restart ecs: the agent reads its variables when it starts",
            )
    yield Seen(f"{len(host.config)} variables of ecs.config are in force")


def _said(name: str, value: str | None) -> str:
    return "not set" if value is None else shown(name, value)


def task_credentials(host: Host) -> Iterator[Finding]:
    """Whether a packet of a task on a bridge reaches the agent's credentials endpoint."""
    yield from _untried(host)
    if host.packets.bridge and not host.packets.problem:
        if host.packets.credentials is not None:
            yield Seen(f"169.254.170.2 answers {host.packets.credentials} to a packet from {host.packets.bridge}")
        elif host.state(SERVICE) != "active":
            yield Pending(f"169.254.170.2 does not answer while {SERVICE} is {host.state(SERVICE)}", _AGENT_FIRST)
        else:
            yield Fault(
                f"169.254.170.2 does not answer a packet from {host.packets.bridge}",
                "see credential_path; where that is ok a firewall drops it: run iptables -L INPUT -n -v",
            )


def _untried(host: Host) -> Iterator[Finding]:
    if not host.packets.bridge:
        yield NotApplicable("Docker has no default bridge to send a packet from")
    elif host.packets.problem:
        yield Fault(
            f"no packet could be sent: {host.packets.problem}", "see docker; it takes root, ip and veth devices"
        )


def imds_closed(host: Host) -> Iterator[Finding]:
    """Whether no packet of a task on a bridge reaches IMDS, and none will after a boot."""
    if not host.guarded:
        yield NotApplicable(UNGUARDED)
        return
    yield from _untried(host)
    if not host.persisted:
        yield Fault("nothing brings the guard back after a reboot: no set of rules is persisted", PLAYBOOK)
    if host.packets.problem or not host.packets.bridge:
        return
    tried = {address: open_ for address, open_ in host.packets.imds.items() if host.packets.host_imds.get(address)}
    for address, open_ in tried.items():
        if open_:
            yield Fault(f"{address} answers a packet from {host.packets.bridge}", f"see imds_guard, and {PLAYBOOK}")
    if not tried:
        yield NotApplicable("IMDS does not answer the host itself, so silence on a bridge proves nothing")
    yield Seen(f"no answer to {host.packets.bridge} from {' or '.join(tried)}, which the host itself reaches")


def imds_open(host: Host) -> Iterator[Finding]:
    """Whether the host itself reaches IMDS: the agent's own credentials come from there."""
    if host.external:
        yield NotApplicable("an external host has no IMDS")
    elif not host.packets.host_imds.get(IMDS):
        yield Fault(
            f"{IMDS} does not answer the host",
            "run aws ec2 modify-instance-metadata-options --http-endpoint enabled, and look at ip route get "
            f"{IMDS} and at OUTPUT of iptables",
        )
    else:
        yield Seen(f"the host reaches {' and '.join(name for name, open_ in host.packets.host_imds.items() if open_)}")


def conflicts(host: Host) -> Iterator[Finding]:
    """Whether nothing else undoes or doubles what ecs-init and we do."""
    for name in host.engine.other_agents:
        yield Fault(f"the container {name} is another agent", f"run docker rm --force {name}: a host has one agent")
    for found, remedy in host.leftovers:
        yield Fault(found, remedy)
    yield Seen("no second agent, no snapshot of rules, no persisted route_localnet")


def clock(host: Host) -> Iterator[Finding]:
    """Whether the host's clock is near the controller's: AWS refuses requests that are signed at another time."""
    if host.clock is None:
        yield NotApplicable("no time was given to compare with (reference_time)")
        return
    side = "ahead of" if host.clock > 0 else "behind"
    if abs(host.clock) > CLOCK:
        yield Fault(
            f"the clock is {abs(host.clock):.0f} seconds {side} the controller's",
            "run an NTP client such as chrony: AWS refuses requests that are signed five minutes off",
        )
    yield Seen(f"within {CLOCK:.0f} seconds of the controller's")


def disk(host: Host) -> Iterator[Finding]:
    """Whether there is room for images, for the agent's state and for its logs."""
    for number, space in enumerate(host.spaces):
        if space.free < (LITTLE_ROOM if number else ROOM):
            yield Fault(f"{space.path} has {space.free // 2**20} MiB left", f"make room in {space.path}{_PRUNE}")
        if space.files_free < FILES_FREE:
            yield Fault(f"{space.path} has {space.files_free:.0%} of its inodes left", f"remove files of {space.path}")
    yield Seen(", ".join(f"{space.path} has {space.free / 2**30:.1f} GiB left" for space in host.spaces))


_PRUNE = "; images that no container uses go with ECS_DISABLE_IMAGE_CLEANUP=false or docker image prune"


def docker(host: Host) -> Iterator[Finding]:
    """Whether Docker answers and is one that the guard is proven with."""
    engine = host.engine
    if not engine.version:
        yield Fault(
            "Docker does not answer on its socket", "run systemctl start docker, and read journalctl --unit docker"
        )
        return
    major, _dot, rest = engine.version.partition(".")
    minor = rest.partition(".")[0]
    if major.isdigit() and minor.isdigit() and (int(major), int(minor)) < OLDEST_DOCKER:
        yield Fault(f"Docker is {engine.version}", f"upgrade it to {'.'.join(map(str, OLDEST_DOCKER))} or later")
    if engine.firewall not in ("", "iptables", "nftables"):
        yield Fault(f"Docker's firewall backend is {engine.firewall}", "let it be iptables or nftables")
    yield Seen(f"Docker {engine.version}, cgroup v{engine.cgroup}, firewall {engine.firewall or 'iptables'}")


def ssm(host: Host) -> Iterator[Finding]:
    """Whether the SSM agent of an external host is registered, runs and keeps its credentials fresh."""
    if not host.external:
        yield NotApplicable("not an external host")
        return
    here = host.registration
    if not here.instance_id:
        yield Fault("this host is not registered with Systems Manager", "run the playbook fleetkit.ecs.anywhere")
    if here.state != "active":
        yield Fault(f"{SSM_AGENT} is {here.state}", "run systemctl enable --now amazon-ssm-agent")
    if here.age is None:
        yield Fault("/root/.aws/credentials is not there", "run systemctl restart amazon-ssm-agent, which writes it")
    elif here.age > CREDENTIALS_AGE:
        yield Fault(
            f"/root/.aws/credentials is {here.age / 60:.0f} minutes old, and what is in it lasts an hour",
            "run systemctl restart amazon-ssm-agent, and read /var/log/amazon/ssm/amazon-ssm-agent.log",
        )
    yield Seen(f"{here.instance_id} with fresh credentials")
