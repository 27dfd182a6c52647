# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every target does its own set-up, in build/. LANES chooses the Pythons, SCENARIO the Molecule scenario.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

ALL_LANES = $(shell python3 tests/tools/lanes.py list)
NEWEST = $(shell python3 tests/tools/lanes.py newest)
LANES ?= $(NEWEST)
SCENARIO ?= --all
IN_NEWEST = tests/tools/in-lane $(NEWEST)
PYTEST = pytest -p no:cacheprovider -p no:pytest11.testinfra --numprocesses 2 --dist loadfile

.PHONY: help demo test lint sanity unit integration molecule bench bench-iam bench-hosts bench-anywhere docs readmes artifact release publish lab-up lab-down lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -ts $$'\t'

demo: ## create the IAM of a container instance and configure a real host, twice, and send packets to prove it
	@$(IN_NEWEST) tests/tools/in-lab python tests/tools/demo.py

test: ## everything, on every Python found; pytest's summary comes last
	@tests/tools/all-tests $(ALL_LANES)

lint: ## formatter, linters, types, docs and the changelog
	@$(IN_NEWEST) tests/tools/lint

sanity: ## ansible-test sanity, no ignores
	@for lane in $(LANES); do tests/tools/in-lane $$lane tests/tools/sanity $$lane; done

unit: ## the pure tests
	@for lane in $(LANES); do tests/tools/in-lane $$lane $(PYTEST) tests/unit; done

integration: ## modules, roles and playbooks against the local AWS and in network namespaces
	@$(IN_NEWEST) python tests/lab/lab.py programs
	@for lane in $(LANES); do tests/tools/in-lane $$lane $(PYTEST) tests/integration tests/lab; done

molecule: ## real systemd hosts with real Docker; SCENARIO="name ..." runs some, GUARD_EVENTS=short less of guard
	@$(IN_NEWEST) tests/tools/molecule $(SCENARIO)

bench: ## count API calls and tasks; each table is also written to build/bench/
	@$(IN_NEWEST) tests/bench/run

bench-iam: ## many roles: ours, amazon.aws and the floor side by side (about twenty minutes; no lab needed)
	@$(IN_NEWEST) python tests/bench/iam.py

bench-hosts: ## six hosts over SSH: ours, the usual modules and a ping (about ten minutes)
	@$(IN_NEWEST) tests/tools/in-lab python tests/bench/hosts.py

bench-anywhere: ## servers join as external instances: Amazon's steps, ours on one and on six (about ten minutes)
	@$(IN_NEWEST) tests/tools/in-lab python tests/bench/anywhere.py

docs: ## the guides and the reference as a site in build/docs/html; any warning fails
	@$(IN_NEWEST) tests/tools/docs

readmes: ## write the roles' README.md from their argument specs
	@$(IN_NEWEST) python tests/tools/role_readme.py

artifact: ## build the collection into build/artifact and import it as Galaxy does
	@$(IN_NEWEST) python tests/tools/artifact.py

release: ## write VERSION and its changelog, then build it: docs/release.md
	@$(IN_NEWEST) python tests/tools/release.py "$(VERSION)"
	@$(MAKE) --no-print-directory artifact

publish: ## give build/artifact to the Galaxy server that ANSIBLE_GALAXY_SERVER_... name: docs/release.md
	@$(IN_NEWEST) ansible-galaxy collection publish build/artifact/*.tar.gz

lab-up: ## a local AWS, an IMDS stand-in and a real host
	@$(IN_NEWEST) python tests/lab/lab.py up

lab-down: ## leave nothing of the lab behind
	@$(IN_NEWEST) python tests/lab/lab.py down

lock: ## choose the newest versions of the development tools again
	@python3 tests/tools/lanes.py lock

clean: lab-down ## remove everything that was built
	@rm -rf build
