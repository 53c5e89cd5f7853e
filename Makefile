# Everything a newcomer needs is here; `make` alone lists it.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
READY := .venv/ready
NATIVE_READY := .venv/native-ready
CODE := schemas events projections services sdk tests deploy examples
LOCALES := services/console/locale
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard $(LOCALES)/*/LC_MESSAGES/*.po))

# Which pytest marks `make test` takes; CI takes all with `make test MARKS=`.
MARKS ?= not bench
# Where `make test` looks: `make test TESTS=tests/unit`.
TESTS ?= tests
# How many processes run tests: by default one for each core, up to four.
WORKERS ?= auto
# More words for the command at hand: `make run ARGS="--rate 5"`.
ARGS ?=
# A command that fails if a generated file is out of date, run by `make check`.
GENERATED_CHECK ?= $(BIN)/touchstone schemas check

.DEFAULT_GOAL := help
.PHONY: help setup native run run-kafka kafka test check format bench bench-console bench-kafka bench-large faults catalogues lock clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) $(CATALOGUES) ## Create .venv from the locks and install the project into it

$(READY): requirements.lock build.lock pyproject.toml sdk/branch/pyproject.toml \
		deploy/assets/package-lock.json deploy/assets/build_hook.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Touchstone needs Python 3.11 or newer: make PYTHON=/path/to/python3 ...")'
	@echo "Setting up .venv from the locks: a minute, the first time"
	@$(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --build-constraint build.lock --editable . --editable sdk/branch
	@touch $@
	@echo ".venv is ready"

$(LOCALES)/%.mo: $(LOCALES)/%.po | $(READY)
	$(BIN)/pybabel --quiet compile --input-file $< --output-file $@ --locale $(firstword $(subst /, ,$*))

native: $(NATIVE_READY) $(CATALOGUES) ## Compile what may be compiled: everything runs without, only slower
	@$(BIN)/python -m deploy.native.build

$(NATIVE_READY): $(READY) native.lock
	@$(PIP) --require-hashes -r native.lock
	@touch $@

run: setup ## Start the whole platform with a demonstration company (ARGS=...)
	$(BIN)/touchstone run --demo $(ARGS)

run-kafka: setup ## The same on Kafka: its broker here, or the one of TOUCHSTONE_KAFKA
	$(BIN)/python -m deploy.kafka.run --demo $(ARGS)

kafka: setup ## Run a Kafka broker on this machine until Ctrl-C (ARGS="--brokers 3 --wipe")
	$(BIN)/python -m deploy.kafka.broker $(ARGS)

test: setup ## Run the tests; what this machine cannot run is skipped by name
	$(BIN)/python -m pytest $(TESTS) -m "$(MARKS)" -n $(WORKERS) --dist worksteal \
		--durations 20 -rs $(ARGS)

check: setup ## Format, lint, types, import rules, locks and generated files
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python deploy/locks.py check
	$(GENERATED_CHECK)

format: setup ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix --exit-zero --quiet $(CODE)
	$(BIN)/ruff format $(CODE)

bench: setup ## Measure what an event costs; ARGS="--against" beside an earlier build
	$(BIN)/python -m tests.bench $(ARGS)

bench-kafka: setup ## Measure over Kafka beside a plain loop, Kafka Streams, Faust, quixstreams (ARGS=...)
	$(BIN)/python -m tests.bench.kafka $(ARGS)

bench-console: setup ## Measure what the console's viewers wait for, over a million customers (ARGS=...)
	$(BIN)/python -m tests.bench.console $(ARGS)

bench-large: setup ## Measure twenty million events: rebuild, verify, orders of reading (ARGS=...)
	$(BIN)/python -m tests.bench.large $(ARGS)

faults: setup ## Kill, freeze, cut and fill everything under load; a table (ARGS="--only NAME --short")
	$(BIN)/python -m tests.faults $(ARGS)

catalogues: setup ## Collect the console's texts into its catalogues and compile them
	$(BIN)/pybabel --quiet extract --mapping-file pyproject.toml --keyword worded --sort-by-file --no-location \
		--project touchstone --output-file $(LOCALES)/messages.pot events services
	$(BIN)/pybabel --quiet update --input-file $(LOCALES)/messages.pot --output-dir $(LOCALES) \
		--no-fuzzy-matching --ignore-pot-creation-date
	$(MAKE) --no-print-directory setup

lock: setup ## Pin the requirements anew (ARGS=--upgrade for newer versions)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python deploy/locks.py write $(ARGS)

clean: ## Remove the environment, caches and built files
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf services/console/static/vendor $(CATALOGUES)
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
