# Everything here runs in .venv, made from python3 and requirements.lock alone.
PYTHON ?= python3
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check --no-input
BENCHES := $(filter-out %/bench_collusion.py,$(sort $(wildcard tests/benchmarks/bench_*.py)))
MEASURES := $(sort $(wildcard tests/benchmarks/measure*.py))

.DEFAULT_GOAL := help
.PHONY: help install demo picture test check bench bench-collusion torture measure lock clean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## make .venv with everything locked, or bring it up to date
	@:

demo: install ## watch a guarded agent pay an invoice and try worse; needs no keys, no network
	@$(BIN)/crossaudit demo --plain

picture: install ## make the picture of the README anew, from the recorded demo
	@$(BIN)/crossaudit screenshot runs/demo/run.jsonl --find "word:escalate tool:pay" --out runs/demo/picture.svg

test: install ## run the tests
	@$(BIN)/python -m pytest

check: install ## run the gates: ruff, mypy, import contracts, shape of the house
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/python -m pytest tests/test_architecture.py

bench: install ## measure speed: milliseconds, and ratios to a baseline of the same run
	@$(call run_all,$(BENCHES))

bench-collusion: install ## measure what the collusion graph finds in made-up populations (long)
	@$(BIN)/python -m tests.benchmarks.bench_collusion

torture: install ## kill a writing guard a thousand times; no acknowledged event may be lost
	@$(BIN)/python -m tests.benchmarks.torture --rounds 1000

measure: install ## measure judgement on recorded runs (needs ../shared or CROSSAUDIT_SHARED)
	@$(call run_all,$(MEASURES))

lock: ## write requirements.lock from pyproject.toml (needs uv); it names no index
	@$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --extra inspect --extra postgres --extra web \
	  --group test --group build --output-file requirements.lock pyproject.toml

clean: ## remove .venv and every cache
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "crossaudit needs Python 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) has no venv: install it (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo "making $(VENV): a minute or two, once" >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.requirements: requirements.lock | $(BIN)/python
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.requirements
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

# Run each script as a module, all of them, and fail if one failed.
run_all = failed=0; for script in $(basename $(1)); do \
  $(BIN)/python -m $$(echo $$script | tr / .) || failed=1; done; exit $$failed
