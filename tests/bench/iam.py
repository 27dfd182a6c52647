# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many roles: fleetkit.ecs.iam_resources, amazon.aws and the floor, side by side.

Each role has a trust policy, two managed policies, one inline policy, an instance profile and tags: six things. Each
side creates N roles in an empty account and then finds that nothing has to change. amazon.aws needs three tasks (role,
inline policy, profile) that loop over the roles. The floor is bare boto3 without Ansible.

Requests are counted by the local AWS, which answers within milliseconds, one request after the other: what parallel
requests and fewer requests gain with the real one, 50 to 150 ms away, is not in these times. The last line adds such a
delay. Seconds are a whole ansible-playbook; "net" takes off what a playbook without work needs.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from common import OUTPUT, ROOT, behave, playbook, report, requests

BULK = [1, 20, 100]
LARGE = 1000
LATENCY = 0.1
ARNS = [
    "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
    "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
]
ALLOW = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
TRUST = {"Version": "2012-10-17", "Statement": [ALLOW]}
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
INLINE = {"Version": "2012-10-17", "Statement": [READ]}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-west-2"}


def ours(count: int) -> list[dict]:
    roles = [
        {
            "name": f"role-{number}",
            "trust": TRUST,
            "managed_policies": ARNS,
            "inline_policies": {"read": INLINE},
            "instance_profile": f"profile-{number}",
            "tags": {"number": str(number)},
        }
        for number in range(count)
    ]
    return [{"fleetkit.ecs.iam_resources": {"roles": roles}}]


def peer(count: int) -> list[dict]:
    role = {"name": "role-{{ item }}", "assume_role_policy_document": TRUST, "managed_policies": ARNS}
    inline = {"iam_type": "role", "iam_name": "role-{{ item }}", "policy_name": "read", "policy_json": INLINE}
    return [
        {**task, "loop": list(range(count))}
        for task in (
            {"amazon.aws.iam_role": {**role, "tags": {"number": "{{ item }}"}, "create_instance_profile": False}},
            {"amazon.aws.iam_policy": inline},
            {"amazon.aws.iam_instance_profile": {"name": "profile-{{ item }}", "role": "role-{{ item }}"}},
        )
    ]


@contextlib.contextmanager
def empty_account(latency: float = 0) -> Iterator[str]:
    import local_aws

    with local_aws.launch() as url:
        if latency:
            behave(url, latency=latency)
        yield url


def timed(url: str, run, repeat: int = 1) -> tuple[dict[str, int], float]:
    """Requests of one run by kind, and the median of the seconds."""
    seconds = []
    for _turn in range(repeat):
        requests(url)
        start = time.monotonic()
        run()
        seconds.append(time.monotonic() - start)
    seen = requests(url)
    reads = [operation for operation in seen if operation.startswith(("Get", "List"))]
    return {"reads": len(reads), "writes": len(seen) - len(reads)}, statistics.median(seconds)


def run_tasks(url: str, tasks: list[dict], changes: bool, arguments: tuple[str, ...] = (), **environment: str) -> None:
    results = playbook(list(arguments), tasks, AWS_ENDPOINT_URL=url, AWS_URL=url, **CREDENTIALS, **environment)
    assert any(result["changed"] for result in results) == changes


