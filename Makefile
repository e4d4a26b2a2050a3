# Commands that others rely on; every one sets up what it needs, once.
SHELL := /bin/bash
PY := .venv/bin/python
SYSTEM := g++ cmake make nlohmann-json3-dev zlib1g-dev puredata-core puredata-dev fluid-soundfont-gm
SYSTEM_REPORT := latexmk texlive-latex-recommended texlive-pictures texlive-publishers texlive-fonts-recommended
SYSTEM_TEST := $(SYSTEM) csound clang libclang-rt-14-dev xvfb xauth xdotool puredata-gui puredata-utils gem imagemagick \
    poppler-utils chromium $(SYSTEM_REPORT)
# one thread per process: torch's and BLAS's own threads slow each other down
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export MPLBACKEND := Agg
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check lint coverage external weights book report archive clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: ## the whole flow on real notes, into build/demo/ (at most 10 minutes on 2 cores)
	@./setup.sh
	@./setup.sh --system $(SYSTEM) || echo "going on without: what needs these parts is skipped by name"
	@$(PY) code/main.py demo --out build/demo

CHAPTER ?=
ONLY = $(if $(CHAPTER),--chapter $(CHAPTER))
BOOKS = $(if $(CHAPTER),$(wildcard notebooks/*_$(CHAPTER).ipynb),notebooks)
test: ## the fast suite (under 12 minutes on 2 cores); CHAPTER=name: that chapter and the guards of all (under 3)
	@./setup.sh test
	@./setup.sh --system $(SYSTEM_TEST) || echo "going on without: tests that need these parts are skipped by name"
	@$(MAKE) --no-print-directory lint
	@$(PY) -m pytest -q -n 2 --dist loadfile -m "not long and not alone" code/tests $(ONLY)
	@$(PY) -m pytest -q -m "alone and not long" code/tests $(ONLY)
	@[ -z "$(BOOKS)" ] || $(PY) -m pytest -q -n 2 --dist loadfile --nbval-lax --nbval-cell-timeout=120 $(BOOKS)

check: ## the long suite: soak, churn, fuzz, sanitizers, kills, clusters (under 45 minutes)
	@./setup.sh test
	@./setup.sh --system $(SYSTEM_TEST) || echo "going on without: tests that need these parts are skipped by name"
	@$(PY) -m pytest -q -n 2 --dist loadfile -m "long and not alone" code/tests $(ONLY)
	@$(PY) -m pytest -q -m "long and alone" code/tests $(ONLY)

coverage: ## lines of the package that the fast suite runs: at least 90 %, and which it does not
	@./setup.sh test
	@rm -rf build/coverage && mkdir -p build/coverage
	@COVERAGE_FILE=build/coverage/data $(PY) -m pytest -q -m "not long" --cov --cov-report=term code/tests

lint: ## PEP 8 and numpydoc
	@$(PY) -m ruff check code toy notebooks book conftest.py
	@find code/latentsampler -name "*.py" -print0 | PYTHONWARNINGS=ignore xargs -0 .venv/bin/numpydoc lint

external: ## the Pure Data object, built beside the patch
	@./setup.sh
	@./setup.sh --system $(SYSTEM)
	cmake -S external -B build/external -DCMAKE_BUILD_TYPE=Release -DPython3_EXECUTABLE=$(CURDIR)/$(PY)
	cmake --build build/external --parallel 2
	cmake --install build/external --prefix $(CURDIR)/patch

book: ## the book, every notebook executed, into build/book/html (at most 10 minutes on 2 cores; needs npm)
	@./setup.sh test
	@$(PY) book/build.py

DATA ?= build/weights/notes
PYTHON ?= $(PY)
weights: ## train what patch/ ships, with its records (hours; DATA=notes.npz and PYTHON=python3 skip the set-up)
	@[ "$(PYTHON)" != "$(PY)" ] || ./setup.sh
	PYTHONPATH=code CHAPTER="$(CHAPTER)" PYTHON="$(PYTHON)" DATA="$(DATA)" $(PYTHON) -m tools.weights

report: ## report/report.pdf and studies.pdf from its sources and the records
	@./setup.sh
	@./setup.sh --system $(SYSTEM_REPORT)
	@PYTHONPATH=code $(PY) -m tools.report.make

archive: ## NAMES="Durand Petit" [YEAR=2017]: the zip for evaluation, at most 25 MB
	@./setup.sh
	@PYTHONPATH=code $(PY) -m tools.archive --names "$$NAMES" --year "$${YEAR:-2017}"

clean: ## remove what was built, but not .venv
	rm -rf build report/build patch/wae-sampler.pd_* patch/wae-pattern.pd_* patch/wae-render
