# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What policies say of AssumeRole, as tables: a document in, a verdict out."""

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import parse_arn
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access import evaluate
from ansible_collections.fleetkit.ecs.plugins.module_utils._role_access.evaluate import (
    ALLOWED,
    DENIED,
    MAY_BE_ALLOWED,
    MAY_BE_DENIED,
    SILENT,
    UNMET,
)

SOURCE = parse_arn("source", "arn:aws:iam::111122223333:role/my-ECS-task-role", "role")
DESTINATION = "arn:aws:iam::555566667777:role/destination-account-role"
CONTEXT = evaluate.context_of(SOURCE, "fleet-1")


def policy(*statements: dict) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(**more) -> dict:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", **more}


def deny(**more) -> dict:
    return {"Effect": "Deny", "Action": "sts:AssumeRole", **more}


OURS = allow(Principal={"AWS": str(SOURCE)})
ANOTHER = allow(Principal={"AWS": "arn:aws:iam::111122223333:role/another"})
ORGANISATION = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}


@pytest.mark.parametrize(
    ("statements", "effect"),
    [
        ([OURS], ALLOWED),
        ([allow(Principal={"AWS": ["arn:aws:iam::999999999999:root", str(SOURCE)]})], ALLOWED),
        ([allow(Principal={"AWS": "111122223333"})], ALLOWED),
        ([allow(Principal={"AWS": "arn:aws:iam::111122223333:root"})], ALLOWED),
        ([allow(Principal="*")], ALLOWED),
        ([allow(Principal={"AWS": str(SOURCE)}, Action="sts:*")], ALLOWED),
        ([], SILENT),
        ([ANOTHER], SILENT),
        ([allow(Principal={"AWS": "111122224444"})], SILENT),
        ([allow(Principal={"Service": "ecs-tasks.amazonaws.com"})], SILENT),
        ([allow(Principal={"AWS": str(SOURCE)}, Action="sts:TagSession")], SILENT),
        ([OURS, deny(Principal="*")], DENIED),
        ([OURS, deny(Principal={"AWS": "arn:aws:iam::999999999999:root"})], ALLOWED),
        ([OURS, deny(Principal="*", Condition={"StringNotEquals": {"sts:ExternalId": "fleet-1"}})], ALLOWED),
        ([OURS, deny(Principal="*", Condition={"StringNotEquals": {"sts:ExternalId": "fleet-2"}})], DENIED),
        ([OURS, deny(Principal="*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}})], MAY_BE_DENIED),
        ([OURS, deny(NotPrincipal={"AWS": str(SOURCE)})], MAY_BE_DENIED),
        ([allow(Principal={"AWS": str(SOURCE)}, Condition=ORGANISATION)], MAY_BE_ALLOWED),
        ([allow(Principal={"AWS": str(SOURCE)}, Condition=ORGANISATION), OURS], ALLOWED),
        ([allow(Principal={"AWS": str(SOURCE)}, Condition={"StringEquals": {"sts:ExternalId": "x"}})], UNMET),
    ],
)
def test_a_trust_policy(statements, effect):
    assert evaluate.trust(policy(*statements), SOURCE, CONTEXT).effect == effect


def test_one_statement_may_be_written_without_its_list():
    assert evaluate.trust({"Statement": OURS}, SOURCE, CONTEXT).effect == ALLOWED


@pytest.mark.parametrize(
    ("statements", "effect"),
    [
        ([allow(Resource=DESTINATION)], ALLOWED),
        ([allow(Resource="arn:aws:iam::*:role/destination-*")], ALLOWED),
        ([allow(Resource=["arn:aws:s3:::b", "*"])], ALLOWED),
        ([allow(Resource=DESTINATION, Action="STS:assumerole")], ALLOWED),
        ([{"Effect": "Allow", "NotAction": "s3:*", "NotResource": "arn:aws:s3:::*"}], ALLOWED),
        ([allow(Resource=f"{DESTINATION}-2")], SILENT),
        ([allow(Resource=DESTINATION, Action="sts:GetCallerIdentity")], SILENT),
        ([{"Effect": "Allow", "NotAction": "sts:*", "Resource": "*"}], SILENT),
        ([allow(Resource="*"), deny(Resource="arn:aws:iam::555566667777:*")], DENIED),
        ([allow(Resource="*"), deny(Resource="*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})],
         MAY_BE_DENIED),
        ([allow(Resource="*"), deny(Resource="*", Condition={"Bool": {"aws:SecureTransport": "false"}})], ALLOWED),
        ([allow(Resource="*", Condition={"StringEquals": {"sts:ExternalId": ["other", "another"]}})], UNMET),
    ],
)  # fmt: skip
def test_a_permission(statements, effect):
    assert evaluate.permission([("p", policy(*statements))], CONTEXT, DESTINATION).effect == effect


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"sts:ExternalId": "fleet-1"}}, True),
        ({"StringEquals": {"STS:externalid": ["x", "fleet-1"]}}, True),
        ({"stringequals": {"sts:ExternalId": "FLEET-1"}}, False),
        ({"StringEqualsIgnoreCase": {"sts:ExternalId": "FLEET-1"}}, True),
        ({"StringLike": {"sts:ExternalId": "fleet-?"}}, True),
        ({"StringLike": {"sts:ExternalId": "[f]leet-1"}}, False),
        ({"StringNotLike": {"sts:ExternalId": "fleet-*"}}, False),
        ({"StringNotEquals": {"sts:ExternalId": "fleet-2"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/my-*"}}, True),
        ({"ArnNotEquals": {"aws:PrincipalArn": str(SOURCE)}}, False),
        ({"StringEquals": {"aws:SourceAccount": "111122223333"}}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}, True),
        ({"StringNotEquals": {"aws:SourceAccount": "111122223333"}}, True),
        ({"Null": {"aws:SourceAccount": "true"}}, True),
        ({"Null": {"sts:ExternalId": True}}, False),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": True}}, True),
        ({"StringEquals": {"aws:PrincipalTag/team": "a"}}, None),
        ({"StringEquals": {"sts:ExternalId": "${aws:PrincipalTag/id}"}}, None),
        ({"ForAnyValue:StringEquals": {"sts:ExternalId": "fleet-1"}}, None),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1", "sts:ExternalId": "x"}}, False),
        ({}, True),
    ],
)
def test_a_condition_holds_or_does_not_or_cannot_be_known(condition, holds):
    assert evaluate.conditions(condition, CONTEXT)[0] is holds


def test_the_reason_names_the_statement_and_what_it_asks_for():
    statement = allow(Sid="Fleet", Principal="*", Condition={"StringEquals": {"sts:ExternalId": "fleet-2"}})
    assert evaluate.trust(policy(statement), SOURCE, evaluate.context_of(SOURCE, None)) == (
        UNMET,
        "the Allow Fleet of the trust policy (StringEquals sts:ExternalId = fleet-2, and the request has none)",
    )
