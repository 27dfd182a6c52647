# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""What every IAM module runs: one declaration, read, planned, written, and looked at again until IAM shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule, BotoCoreError, ClientError
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Failure, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.graph import plan_one
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import Account, Declaration
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.read import Reader
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.schedule import Scheduler
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.write import Patience, Writer

Planner = Callable[[Account, Declaration, bool], Plan]

# How many changes there are between two lines of progress in the system's log.
PROGRESS = 100


def run(module: AwsModule, declaration: Declaration, planner: Planner = plan_one, concurrency: int = 1) -> None:
    """Bring the account to the declaration and leave with the plan's result."""
    # botocore's adaptive mode slows all threads down together as soon as IAM says that it is too fast.
    retries = {"mode": "adaptive", "total_max_attempts": 8}
    iam = module.client("iam", config={"retries": retries, "max_pool_connections": max(concurrency, 10)})
    reader = Reader(iam, partial(module.client, "sts"), concurrency)
    patience = Patience(module.params["wait_timeout"], module.log)
    write = Scheduler(Writer(iam, reader, patience), (BotoCoreError, ClientError), concurrency)

    def plan(account: Account) -> Plan:
        return planner(account, declaration, module.check_mode)

    def apply(planned: Plan) -> Iterator[Change | Failure]:
        failed = False
        for number, made in enumerate(write(planned), start=1):
            failed = failed or isinstance(made, Failure)
            if number % PROGRESS == 0:
                module.log(f"{number} of {len(planned.changes)} changes tried; the last one: {_text(made)}")
            yield made
        if planned.changes and module.params["wait"] and not failed:
            _settle(module, lambda: plan(reader.account(declaration)), patience)

    module.converge(
        read=partial(reader.account, declaration),
        plan=plan,
        apply=apply,
        extras=lambda: {"waited": round(patience.waited, 1)},
    )


def _text(made: Change | Failure) -> str:
    return f"could not {made.change}: {made.error}" if isinstance(made, Failure) else str(made)


def _settle(module: AwsModule, plan_again: Callable[[], Plan], patience: Patience) -> None:
    """Look again until IAM shows what was written; one server may lag behind another."""
    while True:
        try:
            left = plan_again().changes
        except (Refusal, ClientError):  # half of it is visible
            left = None
        if left == ():
            return
        if not patience.wait("IAM does not show all that was written yet"):
            module.warn(
                f"IAM does not show all that was written after {patience.timeout:g} seconds (wait_timeout): "
                f"{left[0] if left else 'something is missing'}. It takes longer, or somebody else changes it too."
            )
            return
