# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX runs them, by ansible-runner, from what configure.yml made (awx_api.py).

Read from AWX's own source (awx/main/models, awx/main/tasks/jobs.py): a survey's answers are extra variables that are no
templates, a credential is what its type injects, a slice is every n-th host by name and its jobs run at the same time,
and a workflow's answers reach the templates that ask for them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible_runner
import jinja2.sandbox
import yaml
from awx_api import Refused, Store

# What the types that AWX has inject into the environment.
BUILT_IN = {
    "Machine": {},
    "Amazon Web Services": {
        "AWS_ACCESS_KEY_ID": "{{ username }}",
        "AWS_SECRET_ACCESS_KEY": "{{ password }}",
        "AWS_SECURITY_TOKEN": "{{ security_token }}",
        "AWS_SESSION_TOKEN": "{{ security_token }}",
    },
}


@dataclass
class Awx:
    """An AWX with what configure.yml made in it, the secrets that somebody entered, and the hosts of its inventory."""

    store: Path
    project: Path
    folder: Path
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    jobs: int = 0

    def template(self, name: str) -> dict[str, Any]:
        return Store(self.store).get("job_template", name)

    def launch(self, name: str, answers: dict[str, Any] | None = None, **prompts: Any) -> list[Job]:
        """The jobs of a template: one, or one for each slice. Prompts are what a template asks for on launch."""
        template = self.template(name)
        for prompt in prompts:
            if prompt != "credentials" and not template[f"ask_{prompt}_on_launch"]:
                raise Refused(f"{name} does not ask for {prompt}")
        if "credentials" in prompts and not template["ask_credential_on_launch"]:
            raise Refused(f"{name} does not ask for credentials")
        template = {**template, **prompts, "credentials": template["credentials"] + prompts.get("credentials", [])}
        variables = {**template["extra_vars"], **answered(template["survey_spec"]["spec"], answers or {})}
        count = min(template["job_slice_count"] or 1, max(len(self.hosts), 1))
        numbers = range(self.jobs + 1, self.jobs + count + 1)
        self.jobs += count
        slices = [(template, variables, number, part, count) for part, number in enumerate(numbers, 1)]
        with without_credentials():
            if count == 1:
                return [self._run(*slices[0])]
            with ThreadPoolExecutor() as pool:
                return list(pool.map(self._run, *zip(*slices)))

    def sync(self, name: str) -> str:
        """What ansible-inventory says of an inventory source; hosts and groups are then the inventory's."""
        source = Store(self.store).get("inventory_source", name)
        with without_credentials():
            environment = {
                **os.environ,
                **source["source_vars"],
                **self._credentials([source["credential"]], self.folder)[0],
            }
            command = ["ansible-inventory", "-i", str(self.project / source["source_path"]), "--list", "--export"]
            run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        known = json.loads(run.stdout)
        self.hosts = known.pop("_meta")["hostvars"]
        self.groups = {group: content["hosts"] for group, content in known.items() if "hosts" in content}
        return run.stderr

    def launch_workflow(self, name: str, answers: dict[str, Any] | None = None) -> dict[str, list[Job]]:
        """The jobs by the identifiers of the nodes, each begun when what comes before it has ended as its edge says."""
        workflow = Store(self.store).get("workflow_job_template", name)
        variables = answered(workflow["survey_spec"]["spec"], answers or {})
        nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
        follows = {one["identifier"] for node in nodes.values() for key, some in node["related"].items()
                   if key.endswith("nodes") for one in some}  # fmt: skip
        waiting, done = [identifier for identifier in nodes if identifier not in follows], {}
        while waiting:
            node = nodes[waiting.pop(0)]
            job_template = node["unified_job_template"]["name"]
            asked = {question["variable"] for question in self.template(job_template)["survey_spec"]["spec"]}
            accepted = {variable: value for variable, value in variables.items() if variable in asked}
            jobs = done[node["identifier"]] = self.launch(job_template, accepted, job_type=node["job_type"])
            ended = "success_nodes" if all(job.rc == 0 for job in jobs) else "failure_nodes"
            waiting += [one["identifier"] for key in (ended, "always_nodes") for one in node["related"][key]]
        return done

    def _run(self, template: dict[str, Any], variables: dict[str, Any], number: int, part: int, parts: int) -> Job:
        folder = self.folder / f"awx_{number}"
        for name in ("env", "inventory"):
            (folder / name).mkdir(parents=True)
        shutil.copytree(self.project, folder / "project")
        script = f"#!{sys.executable}\nprint({json.dumps(self._inventory(template['inventory'], part, parts))!r})\n"
        (folder / "inventory" / "hosts").write_text(script)
        (folder / "inventory" / "hosts").chmod(0o700)
        meta = {"awx_job_id": number, "awx_job_launch_type": "manual", "awx_user_name": "admin"}
        (folder / "env" / "extravars").write_text(_dump({**variables, **meta}, template["extra_vars"]))
        environment, arguments = self._credentials(template["credentials"], folder)
        (folder / "env" / "cmdline").write_text(ansible_runner.utils.args2cmdline(*_arguments(template), *arguments))
        run = ansible_runner.run(
            private_data_dir=str(folder),
            ident=str(number),
            playbook=template["playbook"],
            inventory=str(folder / "inventory" / "hosts"),
            envvars={
                "JOB_ID": str(number),
                "ANSIBLE_RETRY_FILES_ENABLED": "False",
                "ANSIBLE_PIPELINING": "True",
                **environment,
            },
            settings={"suppress_ansible_output": True},
            quiet=True,
        )
        return Job(folder, run.rc, run.stats or {}, run.stdout.read(), list(run.events))

    def _credentials(self, names: list[str], folder: Path) -> tuple[dict[str, str], list[str]]:
        """The environment and the arguments that they give a job."""
        store, environment, arguments = Store(self.store), {}, []
        for name in names:
            credential = store.get("credential", name)
            kind = credential["credential_type"]
            own = kind not in BUILT_IN
            injectors = store.get("credential_type", kind)["injectors"] if own else {"env": BUILT_IN[kind]}
            inputs = {**credential.get("inputs", {}), **self.secrets.get(name, {})}
            injected = {
                where: {variable: _render(template, inputs) for variable, template in variables.items()}
                for where, variables in injectors.items()
            }
            environment.update({key: value for key, value in injected.get("env", {}).items() if value or own})
            if "extra_vars" in injected:
                path = folder / "env" / f"credential{len(arguments)}"
                path.write_text(_dump(injected["extra_vars"], {}))
                arguments += ["-e", f"@{path}"]
        return environment, arguments

    def _inventory(self, name: str, part: int, parts: int) -> dict[str, Any]:
        """What the inventory's script prints: of a slice every n-th host by name, and the groups with no others."""
        names = sorted(self.hosts)[part - 1 :: parts]
        variables = Store(self.store).get("inventory", name).get("variables", {})
        groups = {group: {"hosts": [one for one in names if one in some]} for group, some in self.groups.items()}
        return {
            "all": {"vars": variables, "children": sorted(groups)},
            **{group: content for group, content in groups.items() if content["hosts"]},
            "_meta": {"hostvars": {one: {**self.hosts[one], "remote_tower_enabled": "true"} for one in names}},
        }


