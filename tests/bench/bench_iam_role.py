# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""API calls of one container instance role that is right already: ours, amazon.aws' and the floor.

The role has a trust policy, two managed policies, one inline policy, an instance profile and tags. The floor is one
read for each thing the API keeps apart: GetRole, ListAttachedRolePolicies, ListRolePolicies, GetRolePolicy and
GetInstanceProfile.
"""

from __future__ import annotations

from common import OUTPUT, launch, playbook, report, requests

FLOOR = 5
ARNS = [
    "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
    "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
]
NAMES = [arn.rsplit("/", maxsplit=1)[-1] for arn in ARNS]
TRUST = "{{ lookup('fleetkit.ecs.policy', 'trust_ec2') }}"
INLINE = "{{ lookup('fleetkit.ecs.policy', 'ecr_pull') }}"
TAGS = {"owner": "platform"}


def ours(policies):
    role = {"name": "ecsInstanceRole", "trust": TRUST, "managed_policies": policies, "tags": TAGS}
    more = {"inline_policies": {"ecr-pull": INLINE}, "instance_profile": "ecsInstanceRole-profile"}
    return [{"fleetkit.ecs.iam_role": {**role, **more}}]


def peer(policies):
    role = {"name": "ecsInstanceRole", "assume_role_policy_document": TRUST, "managed_policies": policies}
    inline = {"iam_type": "role", "iam_name": "ecsInstanceRole", "policy_name": "ecr-pull", "policy_json": INLINE}
    profile = {"name": "ecsInstanceRole-profile", "role": "ecsInstanceRole"}
    return [
        {"amazon.aws.iam_role": {**role, "tags": TAGS, "create_instance_profile": False}},
        {"amazon.aws.iam_policy": inline},
        {"amazon.aws.iam_instance_profile": profile},
    ]


def calls(tasks):
    """Calls of a second run, which must change nothing."""
    with launch() as url:
        playbook([], tasks, AWS_ENDPOINT_URL=url)
        requests(url)
        results = playbook([], tasks, AWS_ENDPOINT_URL=url)
        assert not [result for result in results if result["changed"]], "the second run changed something"
        return len(requests(url))


def main():
    OUTPUT.mkdir(parents=True, exist_ok=True)
    rows = [("policies given by", "fleetkit.ecs", "amazon.aws", "floor")]
    figures = {}
    for by, policies in (("ARN", ARNS), ("name", NAMES)):
        own, theirs = calls(ours(policies)), calls(peer(policies))
        rows.append((by, own, theirs, FLOOR))
        key = f"calls_by_{by.lower()}"
        figures |= {f"{key}_ours": own, f"{key}_amazon_aws": theirs, f"{key}_floor": FLOOR}
    report("iam_role", "API calls of a role that is right already (no change)", rows, figures)


if __name__ == "__main__":
    main()
