# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
short_description: What a play did, as a table of its hosts and of AWS
version_added: 0.1.0
description:
  - Gives the lines of a table that a person reads, made of what tasks have registered on each host. One task that runs
    once shows it, so it costs nothing on hosts.
  - A row says whether a host is C(ok), C(changed) (in check mode C(would change)), C(failed) or C(unreachable), and
    what was done or why not. A host of which no task has registered anything, as its turn
    in a play with C(serial) has not come, is C(not begun). A host that is
    gone for a reason that no result tells is C(lost).
  - A failure that was rescued is known by the fact C(__failure), a text.
positional: _input
options:
  _input:
    description: The variables of all hosts, C(hostvars).
    type: dict
    required: true
  hosts:
    description: The hosts of the table, in its order, such as C(ansible_play_hosts_all).
    type: list
    elements: str
    required: true
  words:
    description:
      - What a change of a task is called, by the variable that the task registers, in the order in which it is told.
        V(null) where the result has C(changes), as those of this collection's modules have.
    type: dict
    required: true
  aws:
    description: Those of the variables in O(words) that are about AWS and not about the host. AWS has a row of its own.
    type: list
    elements: str
    default: []
  controller:
    description: Whether the one host is the controller, and all of it about AWS.
    type: bool
    default: false
  left:
    description: The hosts that the play still has, C(ansible_play_hosts).
    type: list
    elements: str
    required: true
  check:
    description: Whether the run is one in check mode, C(ansible_check_mode).
    type: bool
    default: false
author:
  - fleetkit.ecs contributors
"""

EXAMPLES = r"""
- name: Set a variable of the agent
  fleetkit.ecs.ecs_agent_config:
    variables:
      ECS_LOGLEVEL: warn
  register: agent_config

- name: Say what was done on which host
  ansible.builtin.debug:
    msg: >-
      {{ hostvars | fleetkit.ecs.summary(hosts=ansible_play_hosts_all, left=ansible_play_hosts,
                                         words={'agent_config': none}, check=ansible_check_mode) }}
  run_once: true
"""

RETURN = r"""
_value:
  description: The lines, the first of them how many hosts there are of each outcome.
  type: list
  elements: str
  sample:
    - "3 hosts: 1 ok, 1 changed, 1 unreachable"
    - "10.0.1.11  ok           nothing to change"
    - "10.0.1.12  changed      update variable ECS_LOGLEVEL"
    - "10.0.1.13  unreachable  Connection timed out"
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.plugin_utils._summary import FAILURE, Play, table


def summary(
    hostvars: Mapping[str, Mapping[str, Any]],
    hosts: list[str],
    words: Mapping[str, str | None],
    left: list[str],
    aws: list[str] | None = None,
    controller: bool = False,
    check: bool = False,
) -> list[str]:
    # Of all the variables of a host only these are looked at, as each of them is templated then.
    known = {
        host: {name: hostvars[host][name] for name in (*words, FAILURE) if name in hostvars[host]} for host in hosts
    }
    return table(known, Play(words, frozenset(aws or []), controller, frozenset(left), check))


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"summary": summary}
