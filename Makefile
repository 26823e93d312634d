# `make help` lists everything. The environment is made from requirements-dev.lock alone.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: env
env: ## make .venv from the lock file when it is missing or old
	@PYTHON='$(PYTHON)' ./scripts/environment.sh '$(VENV)' requirements-dev.lock

.PHONY: lock
lock: $(BIN)/uv ## write both lock files from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock' pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock' --extra lab --extra dev pyproject.toml -o requirements-dev.lock

$(BIN)/uv:
	@PYTHON='$(PYTHON)' ./scripts/environment.sh '$(VENV)' requirements-dev.lock
