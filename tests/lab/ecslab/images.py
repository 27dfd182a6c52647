# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The images, built from Debian's packages (no registry is needed), once for each recipe."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

from .engine import docker, run
from .settings import (
    AGENT_IMAGE,
    AWS_CLI_IMAGE,
    CACHE,
    LAB,
    MIRROR,
    SHAPE,
    SHAPE_RELEASE,
    TASK_IMAGE,
    TASK_SUITE,
    LabError,
    say,
)

TASK_PACKAGES = ("ca-certificates", "curl", "iproute2", "python3")
AWS_CLI_PACKAGES = ("awscli", "ca-certificates")
HOST_PACKAGES = [
    "ca-certificates", "curl", "dbus", "docker.io", "gnupg", "iproute2", "iptables", "nftables", "openssh-server",
    "procps", "python3", "python3-apt", "sudo", "systemd", "systemd-sysv",
]  # fmt: skip
# The client is part of docker.io on Debian 12 and a package of its own from Debian 13 on.
EXTRA_PACKAGES = {
    "trixie": ["docker-cli"],
    "bookworm": [],
    SHAPE: ["awscli", "createrepo-c", "dnf", "python3-dnf", "rpm"],  # Amazon Linux has the AWS CLI
}

# Units that are pointless or slow in a container; none of them is part of what the collection manages.
MASKED = [
    "apt-daily-upgrade.timer", "apt-daily.timer", "console-getty.service", "dev-hugepages.mount", "dev-mqueue.mount",
    "e2scrub_all.timer", "e2scrub_reap.service", "getty.target", "modprobe@.service",
    "proc-sys-fs-binfmt_misc.automount", "sys-fs-fuse-connections.mount", "sys-kernel-config.mount",
    "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
    "systemd-firstboot.service", "systemd-logind.service", "systemd-modules-load.service",
    "systemd-networkd-wait-online.service", "systemd-pcrmachine.service", "systemd-remount-fs.service",
    "systemd-udev-trigger.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket",
    "systemd-udevd.service", "systemd-update-utmp.service",
]  # fmt: skip

SHAPE_FILES = LAB / "shapes" / "al2023"
LAB_BASE = LAB / "shapes" / "lab-base.spec"

