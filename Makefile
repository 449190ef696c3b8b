# The ways into this project. Nothing needs to be installed first but Python 3.11 or newer.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import tomllib' 2>/dev/null && echo "$$python" && break; done)
BOOTSTRAP = $(or $(PYTHON),$(error Dailies needs Python 3.11 or newer; put it on PATH or say PYTHON=/path/to/python3)) \
	-I project/stack/bootstrap.py
IN = .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help run test check format bench clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

run: ## Install what is missing, start everything, print the address
	@$(BOOTSTRAP) run
	@exec $(IN) -m project.stack run

test: ## The whole suite on real services and a real browser
	@$(BOOTSTRAP) test
	@$(IN) -m project.stack.browser
	@$(IN) -m pytest -n auto $(ARGS)

check: ## Lint, format, types, import rules, migrations, deploy settings
	@$(BOOTSTRAP) check
	@$(IN) -m project.checks

format: ## Bring the code into its one format
	@$(BOOTSTRAP) check
	@$(IN) -m ruff check --fix --quiet .
	@$(IN) -m ruff format .

bench: ## Measure; a table, and one JSON line per figure
	@$(BOOTSTRAP) test
	@$(IN) -m bench

clean: ## Remove what was installed or generated; the data in .data stays
	rm -rf .venv .uv .artifacts .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
