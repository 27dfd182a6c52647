# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Behaviour that AWS documents and moto lacks, added to moto in this process."""

from __future__ import annotations


def install() -> None:
    """Put all of it in force: importing a module patches moto."""
    from . import (  # noqa: F401  pylint: disable=unused-import
        account_settings,
        ecs,
        hybrid,
        iam,
        sts,
        task_definitions,
    )
