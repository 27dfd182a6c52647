# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For any definition that botocore's model allows: registered once, it is at rest; changed, it is registered once."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from awsext.task_definitions import registered
from botocore.exceptions import ClientError, ParamValidationError
from definitions import SHAPE, as_templates_give_it, changed, definitions, tidied
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition import canonical, parse
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.apply import Writer
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.plan import plan_task_definition
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.read import Reader
from ansible_collections.fleetkit.ecs.plugins.module_utils._ecs.task_definition.shape import fitted

ROOT = Path(__file__).resolve().parents[2]

# The same examples each time, and nothing kept from one run to the next.
set_hypothesis_home_dir(ROOT / "build" / "hypothesis")
settings.register_profile(
    "lane", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)
settings.load_profile("lane")


class Ecs:
    """The module's own way through read, plan and apply, with one client for all examples."""

    def __init__(self) -> None:
        self.client = boto3.client("ecs")
        self.reader = Reader(
            Retrying(self.client), lambda: Retrying(boto3.client("sts")), frozenset(SHAPE.members) - {"tags"}
        )
        self.warnings: list[str] = []
        self.families = 0

    def family(self) -> str:
        self.families += 1
        return f"generated-{self.families}"

    def apply(self, definition: dict) -> list[str]:
        """The changes made."""
        params = {
            "definition": definition,
            "tags": None,
            "purge_tags": True,
            "keep_revisions": None,
            "state": "present",
        }
        request = parse.request(params, SHAPE)
        plan = plan_task_definition(self.reader.facts(request), request)
        writer = Writer(Retrying(self.client), self.reader.revision, self.warnings.append, SHAPE)
        return [str(change) for change in writer.apply(plan)]


class Retrying:
    """A client that takes aws_retry, as the module's."""

    def __init__(self, client) -> None:
        self.client = client
        self.meta = client.meta

    def __getattr__(self, operation):
        return lambda aws_retry, **params: getattr(self.client, operation)(**params)


@pytest.fixture(scope="module")
def ecs(aws_server):
    aws_server.reset()  # another module's tests may have left it unkind
    return Ecs()


@settings(max_examples=200)
@given(definitions())
def test_what_ecs_fills_in_and_reorders_is_no_difference(definition):
    assert canonical.equal(registered(definition), definition)


@settings(max_examples=100)
@given(definitions())
def test_text_from_templates_means_the_same(definition):
    assert fitted(as_templates_give_it(definition), SHAPE, "definition") == definition


@settings(max_examples=30)
@given(st.data())
def test_registered_it_is_at_rest_and_any_change_makes_exactly_one_revision(ecs, data):
    definition = data.draw(definitions())
    other = tidied(data.draw(changed(definition)))
    assume(registered(other) != registered(definition))
    family = ecs.family()
    create = f"create task definition {family}"
    try:
        assert ecs.apply({**definition, "family": family}) == [create]
    except (ClientError, ParamValidationError) as error:
        raise AssertionError(f"the generator made what ECS does not take: {error}") from error
    assert ecs.apply({**definition, "family": family}) == []
    assert ecs.apply({**other, "family": family}) == [create]
    assert ecs.apply({**other, "family": family}) == []
    assert ecs.client.describe_task_definition(taskDefinition=family)["taskDefinition"]["revision"] == 2
    assert ecs.warnings == []
