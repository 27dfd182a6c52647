# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What ecs-init itself puts into the tables when ecs.service starts (amazon-ecs-agent, ecs-init/exec/iptables)."""

from __future__ import annotations

from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.model import Place

PROGRAM = "/usr/libexec/amazon-ecs-init"

PREROUTING, OUTPUT = Place("ipv4", "nat", "PREROUTING"), Place("ipv4", "nat", "OUTPUT")
INPUT = Place("ipv4", "filter", "INPUT")

_TO_THE_AGENT = "-d 169.254.170.2/32 -p tcp -m tcp --dport 80"
_OFF_HOST = "! -i lo -p tcp -m tcp --dport 51678 -j DROP"
LOOPBACK_FILTER = "! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP"

# As iptables -S prints them.
CREDENTIAL_RULES = (
    (PREROUTING, f"{_TO_THE_AGENT} -j DNAT --to-destination 127.0.0.1:51679"),
    (OUTPUT, f"{_TO_THE_AGENT} -j REDIRECT --to-ports 51679"),
    (INPUT, LOOPBACK_FILTER),
)
INTROSPECTION_RULES = (
    (INPUT, _OFF_HOST),
    (Place("ipv6", "filter", "INPUT"), _OFF_HOST),
    (INPUT, "-i docker0 -p tcp -m tcp --dport 51678 -j ACCEPT"),
)
