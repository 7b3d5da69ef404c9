# Everything a newcomer needs. Only Python 3.11+, git and make have to be there before.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh
PYTHON ?= python3
PY := .venv/bin/python
ready := .venv/.ready
RESOLVE := .venv/bin/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -q

.PHONY: help setup run test contract test-live check fix bench docs lock sbom audit clean

help: ## Show what can be done
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(ready) ## Create .venv with the pinned dependencies (first step of every other one)

$(ready): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Tieline needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	test -x $(PY) || $(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(ready)

run: setup ## Start the demo: database, simulated systems, API, pages, worker, ringing phones
	$(PY) -m tieline demo

test: setup ## Run every test; PYTEST="-k word" narrows it
	$(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile $(PYTEST)

contract: setup ## Send 20,000 made-up requests to every operation; fails at a 5xx, at a status that is not described, at fewer
	TIELINE_CONTRACT_CASES=160 TIELINE_CONTRACT_REQUESTS=20000 $(PY) -m pytest tests/api/test_contract.py -q $(PYTEST)

test-live: setup ## Run against real third-party systems (TIELINE_LAB: the folder of their scripts; needs root)
	$(PY) -m pytest tests/live -m live $(PYTEST)

check: setup ## Lint, types, import contracts, generated files
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-cache

fix: setup ## Let the linter mend what it can
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

docs: setup ## Write the generated documents anew (.env.example, docs/connectors/)
	$(PY) -m tieline generate

bench: setup ## Measure side by side with what people would use instead; prints ratios
	$(PY) bench/run.py

lock: setup ## Resolve the dependencies anew, for building and for the image
	$(RESOLVE) --group dev -o requirements.lock
	$(RESOLVE) --constraint requirements.lock -o requirements.runtime.lock
	$(subst pyproject.toml,deploy/audit.in --python-version 3.11,$(RESOLVE)) -o deploy/audit.lock

sbom: setup ## Write the bill of materials of what is installed to run (CycloneDX)
	mkdir -p build
	$(PY) deploy/sbom.py requirements.runtime.lock > build/sbom.cdx.json

audit: ## Hold the pinned packages against known weaknesses; says so when the service that knows them is away
	mkdir -p build
	test -x build/audit/bin/python || $(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/audit.lock
	build/audit/bin/python deploy/audit.py requirements.lock

clean: ## Remove what setup and the demo made
	rm -rf .venv .tieline .mypy_cache .ruff_cache .pytest_cache .hypothesis build
