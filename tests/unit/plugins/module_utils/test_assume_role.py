# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from ansible_collections.fleetkit.ecs.plugins.module_utils import _assume_role
from ansible_collections.fleetkit.ecs.plugins.module_utils._assume_role import Assumption, explain, parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal

ROLE = "arn:aws:iam::111122223333:role/ecs/deployer"
WANTED = Assumption(ROLE)


def params(**given):
    return {**dict.fromkeys(_assume_role.OPTIONS), **given}


def test_without_a_role_there_is_nothing_to_assume_and_an_empty_one_switches_the_others_off():
    assert parse(params()) is None
    assert parse(params(assume_role_arn="", assume_role_session_name="x1", assume_role_duration=1)) is None


def test_only_what_was_asked_for_is_sent():
    assert parse(params(assume_role_arn=ROLE)).request() == {"RoleArn": ROLE, "RoleSessionName": "fleetkit-ecs"}
    everything = params(
        assume_role_arn=ROLE,
        assume_role_session_name="deploy@example.org",
        assume_role_duration=900,
        assume_role_external_id="a:b/c",
        assume_role_session_tags={"team": "a", "cost": 12},
    )
    assert parse(everything).request() == {
        "RoleArn": ROLE,
        "RoleSessionName": "deploy@example.org",
        "DurationSeconds": 900,
        "ExternalId": "a:b/c",
        "Tags": [{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": "12"}],
    }


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        ("deployer", "six parts between colons"),
        ("arn:aws:iam::1111222233334444:role/deployer", "its account has 16 digits"),
        ("arn:aws:iam::role/deployer", "six parts between colons"),
        ("arn::iam::111122223333:role/deployer", "its partition is ''"),
        ("arn:aws:iam:us-west-2:111122223333:role/deployer", "it has the region 'us-west-2'"),
        ("arn:aws:sts::111122223333:assumed-role/deployer/session", "its service is 'sts'"),
        ("arn:aws:iam::111122223333:user/deployer", "it is one of 'user'"),
        ("arn:aws:iam::aws:role/deployer/", "write it like arn:aws:iam::ACCOUNT:role/NAME"),
    ],
)
def test_a_malformed_role_arn_is_refused_with_what_is_wrong_and_what_would_be_right(arn, says):
    with pytest.raises(Refusal, match=r"^assume_role_arn: '.*write it like arn:aws:iam::ACCOUNT:role/") as refusal:
        parse(params(assume_role_arn=arn))
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"session_name": "a"}, "2 to 64 characters"),
        ({"session_name": "a" * 65}, "this has 65"),
        ({"session_name": "a b"}, "letters, digits"),
        ({"session_name": "größe"}, "letters, digits"),
        ({"duration": 899}, "900 to 43200"),
        ({"duration": 43201}, "900 to 43200"),
        ({"external_id": ""}, "2 to 1224"),
        ({"external_id": "a" * 1225}, "this has 1225"),
        ({"external_id": "a b"}, "letters, digits"),
        ({"session_tags": {str(number): "" for number in range(51)}}, "51 tags"),
        ({"session_tags": {"a" * 129: ""}}, "128 characters in a key"),
        ({"session_tags": {"a": "b" * 257}}, "256 in a value"),
        ({"session_tags": {"a": "<b>"}}, "does not take"),
        ({"session_tags": {"a": True}}, "quoted string"),
        ({"session_tags": {"aws:a": "b"}}, "Amazon's own prefix"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_sts_does_not_take_is_refused_with_its_limits(given, says):
    option, value = next(iter(given.items()))
    with pytest.raises(Refusal, match=f"^assume_role_{option}: ") as refusal:
        parse(params(assume_role_arn=ROLE, **{f"assume_role_{option}": value}))
    assert says in str(refusal.value)


@pytest.mark.parametrize("option", [option for option in _assume_role.OPTIONS if option != "assume_role_arn"])
def test_how_to_assume_a_role_without_saying_which_is_refused(option):
    with pytest.raises(Refusal, match=f"^{option}: it needs assume_role_arn"):
        parse(params(**{option: 900}))


def aws_said(code, message):
    return ClientError({"Error": {"Code": code, "Message": message}}, "AssumeRole")


DENIED = aws_said(
    "AccessDenied", "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: sts:AssumeRole"
)


@pytest.mark.parametrize(
    ("error", "wanted", "says"),
    [
        (DENIED, WANTED, ["arn:aws:iam::123456789012:user/ci may not assume", ROLE, "trust policy does not name"]),
        (DENIED, WANTED, ["so new that AWS", "no assume_role_external_id meets", "caller's own policies"]),
        (DENIED, Assumption(ROLE, external_id="xx"), ["assume_role_external_id does not meet"]),
        (DENIED, Assumption(ROLE, session_tags={"a": "b"}), ["sts:TagSession"]),
        (aws_said("AccessDenied", "Access denied"), WANTED, ["the caller may not assume", "AWS said: Access denied."]),
        (aws_said("ExpiredToken", "It is expired"), WANTED, ["does not accept the credentials", ROLE, "It is expired"]),
        (aws_said("InvalidClientTokenId", "Invalid"), WANTED, ["does not accept the credentials"]),
        (
            aws_said("RegionDisabledException", "Off"),
            WANTED,
            [f"could not assume {ROLE}: RegionDisabledException: Off."],
        ),
        (NoCredentialsError(), WANTED, ["no credentials to assume", ROLE, "profile"]),
    ],
)
def test_a_refusal_names_role_caller_and_the_usual_causes(error, wanted, says):
    message = explain(error, wanted)
    assert not [part for part in says if part not in message], message
    assert ("sts:TagSession" in message) == bool(wanted.session_tags)
