# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lab tells its users: lab.json, and an Ansible inventory of its hosts."""

from __future__ import annotations

import json

from .hosts import Host
from .settings import ACCOUNT_ID, BUILD, ENDPOINT_URL, GATEWAY, IMDS_ADDRESS, PACKAGES_URL, REGION, SHAPE, SUBNET

FACTS = BUILD / "lab.json"
INVENTORY = BUILD / "inventory.yml"


def facts(hosts: list[Host], packages: dict[str, str], cluster: str) -> dict:
    """Where everything is."""
    return {
        "account_id": ACCOUNT_ID,
        "region": REGION,
        "cluster": cluster,
        "endpoint_url": ENDPOINT_URL,
        "packages_url": PACKAGES_URL,
        **packages,
        "subnet": SUBNET,
        "gateway": GATEWAY,
        "imds": {"address": "169.254.169.254", "address_v6": "fd00:ec2::254", "container_address": IMDS_ADDRESS},
        "hosts": [{"name": host.name, "address": host.address, "suite": host.suite} for host in hosts],
    }


def inventory(known: dict) -> dict:
    """The hosts as Ansible reaches them; the lab's facts are group variables lab_*."""
    flat = {f"lab_{name}": value for name, value in known.items() if isinstance(value, str)}
    members = {
        host["name"]: {
            "lab_address": host["address"],
            "lab_suite": host["suite"],
            "lab_package_url": known.get("rpm_url" if host["suite"] == SHAPE else "deb_url"),
            "lab_ssm_package_url": known.get("ssm_rpm_url" if host["suite"] == SHAPE else "ssm_deb_url"),
        }
        for host in known["hosts"]
    }
    connection = {
        "ansible_connection": "community.docker.docker",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    return {"all": {"children": {"container_instances": {"hosts": members, "vars": {**connection, **flat}}}}}


def write(hosts: list[Host], packages: dict[str, str], cluster: str) -> dict:
    """Write both files (JSON is YAML); unchanged ones are left alone."""
    known = facts(hosts, packages, cluster)
    for path, content in ((FACTS, known), (INVENTORY, inventory(known))):
        text = json.dumps(content, indent=2) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    return known


def remove() -> None:
    """Forget the hosts that are gone."""
    for path in (FACTS, INVENTORY):
        path.unlink(missing_ok=True)
