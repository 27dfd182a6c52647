# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Create an activation and put its code away, or else take it back; delete those that nobody needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code, is_boto3_error_message
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Plan, Refusal
from ansible_collections.fleetkit.ecs.plugins.module_utils._iam.write import Patience
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.model import (
    ACTIVATION,
    CODE,
    HOUR,
    Request,
    Secret,
)
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.plan import current_of
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.read import Reader
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.activation.show import date
from ansible_collections.fleetkit.ecs.plugins.module_utils._ssm.roles import TRUST

# How Systems Manager words a role that it cannot assume, be it that it is too new for IAM to know everywhere.
NO_ROLE = "Nonexistent role or missing ssm service principal"
GONE = ["InvalidActivation", "InvalidActivationId"]


class Writer:
    """Writes through one client of Systems Manager.

    Args:
        reader: has read what there is; its client and store are written to.
        patience: bounds the wait for a role that has just been created.
        hide: is told a secret as soon as there is one.

    Attributes:
        issued: the new activation, once there is one.
        expires: when it expires.
    """

    def __init__(self, reader: Reader, patience: Patience, hide: Callable[[Secret], None]) -> None:
        self.ssm = reader.ssm
        self.reader = reader
        self.patience = patience
        self.hide = hide
        self.issued: Secret | None = None
        self.expires = 0.0

    def apply(self, plan: Plan) -> Iterator[Change]:
        for change in plan.changes:
            if change.kind == CODE:
                self._keep(change)
            elif change.kind == ACTIVATION and change.action == "create":
                self._create(change.after)
            else:
                self._delete(change.before.activation_id)
            yield change

    def learned(self, request: Request, with_secret: bool) -> dict[str, Any]:
        """What nobody could foresee, for the result: of the new activation, or of the one that is used again."""
        secret, expires = self.issued, self.expires
        current = None if request.absent else current_of(self.reader.found, request)
        if current:
            secret, expires = self.reader.found.kept.secret, current.expires
        shown: dict[str, Any] = {"expiration_date": date(expires) if secret else None}
        if with_secret:
            shown["activation_id"] = secret.activation_id if secret else None
            shown["activation_code"] = secret.activation_code if secret else None
        return shown

    def _keep(self, change: Change) -> None:
        """A code that cannot be kept is lost, so its activation goes as well."""
        if change.action == "delete":
            self.reader.store.remove()
            return
        try:
            self.reader.store.write(self.issued or self.reader.found.kept.secret)
        except BaseException:
            if self.issued:
                self._delete(self.issued.activation_id)
                self.issued = None
            raise

    def _create(self, request: Request) -> None:
        self.expires = self.reader.clock() + request.expires_in * HOUR
        texts = {"DefaultInstanceName": request.default_instance_name, "Description": request.description}
        params = {
            "IamRole": request.role,
            "RegistrationLimit": request.registration_limit,
            "ExpirationDate": int(self.expires),
            "Tags": ansible_dict_to_boto3_tag_list(dict(request.tags)),
            **{name: text for name, text in texts.items() if text},
        }
        while self.issued is None:
            try:
                answer = self.ssm.create_activation(aws_retry=True, **params)
            except is_boto3_error_message(NO_ROLE) as error:
                self._wait_or_explain(str(request.role), error)
            else:
                self.issued = Secret(answer["ActivationId"], answer["ActivationCode"])
                self.hide(self.issued)

    def _wait_or_explain(self, role: str, error: Exception) -> None:
        if not self.patience.wait(f"for Systems Manager to assume the role {role}"):
            raise Refusal(
                f"role: Systems Manager cannot assume {role} after {self.patience.timeout:g} seconds (wait_timeout). "
                "Either there is no such role, or its trust policy does not let ssm.amazonaws.com assume it for this "
                f"account and region ({TRUST} does)."
            ) from error

    def _delete(self, activation_id: str) -> None:
        """One that somebody else has deleted meanwhile is deleted."""
        try:
            self.ssm.delete_activation(ActivationId=activation_id, aws_retry=True)
        except is_boto3_error_code(GONE):
            return
