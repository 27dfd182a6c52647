# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation against the code: what the docs say is what the argument spec does."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.fleetkit.ecs.plugins.module_utils._netfilter.parse import parse_set
from ansible_collections.fleetkit.ecs.plugins.modules import netfilter_rules

OPTIONS = yaml.safe_load(netfilter_rules.DOCUMENTATION)["options"]


def described(options):
    return {
        name: {key: option[key] for key in ("type", "choices", "default", "required", "elements") if key in option}
        for name, option in options.items()
    }


def test_every_option_is_documented_as_it_is():
    assert described(OPTIONS) == described(netfilter_rules.SPEC)
    assert described(OPTIONS["rules"]["suboptions"]) == described(netfilter_rules.RULE)


@pytest.mark.parametrize("task", yaml.safe_load(netfilter_rules.EXAMPLES), ids=lambda task: task["name"])
def test_every_example_is_accepted(task):
    given = task["fleetkit.ecs.netfilter_rules"]
    defaults = {name: option.get("default") for name, option in netfilter_rules.RULE.items()}
    rules = [{**defaults, **rule} for rule in given.get("rules", [])]
    spec = {name: option.get("default") for name, option in netfilter_rules.SPEC.items()}
    parse_set({**spec, **given, "rules": rules})