LEFT_OUT = ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/lib/*/gconv/*"]


def digest(*parts: object) -> str:
    """A short name for a recipe: paths count by their content, anything else by its JSON."""
    total = hashlib.sha256()
    for part in parts:
        for path in sorted(part.rglob("*")) if isinstance(part, Path) and part.is_dir() else [part]:
            if not isinstance(path, Path):
                total.update(json.dumps(path, sort_keys=True).encode())
            elif path.is_file() and "__pycache__" not in path.parts:
                total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:12]


def exists(tag: str) -> bool:
    """Does the engine have this image?"""
    return docker("image", "inspect", tag, check=False).returncode == 0


def host_image(suite: str) -> str:
    """The image of a systemd host with Docker, of this suite; built if it is not there."""
    options = host_options(suite)
    name = digest(suite, options, LAB / "host", *([SHAPE_FILES, LAB_BASE] if suite == SHAPE else []))
    tag = f"fleetkit-ecs-lab/host:{suite}-{name}"
    if not exists(tag):
        tarball = rootfs(SHAPE_RELEASE if suite == SHAPE else suite, f"host-{suite}", name, options)
        say(f"importing {tag}")
        docker("import", "--change", 'CMD ["/sbin/init"]', str(tarball), tag)
        for old in tags(f"fleetkit-ecs-lab/host:{suite}-*"):
            if old != tag:
                docker("rmi", old, check=False)  # one that a host still runs from stays until next time
    return tag


def host_options(suite: str) -> list[str]:
    """What makes a root file system a host."""
    packages = sorted(HOST_PACKAGES + EXTRA_PACKAGES[suite])
    return [
        "--variant=minbase",
        f"--include={','.join(packages)}",
        "--customize-hook=sync-in host /",
        f'--customize-hook=chroot "$1" systemctl mask {" ".join(MASKED)}',
        '--customize-hook=chroot "$1" systemctl enable lab-imds-route.service docker.service',
        # Every host must come up with its own machine-id: systemd writes one at the first boot.
        '--customize-hook=rm -f "$1"/etc/hostname "$1"/var/lib/dbus/machine-id && : > "$1"/etc/machine-id',
        *(shape_options() if suite == SHAPE else []),
    ]


def shape_options() -> list[str]:
    """What gives a Debian the face of Amazon Linux 2023: its names, and an rpm database that knows what is there."""
    return [
        '--customize-hook=rm "$1"/etc/debian_version "$1"/usr/lib/os-release && mkdir "$1"/etc/yum.repos.d',
        f"--customize-hook=sync-in {SHAPE_FILES.relative_to(LAB)} /",
        f"--customize-hook=copy-in {LAB_BASE.relative_to(LAB)} /root",
        '--customize-hook=chroot "$1" rpmbuild -bb --quiet /root/lab-base.spec',
        '--customize-hook=chroot "$1" sh -c "rpm --install /root/rpmbuild/RPMS/noarch/*.rpm && rm -r /root/rpmbuild"',
    ]


def task_image(kind: str = "task", packages: tuple[str, ...] = TASK_PACKAGES) -> str:
    """The small image with python3 and curl: what tasks run, and the floor of the agent's and the IMDS's images."""
    options = ["--variant=essential", f"--include={','.join(packages)}"]
    name = digest(TASK_SUITE, options)
    tag = f"fleetkit-ecs-lab/{kind}:{name}"
    if not exists(tag):
        tarball = rootfs(TASK_SUITE, kind, name, options)
        say(f"importing {tag}")
        docker("import", "--change", 'CMD ["/bin/sh"]', str(tarball), tag)
    return tag


def imds_image() -> str:
    """The IMDS stand-in."""
    program = LAB / "imds" / "imds.py"
    return with_program("fleetkit-ecs-lab/imds", program, ['CMD ["python3", "/imds.py"]'])


def with_program(repository: str, program: Path, changes: list[str]) -> str:
    """The task image plus one program (its layers stay shared); the tag tells both apart."""
    base = task_image()
    tag = f"{repository}:{digest(base, program, changes)}"
    if not exists(tag):
        container = docker("create", base).stdout.strip()
        try:
            docker("cp", str(program), f"{container}:/{program.name}")
            options = [word for change in changes for word in ("--change", change)]
            docker("commit", *options, container, tag)
        finally:
            docker("rm", container)
    return tag


def agent_tarball(version: str) -> Path:
    """What 'docker load' takes: the agent double of one version, named as Amazon names its image."""
    program = LAB / "doubles" / "ecs_agent" / "agent.py"
    tag = with_program(
        "fleetkit-ecs-lab/ecs-agent",
        program,
        [
            f"ENV LAB_AGENT_VERSION={version}",
            'ENTRYPOINT ["python3", "/agent.py"]',
            'HEALTHCHECK --interval=60s CMD ["python3", "/agent.py", "-healthcheck"]',
        ],
    )
    return saved(tag, AGENT_IMAGE, f"ecs-agent-{version}")


def task_tarball() -> Path:
    """What 'docker load' takes: the task image."""
    return saved(task_image(), TASK_IMAGE, "task-image")


def aws_cli_tarball() -> Path:
    """The same for the image of a task that has the AWS CLI. It is big, and few tests need it."""
    return saved(task_image("aws-cli", AWS_CLI_PACKAGES), AWS_CLI_IMAGE, "aws-cli-image")


def saved(tag: str, name: str, stem: str) -> Path:
    """Save an image under the name that the hosts shall know; compressed, as it travels in a package."""
    path = CACHE / f"{stem}-{tag.rsplit(':', 1)[1]}.tar.gz"
    if not path.exists():
        say(f"saving {name}")
        docker("tag", tag, name)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as out, subprocess.Popen(["docker", "save", name], stdout=subprocess.PIPE) as save:
            run("gzip", "-n", "-1", stdin=save.stdout, stdout=out, stderr=subprocess.PIPE, capture_output=False)
        docker("rmi", name)
        if save.returncode != 0:
            raise LabError(f"docker save {name} failed")
        forget(f"{stem}-*.tar.gz", partial)
        partial.rename(path)
    return path


def forget(pattern: str, keep: Path) -> None:
    """Remove what earlier recipes left in the cache."""
    for old in CACHE.glob(pattern):
        if old != keep:
            old.unlink()


def rootfs(suite: str, stem: str, name: str, options: list[str]) -> Path:
    """A root file system made by mmdebstrap, kept in the cache until its recipe changes."""
    path = CACHE / f"{stem}-{name}.tar"
    if path.exists():
        return path
    say(f"building {path.name} from Debian's packages (about half a minute)")
    CACHE.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.tar")
    common = ["--quiet", '--aptopt=Acquire::Languages "none"', *(f"--dpkgopt=path-exclude={glob}" for glob in LEFT_OUT)]
    run("mmdebstrap", *common, *options, suite, str(partial), MIRROR, cwd=LAB)
    forget(f"{stem}-*.tar", partial)
    partial.rename(path)
    return path


def remove_all() -> None:
    """Remove every image that the lab made."""
    made = tags("fleetkit-ecs-lab/*")
    if made:
        docker("rmi", "--force", *made)


def tags(pattern: str) -> list[str]:
    """The images whose names match."""
    listed = docker("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", f"reference={pattern}")
    return listed.stdout.split()
