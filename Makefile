# Everything happens in .venv; "make PYTHON=python3.12 test" takes another interpreter for it.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint format bench docs lock sbom audit clean

demo: .venv/.core ## Analyse drawn sample images with the shipped models into demo/
	$(BIN)/lentigo demo --out demo

test: lint ## All that must hold: style, types, tests
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder

lint: .venv/.dev ## Style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: .venv/.dev ## Mend the style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/.bench ## Measure speed beside other libraries into results/benchmarks; NAME=... for one
	$(BIN)/python benchmarks/run.py $(NAME)

docs: .venv/.dev ## Write the numbers in the README from results/
	$(BIN)/python docs/generate.py

lock: .venv/.supply ## Lock and hash what the image installs
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
		--extra serve --extra dicom --no-emit-index-url --custom-compile-command "make lock" \
		--output-file requirements/serve.txt pyproject.toml

sbom: .venv/.supply ## Write the image's bill of materials (CycloneDX) from the lock
	$(BIN)/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml \
		--output-file sbom.cdx.json requirements/serve.txt

audit: .venv/.supply ## Fail where a vulnerability is known in what is locked
	$(BIN)/python requirements/audit.py

clean: ## Forget the environment and the demonstration
	rm -rf .venv demo

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Lentigo needs Python 3.11 or newer; '$(PYTHON)' is not. Try: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.core: .venv/.python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/.bench: .venv/.python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@ .venv/.core

.venv/.dev: .venv/.python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ .venv/.core

.venv/.supply: .venv/.dev
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[supply]'
	@touch $@
