# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Read a whole fleet: as many requests as pages need, those that do not depend on one another at the same time.

Limits of a request, from the API references of Amazon ECS, EC2 and Systems Manager.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

LISTED = 100  # clusters or container instances in an answer
DESCRIBED = 100  # container instances in a request
FILTERED = 200  # values of a filter of DescribeInstances
INFORMED = 50  # managed instances in an answer
AT_ONCE = 8  # requests; the rate at which Amazon ECS lets container instances be described is not far above

Found = dict[str, dict[str, Any]]


def read_clusters(ecs: Any) -> list[str]:
    """ARNs of all clusters."""
    return [arn for page in _pages(ecs.list_clusters, maxResults=LISTED) for arn in page["clusterArns"]]


def read_container_instances(ecs: Any, clusters: Sequence[str]) -> list[dict[str, Any]]:
    """Every container instance of the clusters but those that are only remembered, with its tags."""

    def listed(cluster: str) -> list[tuple[str, list[str]]]:
        pages = _pages(ecs.list_container_instances, cluster=cluster, maxResults=LISTED)
        return [(cluster, page["containerInstanceArns"]) for page in pages if page["containerInstanceArns"]]

    return describe(ecs, [batch for batches in at_once(listed, clusters) for batch in batches])


def describe(ecs: Any, batches: Iterable[tuple[str, Sequence[str]]]) -> list[dict[str, Any]]:
    """The container instances of each (cluster, ARNs) as Amazon ECS describes them; one that is gone is left out.

    Each says its C(cluster) too: only ARNs in the long format have it.
    """

    def described(batch: tuple[str, Sequence[str]]) -> list[dict[str, Any]]:
        cluster, arns = batch
        answer = ecs.describe_container_instances(
            cluster=cluster, containerInstances=list(arns), include=["TAGS"], aws_retry=True
        )
        return [{**one, "cluster": cluster.rpartition("/")[2]} for one in answer["containerInstances"]]

    small = [(cluster, part) for cluster, arns in batches for part in _parts(arns, DESCRIBED)]
    return [one for found in at_once(described, small) for one in found]


def read_ec2_instances(ec2: Any, instance_ids: Iterable[str]) -> Found:
    """What EC2 knows, by id. As a filter ids may be gone already; named outright, one of those fails the request."""

    def look(ids: list[str]) -> Found:
        pages = _pages(ec2.describe_instances, Filters=[{"Name": "instance-id", "Values": ids}])
        reservations = [reservation for page in pages for reservation in page["Reservations"]]
        return {one["InstanceId"]: one for reservation in reservations for one in reservation["Instances"]}

    return _merged(at_once(look, _parts(instance_ids, FILTERED)))


def read_managed_instances(ssm: Any, instance_ids: Iterable[str]) -> Found:
    """What Systems Manager knows, by id."""

    def look(ids: list[str]) -> Found:
        chosen = [{"Key": "InstanceIds", "Values": ids}]
        pages = _pages(ssm.describe_instance_information, Filters=chosen, MaxResults=INFORMED)
        return {one["InstanceId"]: one for page in pages for one in page["InstanceInformationList"]}

    return _merged(at_once(look, _parts(instance_ids, INFORMED)))


def at_once(call: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """The answers in the order of the items. A client of boto3 may be used by several threads."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(call, items))


def _parts(items: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(items)
    return iter(lambda: list(islice(rest, size)), [])


def _merged(found: Iterable[Found]) -> Found:
    return {name: one for each in found for name, one in each.items()}


def _pages(request: Callable[..., dict[str, Any]], **params: Any) -> Iterator[dict[str, Any]]:
    """All pages of a list; each is retried on its own. EC2 and Systems Manager write the token with a capital."""
    token = "NextToken" if any(name[0].isupper() for name in params) else "nextToken"
    while True:
        page = request(aws_retry=True, **params)
        yield page
        if not page.get(token):
            return
        params[token] = page[token]
