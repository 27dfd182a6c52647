# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

from __future__ import annotations


class ModuleDocFragment:
    # What everything that talks to AWS takes: AwsModule adds these options by itself.
    DOCUMENTATION = r"""
options:
  assume_role_arn:
    description:
      - ARN of an IAM role that is assumed first, in check mode too. All that is done then is done as that role, for
        example in another account. Costs one call of C(AssumeRole).
      - The role's credentials stay in the process that assumed it. They are neither returned nor logged, cached or
        stored.
      - All options for the connection apply as ever. O(profile), O(access_key) and the like are those of the caller who
        assumes the role.
      - V("") assumes no role, so that one task can do without what C(module_defaults) says.
      - In C(module_defaults) of the group C(fleetkit.ecs.ecs) it also reaches modules of C(amazon.aws), which refuse
        what they do not know rather than work in the wrong account.
      - See U(https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
    type: str
    version_added: 0.1.0
  assume_role_session_name:
    description:
      - Name of the session, V(fleetkit-ecs) if left out. It is part of the session's ARN and shows up in CloudTrail.
      - 2 to 64 letters, digits and characters of C(+=,.@-_).
    type: str
    version_added: 0.1.0
  assume_role_duration:
    description:
      - Seconds that the session lasts, from 900 to 43200, and at most what the role allows. 3600 if left out.
      - It must last longer than what is done with it, because it is not renewed.
      - AWS limits the session to 3600 where the caller is itself a session of a role (role chaining). With more than
        that, one call of C(GetCallerIdentity) looks, and says so beforehand.
    type: int
    version_added: 0.1.0
  assume_role_external_id:
    description:
      - The external id that the role's trust policy asks for, of 2 to 1224 letters, digits and characters of
        C(+=,.@:/-_). AWS does not treat it as a secret, nor does this module.
    type: str
    version_added: 0.1.0
  assume_role_session_tags:
    description:
      - Tags of the session, as a map of strings, at most 50.
      - Both the role's trust policy and the caller's own policies must allow C(sts:TagSession) besides
        C(sts:AssumeRole).
    type: dict
    version_added: 0.1.0
"""
