# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Launch user data: the files that ecs_config_fetch would write, and the steps that put them to work. Pure."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable

import yaml

from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.model import Source
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.persist import UNIT, files
from ansible_collections.fleetkit.ecs.plugins.module_utils._config_fetch.program import uri

# The unit is started and not only enabled, because this boot was planned before it was there. It waits for nothing that
# waits for cloud-init. A start of ecs.service that is waiting for the end of cloud-init is taken back where it fails.
STEPS = f"""\
set -u
command -v aws >/dev/null || {{
  if command -v apt-get >/dev/null; then
    apt-get -qq -o DPkg::Lock::Timeout=120 update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=120 --no-install-recommends install awscli
  elif command -v dnf >/dev/null; then
    dnf -q -y install awscli-2 || dnf -q -y install awscli
  else
    yum -q -y install awscli
  fi
}}
systemctl daemon-reload
systemctl enable {UNIT}
if ! systemctl start {UNIT}; then
  echo 'fleetkit.ecs: there is no ecs.config, so the agent is not started' >&2
  systemctl --no-block stop ecs.service
  exit 1
fi
if systemctl cat ecs.service >/dev/null 2>&1; then
  systemctl enable ecs.service
  systemctl --no-block start ecs.service
fi
"""

HEAD = "Written by fleetkit.ecs.user_data: ecs.config from S3 before the ECS agent starts, now and at every boot."


def shell(source: Source) -> str:
    lines = ["#!/bin/sh", f"# {HEAD}", f"# {uri(source.settings())}", "umask 022"]
    for path, file in files(source).items():
        directory = path.rpartition("/")[0]
        lines += [f"mkdir -p {directory}", f"base64 -d <<'END' | gzip -d >{path}", _packed(file.text), "END"]
        lines.append(f"chmod {file.mode:04o} {path}")
    return "\n".join(lines) + "\n" + STEPS


def cloud_config(source: Source) -> str:
    written = [
        {"path": path, "encoding": "gz+b64", "content": _packed(file.text), "permissions": f"{file.mode:04o}"}
        for path, file in files(source).items()
    ]
    content = {"write_files": written, "runcmd": [["sh", "-c", STEPS]]}
    return f"#cloud-config\n# {HEAD}\n# {uri(source.settings())}\n" + yaml.safe_dump(
        content, sort_keys=False, width=10_000
    )


FORMATS: dict[str, Callable[[Source], str]] = {"shell": shell, "cloud-config": cloud_config}


def _packed(text: str) -> str:
    """Small, and the same for the same text."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode("ascii")
