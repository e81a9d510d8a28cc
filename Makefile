# Everything is made in $(VENV) and $(GATEHOUSE_DATA); nothing else on the machine is touched.
VENV ?= .venv
PY := $(VENV)/bin/python
.DEFAULT_GOAL := help
.PHONY: help run demo test check style types templates imports migrations catalogue deploy soak bench litellm clean FORCE

# The first Python that runs and is new enough: the first one on PATH may lie in a home we may not enter.
NEW_ENOUGH := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
CANDIDATES = $(PYTHON) python3.11 python3.12 python3.13 python3 /usr/bin/python3.11 /usr/bin/python3.12 \
	/usr/bin/python3.13 /usr/bin/python3 /usr/local/bin/python3

# A virtual environment that does not run (moved, made by another account, its Python gone) is made anew.
ifneq ($(shell $(PY) -c 'print("runs")' 2>/dev/null),runs)
$(VENV)/made: FORCE
endif

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 15

run: $(VENV)/runtime ## run the site until Ctrl-C (PORT, GATEWAY_PORT, GATEHOUSE_DATA; DEMO_DATA=0 for an empty site)
	@exec $(PY) -m devstack --tied run $(if $(filter 0,$(DEMO_DATA)),--no-demo-data)

demo: $(VENV)/dev ## walk the main job end to end on a throw-away site, with a transcript (JSON=1)
	@exec $(PY) -m devstack --tied demo $(if $(JSON),--json)

test: $(VENV)/dev ## run the whole suite on real PostgreSQL and Valkey (ARGS="tests/audit -k seal"; REQUIRE_BROWSER=1)
	@exec $(PY) -m pytest -n 2 --dist loadgroup $(ARGS)

soak: $(VENV)/dev ## run the long series of faults and races
	@exec $(PY) -m pytest -m soak $(ARGS)

litellm: $(VENV)-litellm/made ## install the LiteLLM proxy beside, for the test of its hook (750 MB)

$(VENV)-litellm/made: deploy/litellm/requirements.txt | $(VENV)/made
	@$(PY) -m venv $(VENV)-litellm
	@$(VENV)-litellm/bin/pip install --quiet --disable-pip-version-check -r deploy/litellm/requirements.txt
	@touch $@

bench: $(VENV)/dev ## run the benchmarks side by side and write bench/RESULTS.md
	@test -d bench || { echo "There are no benchmarks yet." >&2; exit 1; }
	@exec $(PY) -m bench

# What settings need before a checker may read them; no server is asked anything and nothing is kept.
UNUSED := GATEHOUSE_DATA=$${TMPDIR:-/tmp}/gatehouse-check DATABASE_URL=postgres:///not-started REDIS_URL=unix:///not-started
SECRETS = SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_hex(50))') \
	KEY_PEPPERS=p1:$$($(PY) -c 'import secrets; print(secrets.token_hex(32))') \
	FIELD_KEYS=$$($(PY) -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')
PRODUCTION = GATEHOUSE_MODE=production ALLOWED_HOSTS=gatehouse.example BASE_URL=https://gatehouse.example

check: style types templates imports migrations catalogue deploy ## everything a machine can say (make -k check: all of it at once)

style: $(VENV)/dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(VENV)/dev
	@echo mypy; $(UNUSED) $(SECRETS) $(PY) -m mypy

templates: $(VENV)/dev
	$(VENV)/bin/djade --target-version 5.2 --check $$(find templates -name '*.html')

imports: $(VENV)/dev
	$(VENV)/bin/lint-imports

migrations: $(VENV)/dev
	$(PY) manage.py makemigrations --check --dry-run

catalogue: $(VENV)/dev
	@echo catalogue; if command -v xgettext >/dev/null || [ -n "$$CI" ]; then \
		$(UNUSED) $(SECRETS) $(PY) manage.py catalogue --check; \
	else echo "  left out: it needs GNU gettext (Debian: apt-get install gettext)"; fi

deploy: $(VENV)/dev
	@echo check --deploy; $(UNUSED) $(SECRETS) $(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

clean: ## delete the virtual environment and caches; the data stay
	rm -rf $(VENV) $(VENV)-litellm .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/made:
	@for candidate in $(CANDIDATES); do \
		if "$$candidate" -c '$(NEW_ENOUGH)' >/dev/null 2>&1; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Gatehouse needs Python 3.11 or later with its venv module, and finds none it may run." >&2; \
		echo "Install one (Debian: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3 ..." >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" -c 'import sys; print(sys.executable, sys.version.split()[0])') ..."; \
	"$$found" -m venv --clear $(VENV)
	@touch $@

$(VENV)/runtime: $(VENV)/made requirements.txt
	@echo "Installing the packages of requirements.txt into $(VENV) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@

$(VENV)/dev: $(VENV)/runtime requirements-dev.txt
	@echo "Installing the packages of requirements-dev.txt into $(VENV) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@
