# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

from __future__ import annotations


class ModuleDocFragment:
    # What both modules that check a role's access take.
    DOCUMENTATION = r"""
options:
  source_role_arn:
    description: ARN of the role that is to assume the other, usually a task role.
    type: str
    required: true
  role_arn:
    description: ARN of the role that is to be assumed, the destination role.
    type: str
    required: true
  external_id:
    description: External id that is sent along, 2 to 1224 letters, digits and C(+=,.@:/-_).
    type: str
  call:
    description:
      - One request to make as the destination role, which proves that it can do what it is for. Adds the check V(call).
      - What the request gives back is dropped.
    type: dict
    suboptions:
      service:
        description: Name of the service as boto3 writes it, such as V(s3).
        type: str
        required: true
      operation:
        description: >-
          Operation of the service's API, such as V(ListObjectsV2). It begins with V(Get), V(List), V(Describe) or
          V(Head), as nothing may be changed.
        type: str
        required: true
      parameters:
        description: Parameters of the operation, as the API names them.
        type: dict
        default: {}
"""
