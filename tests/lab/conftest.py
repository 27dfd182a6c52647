# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets the tests import the lab's modules, whatever import mode pytest runs in, and starts what they ask."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import local_aws


@pytest.fixture(scope="session")
def url():
    """One local AWS for all tests; each uses names of its own."""
    with local_aws.launch() as address:
        yield address
