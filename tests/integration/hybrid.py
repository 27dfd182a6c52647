# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of hybrid activations and managed instances share."""

from __future__ import annotations

from typing import Any

from local_aws_client import LocalAws


def forget(aws: LocalAws) -> None:
    """All of Systems Manager that a test has left; quicker than reset(), which makes a thousand policies anew."""
    aws._request("DELETE", "/_lab/behaviour")
    aws._request("DELETE", "/_lab/enforcement")
    ssm: Any = aws.client("ssm")

    def every(operation: str, key: str) -> list[dict]:
        return [one for page in ssm.get_paginator(operation).paginate() for one in page[key]]

    for one in every("describe_activations", "ActivationList"):
        ssm.delete_activation(ActivationId=one["ActivationId"])
    for one in every("describe_instance_information", "InstanceInformationList"):
        ssm.deregister_managed_instance(InstanceId=one["InstanceId"])
    for one in every("describe_parameters", "Parameters"):
        ssm.delete_parameter(Name=one["Name"])
    aws.operations()
