# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The only place that knows boto3's shapes of failure, retrying and counting."""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule says so in its own words
    BotoCoreError = ClientError = OSError  # type: ignore[misc,assignment]

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from ansible_collections.fleetkit.ecs.plugins.module_utils import _assume_role
from ansible_collections.fleetkit.ecs.plugins.module_utils._converge import Change, Failure, Plan, Refusal, converge
from ansible_collections.fleetkit.ecs.plugins.module_utils._secrets import texts

# Codes that AWS documents as "try again" and that AWSRetry's own list lacks: the JSON protocols' throttling
# code (ECS, SSM) and IAM's three for writes that meet one another.
RETRY_CODES = ["ThrottlingException", "ConcurrentModification", "EntityTemporarilyUnmodifiable", "ServiceFailure"]

RETRY = AWSRetry.jittered_backoff(retries=8, delay=1, max_delay=20, catch_extra_error_codes=RETRY_CODES)


class AwsModule(AnsibleAWSModule):
    """AnsibleAWSModule with check mode, a role to assume, a count of API requests, and the collection's shell."""

    def __init__(self, argument_spec: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(argument_spec={**_assume_role.OPTIONS, **argument_spec}, supports_check_mode=True, **kwargs)
        self.api_calls: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._assuming = threading.Lock()
        self._credentials: dict[str, str] = {}
        if self.params.get("access_key"):
            # amazon.aws does not hide the id of a key, which ansible-core before 2.21 returns with the arguments.
            self._module.no_log_values.add(self.params["access_key"])
        with self.refusing():
            self._assumption = _assume_role.parse(self.params)

    def client(self, service: str, retry_decorator: Any = RETRY, **kwargs: Any) -> Any:
        """A boto3 client whose calls retry with C(aws_retry=True) and are counted, attempts included.

        With C(assume_role_arn) it has the credentials of that role, which is assumed once, for the first client.
        """
        if self._assumption:
            kwargs = {**self._assumed(self._assumption), **kwargs}
        return self._client(service, retry_decorator, **kwargs)

    def _client(self, service: str, retry_decorator: Any = RETRY, **kwargs: Any) -> Any:
        client = super().client(service, retry_decorator=retry_decorator, **kwargs)
        client.meta.events.register("before-send", self._count)
        return client

    def _assumed(self, wanted: _assume_role.Assumption) -> dict[str, str]:
        """The role's credentials. They stay in this process, and Ansible strikes them out of whatever leaves it."""
        with self._assuming, self.refusing():
            if not self._credentials:
                try:
                    self._credentials = _assume_role.exchange(self._client("sts"), wanted)
                except (BotoCoreError, ClientError) as error:
                    raise Refusal(_assume_role.explain(error, wanted)) from error
                self._module.no_log_values.update(self._credentials.values())
        return self._credentials

    def _count(self, event_name: str, **_unused: Any) -> None:
        with self._counting:
            self.api_calls[event_name.rsplit(".", maxsplit=1)[-1]] += 1

    @property
    def is_no_log(self) -> bool:
        """Whether the task says no_log: its result is registered as it is, and no output has it."""
        return bool(self._module.no_log)

    def hide(self, *secrets: str) -> None:
        """Have Ansible strike these out of whatever leaves the module."""
        self._module.no_log_values.update(secrets)

    def warn(self, warning: str) -> None:
        """Ansible's own; that of amazon.aws would return each one a second time, which ansible-core deprecates."""
        self._module.warn(warning)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Turn a Refusal of the parameters, or by the role to assume, into one clear sentence before any change."""
        try:
            yield
        except Refusal as refusal:
            self.fail_json(msg=str(refusal), changed=False, changes=[], api_calls=dict(self.api_calls))

    def reveal(self, parameter: str, shown: Any, secret: set[str]) -> None:
        """Of a parameter that is no_log, show all that is not secret: with all of it hidden, results would be stars.

        Args:
            parameter: its name.
            shown: its value as it may be shown, also where Ansible prints the invocation.
            secret: the texts in it that stay masked.
        """
        self._module.no_log_values = (self._module.no_log_values - set(texts(self.params[parameter]))) | secret
        self.params[parameter] = shown

    def converge(
        self,
        read: Callable[[], Any],
        plan: Callable[[Any], Plan],
        apply: Callable[[Plan], Iterable[Change | Failure]],
        extras: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        """Run the shell; the count of requests is returned with the other extras."""
        converge(
            self,
            read,
            plan,
            apply,
            errors=(BotoCoreError, ClientError),
            fail=self.fail_json_aws,
            extras=lambda: {"api_calls": dict(self.api_calls), **extras()},
        )


def none_if_missing(call: Callable[..., Any]) -> Callable[..., Any]:
    """Make a read return None where the service says that the thing does not exist."""

    @functools.wraps(call)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except is_boto3_error_code(["NoSuchEntity", "ResourceNotFoundException", "ClusterNotFoundException"]):
            return None

    return wrapped


def none_if_denied(call: Callable[..., Any]) -> Callable[..., Any]:
    """Make a read return None where the caller may not do it, and there is another way."""

    @functools.wraps(call)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except is_boto3_error_code(["AccessDenied", "AccessDeniedException"]):
            return None

    return wrapped