def run_floor(url: str, action: str, count: int) -> None:
    environment = {**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-west-2"}
    command = [sys.executable, str(ROOT / "tests" / "bench" / "floor_iam.py"), action, str(count)]
    subprocess.run(command, env=environment, check=True)


def measure(side: str, count: int, latency: float = 0, **how) -> dict[str, tuple[dict[str, int], float]]:
    """Create, then look again and find nothing to do."""
    repeat = 3 if count == 1 else 1
    with empty_account(latency) as url:
        if side == "floor":
            create = timed(url, lambda: run_floor(url, "create", count))
            return {"create": create, "no change": timed(url, lambda: run_floor(url, "read", count), repeat)}
        tasks = {"fleetkit.ecs": ours, "amazon.aws": peer}[side](count)
        create = timed(url, lambda: run_tasks(url, tasks, True, **how))
        return {"create": create, "no change": timed(url, lambda: run_tasks(url, tasks, False, **how), repeat)}


def bare_start() -> float:
    """Seconds of a playbook that does nothing."""
    with empty_account() as url:
        debug = [{"ansible.builtin.debug": {"msg": "nothing"}}]
        return timed(url, lambda: run_tasks(url, debug, False), repeat=3)[1]


def large(count: int) -> tuple[dict, float]:
    """Ours alone, with the peak memory of the module's process in megabytes."""
    peaks = OUTPUT / "peaks"
    peaks.unlink(missing_ok=True)
    interpreter = ROOT / "tests" / "bench" / "measured_python"
    environment = {"BENCH_PEAK": str(peaks), "BENCH_PYTHON": sys.executable}
    how = {"arguments": ("-e", f"ansible_python_interpreter={interpreter}"), **environment}
    measured = measure("fleetkit.ecs", count, **how)
    return measured, max(map(int, peaks.read_text().split())) / 1024


def main() -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    start = bare_start()
    figures: dict[str, float] = {"seconds_bare_playbook": round(start, 2)}
    rows: list[tuple] = [("roles", "what", "side", "reads", "writes", "seconds", "net", "ours is faster by")]

    def note(count: int, side: str, measured: dict, own: dict, delay: str = "") -> None:
        for what, (seen, seconds) in measured.items():
            net = seconds if side == "floor" else seconds - start
            own_net = own[what][1] - start
            times = "" if side == "fleetkit.ecs" else f"{seconds / own[what][1]:.1f} (net {net / own_net:.1f})"
            rows.append((count, what + delay, side, *seen.values(), f"{seconds:.2f}", f"{net:.2f}", times))
            key = f"n{count}_{what}_{side}{delay}".replace(" ", "_").replace(".", "_").replace(",", "")
            figures.update({f"{key}_{kind}": number for kind, number in seen.items()})
            figures.update({f"{key}_seconds": round(seconds, 2), f"{key}_seconds_net": round(net, 2)})

    for count in BULK:
        own = measure("fleetkit.ecs", count)
        note(count, "fleetkit.ecs", own, own)
        for side in ("amazon.aws", "floor"):
            note(count, side, measure(side, count), own)
    most, megabytes = large(LARGE)
    note(LARGE, "fleetkit.ecs", most, most)
    delayed = measure("fleetkit.ecs", 100, LATENCY)
    note(100, "fleetkit.ecs", delayed, delayed, f", {LATENCY * 1000:g} ms away")
    figures["peak_megabytes_1000_roles"] = round(megabytes, 1)
    summarise(figures)
    report("iam", f"IAM of N roles (a bare playbook takes {start:.2f} s of the seconds)", rows, figures)
    print(f"  peak memory of the module with {LARGE} roles: {megabytes:.0f} MB")


def summarise(figures: dict[str, float]) -> None:
    """What the figures are held against."""

    def ratio(key: str, over: str, under: str) -> None:
        figures[key] = round(figures[over] / figures[under], 2)

    ratio("n100_no_change_times_faster", "n100_no_change_amazon_aws_seconds", "n100_no_change_fleetkit_ecs_seconds")
    ratio("n100_create_times_faster", "n100_create_amazon_aws_seconds", "n100_create_fleetkit_ecs_seconds")
    ratio("n1_no_change_part_of_peer", "n1_no_change_fleetkit_ecs_seconds_net", "n1_no_change_amazon_aws_seconds_net")
    for what in ("create", "no_change"):
        large_, small = (figures[f"n{count}_{what}_fleetkit_ecs_seconds_net"] / count for count in (LARGE, 100))
        figures[f"{what}_cost_per_role_1000_over_100"] = round(large_ / small, 2)


if __name__ == "__main__":
    main()
