# The two commands are `make run` and `make test`; both do all their own set-up. `make help` lists the rest.

VENV := .venv
BIN := $(VENV)/bin
NAG := tests/infra/cdk-nag
UV_VERSION := 0.13.8
# Folders, too: a file that is removed changes nothing else.
WEB_SOURCES := $(shell find web/src web/public web/vite web/index.html web/package-lock.json web/vite.config.ts 2>/dev/null)
LOCK := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

# Only what was said on this command line; an unrelated PORT in the environment is not meant for this server.
given = $(if $(filter command line,$(origin $(1))),$(2) '$($(1))')

# mypy and pip keep one core busy; two of these at once take both. A make that would mix up what they print (older than
# 4.0, as on a Mac) does one after the other.
IN_PAIRS := $(if $(filter output-sync,$(.FEATURES)),--jobs=2 --output-sync=target)
# Test files are handed out in their order: those with few tests, which take longest, would come last otherwise. One
# process more than the two cores that this is timed on, for while the others wait for disks and servers.
PYTEST := $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: run test lint types unit scripts templates rehearse bench bench-rag lock help clean web web-check web-types browser browser-check bench-web pictures
.DEFAULT_GOAL := help

help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '%s\n' '  make run PORT=9000 DATA_DIR=/some/dir   (CHATBOT_PORT and CHATBOT_DATA_DIR do the same)'

# The chatbot runs without its web interface, too: where that cannot be built, a line says why.
run: WEB_OPTION := --optional
run: $(VENV)/.run web/dist/.ready  ## Start the chatbot at http://127.0.0.1:8000
	@exec $(BIN)/chatbot $(call given,DATA_DIR,--data-dir) serve $(call given,PORT,--port)

test:  ## Run every check
	@$(MAKE) --no-print-directory $(IN_PAIRS) \
		lint types scripts templates web-check browser-check .venv-emulator/.ready .venv-cli/.ready .venv-runtime/.ready
	@$(MAKE) --no-print-directory unit rehearse browser

lint: $(VENV)/.dev
	@echo '== lint: ruff, import rules'
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/lint-imports --no-cache --no-logo

types: $(VENV)/.dev
	@echo '== types: mypy --strict'
	@$(BIN)/mypy

scripts: $(VENV)/.dev
	@echo '== scripts: shellcheck'
	@$(BIN)/shellcheck --external-sources --source-path=SCRIPTDIR scripts/*.sh scripts/lib/*.sh src/chatbot/run.sh .ci/run

unit: $(VENV)/.dev .venv-emulator/.ready
	@echo '== tests: unit, contract, integration'
	@$(PYTEST) --ignore tests/infra --ignore tests/rehearsal

templates: $(VENV)/.dev .venv-scan/.ready $(NAG)/node_modules/.ready  ## Check templates, policies and workflows
	@echo '== templates: scanners, own rules, least privilege'
	@$(PYTEST) tests/infra

rehearse: $(VENV)/.dev .venv-emulator/.ready .venv-cli/.ready .venv-runtime/.ready  ## Deploy into an emulated account, from nothing to deleted
	@echo '== rehearsal: the scripts against an emulated account'
	@$(PYTEST) tests/rehearsal

web: web/dist/.ready  ## Build the web interface

web-check: web/dist/.ready  ## Check the web interface: format, types, unit tests, size
	@echo '== web: biome, tsc, vitest, size of the first load'
	@cd web && npm run --silent check && npm run --silent test && npm run --silent size

web-types: $(VENV)/.run web/node_modules/.ready  ## Renew the web interface's types of the API
	@$(BIN)/python scripts/openapi.py >web/openapi.json.new
	@mv web/openapi.json.new web/openapi.json
	@cd web && npm run --silent schema

browser-check: web/dist/.ready tests/e2e/node_modules/.ready
	@echo '== browser tests: biome, tsc'
	@cd tests/e2e && npm run --silent check

browser: $(VENV)/.run web/dist/.ready tests/e2e/node_modules/.ready  ## Try the web interface in a browser (SLOW=1: on a slow one)
	@echo '== browser: the web interface, against the local server'
	@cd tests/e2e && SLOW='$(SLOW)' npm run --silent test

pictures: $(VENV)/.run web/dist/.ready tests/e2e/node_modules/.ready  ## Renew the pictures of README.md and docs/tour.md
	@cd tests/e2e && npm run --silent pictures

bench: .venv-bench/.ready  ## Measure speed and memory, beside a peer
	PYTHONPATH=src:. .venv-bench/bin/python -m bench $(ARGS)

bench-rag: .venv-bench-rag/.ready  ## Measure documents: quality, extraction, search, beside peers
	PYTHONPATH=src:. .venv-bench-rag/bin/python -m bench rag $(ARGS)

bench-web: $(VENV)/.run web/dist/.ready tests/e2e/node_modules/.ready  ## Measure the web interface in a browser
	PYTHONPATH=src:. $(BIN)/python -m bench web $(ARGS)

lock: .venv-lock/.ready  ## Renew the locked requirement files
	$(LOCK) $(ARGS) pyproject.toml -o requirements.txt
	$(LOCK) $(ARGS) requirements-dev.in -o requirements-dev.txt
	$(LOCK) $(ARGS) --no-deps requirements-local.in -o requirements-local.txt
	$(LOCK) $(ARGS) requirements-emulator.in -o requirements-emulator.txt
	$(LOCK) $(ARGS) requirements-cli.in -o requirements-cli.txt
	$(LOCK) $(ARGS) requirements-runtime.in -o requirements-runtime.txt
	$(LOCK) $(ARGS) requirements-scan.in -o requirements-scan.txt
	for function in chat ingestion retrieval; do \
		$(LOCK) $(ARGS) infra/lambdas/$$function.in -o infra/lambdas/$$function.txt || exit 1; done
	$(LOCK) $(ARGS) requirements-bench.in -o requirements-bench.txt
	$(LOCK) $(ARGS) requirements-bench-rag.in -o requirements-bench-rag.txt

clean:  ## Remove environments and caches (not your data)
	rm -rf .venv .venv-* $(NAG)/node_modules web/node_modules web/dist tests/e2e/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

# The package itself is installed in place, with the build backend that requirements-local.txt locks.
$(VENV)/.run: requirements.txt requirements-local.txt pyproject.toml
	@scripts/venv.sh $(VENV) requirements.txt requirements-local.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@scripts/venv.sh $(VENV) requirements-dev.txt
	@touch $@

# The emulator, the command line of AWS, what Lambda puts beside a function, and the scanners: each pins what others do not.
.venv-emulator/.ready .venv-cli/.ready .venv-runtime/.ready .venv-scan/.ready: .venv-%/.ready: requirements-%.txt
	@scripts/venv.sh .venv-$* requirements-$*.txt
	@touch $@

web/dist/.ready: $(WEB_SOURCES)
	@scripts/web.sh build $(WEB_OPTION)

$(NAG)/node_modules/.ready web/node_modules/.ready tests/e2e/node_modules/.ready: %/node_modules/.ready: %/package-lock.json
	@scripts/web.sh packages $*

.venv-bench/.ready: requirements.txt requirements-local.txt requirements-bench.txt
	@scripts/venv.sh .venv-bench requirements.txt requirements-local.txt requirements-bench.txt
	@touch $@

.venv-bench-rag/.ready: requirements.txt requirements-local.txt requirements-bench-rag.txt
	@scripts/venv.sh .venv-bench-rag requirements.txt requirements-local.txt requirements-bench-rag.txt
	@touch $@

.venv-lock/.ready:
	@python3 -m venv .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@
