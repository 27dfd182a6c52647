# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The library of policy documents for ECS hosts and their tasks, by name.

A document is a function: its arguments are the options it takes, those without a default are needed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies import least_privilege, permissions, trust
from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies.parts import Document

DOCUMENTS: dict[str, Callable[..., Document]] = {
    document.__name__: document
    for document in (
        permissions.assume_destination_role,
        permissions.cloudwatch_logs,
        permissions.ecr_pull,
        permissions.ecs_exec,
        permissions.task_s3_read,
        least_privilege.awsvpc_trunking,
        least_privilege.container_instance,
        least_privilege.external_instance,
        least_privilege.s3_object,
        least_privilege.task_execution,
        least_privilege.task_execution_secrets,
        trust.trust_cross_account_destination,
        trust.trust_ec2,
        trust.trust_ecs_tasks,
        trust.trust_ssm,
    )
}

# Every option that some document takes: what the lookup offers.
OPTIONS = sorted({option for document in DOCUMENTS.values() for option in inspect.signature(document).parameters})


def build(name: str, options: dict[str, Any]) -> Document:
    """The document of that name, or a Refusal that says which names and options there are."""
    if name not in DOCUMENTS:
        raise Refusal(f"policy: there is no document {name!r}; the names are {', '.join(DOCUMENTS)}.")
    parameters = inspect.signature(DOCUMENTS[name]).parameters
    unknown = sorted(set(options) - set(parameters))
    if unknown:
        takes = ", ".join(parameters) or "no option"
        raise Refusal(f"policy: {name} does not take {unknown[0]}; it takes {takes}.")
    needed = [key for key, parameter in parameters.items() if parameter.default is parameter.empty]
    missing = [key for key in needed if key not in options]
    if missing:
        raise Refusal(f"policy: {name} needs {missing[0]}.")
    return DOCUMENTS[name](**options)
