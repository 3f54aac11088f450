# DoseBus: every verb a person needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := shared services/ingest services/extract services/qr services/alerts services/export services/web simulator deploy/standalone
SOURCES := $(wildcard shared/dosebus services/*/dosebus_* simulator/dosebus_simulator deploy/standalone/dosebus_standalone)
FRONTEND := services/web/frontend
BUNDLE := services/web/dosebus_web/static/build
DATA ?= $(CURDIR)/build/demo
HTTP_PORT ?= 8080
DICOM_PORT ?= 11112
# Three workers on two cores, for one often waits for a server. What shares servers stays on one of them, the longest
# first (tests/conftest.py). The folder is ours, so that no other run changes its rights.
PYTEST_ARGS ?= -n 3 --dist loadfile --no-loadscope-reorder --basetemp=build/pytest

# Containers often tell Python to keep no compiled modules. Then each of the hundreds of processes of tests and services
# would compile all that it imports, which takes it longer than all else that it does as it starts.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## List every verb
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(VENV)/.installed frontend ## Build .venv (with the command .venv/bin/dosebus) and the page bundle

$(VENV)/.installed: requirements/dev.txt requirements/setup.txt scripts/setup $(PACKAGES:%=%/pyproject.toml)
	@PYTHON="$(PYTHON)" scripts/setup $(VENV) $(PACKAGES)
	@touch $@

# Where there is no npm it comes from a Python package.
.PHONY: frontend
frontend: $(if $(shell command -v npm),,$(VENV)/.installed)
	@if [ -f $(FRONTEND)/package.json ]; then scripts/frontend $(VENV) $(FRONTEND) $(BUNDLE); fi

.PHONY: up
up: setup ## Start DoseBus alone (embedded database, built-in bus) with its data in $(DATA)
	@$(BIN)/dosebus up --data "$(DATA)" --http-port $(HTTP_PORT) --dicom-port $(DICOM_PORT) $(UP_ARGS)

.PHONY: demo
demo: setup ## Start DoseBus with demonstration data and say where to look
	@$(BIN)/dosebus demo --data "$(DATA)" --http-port $(HTTP_PORT) --dicom-port $(DICOM_PORT)

.PHONY: services
services: ## Install (as root) what the tests start: RabbitMQ, Orthanc, dcmtk, Chromium, tesseract, nginx
	@scripts/services

.PHONY: test
test: ## Set up, and run all tests against real services; `make lint` is one of them
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target setup services
	@mkdir -p build && $(BIN)/pytest $(PYTEST_ARGS)

.PHONY: test-unit
test-unit: setup ## Run the tests that need no server
	@$(BIN)/pytest tests/unit $(PYTEST_ARGS)

.PHONY: lint
lint: setup ## ruff, mypy strict, import layers, house limits, event snapshots, translations
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/house_limits.py
	@$(BIN)/python -m dosebus.events.snapshots
	@$(BIN)/python scripts/write_contracts.py --check
	@$(BIN)/python scripts/write_conformance.py --check
	@$(BIN)/python scripts/translations.py --check

.PHONY: contracts
contracts: setup ## Write docs/contracts.md and docs/conformance.md anew from the code
	@$(BIN)/python scripts/write_contracts.py
	@$(BIN)/python scripts/write_conformance.py

.PHONY: translations
translations: setup ## Bring the catalogues of translations up to date with the code
	@$(BIN)/python scripts/translations.py

.PHONY: format
format: setup ## Put the code into the house's form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: bench
bench: setup services ## Measure against FLOORS; prints a line a target and writes build/bench.json
	@$(BIN)/python -m tests.load.bench $(BENCH_ARGS)

.PHONY: bench-pages
bench-pages: setup services ## Make a million studies and measure lists and charts in the database and at the browser
	@$(BIN)/python -m tests.load.bench_pages $(BENCH_ARGS)

.PHONY: lock
lock: $(VENV)/.installed ## Resolve requirements/*.in anew into hashed lock files without addresses
	@scripts/lock $(BIN)/uv

.PHONY: images
images: ## Build the seven images with docker compose
	@docker compose build

.PHONY: secrets
secrets: ## Make the secret files that docker-compose.yml reads (once; existing ones are kept)
	@scripts/secrets deploy/secrets

.PHONY: clean
clean: ## Remove what was built (not .venv, not data)
	@rm -rf build/bench.json dist .pytest_cache .mypy_cache .ruff_cache
