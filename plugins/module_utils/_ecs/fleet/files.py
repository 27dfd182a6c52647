# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""A report as files: JSON for programs, and a page with that JSON in it for people."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

PLACE = "@report@"
MODE = 0o640


def files(report: dict[str, Any], page: str) -> dict[str, str]:
    """The files' text by the end of their names."""
    content = {"generated": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), **report}
    # No text in it can end the element that it stands in.
    inside = json.dumps(content).replace("<", "\\u003c")
    return {".json": json.dumps(content, indent=4) + "\n", ".html": page.replace(PLACE, inside)}


def write(module: Any, path: str, texts: dict[str, str]) -> None:
    for ending, text in texts.items():
        descriptor, temporary = tempfile.mkstemp(dir=module.tmpdir)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        module.atomic_move(temporary, path + ending)
        Path(path + ending).chmod(MODE)
