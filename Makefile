# make demo · make test · make test-all · make check · make bench · make strings · make up
# Each does its own set-up on a machine with Python 3.11 and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
export MUSTER_HOME ?= $(CURDIR)/.muster

.PHONY: demo up test test-slow test-all check bench strings setup setup-dev setup-slow clean

demo: setup
	$(BIN)/muster demo $(ARGS)

up: setup
	$(BIN)/muster up $(ARGS)

test: setup-dev
	$(BIN)/python -m pytest -q -n 2 -m "not slow" $(ARGS)

test-slow: setup-slow
	$(BIN)/python -m pytest -q -m slow $(ARGS)

test-all: test test-slow

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/audit_dependencies.py

strings: setup-dev
	$(BIN)/python -m tests.support.strings

bench: setup-dev
	$(BIN)/python -m benchmarks $(ARGS)

setup: $(VENV)/.installed
setup-dev: $(VENV)/.installed-dev
setup-slow: setup-dev
	bash .ci/install-slow-lanes

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .muster .artefacts
