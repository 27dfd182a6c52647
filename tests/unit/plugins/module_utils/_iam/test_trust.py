# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import Role, TrustFacts
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.names import Caller
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.trust import plan_trust_statement

HERE = "123456789012"
ARN = f"arn:aws:iam::{HERE}:role/r"
GONE = "AROAEXAMPLE123456789"


def statement(principal, sid=None, **more):
    named = {"Sid": sid} if sid else {}
    return {**named, "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


def policy(*statements, **more):
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


EC2 = statement({"Service": "ec2.amazonaws.com"})
SSM = statement({"Service": "ssm.amazonaws.com"}, "Ssm")
PLAIN = statement({"AWS": "111122223333"})
PLAIN_TEXT = json.dumps(PLAIN)
OURS = statement({"AWS": "111122223333"}, "Ours")
OTHER_WORDS = {**OURS, "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}, "Action": ["sts:assumerole"]}
STALE = statement({"AWS": ["111122223333", GONE]}, "Theirs")


def plan(trust, *, role="r", sid="Ours", wanted=PLAIN_TEXT, state="present", predicting=False, limit=2048):
    params = {"role": role, "sid": sid, "statement": wanted, "state": state}
    there = Role("r", arn=ARN, trust=trust) if trust else None
    facts = TrustFacts(Caller("aws", HERE), there, limit)
    return plan_trust_statement(facts, parse.trust_statement(params), predicting)


def after(planned):
    shown = planned.result["iam_role"]
    return shown and shown["assume_role_policy_document"]


@pytest.mark.parametrize(
    ("before", "action", "expected"),
    [
        (policy(EC2, SSM), "create", policy(EC2, SSM, OURS)),
        (policy(EC2, Id="x", Version="2008-10-17"), "create", policy(EC2, OURS, Id="x", Version="2008-10-17")),
        ({"Version": "2012-10-17", "Statement": EC2}, "create", policy(EC2, OURS)),
        (policy(EC2, statement({"AWS": "*"}, "Ours"), SSM), "update", policy(EC2, OURS, SSM)),
        (policy(EC2, statement({"AWS": GONE}, "Ours")), "update", policy(EC2, OURS)),
        (policy(EC2, PLAIN, SSM), "update", policy(EC2, OURS, SSM)),
        (policy(PLAIN, EC2, OURS), "update", policy(OURS, EC2)),
        (policy(EC2, OURS), None, policy(EC2, OURS)),
        (policy(EC2, OTHER_WORDS), None, policy(EC2, OTHER_WORDS)),
        ({"Version": "2012-10-17", "Statement": OURS}, None, {"Version": "2012-10-17", "Statement": OURS}),
        (policy(STALE, OURS), None, policy(STALE, OURS)),
    ],
    ids=[
        "added at the end",
        "version and id stay",
        "beside a statement without a list",
        "changed in its place",
        "changed where its own principal is gone",
        "an equal one without a Sid is adopted in its place",
        "and replaced where ours is there as well",
        "as it is",
        "in other words",
        "without a list",
        "no change for a principal that is gone elsewhere",
    ],
)
def test_one_statement_becomes_what_was_asked_for_and_the_others_stay(before, action, expected):
    planned = plan(before)
    assert after(planned) == expected
    told = [(change.action, change.kind, change.name, change.owner) for change in planned.changes]
    assert told == ([(action, "trust_statement", "Ours", "r")] if action else [])
    assert planned.before["assume_role_policy_document"] == before


def test_only_the_statement_of_that_sid_is_removed():
    planned = plan(policy(EC2, PLAIN, OURS, SSM), wanted=None, state="absent")
    assert after(planned) == policy(EC2, PLAIN, SSM)
    assert planned.changes[0].before == OURS
    assert plan(policy(EC2, PLAIN), wanted=None, state="absent").changes == ()


def test_a_statement_that_does_not_differ_in_meaning_is_not_adopted_when_it_has_another_sid():
    theirs = {**PLAIN, "Sid": "Theirs"}
    assert after(plan(policy(theirs))) == policy(theirs, OURS)


@pytest.mark.parametrize(
    ("trust", "options", "says"),
    [
        (policy(OURS), {"wanted": None, "state": "absent"}, "sid: 'Ours' is the only statement"),
        (policy(STALE), {}, f"statement 'Theirs' in the trust policy of role r trusts {GONE}"),
        (policy(EC2, {**STALE, "Sid": ""}), {}, f"statement 2 in the trust policy of role r trusts {GONE}"),
        (policy(STALE, OURS), {"wanted": None, "state": "absent"}, f"trusts {GONE}"),
        (policy(EC2), {"limit": 100}, "this account allows 100"),
        (policy(EC2), {"role": "arn:aws:iam::111122223333:role/r"}, f"credentials, which are of {HERE}"),
        (policy(EC2), {"role": f"arn:aws:iam::{HERE}:role/path/r"}, f"The role of that name is {ARN}".lower()),
        (None, {}, f"role 'r' does not exist in account {HERE}"),
        (None, {"role": "arn:aws:iam::111122223333:role/r", "wanted": None, "state": "absent"}, "assume_role_arn"),
    ],
)
def test_what_iam_would_refuse_or_nobody_can_mean_is_refused_before_the_write(trust, options, says):
    with pytest.raises(Refusal) as refusal:
        plan(trust, **options)
    assert says.lower() in str(refusal.value).lower()


def test_a_principal_that_is_gone_is_a_warning_where_nothing_is_written():
    assert GONE in plan(policy(STALE, OURS)).warnings[0]
    assert "statement 'Theirs'" in plan(policy(STALE, OURS)).warnings[0]


def test_check_mode_foresees_a_role_that_does_not_exist_yet_with_a_warning():
    planned = plan(None, predicting=True)
    assert (planned.result["iam_role"]["arn"], after(planned)) == (ARN, policy(OURS))
    assert "does not exist yet" in planned.warnings[0]


def test_a_statement_of_a_role_that_is_gone_is_gone():
    planned = plan(None, wanted=None, state="absent")
    assert (planned.changes, planned.result) == ((), {"iam_role": None})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sid": "My-Sid"}, "letters and digits only"),
        ({"sid": ""}, "letters and digits only"),
        ({"role": "arn:aws:iam::1234:role/r"}, "its account has 4 digits"),
        ({"role": "a b"}, "not an IAM name"),
        ({"wanted": None}, "statement: it is needed"),
        ({"wanted": policy(PLAIN)}, "a whole policy"),
        ({"wanted": [PLAIN]}, "a statement is a mapping"),
        ({"wanted": {**PLAIN, "Sid": "Other"}}, "its Sid is 'Other' and sid is 'Ours'"),
        ({"wanted": {**PLAIN, "Resource": "*"}}, "statement has 'Resource'"),
        ({"wanted": {**PLAIN, "Effect": "allow"}}, "Allow or Deny"),
        ({"wanted": statement({"AWS": "1111222233334444"})}, "has 16 digits"),
    ],
)
def test_a_statement_that_cannot_be_right_is_refused_before_any_call(options, says):
    with pytest.raises(Refusal) as refusal:
        plan(policy(EC2), **options)
    assert says in str(refusal.value)
