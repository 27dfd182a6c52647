# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

from __future__ import annotations


class ModuleDocFragment:
    # What every module of this collection that changes something promises.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what a real run would return, without changing anything.
    support: full
  diff_mode:
    description: Shows what was changed, or in check mode what would be, when run with C(--diff).
    support: full
  idempotent:
    description: A second run with the same arguments changes nothing.
    support: full
"""

    # For modules that only read.
    READ_ONLY = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what a real run would return, without changing anything.
    support: full
  diff_mode:
    description: Shows what was changed, or in check mode what would be, when run with C(--diff).
    support: N/A
    details: It changes nothing.
  idempotent:
    description: A second run with the same arguments changes nothing.
    support: full
"""

    # For modules that talk to AWS; use it together with the first fragment.
    AWS = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/fleetkit.ecs.ecs) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - fleetkit.ecs.ecs
"""

    # For modules that run on the host; use it together with a fragment above.
    HOST = r"""
options: {}
attributes:
  platform:
    description: Target OS that the module works on.
    platforms: linux
    support: full
requirements:
  - Python 3.9 or newer on the host, and nothing else from PyPI.
"""
