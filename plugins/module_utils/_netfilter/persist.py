# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""How a set outlives a reboot: a file of intent, one loader for all sets, and a unit that runs it.

Never a snapshot: iptables-save would bring Docker's and ecs-init's own rules back, stale and doubled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.loader import LOADER_TEXT
from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import File, Host, RuleSet, Unit, slots

RULES_DIRECTORY = "/etc/fleetkit-ecs/netfilter.d"
LOADER = "/usr/local/sbin/fleetkit-ecs-netfilter"
UNIT_DIRECTORY = "/etc/systemd/system"
_SYSTEMCTL = "/usr/bin/systemctl"

# What flushes the tables when it starts, stops or reloads. Units that a host does not have are harmless here.
_FIREWALLS = "nftables.service netfilter-persistent.service iptables.service ip6tables.service firewalld.service"


def unit_name(name: str) -> str:
    return f"fleetkit-ecs-netfilter-{name}.service"


def trigger_name(name: str) -> str:
    """No set's own unit can have this name: a set's name has no dot."""
    return f"fleetkit-ecs-netfilter-{name}.again.service"


def paths(name: str) -> dict[str, str]:
    """A persisted set's files by their kind, in the order in which they are written."""
    return {
        "rule_file": f"{RULES_DIRECTORY}/{name}.rules",
        "loader": LOADER,
        "trigger": f"{UNIT_DIRECTORY}/{trigger_name(name)}",
        "unit": f"{UNIT_DIRECTORY}/{unit_name(name)}",
    }


def wanted_files(wanted: RuleSet) -> dict[str, File]:
    """The same kinds with what the files say."""
    if not wanted.persist:
        return {}
    return {
        "rule_file": File(rule_file(wanted)),
        "loader": File(LOADER_TEXT, 0o755),
        "trigger": File(trigger_file(wanted)),
        "unit": File(unit_file(wanted)),
    }


def changes(host: Host, wanted: RuleSet) -> tuple[list[Change], list[Change]]:
    """Changes of the unit, and of the files that it uses."""
    if host.unit is None and (wanted.persist or paths(wanted.name)["unit"] in (host.files or {})):
        raise Refusal("persist needs systemd, which does not run here: set persist to false, or start systemd first")
    found = {change.kind: change for change in _changes(host, wanted)}
    unit = found.pop("unit", None)
    return [unit] if unit else [], list(found.values())


def _changes(host: Host, wanted: RuleSet) -> Iterator[Change]:
    files, hooked = wanted_files(wanted), _stands(host.unit, wanted.persist)
    for kind, path in paths(wanted.name).items():
        present, future = (host.files or {}).get(path), files.get(kind)
        if kind == "loader" and future is None and host.other_sets:
            continue
        if kind == "trigger":
            hooked = hooked and present == future  # both are enabled together
        if present != future or (kind == "unit" and not hooked):
            action = "delete" if not future else "update" if present else "create"
            yield Change(action, kind, path, wanted.name, present, future)


def _stands(unit: Unit | None, wanted: bool) -> bool:
    """Whether systemd's idea of the unit is right. An inactive unit would not be restarted with Docker."""
    return unit is None or unit == Unit(enabled=wanted, active=wanted, stale=False)


def rule_file(wanted: RuleSet) -> str:
    """One rule a line, grouped by chain and in the order of their places, which is what the loader relies on."""
    lines = [
        f"# Rules of the set {wanted.name}, written by the Ansible module fleetkit.ecs.netfilter_rules.",
        "# IP version, table, position (- for the end), chain, rule.",
    ]
    for place in sorted({rule.place for rule in wanted.rules}):
        rules = [rule for rule in wanted.rules if rule.place == place]
        numbered = [*slots(rules), *(("-", rule) for rule in rules if rule.position is None)]
        lines += [f"{place.owner} {position} {place.chain} {rule.spec}" for position, rule in numbered]
    return "\n".join(lines) + "\n"


def unit_file(wanted: RuleSet) -> str:
    """Rules in Docker's chains are loaded after Docker has made them, all others before the first container."""
    docker = any(rule.place.made_by_docker for rule in wanted.rules)
    after, before = ("docker.service ", "") if docker else ("", "docker.service ")
    part_of = f"{after}{_FIREWALLS}"
    wanted_by = f"docker.service {_FIREWALLS}" if docker else f"multi-user.target docker.service {_FIREWALLS}"
    return f"""\
# Written by the Ansible module fleetkit.ecs.netfilter_rules.
[Unit]
Description=netfilter rules {wanted.name} of fleetkit.ecs
After={after}{_FIREWALLS}
Before={before}ecs.service
# Who flushes the tables takes our rules with it: come back with it, at a reload too.
PartOf={part_of}
ReloadPropagatedFrom={_FIREWALLS}
# However often they do: a limit would leave the last flush unanswered.
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
# There is no ExecStop: between a stop and the next start the rules stay in force.
ExecStart={LOADER} load {wanted.name}
# A failed reload would leave the unit active, and a restart every time would miss a flush meanwhile.
ExecReload=/bin/sh -c '{LOADER} load {wanted.name} || exec {_SYSTEMCTL} --no-block restart {unit_name(wanted.name)}'

[Install]
WantedBy={wanted_by}
Also={trigger_name(wanted.name)}
"""


def trigger_file(wanted: RuleSet) -> str:
    """A firewall's start flushes too, but starts no unit that is active already: this one never is."""
    return f"""\
# Written by the Ansible module fleetkit.ecs.netfilter_rules.
[Unit]
Description=netfilter rules {wanted.name} of fleetkit.ecs, again after a firewall has started
After={_FIREWALLS}
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart={_SYSTEMCTL} --no-block try-reload-or-restart {unit_name(wanted.name)}

[Install]
WantedBy={_FIREWALLS}
"""


def describe_present(host: Host) -> str:
    return _describe(host.files or {}, host.unit)


def describe_wanted(host: Host, wanted: RuleSet) -> str:
    present, future = host.files or {}, wanted_files(wanted)
    files = {path: future[kind] for kind, path in paths(wanted.name).items() if kind in future}
    if LOADER in present and host.other_sets and not wanted.persist:
        files[LOADER] = present[LOADER]
    unit = Unit(enabled=wanted.persist, active=wanted.persist) if host.unit else None
    return _describe(files, unit)


def _describe(files: Mapping[str, File], unit: Unit | None) -> str:
    text = "".join(f"# {path} (mode {file.mode:04o}, owner {file.uid})\n{file.text}" for path, file in files.items())
    states = [state for state in ("enabled", "active") if unit and getattr(unit, state)]
    return text + (f"# unit is {' and '.join(states)}\n" if states else "")
