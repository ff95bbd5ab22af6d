# make demo   sets up a .venv, runs the whole workflow on three simulated datasets, writes its report
# make test   sets up a .venv, runs the tests
# make check  sets up a .venv, runs the linters
# Needs Python 3.11 or newer and git, nothing else. `make PYTHON=python3.12 demo` takes another Python.

PYTHON ?= python3
CORES ?= 2
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := demo
.PHONY: demo test check format clean

# Installed anew only when what is to be installed changes.
$(VENV)/installed: pyproject.toml envs/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c envs/constraints.txt -e '.[dev]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/snakemake --cores $(CORES) --configfile config/demo.yaml
	$(BIN)/snakemake --configfile config/demo.yaml --report results/report.html
	@echo "The report, to open in a browser: results/report.html"

# Those that run the workflow use all cores themselves.
test: $(VENV)/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(CORES) --dist loadfile --ignore tests/workflow
	$(BIN)/python -m pytest tests/workflow

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check workflow
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --lint

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt workflow

clean:
	rm -rf $(VENV)
