# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The parameters of the IAM modules, once: iam_resources takes lists of what the others take.

Their documentation is in the fragment C(_iam), in the same order.
"""

from __future__ import annotations

from typing import Any

Spec = dict[str, dict[str, Any]]

STATE: Spec = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}
TAGS: Spec = {
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
}
PATH: Spec = {"path": {"type": "str", "aliases": ["prefix", "path_prefix"]}}

MANAGED_POLICY: Spec = {
    "name": {"type": "str", "required": True, "aliases": ["policy_name"]},
    "document": {"type": "json", "aliases": ["policy", "policy_json"]},
    "description": {"type": "str", "aliases": ["policy_description"]},
    **PATH,
    **TAGS,
    **STATE,
}
ROLE: Spec = {
    "name": {"type": "str", "required": True, "aliases": ["role_name"]},
    "trust": {"type": "json", "aliases": ["assume_role_policy_document"]},
    "managed_policies": {"type": "list", "elements": "str", "aliases": ["managed_policy"]},
    "purge_managed_policies": {"type": "bool", "default": True, "aliases": ["purge_policies", "purge_policy"]},
    "inline_policies": {"type": "dict"},
    "purge_inline_policies": {"type": "bool", "default": True},
    "instance_profile": {"type": "str"},
    "description": {"type": "str"},
    **PATH,
    "max_session_duration": {"type": "int"},
    "permissions_boundary": {"type": "str", "aliases": ["boundary", "boundary_policy_arn"]},
    **TAGS,
    **STATE,
}
INSTANCE_PROFILE: Spec = {
    "name": {"type": "str", "required": True, "aliases": ["instance_profile_name"]},
    "role": {"type": "str"},
    **PATH,
    **TAGS,
    **STATE,
}
TRUST_STATEMENT: Spec = {
    "role": {"type": "str", "required": True, "aliases": ["role_name"]},
    "sid": {"type": "str", "required": True},
    "statement": {"type": "json"},
    **STATE,
}
WAIT: Spec = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 120},
}


def many(spec: Spec) -> dict[str, Any]:
    """A list of what a single module takes."""
    return {"type": "list", "elements": "dict", "options": spec}
