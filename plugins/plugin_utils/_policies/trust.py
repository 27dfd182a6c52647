# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Trust policies: who may assume a role.

The conditions against a confused deputy belong to the service: ec2.amazonaws.com sends none of the keys, so a
condition would lock every instance out; ssm.amazonaws.com and ecs-tasks.amazonaws.com send aws:SourceAccount and
aws:SourceArn. Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html,
https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-multicloud-service-role.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
"""

from __future__ import annotations

from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import names
from ansible_collections.fleetkit.ecs.plugins.plugin_utils._policies.parts import Document, Scope, Statement, policy


def _trust(principal: dict[str, Any], **more: Any) -> Statement:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


def called_for(service: str, account_id: Any, region: Any, partition: str) -> dict[str, Any]:
    """The condition against a confused deputy: the service acts for this account, in these regions, only.

    ECS sends no ARN of a cluster, so none can be asked for; IAM roles are global, so several regions can be.
    """
    scope = Scope.of(names.check_account("account_id", account_id), region, partition)
    arns = scope.arns(service, "*")
    return {
        "ArnLike": {"aws:SourceArn": arns[0] if len(arns) == 1 else arns},
        "StringEquals": {"aws:SourceAccount": scope.account},
    }


def trust_ec2() -> Document:
    return policy(_trust({"Service": "ec2.amazonaws.com"}))


def trust_ssm(account_id: Any = None, region: Any = "*", partition: str = "aws") -> Document:
    principal = {"Service": "ssm.amazonaws.com"}
    if account_id is None:
        return policy(_trust(principal))
    return policy(_trust(principal, Condition=called_for("ssm", account_id, region, partition)))


def trust_ecs_tasks(
    account_id: Any, region: Any = "*", partition: str = "aws", own_role_arn: str | None = None
) -> Document:
    """With the role's own ARN, a session of the role may assume the role again.

    A role no longer trusts itself implicitly, so a task whose code does that needs the statement. Source:
    https://aws.amazon.com/blogs/security/announcing-an-update-to-iam-role-trust-policy-behavior/
    """
    condition = called_for("ecs", account_id, region, partition)
    statements = [_trust({"Service": "ecs-tasks.amazonaws.com"}, Condition=condition)]
    if own_role_arn is not None:
        own = names.parse_arn("own_role_arn", own_role_arn, "role")
        if own.account != str(account_id):
            raise Refusal(f"own_role_arn: {own_role_arn!r} is a role of another account than {account_id}.")
        statements.append({"Sid": "SelfAssume", **_trust({"AWS": own_role_arn})})
    return policy(*statements)


def trust_cross_account_destination(role_arn: str, external_id: str | None = None) -> Document:
    names.parse_arn("role_arn", role_arn, "role")
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": external_id}}} if external_id else {}
    return policy(_trust({"AWS": role_arn}, **condition))
