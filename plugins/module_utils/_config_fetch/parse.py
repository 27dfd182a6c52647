# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""From a task's parameters to what is wanted, or a Refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent import secrets
from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.config_file import effective
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.model import Source, Wanted
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Refusal

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")


def wanted(params: Mapping[str, Any]) -> Wanted:
    if params["state"] == "absent":
        return Wanted()
    if params["content"] is not None:
        return Wanted(content=params["content"])
    return Wanted(source(*(params[name] for name in ("s3_uri", "region", "endpoint_url", "external", "profile"))))


def texts_to_mask(asked: Wanted) -> set[str]:
    """The texts that Ansible is to mask wherever it meets them in a result: the secrets in a content."""
    variables = effective(asked.content or "")
    return secrets.texts_to_mask(variables, "/etc/ecs/ecs.config")


def source(
    s3_uri: str,
    region: str | None,
    endpoint_url: str | None = None,
    external: bool = False,
    profile: str | None = None,
) -> Source:
    bucket, _slash, key = s3_uri.removeprefix("s3://").partition("/")
    if not s3_uri.startswith("s3://") or not BUCKET.fullmatch(bucket) or not key or key.endswith("/"):
        raise Refusal(f"s3_uri: {s3_uri!r} is not the URI of an object; write one such as s3://my-bucket/ecs.config.")
    if not key.isprintable() or len(key.encode()) > 1024:
        raise Refusal("s3_uri: a key has at most 1,024 bytes and, here, no control characters.")
    if not region or not REGION.fullmatch(region):
        raise Refusal(f"region: {region or ''!r} is not a region; write that of the bucket, such as us-west-2.")
    if profile and not external:
        raise Refusal("profile: only an external instance has one; other hosts take the credentials of IMDS.")
    return Source(bucket, key, region, endpoint_url or None, external, profile or None)
