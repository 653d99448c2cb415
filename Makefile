# `make demo` and `make test` are all a new machine needs: Python 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint docs bench clean

# Remade whenever the dependencies change.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

demo: $(VENV)/.installed
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

# More workers than cores, since most tests wait for a server; a file's tests share what they set up.
test: $(VENV)/.installed
	$(BIN)/python -m pytest -n 4 --dist loadfile

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What the pages take from the code, and below each command what it prints now.
docs: $(VENV)/.installed
	$(BIN)/python docs/tools/generate.py
	$(BIN)/python docs/tools/docs_stories.py

# How fast, as ratios to others; some eight minutes. BENCH="--only no-op --scale 0.1" for a part.
bench: $(VENV)/.installed
	$(BIN)/python -m tests.bench.run $(BENCH)

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