@dataclass
class Job:
    folder: Path
    rc: int
    stats: dict[str, dict[str, int]]
    output: str
    events: list[dict[str, Any]]

    @property
    def changed(self) -> int:
        return sum(self.stats.get("changed", {}).values())

    @property
    def hosts(self) -> set[str]:
        return set(self.stats.get("processed", {}))


def answered(questions: list[dict[str, Any]], answers: dict[str, Any]) -> dict[str, Any]:
    """The extra variables of a survey: the defaults, an empty one included where it is text, and the answers."""
    unknown = set(answers) - {question["variable"] for question in questions}
    if unknown:
        raise Refused(f"nothing asks for {unknown}")
    variables = {}
    for question in questions:
        variable, default = question["variable"], question.get("default")
        if variable in answers:
            _refuse_answer(question, answers[variable])
            variables[variable] = answers[variable]
        elif question["required"] and default in (None, ""):
            raise Refused(f"'{variable}' value missing")
        elif default is not None and (default != "" or question["type"] in ("text", "textarea", "password")):
            variables[variable] = default
    return variables


def _refuse_answer(question: dict[str, Any], answer: Any) -> None:
    kind, variable = question["type"], question["variable"]
    if kind == "integer":
        low, high = question.get("min"), question.get("max")
        if (
            not isinstance(answer, int)
            or isinstance(answer, bool)
            or (low is not None and answer < low)
            or (high is not None and answer > high)
        ):
            raise Refused(f"{variable}: {answer!r} is no integer from {low} to {high}")
    elif kind == "multiplechoice":
        if answer not in question["choices"] and (question["required"] or answer != ""):
            raise Refused(f"{variable}: {answer!r} is none of {question['choices']}")
    elif not isinstance(answer, str):
        raise Refused(f"{variable}: {answer!r} is expected to be a string")


def _arguments(template: dict[str, Any]) -> list[str]:
    """The arguments of ansible-playbook, in AWX's order."""
    check = ["--check"] if template.get("job_type") == "check" else []
    diff = ["--diff"] if template.get("diff_mode") else []
    forks = [f"--forks={template['forks']}"] if template.get("forks") else []
    limit = ["-l", template["limit"]] if template.get("limit") else []
    verbosity = ["-" + "v" * template["verbosity"]] if template.get("verbosity") else []
    return [*check, "-u", "root", *diff, *forks, *limit, *verbosity]


def _render(template: str, inputs: dict[str, str]) -> str:
    return jinja2.sandbox.ImmutableSandboxedEnvironment().from_string(template).render(inputs)


@contextlib.contextmanager
def without_credentials() -> Iterator[None]:
    """A job has its credentials' keys and region, and not those of whoever runs the tests."""
    kept = {"AWS_ENDPOINT_URL", "AWS_CA_BUNDLE"}
    taken = {name: value for name, value in os.environ.items() if name.startswith("AWS_") and name not in kept}
    try:
        for name in taken:
            del os.environ[name]
        yield
    finally:
        os.environ.update(taken)


class _Unsafe(yaml.SafeDumper):
    def represent_data(self, data: Any) -> Any:
        return self.represent_scalar("!unsafe", data) if isinstance(data, str) else super().represent_data(data)


def _dump(variables: dict[str, Any], trusted: dict[str, Any]) -> str:
    """Variables as YAML, in which only what the job template itself says may be a template."""
    return "".join(
        yaml.dump({name: value}, Dumper=yaml.SafeDumper if trusted.get(name) == value else _Unsafe)
        for name, value in variables.items()
    )
