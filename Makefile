# Every target makes what it needs: an environment in .venv/, the engine, the packages of one extra.
# PYTHON chooses the interpreter; ARGS are handed to what a target runs: make test ARGS="-k periodic"
PYTHON ?= python3

VENV := .venv/$(notdir $(PYTHON))
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check -qq
ENGINE := $(wildcard fieldgrad/_engine/*.pyx fieldgrad/_engine/*.px[di] fieldgrad/_engine/*.h fieldgrad/_engine/rows/*.h)

.PHONY: help demo test bench lint asan docs wheel clean
.DELETE_ON_ERROR:

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/with-demo ## draw the examples into demo/
	@$(RUN) -m examples $(ARGS)

test: $(VENV)/with-test ## the whole test suite, doctests included, on all processors
	@$(RUN) -m pytest -q -n auto $(ARGS)

bench: $(VENV)/with-bench ## fieldgrad and its rivals, as ratios
	@$(RUN) -m benchmarks $(ARGS)

lint: $(VENV)/with-dev ## style and types
	@$(RUN) -m ruff check --quiet .
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" cython-lint fieldgrad
	@$(RUN) -m mypy --no-error-summary

asan: $(VENV)/with-dev $(VENV)/with-test ## the test suite under AddressSanitizer and UBSan
	@tools/run_sanitized.sh $(RUN)

docs: $(VENV)/with-docs ## the docstrings as pages in build/docs/
	@$(RUN) -m pdoc --docformat numpy --output-directory build/docs fieldgrad

wheel: $(VENV)/with-dev ## sdist and wheel in dist/, tried in a clean environment
	@tools/check_wheel.sh $(RUN)

clean: ## remove everything that make has made
	@rm -rf .venv build dist demo *.egg-info fieldgrad/_engine/*.so fieldgrad/_engine/*.c
	@rm -rf .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/built: pyproject.toml setup.py $(ENGINE)
	@tools/check_toolchain.sh $(PYTHON)
	@test -x $(VENV)/bin/pip || $(PYTHON) -m venv --clear $(VENV)
	@$(RUN) tools/build_requirements.py | $(PIP) install -r /dev/stdin
	@$(PIP) install --no-build-isolation --editable .
	@touch $@

$(VENV)/with-%: pyproject.toml | $(VENV)/built
	@$(PIP) install 'fieldgrad[$*]'
	@touch $@
