# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Keep what is secret among declared variables out of everything that a module says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.variables import VARIABLES
from ansible_collections.fleetkit.ecs.plugins.module_utils._secrets import MASK, texts, worth_masking


def without_secrets(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The declared variables as they may be shown. An unknown name may be a secret one's, misspelled."""
    return {name: MASK if _is_secret(name) else value for name, value in variables.items()}


def texts_to_mask(variables: Mapping[str, Any], path: str) -> set[str]:
    """The texts that Ansible is to mask wherever it meets them in a result."""
    secret = {name: value for name, value in variables.items() if _is_secret(name)}
    return worth_masking(secret, [path, *VARIABLES, *texts(without_secrets(variables))])


def _is_secret(name: str) -> bool:
    return name not in VARIABLES or VARIABLES[name].secret
