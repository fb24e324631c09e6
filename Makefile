# lean-python-bridge: every target sets up what it needs. See README.md.

PYTHON ?= python3
VENV   ?= .venv
MINUTES ?= 10
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
USED   := $(VENV)/.installed-without-tools

.DEFAULT_GOAL := help
.PHONY: help verify test lint faults soak lock setup system-packages picture catalogue docs clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Who only verifies has no developers' tools installed; who has them all needs nothing more.
verify: $(if $(LOCKED)$(wildcard $(STAMP)),$(STAMP),$(USED)) ## Set up what that needs, then run `lpb verify`
	@$(BIN)/lpb verify

test: setup lint ## Set up everything, then run every test
	@$(BIN)/lpb setup
	@$(BIN)/lpb build
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

faults: setup ## The fault suite in its long form: about a quarter of an hour
	@LPB_FAULTS=long $(BIN)/python -m pytest -s --timeout 3600 server/tests/test_fault*.py

soak: setup ## Servers under load for MINUTES (10): memory and descriptors stay flat
	@$(BIN)/python server/tests/soak.py --minutes $(MINUTES)

lint: setup ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@for root in cli server benchmarks lean; do $(BIN)/mypy $$root || exit 1; done

setup: $(STAMP) ## Create .venv and install the project and its tools

picture: setup ## Draw docs/verify.svg from a real run of `lpb verify`
	@$(BIN)/python -m lpb_cli.commands.picture docs/verify.svg

catalogue: setup ## Write docs/catalogue.md from the operations and their Lean files
	@$(BIN)/lpb catalogue --output docs/catalogue.md

docs: setup ## Build the site of docs/ into build/site, strictly
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'mkdocs-material>=9.6' 'mkdocstrings[python]>=0.29'
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

LOCK := pip compile pyproject.toml requirements/build.in --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --quiet --upgrade

lock: setup ## Pin what the image and the workflow install, by content (LOCKED=1 installs that)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv $(LOCK) --output-file requirements/image.txt
	@$(BIN)/uv $(LOCK) --extra embedded --extra dev --output-file requirements/dev.txt

clean: ## Remove what was built here (not the downloaded engine)
	rm -rf $(VENV) .lpb build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(USED): pyproject.toml .ci/prerequisites
	@PYTHON="$(PYTHON)" sh .ci/prerequisites verify
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the project and what it runs with into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[embedded,scipy,clarabel]'
	@touch $@

# The wrong Python, or a missing compiler, is said before anything is created.
$(STAMP): pyproject.toml .ci/prerequisites
	@PYTHON="$(PYTHON)" sh .ci/prerequisites
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the project and its tools into $(VENV) …"
ifdef LOCKED
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
else
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[embedded,dev]'
endif
	@touch $@
