# Everything runs in .venv; a bare machine needs Python >= 3.11 and make, nothing else (Node comes from a wheel).
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAGE ?= dev
SEEDS ?= 200
BODIES ?= 200000
LEADS ?= 2000
SEED_BASE ?= 1
BROADCAST_LEADS ?= 2000
TIMES ?= 10
OUTCOMES ?= ../shared/data/leads_outcomes.csv
TARGET ?= Converted
# Part of `check`, and not run a second time by `unit`.
IN_CHECK := tests/infra/test_delivery.py tests/infra/test_alarms.py

.PHONY: help venv demo down test check format unit e2e walkthroughs bench simulate properties mutants fuzz scale calibrate requirements synth deploy clean

help: ## this list
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

venv: .venv/.ready ## .venv, the local cloud's own environment and the CDK CLI, all pinned

.venv/.ready: requirements/bootstrap.txt requirements/dev.txt requirements/ministack.txt package-lock.json pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Sodate needs Python 3.11 or newer; set PYTHON=/path/to/python3")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python -e .
	test -x .venv-ministack/bin/python || $(PYTHON) -m venv .venv-ministack
	$(BIN)/uv pip sync --quiet --require-hashes --python .venv-ministack/bin/python requirements/ministack.txt
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --silent --no-audit --no-fund
	@touch $@

demo: venv ## the whole story on real HTTP posts; leaves the local cloud running
	$(BIN)/python -m sodate_cli.demo

down: ## stop the local cloud that demo or `sodate local up` started
	@test ! -x $(BIN)/sodate || $(BIN)/sodate local down

test: venv check ## everything CI runs; tests on the local cloud wait more than they compute, so both run at once
	$(MAKE) --no-print-directory -j2 unit e2e

check: venv ## lint, types, import contracts, architecture, and that every alarm of the template arrives
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests/architecture $(IN_CHECK)

format: venv ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

unit: venv ## unit, store, function, simulation and infrastructure tests: no network, no AWS
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests/unit tests/store tests/functions tests/simulation tests/mutants \
	  tests/infra $(addprefix --ignore ,$(IN_CHECK))

e2e: venv ## the story on the local cloud with IAM enforced, and in a real browser where there is one
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests/e2e -rs

walkthroughs: venv ## follow the pages of docs/walkthroughs literally, in a fresh clone on a local cloud of its own
	$(BIN)/python -m tests.walkthroughs

bench: venv .venv-bench/.ready ## units, cost, CPU, pacing, lateness, log bytes; writes build/bench.json
	$(BIN)/python -m benchmarks

.venv-bench/.ready: requirements/bench.txt | venv
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	$(BIN)/uv pip sync --quiet --require-hashes --python .venv-bench/bin/python requirements/bench.txt
	@touch $@

simulate: venv ## many seeds of disorder and faults, ours and two other designs; writes build/simulation.json
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) --seed-base $(SEED_BASE) --broadcast-leads $(BROADCAST_LEADS)

properties: venv ## the property tests with TIMES as many examples as in make test
	SODATE_EXAMPLES_TIMES=$(TIMES) $(BIN)/python -m pytest -n 2 $$(grep -rl 'support.examples import' tests/unit)

mutants: venv ## seeded bugs, each of which must be noticed; writes build/mutants.json
	$(BIN)/python -m tests.mutants

fuzz: venv ## BODIES random posts at the form handler, none of which may be an unhandled error; writes build/fuzz.json
	$(BIN)/python -m tests.fuzz.forms --bodies $(BODIES)

scale: venv ## LEADS leads through three steps on a local cloud, in bad weather; writes build/scale.json
	$(BIN)/python -m tests.scale --leads $(LEADS)

calibrate: venv ## learn score rules from OUTCOMES (column TARGET), 3 x 10 folds; writes build/calibrate.{json,yaml,html}
	@mkdir -p build
	$(BIN)/sodate score calibrate --outcomes $(OUTCOMES) --target $(TARGET) --call-cost 3000 --deal-value 200000 \
	  --out build/calibrate.yaml --report build/calibrate.html --json > build/calibrate.json

CONTEXT = -c stage=$(STAGE) $(if $(STAGES),-c stages=$(STAGES)) $(if $(FIRST),-c first_deploy=true)

synth: venv ## the CloudFormation templates of STAGE, in cdk.out, and their sizes; STAGES=file instead of stages.toml
	PATH="$(CURDIR)/$(BIN):$$PATH" node_modules/.bin/cdk synth --quiet $(CONTEXT)

deploy: venv ## the CDK CLI on your AWS account: make deploy STAGE=dev; FIRST=1 the first time; ONLY=stateless for code alone
	PATH="$(CURDIR)/$(BIN):$$PATH" node_modules/.bin/cdk deploy $(if $(ONLY),--exclusively Sodate-$(STAGE)-$(ONLY),--all) $(CONTEXT)

PIN := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11
# UPGRADE=--upgrade, or UPGRADE='-P boto3 -P botocore'; without it every pin that still satisfies pyproject.toml stays.
requirements: ## pin requirements/*.txt again from pyproject.toml, with hashes and without addresses
	cd $(CURDIR) && PATH="$(CURDIR)/$(BIN):$$PATH" && export UV_CUSTOM_COMPILE_COMMAND="make requirements" && \
	  $(PIN) $(UPGRADE) pyproject.toml -o requirements/runtime.txt && \
	  $(PIN) $(UPGRADE) pyproject.toml --extra cli -o requirements/cli.txt && \
	  $(PIN) $(UPGRADE) pyproject.toml --extra calibrate -o requirements/calibrate.txt && \
	  $(PIN) $(UPGRADE) pyproject.toml --extra calibrate --group dev -o requirements/dev.txt && \
	  for group in bootstrap ministack bench; do \
	    $(PIN) $(UPGRADE) --group $$group -o requirements/$$group.txt || exit 1; done

clean: down ## remove environments and everything built
	rm -rf .venv .venv-bench .venv-ministack node_modules build dist cdk.out .local
