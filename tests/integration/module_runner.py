# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module's main() in this process, over HTTP against the local AWS."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import json
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from ansible.module_utils.common import warnings as module_warnings
from ansible.module_utils.testing import patch_module_args

# A module reads botocore's descriptions of services once in its process. Here hundreds of them share a process.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)


def run_module(module_name: str, /, check: bool = False, **params: Any) -> SimpleNamespace:
    """Run a module's main() in this process; gives its result as attributes, C(failed) included."""
    arguments = {**params, "_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": "/tmp"}
    module = importlib.import_module(f"ansible_collections.fleetkit.ecs.plugins.modules.{module_name}")
    output = io.StringIO()
    module_warnings._global_warnings.clear()  # they outlive a module only in this process
    with patch_module_args(arguments), contextlib.redirect_stdout(output), pytest.raises(SystemExit):
        module.main()
    result = {"failed": False, "diff": None, **json.loads(output.getvalue())}
    result["warnings"] = [_text_of(warning) for warning in result.get("warnings", [])]
    return SimpleNamespace(**result, json=result)


def _text_of(warning: Any) -> str:
    """Since ansible-core 2.20 a warning in a module's raw result is a structure."""
    return warning if isinstance(warning, str) else warning["event"]["msg"]


def applied(module_name: str, /, **params: Any) -> SimpleNamespace:
    """Check mode, a real run, and both again: the first predicts the second exactly, the others change nothing."""
    predicted = run_module(module_name, check=True, **params)
    real = run_module(module_name, **params)
    assert not predicted.failed, predicted.msg
    assert not real.failed, real.msg
    told = [
        {key: run.json.get(key) for key in run.json if key not in ("api_calls", "warnings", "waited")}
        for run in (predicted, real)
    ]
    assert told[0] == told[1]
    for check in (True, False):
        again = run_module(module_name, check=check, **params)
        assert not again.failed, again.msg
        assert (again.changed, again.changes, again.diff) == (False, [], None)
    return real
