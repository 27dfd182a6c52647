# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to the hosts, as data. A step is a shell command on the host or one of the words below."""

from __future__ import annotations

from dataclasses import dataclass

REBOOT = "reboot"
GUARD_ON = "guard on"
GUARD_ON_BEFORE_DOCKER = "guard on, before Docker"
GUARD_OFF = "guard off"
WATCH = "watch"


@dataclass(frozen=True)
class Event:
    """An event. `before` belongs to its first time and `after` to its last; they are watched like the rest."""

    name: str
    steps: tuple[str, ...]
    times: int = 2
    short: int = 0
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    agent: bool = True  # runs when all is over, and credentials are had
    open: bool = False  # nothing guards: every prober must get through, or it is blind

    def occurrences(self, short: bool) -> list[tuple[str, ...]]:
        """The steps of each time."""
        count = self.short if short else self.times
        all_steps = [self.steps] * count
        if count:
            all_steps[0] = self.before + all_steps[0]
            all_steps[-1] += self.after
        return all_steps


APT = "DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes --no-install-recommends --no-download"
# Without the first command the unit's start limit would refuse the fourth restart within a minute.
RESTART = "systemctl reset-failed docker.service; systemctl restart docker.service"
LIVE_RESTORE = "sed -i '/live-restore/s/{}/{}/' /etc/docker/daemon.json; " + RESTART
# Not by apt-get: what needs Docker would go with it.
REMOVE = "dpkg --remove --force-depends docker.io"
PROOF = "/var/lib/guard-proof"

EVENTS = [
    Event("no guard yet", (), times=1, short=1, agent=False, open=True),
    Event("reboot", (REBOOT,), times=10, short=1),
    Event("Docker restart", (RESTART,), times=20, short=2),
    Event(
        "Docker restart with live-restore",
        (RESTART,),
        short=1,
        before=(LIVE_RESTORE.format("false", "true"),),
        after=(LIVE_RESTORE.format("true", "false"),),
    ),
    Event("ecs stopped and started", ("systemctl stop ecs", WATCH, "systemctl start ecs"), short=1),
    Event("Docker reinstalled", (f"{APT} install --reinstall docker.io && systemctl start ecs",), times=1),
    Event(
        "Docker removed and installed",
        (REMOVE, f"{APT} install docker.io && systemctl start ecs"),
        times=1,
    ),
    Event(
        "Docker installed after the role ran",
        (
            "systemctl stop ecs && docker ps --quiet | xargs docker stop",
            GUARD_OFF,
            REMOVE,
            REBOOT,
            GUARD_ON_BEFORE_DOCKER,
            f"{APT} install docker.io && systemctl start ecs",
            WATCH,
            GUARD_ON,
        ),
        times=1,
    ),
    Event(
        "iptables-restore of empty tables",
        (f"iptables-restore {PROOF}/empty.rules && ip6tables-restore {PROOF}/empty.rules",),
        short=1,
    ),
    Event("nft flush ruleset", ("nft flush ruleset",), short=1),
    Event(
        "netfilter-persistent restart",
        ("systemctl restart netfilter-persistent",),
        before=("systemctl enable --now netfilter-persistent",),
    ),
    Event("reboot with netfilter-persistent", (REBOOT,), times=1),
    Event("nftables restart", ("systemctl restart nftables",), before=("systemctl enable --now nftables",)),
    Event("reboot with nftables", (REBOOT,), times=1),
    Event(
        "firewalld reload",
        ("firewall-cmd --reload",),
        before=("systemctl disable --now nftables", "systemctl enable --now firewalld", RESTART),
    ),
    Event("reboot with firewalld", (REBOOT,), times=1),
    Event("guard taken away", (GUARD_OFF,), times=1, short=1, open=True),
]
BY_NAME = {event.name: event for event in EVENTS}


def listed(short: bool) -> dict[str, int]:
    """The events of the whole or of the short list, in order, and how often they happen."""
    times = {event.name: len(event.occurrences(short)) for event in EVENTS}
    return {name: count for name, count in times.items() if count}
