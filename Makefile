# Every target sets up what it needs; the second time that is quick. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NPM := $(BIN)/python ui/build.py
UI := sightloop/web/static/app/index.html
UI_SOURCES := $(shell find ui -name node_modules -prune -o -type f ! -name schema.d.ts ! -name '*.pyc' -print)
READY := $(VENV)/.sightloop-ready
EXTRAS := train,postgres,s3,mlflow,dev
export UV_FIND_LINKS := $(or $(UV_FIND_LINKS),$(PIP_FIND_LINKS))
export MPLBACKEND := Agg
.DEFAULT_GOAL := help
.PHONY: help setup ui demo serve test check fmt bench screenshots lock clean size

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## make .venv and install everything into it

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e ".[$(EXTRAS)]"
	touch $@

ui: $(UI) ## build the web page

$(UI): $(UI_SOURCES) | $(READY)
	$(NPM) build

demo: $(READY) $(UI) ## the whole loop on generated pictures: import, train, evaluate, promote, predict
	$(BIN)/sightloop demo

serve: $(READY) $(UI) ## the server on http://127.0.0.1:8000
	$(BIN)/sightloop serve

test: $(READY) $(UI) ## all tests
	$(NPM) test
	$(BIN)/python -m pytest -n 2

check: $(READY) size ## lint, format, types and the architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(NPM) check
	$(BIN)/python -m pytest tests/test_architecture.py

fmt: $(READY) ## format the code and mend what lint can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) $(UI) ## measure speed and accuracy; writes benchmarks/results
	for name in serving bulk flood library masks; do $(BIN)/python -m benchmarks.$$name || exit 1; done

screenshots: $(READY) $(UI) ## take the pictures of the page into docs/screenshots
	$(BIN)/python -m docs.screenshots

# Pins the newest versions in constraints.txt.
lock: $(READY)
	echo "# Exact versions every install command uses. Made by \`make lock\`; do not edit." > $(VENV)/constraints.txt
	$(BIN)/uv pip compile pyproject.toml --all-extras --group node --upgrade --quiet --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --python-version 3.11 | sed -E 's/\+cpu$$//' >> $(VENV)/constraints.txt
	mv $(VENV)/constraints.txt constraints.txt

clean: ## remove .venv and everything that can be made again; never your data
	rm -rf $(VENV) ui/node_modules sightloop/web/static/app build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Large files belong outside Git: pictures and models live in the data folder.
size:
	@git ls-files -z | xargs -0 -r du -k | awk '$$1 > 1024 { print "over 1 MB in Git: " $$2; bad = 1 } END { exit bad }'
