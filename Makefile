# make demo   install what training needs, train on phantom films, end with a report to open
# make test   install everything, run the tests        make test-system   those that need a browser
#                                                      make test-long     those that take minutes each
#                                                      make test-gpu     those that need a GPU
# make lint   ruff and mypy                            make docs          figures and tables that the docs show
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# one thread a test process: two processes share the cores
ONE := OMP_NUM_THREADS=1

.PHONY: demo test test-system test-long test-gpu lint format docs clean

demo: $(VENV)/.train
	$(BIN)/deepcovid demo --out demo

test: $(VENV)/.dev
	$(ONE) $(BIN)/python -m pytest -n auto --dist worksteal -m "not system and not long and not gpu"

test-system: $(VENV)/.dev
	$(BIN)/python -m pytest -m system

test-long: $(VENV)/.dev
	$(ONE) $(BIN)/python -m pytest -n auto --dist worksteal -m long

test-gpu: $(VENV)/.dev
	$(BIN)/python -m pytest -n0 -m gpu

lint: $(VENV)/.dev
	$(BIN)/ruff check src tests benchmarks docs/*.py
	$(BIN)/ruff format --check src tests benchmarks docs/*.py
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix src tests benchmarks docs/*.py
	$(BIN)/ruff format src tests benchmarks docs/*.py

docs: $(VENV)/.dev
	rm -rf build/docs
	$(BIN)/deepcovid demo --out build/docs
	$(BIN)/python docs/make_pictures.py build/docs/run --out docs
	$(BIN)/python docs/make_teaching.py
	$(BIN)/python docs/make_sources.py
	$(BIN)/python docs/make_systems.py
	$(BIN)/python docs/make_hostile.py
	$(BIN)/python docs/make_self_test.py
	$(BIN)/python docs/make_xray.py

clean:
	rm -rf demo build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "deepcovid needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.train: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing deepcovid and what training needs (about a minute) …"
	$(PIP) -e '.[train]'
	@touch $@

$(VENV)/.dev: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing deepcovid and everything to test it (a minute or two) …"
	$(PIP) -e '.[all,dev]'
	@touch $@ $(VENV)/.train
