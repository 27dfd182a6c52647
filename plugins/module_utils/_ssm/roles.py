# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The role of a managed instance, as Systems Manager takes it: by its name alone.

Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateActivation.html
"""

from __future__ import annotations

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import names

LONGEST = 64
TRUST = "lookup('fleetkit.ecs.policy', 'trust_ssm', account_id=ACCOUNT, region=REGION)"


def role_name(parameter: str, value: str) -> str:
    """The name of a role that is given by name or ARN."""
    if value.startswith("arn:"):
        arn = names.parse_arn(parameter, value, "role")
        names.check_account(parameter, arn.account)
        if arn.path.startswith("/aws-service-role/"):
            raise Refusal(
                f"{parameter}: {value!r} is a service-linked role, which Systems Manager does not take here; give a "
                "role of your own that trusts ssm.amazonaws.com, such as ecsAnywhereRole of role fleetkit.ecs.iam."
            )
        return names.check_name(parameter, arn.name, LONGEST)
    if "/" in value:
        raise Refusal(
            f"{parameter}: {value!r} has a path; Systems Manager takes the name alone, {value.rsplit('/', 1)[1]!r}, or "
            "give the whole ARN."
        )
    return names.check_name(parameter, value, LONGEST)
