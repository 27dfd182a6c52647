# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packages that the lab's file server offers: the amazon-ecs-init double as a real, signed .deb, one by one and in
a signed repository. Its RPMs are made in rpms.py."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from email.utils import formatdate
from pathlib import Path

from . import images
from .engine import run
from .settings import ECS_INIT_VERSION, LAB, PACKAGES, PACKAGES_URL, say
from .signing import KEY_FILE, sign, sign_inline, signing_key

DOUBLE = LAB / "doubles" / "amazon_ecs_init"
APT_REPOSITORY = PACKAGES / "apt"

# As dh_installsystemd --no-start --no-enable would have it: systemd learns of the unit, nothing else happens.
POSTINST = """#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl --system daemon-reload >/dev/null || true; fi
"""
PRERM = """#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl stop ecs.service || true; fi
"""


def architecture() -> str:
    """Debian's name of this machine's architecture."""
    return run("dpkg", "--print-architecture").stdout.strip()


def build(version: str) -> dict[str, str]:
    """Build and sign the package of this version; returns the URLs and the fingerprint that users need."""
    PACKAGES.mkdir(parents=True, exist_ok=True)
    fingerprint = signing_key()
    name = f"amazon-ecs-init_{version}_{architecture()}.deb"
    stamp = PACKAGES / f".{name}.recipe"
    agent = images.agent_tarball(version.partition("-")[0])
    recipe = images.digest(version, agent.name, fingerprint, DOUBLE, Path(__file__))
    if not (PACKAGES / name).exists() or not stamp.exists() or stamp.read_text(encoding="ascii") != recipe:
        say(f"building {name}")
        assemble(PACKAGES / name, version, agent)
        sign(PACKAGES / name)
        stamp.write_text(recipe, encoding="ascii")
        index()
    for label in (version, "latest") if version == ECS_INIT_VERSION else (version,):
        link_amazon_name(name, label)
    image = PACKAGES / f"ecs-agent-v{version.partition('-')[0]}.tar"
    image.unlink(missing_ok=True)
    image.symlink_to(agent)
    return {
        "agent_image_url": f"{PACKAGES_URL}/{image.name}",
        "deb_url": f"{PACKAGES_URL}/{name}",
        "deb_version": version,
        "apt_repository_url": f"{PACKAGES_URL}/{APT_REPOSITORY.name}",
        "signing_key_url": f"{PACKAGES_URL}/{KEY_FILE}",
        "signing_key_fingerprint": fingerprint,
    }


def link_amazon_name(name: str, label: str) -> None:
    """Amazon's bucket calls the same file amazon-ecs-init-VERSION.ARCH.deb, with a 'latest'; so does ours."""
    for suffix in ("", ".asc"):
        link = PACKAGES / f"amazon-ecs-init-{label}.{architecture()}.deb{suffix}"
        link.unlink(missing_ok=True)
        link.symlink_to(f"{name}{suffix}")


def assemble(target: Path, version: str, agent: Path) -> None:
    """Lay out the package's tree and let dpkg-deb pack it."""
    with tempfile.TemporaryDirectory(prefix="ecs-init-", dir=PACKAGES.parent) as scratch:
        tree = Path(scratch)
        tree.chmod(0o755)
        program = DOUBLE / "ecs_init.py"
        executable = "#!/usr/bin/python3\n" + program.read_text(encoding="utf-8")
        write(tree / "usr/libexec/amazon-ecs-init", executable, 0o755)
        write(tree / "lib/systemd/system/ecs.service", (DOUBLE / "ecs.deb.service").read_text(encoding="utf-8"))
        for directory in ("etc/ecs", "var/lib/ecs/data", "var/log/ecs", "var/cache/ecs"):
            (tree / directory).mkdir(parents=True, mode=0o755)
        tarball = f"ecs-agent-v{version.partition('-')[0]}.tar"
        shutil.copy(agent, tree / "var/cache/ecs" / tarball)
        (tree / "var/cache/ecs/ecs-agent.tar").symlink_to(tarball)
        control = (DOUBLE / "control").read_text(encoding="utf-8")
        write(tree / "DEBIAN/control", control.format(version=version, architecture=architecture()))
        write(tree / "DEBIAN/postinst", POSTINST, 0o755)
        write(tree / "DEBIAN/prerm", PRERM, 0o755)
        # The image inside is compressed already.
        run("dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(target))


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write one file of the package's tree."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def index() -> None:
    """A signed apt repository of every version built so far, flat: deb [signed-by=KEY] URL ./"""
    APT_REPOSITORY.mkdir(exist_ok=True)
    for old in APT_REPOSITORY.iterdir():
        old.unlink()
    entries = []
    for package in sorted(PACKAGES.glob("amazon-ecs-init_*.deb")):
        (APT_REPOSITORY / package.name).symlink_to(f"../{package.name}")
        content = package.read_bytes()
        fields = run("dpkg-deb", "--field", str(package)).stdout.strip()
        digest = hashlib.sha256(content).hexdigest()
        entries.append(f"{fields}\nFilename: ./{package.name}\nSize: {len(content)}\nSHA256: {digest}\n")
    packages = "\n".join(entries).encode()
    (APT_REPOSITORY / "Packages").write_bytes(packages)
    release = APT_REPOSITORY / "Release"
    digest = hashlib.sha256(packages).hexdigest()
    date = formatdate(usegmt=True)
    text = f"Origin: fleetkit.ecs lab\nDate: {date}\nSHA256:\n {digest} {len(packages)} Packages\n"
    release.write_text(text, encoding="ascii")
    sign_inline(release, APT_REPOSITORY / "InRelease")
