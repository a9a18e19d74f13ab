# Each target is one line over a plain command that README gives as well (Windows has no make).
PYTHON ?= python3
# For example: make setup TORCH="torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu"
TORCH ?= torch==2.13.0
BIN := .venv/bin

.PHONY: setup lab demo test test-fast labs colab notebooks book pdf classroom address wheel bundles bench lint

setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt $(TORCH)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev,book]"
	touch $@

lab: setup
	$(BIN)/python -m tools.lab

demo: setup
	$(BIN)/python -m alphaedit_lite.book.kit.demo

test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder  # two processes of one thread

test-fast: setup
	$(BIN)/python -m pytest -m "not model and not browser" tests/core tests/scale tests/kit tests/chapters

labs: setup  # every laboratory, whole
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope -m laboratory tests/notebooks/test_run.py

colab: setup
	$(BIN)/python -m tools.colab

notebooks: setup
	$(BIN)/python -m tools.build_notebooks

book: setup
	$(BIN)/python -m sphinx -W -q -b html docs build/book

pdf: book  # needs Chromium
	$(BIN)/python -m tools.pdf

classroom: setup
	$(BIN)/python -m tools.build_classroom $(if $(BUNDLE),--bundle)

address: setup  # make address URL=https://github.com/OWNER/NAME
	$(BIN)/python -m tools.release address $(URL)

wheel: setup
	$(BIN)/python -m tools.release wheel

bundles: wheel book classroom
	$(BIN)/python -m tools.release bundles

bench: setup  # on an idle machine; COUNTERFACT=FOLDER for facts of a folder with counterfact*.json
	$(BIN)/python -m tests.benchmarks.bench $(if $(COUNTERFACT),--counterfact $(COUNTERFACT))
	for each in parts start scale readme; do $(BIN)/python -m tests.benchmarks.$$each || exit 1; done

lint: setup
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/python -m tools.reflow --check
