# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""How sets outlive a reboot: a file of intent for each, and one loader and one unit that keeps all of them in force.

Never a snapshot: iptables-save would bring Docker's and ecs-init's own rules back, stale and doubled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter import beside
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.loader import LOADER_TEXT
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import File, Host, RuleSet, Unit, slots

RULES_DIRECTORY = "/etc/fleetkit-ecs/netfilter.d"
LOADER = "/usr/local/sbin/fleetkit-ecs-netfilter"
UNIT = "fleetkit-ecs-netfilter.service"
MEMORY = "/run/fleetkit-ecs-netfilter"

# What flushes the tables when it starts. Units that a host does not have are harmless here.
_FIREWALLS = "nftables.service netfilter-persistent.service iptables.service ip6tables.service firewalld.service"

UNIT_TEXT = f"""\
# Written by the Ansible module fleetkit.ecs.netfilter_rules.
[Unit]
Description=netfilter and routing rules of fleetkit.ecs, put into force and kept there
After={_FIREWALLS}
Before=docker.service ecs.service
# However often it ends: a limit would leave the next flush unanswered.
StartLimitIntervalSec=0

[Service]
# There is no ExecStop: without this unit the rules stay as they are.
ExecStartPre=-{LOADER} load
ExecStart={LOADER} watch
ExecReload={LOADER} load
Restart=always
# On a host with more work than processors a flush is answered as soon as on an idle one.
Nice=-10

[Install]
WantedBy=multi-user.target
"""

# Not Requires=: that would restart Docker with our unit, and would not look again when Docker is restarted.
DOCKER_TEXT = f"""\
# Written by the Ansible module fleetkit.ecs.netfilter_rules: rules before containers, at every start of Docker.
[Unit]
Wants={UNIT}
After={UNIT}

[Service]
ExecStartPre={LOADER} before-docker
"""

NETWORKD_TEXT = """\
# Written by the Ansible module fleetkit.ecs.netfilter_rules: systemd-networkd would delete its routing rules.
[Network]
ManageForeignRoutingPolicyRules=no
"""


def paths(name: str) -> dict[str, str]:
    """A persisted set's files by kind, in the order in which they are written; all sets share all but the first."""
    return {
        "rule_file": f"{RULES_DIRECTORY}/{name}.rules",
        "loader": LOADER,
        "networkd": "/etc/systemd/networkd.conf.d/fleetkit-ecs-netfilter.conf",
        "docker": "/etc/systemd/system/docker.service.d/fleetkit-ecs-netfilter.conf",
        "unit": f"/etc/systemd/system/{UNIT}",
    }


def wanted_files(host: Host, wanted: RuleSet) -> dict[str, File]:
    """The same kinds with what the files say. What another set shares with one that goes stays as it is."""
    present, files = host.files or {}, {}
    if wanted.persist:
        files = {"rule_file": File(rule_file(wanted)), "loader": File(LOADER_TEXT, 0o755)}
        files |= {"docker": File(DOCKER_TEXT), "unit": File(UNIT_TEXT)}
    elif host.others:
        shared = {kind: path for kind, path in paths(wanted.name).items() if kind != "rule_file"}
        files = {kind: present[path] for kind, path in shared.items() if path in present}
    networkd = present.get(paths(wanted.name)["networkd"])
    files.pop("networkd", None)
    if wanted.beside.prohibited and (host.networkd or networkd):
        files["networkd"] = File(NETWORKD_TEXT)
    elif networkd and any(other.prohibited for other in host.others.values()):
        files["networkd"] = networkd
    return files


def changes(host: Host, wanted: RuleSet) -> tuple[list[Change], list[Change]]:
    """Changes of the unit, and of the files that it uses."""
    if host.unit is None and (wanted.persist or paths(wanted.name)["rule_file"] in (host.files or {})):
        raise Refusal("persist needs systemd, which does not run here: set persist to false, or start systemd first")
    found = {change.kind: change for change in _changes(host, wanted)}
    unit = found.pop("unit", None)
    return [unit] if unit else [], list(found.values())


def _changes(host: Host, wanted: RuleSet) -> Iterator[Change]:
    files = wanted_files(host, wanted)
    for kind, path in paths(wanted.name).items():
        present, future = (host.files or {}).get(path), files.get(kind)
        if present != future or (kind == "unit" and not _stands(host, wanted)):
            action = "delete" if not future else "update" if present else "create"
            yield Change(action, kind, path, wanted.name, present, future)


def _stands(host: Host, wanted: RuleSet) -> bool:
    """Whether systemd's idea of the unit is right."""
    wanted_unit = Unit(enabled=wanted.persist, active=wanted.persist, stale=False)
    return host.unit is None or host.unit == wanted_unit or (bool(host.others) and not wanted.persist)


def rule_file(wanted: RuleSet) -> str:
    """One thing a line; rules stand by chain and in the order of their places, which is what the loader relies on."""
    head = [f"# The set {wanted.name}, written by the Ansible module fleetkit.ecs.netfilter_rules."]
    if wanted.rules:
        head.append("# A rule is IP version, table, position (+ for the head, - for the end), chain, rule.")
    if wanted.required_by_docker:
        head += ["# Docker does not start without it.", "required"]
    tables: dict[bool, list[str]] = {True: [], False: []}
    for place in sorted({rule.place for rule in wanted.rules}):
        rules = [rule for rule in wanted.rules if rule.place == place]
        numbered = [*slots(rules), *(("+" if rule.head else "-", rule) for rule in rules if rule.position is None)]
        tables[place.table == "nat"] += [f"{place.owner} {at} {place.chain} {rule.spec}" for at, rule in numbered]
    lines = [*head, *beside.to_lines(wanted.beside, nat=tables[True], rest=tables[False])]
    if wanted.restore_ecs_init:
        lines += ["# What a flush takes of ecs-init's own rules while ecs.service is active is put back.", "ecs-init"]
    return "\n".join(lines) + "\n"


def describe_present(host: Host) -> str:
    return _describe(host.files or {}, host.unit)


def describe_wanted(host: Host, wanted: RuleSet) -> str:
    future = wanted_files(host, wanted)
    files = {path: future[kind] for kind, path in paths(wanted.name).items() if kind in future}
    kept = wanted.persist or not host.others
    unit = Unit(enabled=wanted.persist, active=wanted.persist) if host.unit and kept else host.unit
    return _describe(files, unit)


def _describe(files: Mapping[str, File], unit: Unit | None) -> str:
    text = "".join(f"# {path} (mode {file.mode:04o}, owner {file.uid})\n{file.text}" for path, file in files.items())
    states = [state for state in ("enabled", "active") if unit and getattr(unit, state)]
    return text + (f"# {UNIT} is {' and '.join(states)}\n" if states else "")
