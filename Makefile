# `make` lists the targets. Everything that they make is in .venv, .venv-oldest and .workspace; `make clean` removes it.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# The Python that is tested, else a newer one that runs; name another with: make PYTHON=python3.12 ...
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
OLDEST_BIN := .venv-oldest/bin
export AIRFLOW_SYNAPSE_LOCAL_HOME ?= $(CURDIR)/.workspace
# A user's own settings must not change what a test sees.
export AIRFLOW_HOME := $(CURDIR)/.workspace/airflow-home

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: demo
demo: .venv/.ready ## Load January 2013 of real flights, day by day, with Airflow into a local workspace
	@$(BIN)/python -m airflow_synapse.local.demo --dags example_dags

.PHONY: ui
ui: .venv/.ready ## Leave a local workspace and Airflow running, connected, until Ctrl-C
	@$(BIN)/python -m airflow_synapse.local.demo --dags example_dags --ui

.PHONY: test
test: lint test-libraries ## Run every check and every test
	$(BIN)/python -m pytest

.PHONY: test-oldest
test-oldest: .venv-oldest/.ready ## Run unit tests and DAGs with the oldest Airflow and providers that are supported
	$(OLDEST_BIN)/python -m pytest tests/unit tests/airflow

.PHONY: bench
bench: .venv/.ready bench-libraries ## Run the benchmarks: a line a figure with its name, ours, theirs and the ratio
	@$(BIN)/python -m benchmarks

.PHONY: faults
faults: .venv/.ready ## Break loads at every moment in every way, and see that each row is loaded once
	@$(BIN)/python tests/faults

.PHONY: lint
lint: .venv/.ready ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: clean
clean: ## Remove everything that these targets have made
	test ! -x $(BIN)/python || $(BIN)/python -m airflow_synapse.local down || true
	rm -rf .venv .venv-oldest .workspace .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: bench-libraries
bench-libraries:
	@PYTHON=$(PYTHON) .ci/install-system-libraries --benchmarks

.PHONY: test-libraries
test-libraries:
	@PYTHON=$(PYTHON) .ci/install-system-libraries --tests

.venv/.ready: pyproject.toml .ci/install-system-libraries Makefile
	@PYTHON=$(PYTHON) .ci/install-system-libraries
	@$(call new-environment,.venv)
	$(BIN)/python -m pip install --quiet --editable '.[local]' --group dev
	@touch $@

# An old Airflow needs the packages of its time; only what the workspace and the tests need is of today.
.venv-oldest/.ready: pyproject.toml tests/oldest-requirements.txt .ci/install-system-libraries Makefile
	@PYTHON=$(PYTHON) .ci/install-system-libraries
	@$(call new-environment,.venv-oldest)
	$(OLDEST_BIN)/python -m pip install --quiet --uploaded-prior-to 2025-10-10 --requirement tests/oldest-requirements.txt
	$(OLDEST_BIN)/python -m pip install --quiet --editable '.[local]' --group dev --constraint tests/oldest-requirements.txt
	@touch $@

define new-environment
	test -n '$(PYTHON)' || { echo 'Python 3.11 or later is needed; name it with: make PYTHON=...' >&2; exit 1; }; \
	test -x $(1)/bin/python || $(PYTHON) -m venv $(1); \
	$(1)/bin/python -m pip install --quiet --upgrade 'pip>=26'
endef
