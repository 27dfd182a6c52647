# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The amazon-ecs-init double as RPMs, built by the rpmbuild of the host image so that this machine needs none.

Two packages from one spec, as there are two of the real ones: amazon-ecs-init from Amazon's buckets, with a detached
signature; and ecs-init from Amazon Linux' own repository, signed inside.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from pathlib import Path

from . import images
from .engine import docker
from .packages import DOUBLE, write
from .settings import ECS_INIT_VERSION, PACKAGES, PACKAGES_URL, SHAPE, say
from .signing import GNUPG, sign, signing_key, stop_gpg_agent

RPM_REPOSITORY = PACKAGES / "rpm"
GENERIC, AMAZON_LINUX = "amazon-ecs-init", "ecs-init"


def build(version: str) -> dict[str, str]:
    """Build and sign both packages of this version; returns their URLs."""
    RPM_REPOSITORY.mkdir(parents=True, exist_ok=True)
    fingerprint = signing_key()
    name = f"{GENERIC}-{version}.{platform.machine()}.rpm"
    stamp = PACKAGES / f".{name}.recipe"
    agent = images.agent_tarball(version.partition("-")[0])
    recipe = images.digest(version, agent.name, fingerprint, DOUBLE, Path(__file__))
    if not stamp.exists() or stamp.read_text(encoding="ascii") != recipe:
        say(f"building {name} and Amazon Linux' {AMAZON_LINUX}")
        assemble(version, agent, fingerprint)
        sign(PACKAGES / name)
        stamp.write_text(recipe, encoding="ascii")
    if version == ECS_INIT_VERSION:
        for suffix in ("", ".asc"):
            link = PACKAGES / f"{GENERIC}-latest.{platform.machine()}.rpm{suffix}"
            link.unlink(missing_ok=True)
            link.symlink_to(f"{name}{suffix}")
    return {"rpm_url": f"{PACKAGES_URL}/{name}", "rpm_repository_url": f"{PACKAGES_URL}/{RPM_REPOSITORY.name}"}


def assemble(version: str, agent: Path, fingerprint: str) -> None:
    """Build both, and bring the repository's index up to date."""
    number, _dash, release = version.partition("-")
    steps = ["set -eu", "chown -R root:root /build"]
    with tempfile.TemporaryDirectory(prefix="ecs-init-rpm-", dir=PACKAGES.parent) as scratch:
        work = Path(scratch)
        shutil.copy(DOUBLE / "ecs-init.spec", work)
        for package, unit, suffix in ((GENERIC, "rpm", ""), (AMAZON_LINUX, "amazon-linux", ".amzn2023")):
            lay_out(work / package, unit, number, agent)
            words = {"package_name": package, "package_version": number, "package_release": f"{release}{suffix}"}
            words |= {"tree": f"/build/{package}", "_topdir": "/build/build", "_rpmdir": "/build/rpms"}
            defined = " ".join(f"--define '{word} {value}'" for word, value in words.items())
            steps.append(f"rpmbuild -bb --quiet {defined} /build/ecs-init.spec")
        owner = f"{os.getuid()}:{os.getgid()}"
        gpg = f"--define '__gpg /usr/bin/gpg' --define '_gpg_name {fingerprint}' --define '_gpg_path /gnupg'"
        steps += [
            f"rpmsign {gpg} --addsign /build/rpms/*/{AMAZON_LINUX}-*.rpm",
            f"mv /build/rpms/*/{GENERIC}-*.rpm /packages/",
            f"mv /build/rpms/*/{AMAZON_LINUX}-*.rpm /packages/{RPM_REPOSITORY.name}/",
            f"createrepo_c --quiet /packages/{RPM_REPOSITORY.name}",
            "gpgconf --homedir /gnupg --kill gpg-agent",
            f"chown -R {owner} /packages /gnupg /build",
        ]
        mounts = [f"--volume={work}:/build", f"--volume={PACKAGES}:/packages", f"--volume={GNUPG}:/gnupg"]
        command = ["sh", "-c", "\n".join(steps)]
        docker("run", "--rm", "--network=none", *mounts, images.host_image(SHAPE), *command)
    stop_gpg_agent()


def lay_out(tree: Path, unit: str, number: str, agent: Path) -> None:
    """The files of one package."""
    program = "#!/usr/bin/python3\n" + (DOUBLE / "ecs_init.py").read_text(encoding="utf-8")
    write(tree / "usr/libexec/amazon-ecs-init", program, 0o755)
    text = (DOUBLE / f"ecs.{unit}.service").read_text(encoding="utf-8")
    write(tree / "usr/lib/systemd/system/ecs.service", text)
    cache = tree / "var/cache/ecs"
    cache.mkdir(parents=True)
    shutil.copy(agent, cache / f"ecs-agent-v{number}.tar")
