# `make demo` and `make test` are all a new machine needs: Python 3.11 and make.
PYTHON ?= python3
# The tests start thousands of processes; where this is set, each would compile the package again.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV := .venv-uv/bin/uv

# More workers than cores, since most tests wait for a server; one without work takes another's.
PYTEST := -m pytest -n 4 --dist worksteal
# What starts no process: all that decides, reads, sends and shows.
FAST := tests/core tests/local tests/remote tests/emulator tests/execute tests/workflow \
	tests/output --ignore tests/emulator/test_durable.py

.PHONY: foreign demo test test-fast test-lowest test-newest coverage lint lock docs bench clean

# What the command needs to run, its emulator included, in the versions of the lock and no other.
$(VENV)/.run: requirements/run.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

# What its tests and linters need, too.
$(VENV)/.installed: $(VENV)/.run requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	touch $@

demo: $(VENV)/.run
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

test: $(VENV)/.installed
	$(BIN)/python $(PYTEST)

test-fast: $(VENV)/.installed
	$(BIN)/python -m pytest -n auto --dist worksteal $(FAST)

# The lines and branches that the tests reach, also in the processes that they start.
coverage: $(VENV)/.installed
	rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run $(PYTEST)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

# The tests on the lowest versions that pyproject.toml allows, and on the newest there are.
test-lowest test-newest: test-%: $(UV)
	$(UV) venv --quiet --clear --python $(PYTHON) .venv-$*
	$(UV) pip install --quiet --python .venv-$* -e '.[dev]' \
		--resolution $(if $(filter lowest,$*),lowest-direct,highest)
	.venv-$*/bin/python $(PYTEST)

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/zizmor --offline --no-progress --quiet .github action.yml examples/ci/github.yml \
		examples/ci/caller.yml examples/shards/github.yml

# Renew the lock: the newest versions that pyproject.toml allows, for each Python and system.
# `LOCK="--upgrade-package httpx"` renews one; run.txt has the versions of dev.txt.
LOCK ?= --upgrade
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command 'make lock'
lock: $(UV)
	$(COMPILE) $(LOCK) --extra dev pyproject.toml requirements/build.in -o requirements/dev.txt
	$(COMPILE) --extra emulator pyproject.toml requirements/build.in -c requirements/dev.txt \
		-o requirements/run.txt
	$(COMPILE) --extra cloud pyproject.toml requirements/build.in -c requirements/dev.txt \
		-o requirements/cloud.txt

$(UV):
	$(PYTHON) -m venv .venv-uv
	.venv-uv/bin/python -m pip --disable-pip-version-check --quiet install uv==0.13.9

# What the pages take from the code, and below each command what it prints now.
docs: $(VENV)/.installed
	$(BIN)/python docs/tools/generate.py
	$(BIN)/python docs/tools/server_table.py
	$(BIN)/python docs/tools/captures.py
	$(BIN)/python docs/tools/docs_stories.py

# Servers that others wrote: installs them from the package indexes, and writes what worked.
foreign: $(VENV)/.installed
	$(BIN)/python -m pytest -m foreign tests/servers
	$(BIN)/python docs/tools/compatibility.py

# How fast, as ratios to others, added to tests/bench/history.csv; some eight minutes.
# BENCH="--only no-op --scale 0.1" for a part, which is not added.
bench: $(VENV)/.installed
	$(BIN)/python -m tests.bench.run $(BENCH)

clean:
	rm -rf $(VENV) .venv-* build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.coverage .coverage.*
