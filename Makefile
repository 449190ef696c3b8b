# The ways into this project. Nothing needs to be installed first but Python 3.11 or newer.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import tomllib' 2>/dev/null && echo "$$python" && break; done)
BOOTSTRAP = $(or $(PYTHON),$(error Dailies needs Python 3.11 or newer; put it on PATH or say PYTHON=/path/to/python3)) \
	-I project/stack/bootstrap.py
IN = .venv/bin/python
# Values of the right shape, for the checks of the production settings.
PRODUCTION = DJANGO_SETTINGS_MODULE=project.settings.production \
	SECRET_KEY=$$(printf 'a-key-for-the-check-%.0s' 1 2 3) ALLOWED_HOSTS=studio.example.com \
	PUBLIC_URL=https://studio.example.com DATABASE_URL=postgresql:///dailies REDIS_URL=redis://localhost

# What is started here are dozens of processes of the same modules; each would compile all of them again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check format bench soak clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

run: ## Install what is missing, start everything, print the address
	@$(BOOTSTRAP) run
	@exec $(IN) -m project.stack run

test: ## The whole suite on real services and a real browser
	@$(BOOTSTRAP) test
	@$(IN) -m tests.chromium
ifdef ARGS
	@$(IN) -m pytest -n auto $(ARGS)
else
# A browser's event loop stays in its process, where nothing else could then ask the database: a run of its own.
# One process more than cores: many of these tests wait for processes of the product.
	@$(IN) -m pytest -n $$(( $$(nproc 2>/dev/null || echo 2) + 1 )) --dist worksteal --ignore tests/browser
	@$(IN) -m pytest tests/browser
endif

check: ## Lint, format, types, import rules, migrations, deploy settings, compose file
	@$(BOOTSTRAP) check
	$(IN) -m ruff check --quiet .
	$(IN) -m ruff format --check --quiet .
	.venv/bin/djade --check --target-version 5.2 $$(git ls-files '*.html')
	$(IN) -m mypy
	.venv/bin/lint-imports
	$(IN) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	env $(PRODUCTION) $(IN) manage.py check --deploy --fail-level WARNING
	bash -n .ci/run
	@if docker compose version >/dev/null 2>&1; then set -x; ENV_FILE=.env.example docker compose --env-file .env.example config --quiet; fi

format: ## Bring the code into its one format
	@$(BOOTSTRAP) check
	@$(IN) -m ruff check --fix --quiet .
	@$(IN) -m ruff format .

bench: ## Measure; a table, and one JSON line per figure
	@$(BOOTSTRAP) test
	@$(IN) -m bench $(ARGS)

soak: ## Five minutes of random kills; every job must end settled, the books closed
	@$(BOOTSTRAP) test
	@$(IN) -m bench.soak $(ARGS)

clean: ## Remove what was installed or generated; the data in .data stays
	rm -rf .venv .uv .artifacts .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
