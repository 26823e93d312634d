# `make help` lists everything. The environment is made from requirements-dev.lock alone.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

.PHONY: env
env: ## make .venv from the lock file when it is missing or old
	@PYTHON='$(PYTHON)' ./scripts/environment.sh '$(VENV)' requirements-dev.lock

.PHONY: lock
lock: $(BIN)/uv ## write both lock files from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock' pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock' --extra lab --extra dev pyproject.toml -o requirements-dev.lock

$(BIN)/uv:
	@PYTHON='$(PYTHON)' ./scripts/environment.sh '$(VENV)' requirements-dev.lock

.PHONY: demo
demo: env ## start a whole platform and follow one graph to ready (KEEP=1 leaves it running)
	@$(BIN)/dynamoctl demo $(if $(KEEP),--keep)

.PHONY: format lint types check
format: env ## format the code
	$(BIN)/ruff format --quiet .
	$(BIN)/ruff check --quiet --fix .

lint: env ## format check, lint and import contracts
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports --no-logo

types: env ## mypy --strict
	$(BIN)/mypy

unit: env ## unit tests
	$(BIN)/python -m scripts.test_folders unit

check: lint types unit ## what every commit passes: format, lint, types, import contracts, unit tests

.PHONY: unit test parity drill bench sizing
test: env ## every test folder
	$(BIN)/python -m scripts.test_folders

parity: env ## six clusters against the recorded reference output: rooms on fakes, then running stacks
	$(BIN)/pytest -q tests/parity
	$(BIN)/python -m tests.parity.live

drill: env ## the chaos tests in their long form, and what they measured as docs/drills.md (PASSES=2 for two in a row)
	$(BIN)/python -m scripts.drills --passes $(or $(PASSES),1)

bench: env ## the figures of docs/performance.md, compared with the recorded ones (RECORD=1 writes them)
	$(BIN)/python -m tests.bench $(if $(RECORD),--record)

sizing: env ## the figures of docs/sizing.md: ten thousand graphs on fakes
	$(BIN)/python -m tests.chaos.scale

.PHONY: generate golden crds docs
generate: golden crds docs ## every generated file

golden: env ## the expected manifests of tests/golden, to be reviewed like code
	$(BIN)/python -m tests.golden.reconciler

crds: env ## the CRDs of charts/crds from shared/api
	$(BIN)/python -m scripts.crds

docs: env ## the generated pages of docs/
	$(BIN)/python -m scripts.reference_pages
	$(BIN)/python -m scripts.dashboards

.PHONY: coverage-of-rules audit
coverage-of-rules: env ## rules of the specification without a test, and marks that point nowhere
	$(BIN)/python -m scripts.rule_coverage

audit: env ## known vulnerabilities of both lock files, and the licences of what is in them
	$(BIN)/pip-audit --require-hashes --disable-pip -r requirements.lock
	$(BIN)/pip-audit --require-hashes --disable-pip -r requirements-dev.lock
	$(BIN)/python -m scripts.licences
