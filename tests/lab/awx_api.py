# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection awx.awx as far as a project needs it: its modules' parameters, and what AWX's API refuses.

awx_modules.json has the parameters as awx.awx documents them. The refusals are read from AWX's own source
(awx/api/views, awx/main/fields.py, awx/main/utils/ansible.py). The modules run in processes of their own, so this file
imports little.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import jinja2.sandbox

SPECS = Path(__file__).with_name("awx_modules.json")
STORE, PROJECT = "LAB_AWX_STORE", "LAB_AWX_PROJECT"
# A playbook of a project is a file that has such a line; ansible.builtin.import_playbook is not seen.
PLAYBOOK_LINE = re.compile(r"^\s*?-?\s*?(?:hosts|include|import_playbook):\s*?.*?$", re.MULTILINE)
WORDS = {"text", "textarea", "password", "multiplechoice", "multiselect"}
BUILT_IN_TYPES = {"Machine", "Amazon Web Services"}
MODULE = """#!/usr/bin/python
import sys
from ansible.module_utils.basic import AnsibleModule
sys.path.insert(0, {lab!r})
import awx_api
awx_api.main({name!r}, AnsibleModule)
"""


class Refused(Exception):
    """What the API answers with 400."""


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
            _render_strictly(template, fields)


def _render_strictly(template: str, fields: list[str]) -> None:
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    try:
        environment.from_string(template).render(dict.fromkeys(fields, "EXAMPLE"))
    except jinja2.UndefinedError as error:
        raise Refused(f"{template} uses an undefined field ({error})") from None


def _refuse_credential(store: Store, given: dict[str, Any]) -> None:
    known = given["credential_type"] in BUILT_IN_TYPES or given["credential_type"] in store.kinds.get(
        "credential_type", {}
    )
    if not known:
        raise Refused(f"there is no credential type {given['credential_type']}")


def _refuse_job_template(store: Store, given: dict[str, Any]) -> None:
    _refuse_survey(given["survey_spec"])
    for kind, name in [("project", given["project"]), ("inventory", given["inventory"])]:
        store.get(kind, name)
    if given["playbook"] not in playbooks(Path(os.environ[PROJECT])):
        raise Refused(f"Playbook not found for project: {given['playbook']}")
    types = [store.get("credential", name)["credential_type"] for name in given["credentials"]]
    if len(set(types)) < len(types):
        raise Refused("Cannot assign multiple credentials of one type")


def _refuse_workflow(store: Store, given: dict[str, Any]) -> None:
    _refuse_survey(given["survey_spec"])
    nodes = {node["identifier"]: node for node in given["workflow_nodes"]}
    for node in nodes.values():
        following = [
            one["identifier"] for key, some in node["related"].items() if key.endswith("nodes") for one in some
        ]
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
