# Each target is one line over a plain command that README gives as well (Windows has no make).
PYTHON ?= python3
# For example: make setup TORCH="torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu"
TORCH ?= torch==2.13.0
BIN := .venv/bin

.PHONY: setup lab demo test test-fast notebooks bench lint

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt $(TORCH)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev,book]"
	touch $@

lab: setup
	$(BIN)/python tools/lab.py

demo: setup
	$(BIN)/python -m alphaedit_lite.book.demo

test: setup
	$(BIN)/python -m pytest

test-fast: setup
	$(BIN)/python -m pytest -m "not model and not browser" tests/unit

notebooks: setup
	$(BIN)/python tools/build_notebooks.py

bench: setup
	$(BIN)/python tests/benchmarks/bench.py

lint: setup
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
