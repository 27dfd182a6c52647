# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import documents


def policy(**statement):
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [{**allow, **statement}]}


def trust(principal):
    allow = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [allow]}


def condition(operator, key, value):
    return policy(Condition={operator: {key: value}})


SAME = {
    "order of statements and keys": (
        {"Version": "2012-10-17", "Statement": [{"Sid": "a", "Effect": "Allow", "Action": "a:b", "Resource": "*"}]},
        {"Statement": [{"Resource": "*", "Action": "a:b", "Effect": "Allow", "Sid": "a"}], "Version": "2012-10-17"},
    ),
    "order of two statements": (
        {"Statement": policy(Sid="a")["Statement"] + policy(Sid="b")["Statement"]},
        {"Statement": policy(Sid="b")["Statement"] + policy(Sid="a")["Statement"]},
    ),
    "order of actions": (policy(Action=["a:b", "a:c"]), policy(Action=["a:c", "a:b"])),
    "one item or a list of it": (policy(), {**policy(), "Statement": policy()["Statement"][0]}),
    "one action or a list of it": (policy(Action="a:b"), policy(Action=["a:b"])),
    "an action twice": (policy(Action=["a:b", "a:b"]), policy(Action="a:b")),
    "a statement twice": ({**policy(), "Statement": policy()["Statement"] * 2}, policy()),
    "case of an action": (policy(Action="s3:getobject"), policy(Action="s3:GetObject")),
    "case of a condition key": (
        condition("StringEquals", "aws:sourceaccount", "1"),
        condition("StringEquals", "aws:SourceAccount", "1"),
    ),
    "case of a condition operator": (
        condition("stringequals", "aws:SourceAccount", "1"),
        condition("StringEquals", "aws:SourceAccount", "1"),
    ),
    "an empty Sid": (policy(Sid=""), policy()),
    "an empty Condition": (policy(Condition={}), policy()),
    "an operator without keys": (policy(Condition={"StringEquals": {}}), policy()),
    "true and 'true'": (
        condition("Bool", "aws:SecureTransport", True),
        condition("Bool", "aws:SecureTransport", "true"),
    ),
    "a number and its text": (condition("NumericLessThan", "a:b", 12), condition("NumericLessThan", "a:b", "12")),
    "a float and its text": (condition("NumericLessThan", "a:b", 1.5), condition("NumericLessThan", "a:b", "1.5")),
    "everyone": (trust("*"), trust({"AWS": "*"})),
    "a root ARN and its account": (trust({"AWS": "arn:aws:iam::123456789012:root"}), trust({"AWS": "123456789012"})),
    "a root ARN of GovCloud": (
        trust({"AWS": "arn:aws-us-gov:iam::123456789012:root"}),
        trust({"AWS": "123456789012"}),
    ),
    "a root ARN of China": (trust({"AWS": "arn:aws-cn:iam::123456789012:root"}), trust({"AWS": 123456789012})),
    "no Version and the old one": ({"Statement": policy()["Statement"]}, {**policy(), "Version": "2008-10-17"}),
}

DIFFERENT = {
    "two floats": (condition("NumericLessThan", "a:b", 1.5), condition("NumericLessThan", "a:b", 2.5)),
    "Version": (policy(), {**policy(), "Version": "2008-10-17"}),
    "Effect": (policy(), policy(Effect="Deny")),
    "Action and NotAction": (
        policy(),
        {**policy(), "Statement": [{"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"}]},
    ),
    "case of a resource": (policy(Resource="arn:aws:s3:::a"), policy(Resource="arn:aws:s3:::A")),
    "case of a condition value": (condition("StringEquals", "a:b", "x"), condition("StringEquals", "a:b", "X")),
    "another action": (policy(Action="a:b"), policy(Action=["a:b", "a:c"])),
    "a Sid": (policy(Sid="a"), policy(Sid="b")),
    "an Id": ({**policy(), "Id": "a"}, policy()),
    "a kind of principal": (trust({"Service": "x"}), trust({"Federated": "x"})),
    "an account as a service": (
        trust({"Service": "arn:aws:iam::123456789012:root"}),
        trust({"Service": "123456789012"}),
    ),
    "a root ARN in a condition": (
        condition("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::123456789012:root"),
        condition("ArnEquals", "aws:PrincipalArn", "123456789012"),
    ),
    "two operators": (condition("StringEquals", "a:b", "x"), condition("StringLike", "a:b", "x")),
}


@pytest.mark.parametrize("case", SAME)
def test_documents_that_mean_the_same_are_equal(case):
    one, other = SAME[case]
    assert documents.equal(one, other)


@pytest.mark.parametrize("case", DIFFERENT)
def test_documents_that_mean_something_else_are_different(case):
    one, other = DIFFERENT[case]
    assert not documents.equal(one, other)


def test_nothing_equals_nothing_only():
    assert documents.equal(None, None)
    assert not documents.equal(None, policy())


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("{", "not JSON"),
        ([], "mapping"),
        ({}, "no Statement"),
        ({"Version": "2012-10-18", "Statement": []}, "2012-10-17"),
        ({"Statements": []}, "'Statements'"),
        ({"Statement": ["x"]}, "statement 1"),
        (policy(Effect="allow"), "Allow or Deny"),
        (policy(Actions="x"), "'Actions'"),
        (policy(NotAction="x"), "Action or NotAction"),
        (policy(Principal="*"), "'Principal'"),
        (policy(Condition=["x"]), "Condition"),
        (policy(Condition={"Bool": "x"}), "Condition"),
    ],
    ids=str,
)
def test_a_document_that_iam_would_refuse_is_refused_with_its_place(value, says):
    with pytest.raises(Refusal) as refusal:
        documents.parse("document", value)
    assert str(refusal.value).startswith("document")
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    ("principal", "says"),
    [
        ({"AWS": "1234567890123456"}, "16 digits"),
        ({"AWS": "arn:aws:iam::1234567890123456:role/x"}, "12-digit"),
        ({"AWS": "arn:aws::iam::123456789012:role/x"}, "12-digit"),
        ({"AWS": "somebody"}, "12 digits"),
        ({"Services": "ec2.amazonaws.com"}, "Services"),
    ],
    ids=str,
)
def test_a_principal_that_iam_would_refuse_is_refused(principal, says):
    with pytest.raises(Refusal, match=says):
        documents.parse("trust", trust(principal), documents.TRUST_ELEMENTS)


def test_white_space_does_not_count_against_a_limit():
    assert documents.size(policy(Sid="a b")) == documents.size(policy(Sid="ab"))


def test_a_principal_that_was_deleted_is_recognised_by_its_id():
    stale = trust({"AWS": ["AROAEXAMPLE123456789", "arn:aws:iam::123456789012:role/AROAEXAMPLE123456789"]})
    assert documents.deleted_principals(stale) == [("statement 1", "AROAEXAMPLE123456789")]
