# Two commands are enough: `make demo` and `make test`.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
EXTRAS := .venv-extras

.PHONY: demo test test-extras check messages setup lock bench bench-rating bench-coverage bench-fit \
	bench-scale bench-judge bench-court bench-pairing bench-leaderboard bench-studies bench-generation \
	bench-serving bench-integrity bench-blindness bench-checks bench-hostile bench-regressions bench-nightly \
	bench-verdict clean help
help:            ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

demo: $(VENV)/.site        ## set up and run the whole site on http://127.0.0.1:$(PORT)
	@PORT=$(PORT) exec $(BIN)/python -m evalsite.launch

test: $(VENV)/.dev         ## set up and run every test
	@$(BIN)/python -m pytest -n $${TEST_PROCESSES:-2} --dist worksteal $(ARGS)

test-extras: $(EXTRAS)/.extras ## run the tests of the providers whose libraries are extras
	@$(EXTRAS)/bin/python -m pytest tests/arenas/providers/test_litellm.py \
		tests/arenas/providers/test_diffusers.py $(ARGS)

check: $(VENV)/.dev        ## format, lint, types, import directions, missing migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy evalsite arenas metrics tests
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

messages: $(VENV)/.dev     ## collect what raters read for translation, and compile the translations
	$(BIN)/python manage.py makemessages --all --no-location --no-obsolete \
		--ignore '.*' --ignore benchmarks --ignore tests
	@sed -i.old '/^"POT-Creation-Date/d' arenas/locale/*/LC_MESSAGES/django.po
	@rm arenas/locale/*/LC_MESSAGES/django.po.old
	$(BIN)/python manage.py compilemessages --ignore '.*'

setup: $(VENV)/.dev        ## the environment with everything for development

lock: $(VENV)/.dev         ## make the lock files anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --extra dev --constraint requirements.lock \
		pyproject.toml --output-file requirements-dev.lock

bench: $(VENV)/.dev        ## the vote page's weight and the time from command to first ballot
	$(BIN)/python benchmarks/first_ballot.py

bench-rating: $(VENV)/.dev ## what rating a million and ten million votes costs, here and elsewhere
	$(BIN)/python benchmarks/rating.py $(ARGS)

# Simulations run on one core each, so that their CPU seconds say something.
SIMULATE := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m

bench-coverage: $(VENV)/.dev ## whether intervals, ranks and bands cover as often as they say
	$(SIMULATE) benchmarks.coverage $(ARGS)

bench-fit: $(VENV)/.dev    ## the same of position, style, usable rates and rankings
	$(SIMULATE) benchmarks.fit_coverage $(ARGS)

bench-scale: $(VENV)/.dev  ## how often pairs and orders are found to be on one scale
	$(SIMULATE) benchmarks.same_scale $(ARGS)

bench-judge: $(VENV)/.dev  ## judge-assisted ratings: coverage and gain
	$(SIMULATE) benchmarks.judge_assisted $(ARGS)

bench-court: $(VENV)/.dev  ## whether only checks that follow raters earn trust, and after how many votes
	$(SIMULATE) benchmarks.court $(ARGS)

bench-pairing: $(VENV)/.dev ## what choosing pairs gains, and what it costs
	$(SIMULATE) benchmarks.pairing $(ARGS)

bench-leaderboard: $(VENV)/.dev ## boards of a million votes: counts, snapshots, the page
	$(BIN)/python -m benchmarks.leaderboard $(ARGS)

bench-studies: $(VENV)/.dev ## whole studies through the site's own voting, pairing and snapshots
	$(SIMULATE) benchmarks.studies $(ARGS)

bench-rigging: $(VENV)/.dev ## vote rigging: places gained, with and without the votes of flagged raters
	$(SIMULATE) benchmarks.rigging $(ARGS)

bench-blindness: $(VENV)/.dev ## whether four models can be told apart without looking at pixels
	$(SIMULATE) benchmarks.blindness $(ARGS)

bench-checks: $(VENV)/.dev ## the automated checks against pictures whose truth is known
	$(SIMULATE) benchmarks.checks $(ARGS)

bench-hostile: $(VENV)/.dev ## 200 hostile files: what they do to decoding and measuring
	$(BIN)/python -m benchmarks.hostile $(ARGS)

bench-regressions: $(VENV)/.dev ## regression evals: wrong passes and fails, power, votes used
	$(SIMULATE) benchmarks.regression_errors $(ARGS)

bench-nightly: $(VENV)/.dev ## a regression eval from end to end: pictures, checks, exits (ten minutes)
	$(BIN)/python -m benchmarks.nightly $(ARGS)

bench-verdict: $(VENV)/.dev ## how long the verdict of a regression run takes
	$(BIN)/python -m benchmarks.verdict_speed $(ARGS)

bench-generation: $(VENV)/.dev ## generation against the stand-in: rate, kills, faults, budget, memory
	$(BIN)/python -m benchmarks.generation $(ARGS)

bench-serving: $(VENV)/.dev ## raters without pause beside bare Django; with ARGS=--page, the page in Chromium
	$(BIN)/python -m benchmarks.serving $(ARGS)

bench-integrity: $(VENV)/.dev ## concurrent submits, forged tokens, nonsense, kills: each ballot counts once
	$(BIN)/python -m benchmarks.integrity $(ARGS)

clean:           ## remove the environments; the data in .local stay
	rm -rf $(VENV) $(EXTRAS)

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

# In an environment of their own: the extras are large, in no lock, and nobody else needs them.
EXTRAS_PIP := $(EXTRAS)/bin/python -m pip install --quiet --disable-pip-version-check
LIST_EXTRAS := import tomllib; \
	extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; \
	print(*extras["diffusers"], *extras["litellm"], sep="\n")

# torch comes first, so that a build for this machine that is at hand is the one that is kept.
$(EXTRAS)/.extras: requirements-dev.lock pyproject.toml
	@echo "Installing the extras (once) …"
	@$(PYTHON) -m venv $(EXTRAS)
	@$(EXTRAS_PIP) --require-hashes -r requirements-dev.lock
	@$(EXTRAS)/bin/python -c '$(LIST_EXTRAS)' > $(EXTRAS)/wanted
	@grep ^torch= $(EXTRAS)/wanted | xargs $(EXTRAS_PIP)
	@$(EXTRAS_PIP) -r $(EXTRAS)/wanted
	@touch $@
