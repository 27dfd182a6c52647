# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, addresses and paths of the lab: the one place that knows them."""

from __future__ import annotations

import os
from pathlib import Path

LAB = Path(__file__).resolve().parents[1]
ROOT = LAB.parents[1]
BUILD = ROOT / "build" / "lab"
CACHE = BUILD / "cache"
PACKAGES = BUILD / "packages"
# Every host lets its owner in as root.
SSH_KEY = BUILD / "ssh" / "id_ed25519"

MIRROR = "http://deb.debian.org/debian"
TASK_SUITE = "trixie"
# First address of each suite's hosts, so that all suites can be up at once.
SUITES = {"trixie": 10, "bookworm": 60, "al2023-shape": 110}
# A suite that is not a Debian release is one with another distribution's face: dnf, rpm and its os-release.
SHAPE = "al2023-shape"
SHAPE_RELEASE = "bookworm"

# Checkouts whose labs are up at the same time each have a number of their own, 0 to 9 (LAB_NUMBER).
NUMBER = int(os.environ.get("LAB_NUMBER", "0"))
_SUFFIX = f"-{NUMBER}" if NUMBER else ""

LABEL = f"fleetkit-ecs-lab{_SUFFIX}"
NETWORK = LABEL
HOST_PREFIX = f"ecs{NUMBER or ''}"
NETWORK_PREFIX = f"172.30.{117 + NUMBER}"
SUBNET = f"{NETWORK_PREFIX}.0/24"
GATEWAY = f"{NETWORK_PREFIX}.1"
SUBNET_V6 = f"fd30:{117 + NUMBER}::/64"
GATEWAY_V6 = f"fd30:{117 + NUMBER}::1"

AWS_PORT = 4566
PACKAGES_PORT = 4567
ENDPOINT_URL = f"http://{GATEWAY}:{AWS_PORT}"
PACKAGES_URL = f"http://{GATEWAY}:{PACKAGES_PORT}"

IMDS_NAME = f"{LABEL}-imds"
IMDS_ADDRESS = f"{NETWORK_PREFIX}.2"

REGION = "us-west-2"
ACCOUNT_ID = "123456789012"
INSTANCE_PROFILE = "ecsInstanceRole-profile"

TASK_IMAGE = "lab/task:latest"
AWS_CLI_IMAGE = "lab/aws-cli:latest"
AGENT_IMAGE = "amazon/amazon-ecs-agent:latest"
ECS_INIT_VERSION = "1.105.1-1"
SSM_AGENT_VERSION = "3.3.1142.0"


class LabError(Exception):
    """Something a person can mend; its text says what and how."""


def say(text: str) -> None:
    """One line of progress."""
    print(f"lab: {text}", flush=True)
