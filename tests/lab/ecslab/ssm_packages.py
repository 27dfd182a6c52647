# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The amazon-ssm-agent double as a real, signed .deb and RPM, under the paths that Amazon's bucket has.

VERSION/debian_ARCH/amazon-ssm-agent.deb and VERSION/linux_ARCH/amazon-ssm-agent.rpm, each with a detached signature in
a .sig beside it, and 'latest' in the place of a version.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from . import images
from .engine import docker, run
from .packages import architecture, write
from .settings import LAB, PACKAGES, PACKAGES_URL, SHAPE, SSM_AGENT_VERSION, say
from .signing import sign_binary, signing_key

DOUBLE = LAB / "doubles" / "amazon_ssm_agent"
BUCKET = PACKAGES / "amazon-ssm-agent"
NAME = "amazon-ssm-agent"

POSTINST = """#!/bin/sh
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl enable amazon-ssm-agent
  systemctl restart amazon-ssm-agent
fi
exit 0
"""
PRERM = """#!/bin/sh
if [ -d /run/systemd/system ]; then
  systemctl stop amazon-ssm-agent
  if [ "$1" = remove ]; then systemctl disable amazon-ssm-agent; fi
fi
exit 0
"""


def build(rpm: bool, version: str = SSM_AGENT_VERSION) -> dict[str, str]:
    """Build and sign the .deb of this version, and the RPM where something installs it; returns their URLs."""
    fingerprint = signing_key()
    deb = BUCKET / version / f"debian_{architecture()}" / f"{NAME}.deb"
    made = {"ssm_deb_url": built(deb, version, fingerprint, assemble_deb)}
    if rpm:
        made["ssm_rpm_url"] = built(
            deb.parents[1] / f"linux_{architecture()}" / f"{NAME}.rpm", version, fingerprint, assemble_rpm
        )
    latest = BUCKET / "latest"
    latest.unlink(missing_ok=True)
    latest.symlink_to(version)
    return {name: url.replace(f"/{version}/", "/latest/") for name, url in made.items()}


def built(target: Path, version: str, fingerprint: str, assemble) -> str:
    """The URL of a package that is there, made anew where its recipe changed."""
    stamp = target.with_name(f".{target.name}.recipe")
    recipe = images.digest(version, fingerprint, DOUBLE, Path(__file__))
    if not stamp.exists() or stamp.read_text(encoding="ascii") != recipe:
        say(f"building {target.name} {version}")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="ssm-agent-", dir=PACKAGES.parent) as scratch:
            assemble(Path(scratch), target, version)
        sign_binary(target)
        stamp.write_text(recipe, encoding="ascii")
    return f"{PACKAGES_URL}/{target.relative_to(PACKAGES)}"


def lay_out(tree: Path, version: str, units: str) -> None:
    """The files of a package."""
    program = (DOUBLE / "ssm_agent.py").read_text(encoding="utf-8").replace("@VERSION@", version)
    for name in (NAME, "ssm-agent-worker", "ssm-session-worker", "ssm-cli"):
        write(tree / "usr/bin" / name, "#!/usr/bin/python3\n" + program, 0o755)
    write(tree / units / f"{NAME}.service", (DOUBLE / f"{NAME}.service").read_text(encoding="utf-8"))
    write(tree / "etc/amazon/ssm" / f"{NAME}.json.template", "{}\n")


def assemble_deb(tree: Path, target: Path, version: str) -> None:
    """Lay out the package's tree and let dpkg-deb pack it."""
    tree.chmod(0o755)
    lay_out(tree, version, "lib/systemd/system")
    control = (DOUBLE / "control").read_text(encoding="utf-8")
    write(tree / "DEBIAN/control", control.format(version=f"{version}-1", architecture=architecture()))
    write(tree / "DEBIAN/postinst", POSTINST, 0o755)
    write(tree / "DEBIAN/prerm", PRERM, 0o755)
    run("dpkg-deb", "--root-owner-group", "--build", str(tree), str(target))


def assemble_rpm(work: Path, target: Path, version: str) -> None:
    """Let the rpmbuild of the host image pack it, so that this machine needs none."""
    lay_out(work / "tree", version, "etc/systemd/system")
    write(work / "package.spec", (DOUBLE / f"{NAME}.spec").read_text(encoding="utf-8"))
    words = {"package_version": version, "tree": "/build/tree", "_topdir": "/build/build", "_rpmdir": "/build/rpms"}
    defined = " ".join(f"--define '{word} {value}'" for word, value in words.items())
    steps = [
        "set -eu",
        "chown -R root:root /build",
        f"rpmbuild -bb --quiet {defined} /build/package.spec",
        f"mv /build/rpms/*/{NAME}-*.rpm /target/{target.name}",
        f"chown -R {os.getuid()}:{os.getgid()} /target /build",
    ]
    mounts = [f"--volume={work}:/build", f"--volume={target.parent}:/target"]
    docker("run", "--rm", "--network=none", *mounts, images.host_image(SHAPE), "sh", "-c", "\n".join(steps))
