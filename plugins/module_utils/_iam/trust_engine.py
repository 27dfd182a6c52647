# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Writes one statement of a trust policy that others write, too.

UpdateAssumeRolePolicy takes the whole policy and has no compare-and-swap. So it comes right after a read, what is there
is read again afterwards, and where somebody else has written in between the statement is merged once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code, is_boto3_error_message

from ansible_collections.fleetkit.ecs.plugins.module_utils._aws import AwsModule
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam import apply, documents
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.model import StatementRequest
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.read import Reader
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.trust import plan_trust_statement
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.write import Patience

MOST_WRITES = 5

# Seconds for which the policy of before is taken for one that IAM still shows, and then for somebody else's.
LAG = 10


def run(module: AwsModule, request: StatementRequest) -> None:
    """Bring the statement to what was asked for and leave with the plan's result."""
    iam = module.client("iam")
    reader = Reader(iam, partial(module.client, "sts"))
    patience = Patience(module.params["wait_timeout"], module.log)
    module.converge(
        read=partial(reader.trust, request),
        plan=partial(plan_trust_statement, request=request, predicting=module.check_mode),
        apply=StatementWriter(iam, reader, patience, request, module.warn if module.params["wait"] else None),
        extras=lambda: {"waited": round(patience.waited, 1)},
    )


class StatementWriter:
    """Makes the one change of a plan, as often as it takes.

    Args:
        iam: the client that writes.
        reader: reads what is there.
        patience: for principals that IAM does not know yet.
        request: what was asked for.
        warn: is told when somebody else has written; None not to look.
    """

    def __init__(
        self, iam: Any, reader: Reader, patience: Patience, request: StatementRequest, warn: Callable[[str], Any] | None
    ) -> None:
        self.iam = iam
        self.reader = reader
        self.patience = patience
        self.request = request
        self.warn = warn

    def __call__(self, planned: Plan) -> Iterator[Change]:
        written = self._write(planned)
        yield from planned.changes
        writes = 1
        while self.warn and written.changes:
            left = self._left_after(written)
            if not left.changes:
                return
            if writes == MOST_WRITES:
                raise Refusal(
                    f"somebody else keeps writing the trust policy of role {self.request.role}: it was written "
                    f"{writes} times, and overwritten each time. Find out who manages it, and run again."
                )
            self.warn(f"somebody else has written the trust policy of role {self.request.role}; it was merged again.")
            written = self._write(left)
            writes += 1

    def _plan(self) -> Plan:
        return plan_trust_statement(self.reader.trust(self.request), self.request, predicting=False)

    def _write(self, planned: Plan) -> Plan:
        """Write the policy. After each wait for a principal it is read and planned anew; gives the plan written."""
        while planned.changes:
            try:
                apply.call(self.iam, Change("update", "trust_policy", self.request.role, after=_trust(planned.after)))
                return planned
            except is_boto3_error_code("NoSuchEntity") as error:
                self.patience.wait_or_explain(error)
            except is_boto3_error_message("Invalid principal") as error:
                self.patience.wait_or_explain(error)
            planned = self._plan()
        return planned

    def _left_after(self, written: Plan) -> Plan:
        """What is still to do, once IAM does not show the policy of before any more."""
        lag = Patience(min(LAG, self.patience.timeout), self.patience.log)
        while True:
            left = self._plan()
            late = left.changes and documents.equal(_trust(left.before), _trust(written.before))
            if not late or not lag.wait("IAM does not show the trust policy that was written"):
                self.patience.waited = max(self.patience.waited, lag.waited)
                return left


def _trust(shown: Mapping[str, Any]) -> Any:
    return shown.get("assume_role_policy_document")
