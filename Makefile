# Two commands are enough: `make demo` and `make test`.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check setup lock bench clean help
help:            ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

demo: $(VENV)/.site        ## set up and run the whole site on http://127.0.0.1:$(PORT)
	@PORT=$(PORT) exec $(BIN)/python -m evalsite.launch

test: $(VENV)/.dev         ## set up and run every test
	@$(BIN)/python -m pytest -n $${TEST_PROCESSES:-2} $(ARGS)

check: $(VENV)/.dev        ## format, lint, types, import directions, missing migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy evalsite arenas metrics tests
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

setup: $(VENV)/.dev        ## the environment with everything for development

lock: $(VENV)/.dev         ## make the lock files anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --extra dev --constraint requirements.lock \
		pyproject.toml --output-file requirements-dev.lock

bench: $(VENV)/.dev        ## the vote page's weight and the time from command to first ballot
	$(BIN)/python benchmarks/first_ballot.py

clean:           ## remove the environment; the data in .local stay
	rm -rf $(VENV)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with PYTHON=…" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "This Python cannot make an environment; on Debian, install python3-venv" >&2; exit 2; }

# The locks name every file by its hash, so that everybody runs the same code.
$(VENV)/.site: requirements.lock | $(BIN)/python
	@echo "Installing (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.site
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
