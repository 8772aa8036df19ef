# Every target does its own set-up; in a fresh clone `make demo` or `make test` is all there is to type.
#
#   PYTHON=/path/to/python3   the interpreter for .venv (3.11, 3.12 or 3.13; found by itself otherwise)
#   PIP_FLAGS="..."           further options of pip install, e.g. an index with CPU builds of torch

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input $(PIP_FLAGS) -c constraints.txt
CORE := $(VENV)/.dnalect-core
DEV := $(VENV)/.dnalect-dev
# Engines of workflows have many dependencies of their own.
ENGINES := .venv-engines/bin/snakemake

# One thread each, as most tests are too small for two to help; three processes on two cores, as some wait for browsers;
# each takes files as they come, so that what a file makes for its tests is mostly made once.
# Commands that tests start find what is compiled, whatever the environment says.
PYTEST := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 3 --dist worksteal --durations=40 --durations-min=5
SUITE := OMP_NUM_THREADS=1 $(BIN)/dnalect benchmark
# What is kept is shared: the learning curves find the states that the table left.
SMALL := --data data --run small-out/kept --workers 2

SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(firstword $(foreach python,python3 python3.13 python3.12 python3.11,\
	$(shell $(python) -c '$(SUPPORTED)' >/dev/null 2>&1 && echo $(python))))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo bench small small-table small-labels small-case test test-all lint folds worth wasm page docs browser clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

demo: $(CORE) ## score the demo variants and write demo-out/
	$(BIN)/dnalect demo

bench: $(DEV) ## what things cost here, as ratios beside targets, into results/benchmarks/table.tsv
	$(BIN)/python benchmarks/table.py --out results/benchmarks/table.tsv

small: small-table small-labels small-case ## table, learning curves and case study, small, into small-out/

small-table: $(CORE) ## models and tasks on the shipped slices, into small-out/core
	$(SUITE) configs/benchmarks/small/core.yaml $(SMALL) --out small-out/core

small-labels: $(CORE) ## learning curves on the shipped slices, into small-out/labels
	$(SUITE) configs/benchmarks/small/labels.yaml $(SMALL) --out small-out/labels

small-case: $(CORE) ## effects on expression on the shipped slices, into small-out/expression and small-out/saturation
	$(BIN)/python -m studies expression configs/benchmarks/small/expression.yaml --data data --out small-out/expression
	$(BIN)/python -m studies saturation --data data --out small-out/saturation

test: lint browser ## all checks and the fast tests, as in CI
	$(PYTEST)

test-all: lint browser $(ENGINES) ## all checks and all tests, the slow ones included
	$(PYTEST) -m ""

lint: $(DEV) ## style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

folds: $(CORE) ## yeast models that are each blind to a half of the genome, and one of Z. tritici (DATA=folder)
	@test -n "$(DATA)" || { echo "name the folder of the data: make folds DATA=..." >&2; exit 1; }
	$(BIN)/dnalect pretrain configs/folds/fold-1.toml --data $(DATA) --out runs/folds/fold-1
	$(BIN)/dnalect pretrain configs/folds/fold-2.toml --data $(DATA) --out runs/folds/fold-2
	$(BIN)/dnalect pretrain configs/folds/aligned-fold-1.toml --data $(DATA) --out runs/aligned-fold-1
	$(BIN)/dnalect pretrain configs/folds/zymoseptoria-part.toml --data $(DATA) --out runs/duplex-zymoseptoria-part

# Only what the shipped models never saw, so that no fold is needed; the studies of other chromosomes are kept as they are.
worth: $(CORE) ## measure the shipped models on real variants again, and write docs/worth.md anew (DATA=folder)
	@test -n "$(DATA)" || { echo "name the folder of the data: make worth DATA=..." >&2; exit 1; }
	$(BIN)/python -m studies worth --data $(DATA) --contig 20 --contig chrXIII --contig chrXIV \
		$(if $(DTYPE),--dtype $(DTYPE)) --out results/worth --page docs/worth.md
	cp results/worth/head.tsv src/dnalect/models/worth.tsv

wasm: $(CORE) ## compile the kernels of the page's engine again, with a compiler from PyPI (440 MB)
	$(PIP) ziglang==0.17.1
	$(BIN)/python scripts/wasm.py

page: $(CORE) ## the page with the shipped models inside, as page.html
	$(BIN)/dnalect page page.html

notebooks: $(DEV) ## run the notebooks of docs/notebooks anew and keep what they say
	$(BIN)/python scripts/notebooks.py

docs: $(DEV) ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean: ## remove what the other targets made, .venv included
	rm -rf $(VENV) .venv-engines demo-out small-out page.html site build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The browser tests open the report in Chromium; without it they are skipped.
browser:
	@if { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "installing chromium for the browser tests"; \
		log=$$(mktemp); export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >"$$log" 2>&1 \
			|| { tail -n 5 "$$log"; echo "chromium could not be installed: the browser tests will be skipped"; }; \
		rm -f "$$log"; \
	else \
		echo "no chromium here: the browser tests will be skipped (Debian: apt-get install chromium)"; \
	fi

$(BIN)/pip:
	@if [ -z "$(PYTHON)" ] || ! $(PYTHON) -c '$(SUPPORTED)'; then \
		echo "dnalect needs Python 3.11, 3.12 or 3.13; found $$($(or $(PYTHON),python3) --version 2>&1 | head -n 1)."; \
		echo "Install one of them and name it: make PYTHON=/path/to/python3.12 ..."; exit 1; fi >&2
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "$(PYTHON) cannot make a virtual environment (Debian: apt-get install python3-venv)" >&2; exit 1; }

$(CORE): pyproject.toml constraints.txt | $(BIN)/pip
	@echo "installing dnalect into $(VENV) (torch is large: this can take minutes)"
	@$(PIP) -e .
	@touch $@

$(ENGINES): | $(BIN)/pip
	@echo "installing Snakemake into .venv-engines"
	@$(BIN)/python -m venv .venv-engines
	@.venv-engines/bin/python -m pip install --quiet --disable-pip-version-check --no-input $(PIP_FLAGS) snakemake==9.27.1

$(DEV): pyproject.toml constraints.txt | $(BIN)/pip
	@echo "installing dnalect with its development tools into $(VENV) (torch is large: this can take minutes)"
	@$(PIP) -e '.[dev,docs]'
	@touch $@ $(CORE)
