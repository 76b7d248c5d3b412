# Every target sets up what it needs; the second time that is quick. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.sightloop-ready
EXTRAS := train,postgres,s3,dev
export UV_FIND_LINKS := $(or $(UV_FIND_LINKS),$(PIP_FIND_LINKS))
export MPLBACKEND := Agg
.DEFAULT_GOAL := help
.PHONY: help setup demo serve test check fmt bench lock clean size

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## make .venv and install everything into it

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e ".[$(EXTRAS)]"
	touch $@

demo: $(READY) ## the whole loop on generated pictures: import, train, evaluate, promote, predict
	$(BIN)/sightloop demo

serve: $(READY) ## the server on http://127.0.0.1:8000
	$(BIN)/sightloop serve

test: $(READY) ## all tests
	$(BIN)/python -m pytest -n 2

check: $(READY) size ## lint, format, types and the architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_architecture.py

fmt: $(READY) ## format the code and mend what lint can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## measure speed and accuracy; writes benchmarks/results
	for name in serving bulk flood; do $(BIN)/python -m benchmarks.$$name || exit 1; done

lock: $(READY) ## pin the newest versions in constraints.txt
	echo "# Exact versions every install command uses. Made by \`make lock\`; do not edit." > $(VENV)/constraints.txt
	$(BIN)/uv pip compile pyproject.toml --all-extras --upgrade --quiet --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --python-version 3.11 | sed -E 's/\+cpu$$//' >> $(VENV)/constraints.txt
	mv $(VENV)/constraints.txt constraints.txt

clean: ## remove .venv and everything that can be made again; never your data
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Large files belong outside Git: pictures and models live in the data folder.
size:
	@git ls-files -z | xargs -0 -r du -k | awk '$$1 > 1024 { print "over 1 MB in Git: " $$2; bad = 1 } END { exit bad }'
