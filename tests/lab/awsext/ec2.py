# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2: the instances that the lab's hosts say they are."""

from __future__ import annotations

from moto.ec2.models import EC2Backend, ec2_backends
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

PROFILE = "ecsInstanceRole-profile"


def launched(account_id: str, region: str, instance_id: str) -> None:
    """Leave with this instance: a host that registers is one that was launched, as Amazon's guides say it should be.

    That is with tokens required, a hop limit of 1, and the profile whose role IMDS gives credentials of.
    """
    backend: EC2Backend = ec2_backends[account_id][region]
    if any(instance_id in {one.id for one in each.instances} for each in backend.reservations.values()):
        return
    made = backend.run_instances(
        "ami-0123456789abcdef0",
        1,
        None,
        [],
        instance_type="t3.medium",
        is_instance_type_default=False,
        region_name=region,
        metadata_options={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
    )
    (instance,) = made.instances
    instance.id = instance_id
    profiles = iam_backends[account_id][get_partition(region)].instance_profiles.values()
    if any(profile.name == PROFILE for profile in profiles):
        backend.associate_iam_instance_profile(instance_id, iam_instance_profile_name=PROFILE)
