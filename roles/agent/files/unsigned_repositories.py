# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""unsigned_repositories.py PACKAGE: fail if a repository that offers the package has its signature check off.

dnf's own default is not to check, so that a repository file which says nothing of it lets anything in.
"""

from __future__ import annotations

import sys

import dnf


def main(package: str) -> None:
    with dnf.Base() as base:
        base.read_all_repos()
        base.fill_sack(load_system_repo=False)
        offers = {found.repoid for found in base.sack.query().available().filter(name=package)}
        unsigned = sorted(name for name in offers if not base.repos[name].gpgcheck)
    if unsigned:
        sys.exit(
            f"The repository {', '.join(unsigned)} offers {package} and its packages' signatures are not checked: "
            "set gpgcheck=1 and gpgkey in its file in /etc/yum.repos.d."
        )


if __name__ == "__main__":
    main(sys.argv[1])
