# Commands that others rely on. `make demo` first; every target sets up what it needs, once.
SHELL := /bin/bash
PY := .venv/bin/python
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
unexport PYTHONDONTWRITEBYTECODE
SYSTEM := g++ cmake make puredata-core puredata-dev fluid-soundfont-gm

.PHONY: demo test check external lint

external: ## the Pure Data object, built beside the patch
	./setup.sh
	./setup.sh --system $(SYSTEM)
	cmake -S external -B build/external -DCMAKE_BUILD_TYPE=Release -DPython3_EXECUTABLE=$(CURDIR)/$(PY)
	cmake --build build/external --parallel 2
	cmake --install build/external --prefix $(CURDIR)/patch
