# The two commands are `make run` and `make test`; both do all their own set-up. `make help` lists the rest.

VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8
LOCK := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

# Only what was said on this command line; an unrelated PORT in the environment is not meant for this server.
given = $(if $(filter command line,$(origin $(1))),$(2) '$($(1))')

.PHONY: run test lint types unit scripts bench bench-rag lock help clean
.DEFAULT_GOAL := help

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16
	@printf '%s\n' '  make run PORT=9000 DATA_DIR=/some/dir   (CHATBOT_PORT and CHATBOT_DATA_DIR do the same)'

run: $(VENV)/.run  ## Start the chatbot at http://127.0.0.1:8000
	@exec $(BIN)/chatbot $(call given,DATA_DIR,--data-dir) serve $(call given,PORT,--port)

test: lint types scripts unit  ## Run every check

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
	@$(BIN)/shellcheck scripts/*.sh src/chatbot/run.sh .ci/run

unit: $(VENV)/.dev .venv-emulator/.ready
	@echo '== tests: unit, contract, integration'
	@$(BIN)/pytest -n 2 --dist loadfile

bench: .venv-bench/.ready  ## Measure speed and memory, beside a peer
	PYTHONPATH=src:. .venv-bench/bin/python -m bench $(ARGS)

bench-rag: .venv-bench-rag/.ready  ## Measure documents: quality, extraction, search, beside peers
	PYTHONPATH=src:. .venv-bench-rag/bin/python -m bench rag $(ARGS)

lock: .venv-lock/.ready  ## Renew the locked requirement files
	$(LOCK) $(ARGS) pyproject.toml -o requirements.txt
	$(LOCK) $(ARGS) requirements-dev.in -o requirements-dev.txt
	$(LOCK) $(ARGS) --no-deps requirements-local.in -o requirements-local.txt
	$(LOCK) $(ARGS) requirements-emulator.in -o requirements-emulator.txt
	$(LOCK) $(ARGS) requirements-bench.in -o requirements-bench.txt
	$(LOCK) $(ARGS) requirements-bench-rag.in -o requirements-bench-rag.txt

clean:  ## Remove environments and caches (not your data)
	rm -rf .venv .venv-* .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

# The package itself is installed in place, with the build backend that requirements-local.txt locks.
$(VENV)/.run: requirements.txt requirements-local.txt pyproject.toml
	@scripts/venv.sh $(VENV) requirements.txt requirements-local.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@scripts/venv.sh $(VENV) requirements-dev.txt
	@touch $@

.venv-emulator/.ready: requirements-emulator.txt
	@scripts/venv.sh .venv-emulator requirements-emulator.txt
	@touch $@

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
