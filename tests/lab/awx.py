# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX, as far as a project needs it: the modules of awx.awx with what its API refuses, and jobs as AWX runs them.

What it does is read from AWX's own source (awx/main/models, awx/main/tasks/jobs.py, awx/api/views): a survey's answers
are extra variables that are no templates, a credential is what its type injects, a slice is every n-th host by name, a
workflow's answers reach the templates that ask for them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible_runner
import jinja2.sandbox
import yaml

SPECS = Path(__file__).with_name("awx_modules.json")
STORE = "LAB_AWX_STORE"
# A playbook of a project is a file that has such a line; ansible.builtin.import_playbook is not seen.
PLAYBOOK_LINE = re.compile(r"^\s*?-?\s*?(?:hosts|include|import_playbook):\s*?.*?$", re.MULTILINE)
WORDS = {"text", "textarea", "password", "multiplechoice", "multiselect"}
BUILT_IN = {
    "Machine": {},
    "Amazon Web Services": {
        "env": {
            "AWS_ACCESS_KEY_ID": "{{ username }}",
            "AWS_SECRET_ACCESS_KEY": "{{ password }}",
            "AWS_SECURITY_TOKEN": "{{ security_token }}",
            "AWS_SESSION_TOKEN": "{{ security_token }}",
        }
    },
}
MODULE = """#!/usr/bin/python
import sys
from ansible.module_utils.basic import AnsibleModule
sys.path.insert(0, {lab!r})
import awx
awx.main({name!r}, AnsibleModule)
"""


class Refused(Exception):
    """What the API answers with 400."""


# The modules


def write_collection(folder: Path) -> None:
    """awx.awx in a tree of collections, with the parameters of the real modules."""
    modules = folder / "ansible_collections" / "awx" / "awx" / "plugins" / "modules"
    modules.mkdir(parents=True)
    for name in json.loads(SPECS.read_text())["modules"]:
        (modules / f"{name}.py").write_text(MODULE.format(lab=str(SPECS.parent), name=name))


def main(name: str, ansible_module: Any) -> None:
    """One of the modules. What it makes is in the store; a second run of the same changes nothing."""
    spec = _argument_spec(json.loads(SPECS.read_text())["modules"][name])
    module = ansible_module(argument_spec=spec, supports_check_mode=True)
    store = Store(Path(os.environ[STORE]))
    given = {key: value for key, value in module.params.items() if value is not None}
    try:
        changed = store.put(name, given, check=module.check_mode)
    except Refused as refused:
        module.fail_json(msg=f"{name} {given['name']}: {refused}")
    module.exit_json(changed=changed)


def _argument_spec(documented: dict[str, Any]) -> dict[str, Any]:
    def one(option: dict[str, Any]) -> dict[str, Any]:
        spec = {key: value for key, value in option.items() if key != "suboptions"}
        if "suboptions" in option:
            spec["options"] = _argument_spec(option["suboptions"])
        return spec

    return {name: one(option) for name, option in documented.items()}


