# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From parameters to a request. What cannot be right is refused here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.agent_config.model import Request

# The sections of the agent's file, https://github.com/aws/amazon-ssm-agent#agent-configuration
SECTIONS = ("Agent", "Birdwatcher", "Identity", "Kms", "Mds", "Mgs", "Os", "Profile", "S3", "Ssm")
USER = re.compile(r"(?<=//)[^/@]+(?=@)")


def request(params: Mapping[str, Any]) -> Request:
    """The request; everything that is wrong is said at once."""
    proxy = params["proxy"]
    problems = [*_settings(params["settings"]), *_proxy(proxy or {})]
    if problems:
        raise Refusal(" ".join(problems))
    return Request(params["settings"], None if proxy is None else {name: value or "" for name, value in proxy.items()})


def _settings(settings: Mapping[str, Any]) -> Iterator[str]:
    for section, content in settings.items():
        if section not in SECTIONS:
            yield f"settings: the agent has no section {section!r}; it has {', '.join(SECTIONS)}, in this case."
        elif not isinstance(content, Mapping):
            yield f"settings: the section {section} is a map of settings, such as {{Endpoint: https://...}}."
        elif any(isinstance(value, Mapping) for value in content.values()):
            yield f"settings: a value in the section {section} is a map; the agent has none of those."


def _proxy(proxy: Mapping[str, str | None]) -> Iterator[str]:
    for name, value in proxy.items():
        if value and (value != value.strip() or any(ord(character) < 32 for character in value)):
            yield f"proxy: {name} has a line break, or a space at an end."
        elif value and name != "no_proxy" and not re.match(r"https?://[^/]", value):
            yield f"proxy: {name} is a URL such as http://proxy.example.com:3128."


def without_users(value: str) -> str:
    """A proxy as it may be shown."""
    return USER.sub("********", value)


def secrets(proxy: Mapping[str, str | None]) -> set[str]:
    """User and password of proxies, together and apart."""
    users = {user for value in proxy.values() for user in USER.findall(value or "")}
    return users | {user.partition(":")[2] for user in users if user.partition(":")[2]}
