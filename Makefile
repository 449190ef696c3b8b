# The commands of this project. They need only Python 3.11 or newer.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import tomllib' 2>/dev/null && echo "$$python" && break; done)
BOOTSTRAP = $(or $(PYTHON),$(error Dailies needs Python 3.11 or newer; put it on PATH or set PYTHON=/path/to/python3)) \
	-I project/stack/bootstrap.py
IN = .venv/bin/python
# Valid example values, to check the production settings.
PRODUCTION = DJANGO_SETTINGS_MODULE=project.settings.production \
	SECRET_KEY=$$(printf 'a-key-for-the-check-%.0s' 1 2 3) ALLOWED_HOSTS=studio.example.com \
	PUBLIC_URL=https://studio.example.com DATABASE_URL=postgresql:///dailies REDIS_URL=redis://localhost

# Python keeps compiled modules: these commands start dozens of processes that import the same ones.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check format bench soak clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

run: ## Install missing packages, start everything and print the address
	@$(BOOTSTRAP) run
	@exec $(IN) -m project.stack run

test: ## Run all tests with real services and a real browser
	@$(BOOTSTRAP) test
	@$(IN) -m tests.chromium
ifdef ARGS
	@$(IN) -m pytest -n auto $(ARGS)
else
# Browser tests run separately: their event loop stays in the process, and Django does not allow database queries then.
# One test process more than cores, because many tests wait for other processes.
	@$(IN) -m pytest -n $$(( $$(nproc 2>/dev/null || echo 2) + 1 )) --dist worksteal --ignore tests/browser
	@$(IN) -m pytest tests/browser
endif

check: ## Check lint, format, types, imports, dependencies, migrations, deploy settings and compose file
	@$(BOOTSTRAP) check
	$(IN) -m ruff check --quiet .
	$(IN) -m ruff format --check --quiet .
	.venv/bin/djade --check --target-version 5.2 $$(git ls-files '*.html')
	$(IN) -m mypy
	.venv/bin/lint-imports
	.venv/bin/deptry .
	$(IN) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	env $(PRODUCTION) $(IN) manage.py check --deploy --fail-level WARNING
	bash -n .ci/run
	@if docker compose version >/dev/null 2>&1; then set -x; ENV_FILE=.env.example docker compose --env-file .env.example config --quiet; fi

format: ## Format the code
	@$(BOOTSTRAP) check
	@$(IN) -m ruff check --fix --quiet .
	@$(IN) -m ruff format .

bench: ## Measure the performance: a table, and one JSON line per figure
	@$(BOOTSTRAP) test
	@$(IN) -m bench $(ARGS)

soak: ## Kill random processes for five minutes; every job must settle and the books must balance
	@$(BOOTSTRAP) test
	@$(IN) -m bench.soak $(ARGS)

clean: ## Remove installed packages and caches; the data in .data stays
	rm -rf .venv .uv .artifacts .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
