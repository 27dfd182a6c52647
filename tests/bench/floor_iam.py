# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The floor of the IAM benchmark: the requests that the job cannot do without, by bare boto3, and nothing else.

floor_iam.py create|read COUNT
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from iam import ARNS, INLINE, TRUST


def create(iam, number: int) -> None:
    """One request for each thing the API keeps apart."""
    role, profile = f"role-{number}", f"profile-{number}"
    tags = [{"Key": "number", "Value": str(number)}]
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST), Tags=tags)
    for arn in ARNS:
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    iam.put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=json.dumps(INLINE))
    iam.create_instance_profile(InstanceProfileName=profile)
    iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)


def read(iam, count: int) -> None:
    """One by one, or the account in two lists."""
    if count == 1:
        iam.get_role(RoleName="role-0")
        iam.list_attached_role_policies(RoleName="role-0")
        iam.list_role_policies(RoleName="role-0")
        iam.get_role_policy(RoleName="role-0", PolicyName="read")
        iam.get_instance_profile(InstanceProfileName="profile-0")
        return
    iam.get_account_authorization_details(Filter=["Role", "LocalManagedPolicy"], MaxItems=1000)
    iam.list_roles(MaxItems=1000)


def main() -> None:
    action, count = sys.argv[1], int(sys.argv[2])
    iam = boto3.client("iam")
    if action == "read":
        read(iam, count)
        return
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: create(iam, number), range(count)))


if __name__ == "__main__":
    main()