class Store:
    """What is in AWX, by kind and name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kinds: dict[str, dict[str, dict[str, Any]]] = json.loads(path.read_text()) if path.exists() else {}

    def get(self, kind: str, name: str) -> dict[str, Any]:
        try:
            return self.kinds[kind][name]
        except KeyError:
            raise Refused(f"there is no {kind} {name}") from None

    def put(self, kind: str, given: dict[str, Any], check: bool) -> bool:
        objects = self.kinds.setdefault(kind, {})
        before = objects.get(given["name"])
        if given.get("state") == "exists" and before is not None:
            return False
        after = {**(before or {}), **given}
        REFUSALS.get(kind, lambda _store, _given: None)(self, after)
        if not check:
            objects[given["name"]] = after
            self.path.write_text(json.dumps(self.kinds, indent=1))
        return before != after


def _refuse_credential_type(_store: Store, given: dict[str, Any]) -> None:
    if given.get("kind") not in ("cloud", "net"):
        raise Refused("must be cloud or net")
    fields = [one["id"] for one in given["inputs"]["fields"]]
    for one in given["inputs"]["fields"]:
        unknown = set(one) - {"id", "label", "type", "help_text", "secret", "multiline", "format", "choices", "default"}
        if unknown or not one.get("label"):
            raise Refused(f"field {one['id']}: {unknown or 'it has no label'}")
    for variables in given["injectors"].values():
        for name, template in variables.items():
            if name.startswith("ANSIBLE_"):
                raise Refused(f"{name} may affect Ansible's configuration")
            _render(template, dict.fromkeys(fields, "EXAMPLE"))


def _refuse_credential(store: Store, given: dict[str, Any]) -> None:
    known = given["credential_type"] in BUILT_IN or given["credential_type"] in store.kinds.get("credential_type", {})
    if not known:
        raise Refused(f"there is no credential type {given['credential_type']}")


def _refuse_job_template(store: Store, given: dict[str, Any]) -> None:
    _refuse_survey(given["survey_spec"])
    for kind, name in [("project", given["project"]), ("inventory", given["inventory"])]:
        store.get(kind, name)
    if given["playbook"] not in playbooks(Path(os.environ["LAB_AWX_PROJECT"])):
        raise Refused(f"Playbook not found for project: {given['playbook']}")
    types = [store.get("credential", name)["credential_type"] for name in given["credentials"]]
    if len(set(types)) < len(types):
        raise Refused("Cannot assign multiple credentials of one type")


def _refuse_workflow(store: Store, given: dict[str, Any]) -> None:
    _refuse_survey(given["survey_spec"])
    nodes = {node["identifier"]: node for node in given["workflow_nodes"]}
    for node in nodes.values():
        following = [one["identifier"] for key, some in node["related"].items() if key.endswith("nodes") for one in some]
        if set(following) - set(nodes):
            raise Refused(f"node {node['identifier']}: there is no {following}")
        template = store.get("job_template", node["unified_job_template"]["name"])
        if node.get("job_type") and not template["ask_job_type_on_launch"]:
            raise Refused(f"node {node['identifier']}: its template does not ask for the job type")


def _refuse_survey(survey: dict[str, Any]) -> None:
    """As the API does when a survey is posted."""
    if not survey["name"] or not isinstance(survey["description"], str) or not survey["spec"]:
        raise Refused("a survey has name, description and questions")
    variables = [question["variable"] for question in survey["spec"]]
    if len(set(variables)) < len(variables):
        raise Refused(f"a variable is there twice: {variables}")
    for question in survey["spec"]:
        kind, default = question["type"], question.get("default", "")
        if not isinstance(question["required"], bool) or not question["question_name"]:
            raise Refused(f"{question['variable']}: required is a boolean, and it has a question_name")
        if kind not in WORDS | {"integer", "float"}:
            raise Refused(f"{question['variable']}: there is no type {kind}")
        if default != "" and not isinstance(default, str if kind in WORDS else int):
            raise Refused(f"{question['variable']}: its default {default!r} is not of type {kind}")
        if kind in ("multiplechoice", "multiselect") and not set(default.splitlines()) <= set(question["choices"]):
            raise Refused(f"{question['variable']}: its default {default} is no choice")


REFUSALS: dict[str, Any] = {
    "credential_type": _refuse_credential_type,
    "credential": _refuse_credential,
    "job_template": _refuse_job_template,
    "workflow_job_template": _refuse_workflow,
}


def playbooks(project: Path) -> set[str]:
    """What AWX takes for the playbooks of a project."""
    found = [path.relative_to(project) for path in project.rglob("*.yml")]
    return {
        str(path)
        for path in found
        if not {"roles", "tasks", "group_vars", "host_vars"} & set(path.parts)
        and PLAYBOOK_LINE.search((project / path).read_text())
    }


# Jobs


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
        return [self._run(template, variables, number, count) for number in range(1, count + 1)]

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

    def _run(self, template: dict[str, Any], variables: dict[str, Any], number: int, count: int) -> Job:
        self.jobs += 1
        folder = self.folder / f"awx_{self.jobs}"
        for part in ("env", "inventory"):
            (folder / part).mkdir(parents=True)
        shutil.copytree(self.project, folder / "project")
        script = f"#!{sys.executable}\nprint({json.dumps(self._inventory(template['inventory'], number, count))!r})\n"
        (folder / "inventory" / "hosts").write_text(script)
        (folder / "inventory" / "hosts").chmod(0o700)
        meta = {"awx_job_id": self.jobs, "awx_job_launch_type": "manual", "awx_user_name": "admin"}
        (folder / "env" / "extravars").write_text(_dump({**variables, **meta}, template["extra_vars"]))
        environment, arguments = self._credentials(template["credentials"], folder)
        (folder / "env" / "cmdline").write_text(ansible_runner.utils.args2cmdline(*_arguments(template), *arguments))
        run = ansible_runner.run(
            private_data_dir=str(folder),
            ident=str(self.jobs),
            playbook=template["playbook"],
            inventory=str(folder / "inventory" / "hosts"),
            envvars={"JOB_ID": str(self.jobs), "ANSIBLE_RETRY_FILES_ENABLED": "False", **environment},
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
            injectors = BUILT_IN[kind] if kind in BUILT_IN else store.get("credential_type", kind)["injectors"]
            inputs = {**credential.get("inputs", {}), **self.secrets.get(name, {})}
            injected = {
                where: {variable: _render(template, inputs) for variable, template in variables.items()}
                for where, variables in injectors.items()
            }
            given = injected.get("env", {})
            environment.update({key: value for key, value in given.items() if value or kind not in BUILT_IN})
            if "extra_vars" in injected:
                path = folder / "env" / f"credential{len(arguments)}"
                path.write_text(_dump(injected["extra_vars"], {}))
                arguments += ["-e", f"@{path}"]
        return environment, arguments

    def _inventory(self, name: str, number: int, count: int) -> dict[str, Any]:
        """What the inventory's script prints: of a slice every n-th host by name, and the groups with no others."""
        names = sorted(self.hosts)[number - 1 :: count]
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
        if type(answer) is not int or (low is not None and answer < low) or (high is not None and answer > high):
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
    undefined = jinja2.StrictUndefined if "default(" not in template and inputs else jinja2.Undefined
    return jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=undefined).from_string(template).render(inputs)


class _Unsafe(yaml.SafeDumper):
    def represent_data(self, data: Any) -> Any:
        return self.represent_scalar("!unsafe", data) if isinstance(data, str) else super().represent_data(data)


def _dump(variables: dict[str, Any], trusted: dict[str, Any]) -> str:
    """Variables as YAML, in which only what the job template itself says may be a template."""
    return "".join(
        yaml.dump({name: value}, Dumper=yaml.SafeDumper if trusted.get(name) == value else _Unsafe)
        for name, value in variables.items()
    )
