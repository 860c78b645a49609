# The set-up lies in .venv. It is made for one Python and one accelerator, installed from locks/
# with hashes, and remembered by stamp files there: a changed lock is installed by the next call.

MADE_FOR := $(subst -, ,$(notdir $(wildcard .venv/.made-*)))
PYTHON ?= $(if $(MADE_FOR),.venv/bin/python,python3)
EXTRAS ?= $(filter-out cpu,$(lastword $(MADE_FOR)))
WORKERS ?= 2
UV := build/uv/bin/uv

$(if $(filter-out cuda tpu,$(EXTRAS)),$(error EXTRAS is cuda, tpu or empty, not '$(EXTRAS)'))

version := $(shell { $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'; } 2>/dev/null)
made := .venv/.made-$(version)-$(or $(EXTRAS),cpu)
pip := .venv/bin/python -m pip --disable-pip-version-check --quiet
run := .venv/bin/python -m

.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help install tools compare test quick check results trackers simulations soak faults format lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s  %s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'PYTHON=python3.12 picks the interpreter, EXTRAS=cuda or EXTRAS=tpu the accelerator.'

install: .venv/.installed-dlfun ## set up .venv with dlfun and its locked dependencies
	@$(if $(filter install,$(MAKECMDGOALS)),printf '%s\n' \
	  'dlfun is in .venv. Next:' \
	  '  . .venv/bin/activate' \
	  '  dlfun train --model=cnn --dataset=mnist1d --seeds=5' \
	  'dlfun alone lists all commands.',:)

compare: install ## run the default comparison; FLAGS="--seeds=3" adds flags
	$(run) experiments.compare $(FLAGS)

tools: install .venv/.installed-test

test: tools ## run all tests and doctests; TESTS=tests/training runs some of them
	$(run) pytest -n $(WORKERS) --dist worksteal $(TESTS)

quick: tools ## the tests that fail first, in a minute and a half
	$(run) pytest -n $(WORKERS) --dist worksteal tests/test_structure.py tests/config tests/layers tests/learners tests/objectives \
	  tests/models/test_bpnn.py tests/stats tests/records tests/cli/test_flags.py tests/report/test_table.py

check: tools ## what CI runs: format, lint, types, all tests
	$(run) ruff format --check .
	$(run) ruff check .
	$(run) mypy
	$(run) pytest -n $(WORKERS) --dist worksteal

trackers: ## check runs in trackers with MLflow, Trackio and TensorBoard, in build/trackers
	$(PYTHON) -m venv --clear build/trackers
	build/trackers/bin/pip install --quiet --editable '.[mlflow,trackio,tensorboard]' pytest tensorboard
	build/trackers/bin/python -m pytest tests/tracking tests/results/test_sources.py

results: tools ## make the tables of experiments/RESULTS.md anew, in an hour or two
	$(run) tests.results_page

simulations: tools ## check the promises of the statistics by simulation
	$(run) pytest -n $(WORKERS) --dist worksteal -m simulation -rA tests/stats tests/studies

soak: tools ## kill studies of every kind at random, KILLS=50 times in all, and see that nothing is lost
	$(run) pytest -m soak -s -o faulthandler_timeout=0 tests/cli/test_soak.py

faults: tools ## make the faults that a study survives, as root, and write BUILD.md's table of them
	FAULTS=write $(run) pytest tests

format: tools ## format, and mend what the linter can mend
	$(run) ruff format .
	$(run) ruff check --fix .

$(made):
	@case '$(version)' in 3.11|3.12|3.13) ;; *) \
	  echo 'dlfun needs Python 3.11, 3.12 or 3.13; $(PYTHON) is not one: name one with PYTHON=...' >&2; \
	  exit 1; esac
	@if test -n '$(EXTRAS)' && test `uname -s` != Linux; then \
	  echo 'EXTRAS=$(EXTRAS): this accelerator has a JAX for Linux only' >&2; exit 1; fi
	$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/.installed-build: locks/build.txt $(made)
	$(pip) install --require-hashes --requirement $<
	@touch $@

.venv/.installed-%: locks/%.txt .venv/.installed-build
	$(pip) install --require-hashes --no-build-isolation --use-pep517 --requirement $<
	@touch $@

.venv/.installed-dlfun: pyproject.toml .venv/.installed-$(or $(EXTRAS),default)
	$(pip) install --no-deps --no-build-isolation --editable .
	@touch $@

compile := $(UV) pip compile --quiet --no-config --universal --python-version=3.11 \
  --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command='make lock' $(UPGRADE)

lock: $(UV) ## make locks/ anew from pyproject.toml; UPGRADE=--upgrade moves every pin
	$(compile) --group=build --output-file=locks/build.txt
	$(compile) pyproject.toml --constraint=locks/build.txt --output-file=locks/default.txt
	for extra in test peers baselines export mlflow search tensorboard cuda tpu; do $(compile) pyproject.toml --extra=$$extra \
	  --constraint=locks/default.txt --output-file=locks/$$extra.txt || exit; done
	for extra in onnx trackio; do $(compile) pyproject.toml --extra=$$extra \
	  --constraint=locks/build.txt --output-file=locks/$$extra.txt || exit; done

$(UV):
	$(PYTHON) -m venv --clear build/uv
	build/uv/bin/pip install --quiet uv==0.13.9
