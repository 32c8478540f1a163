# The verbs of the project. `make` lists them.
#
# Needed: Rust, Python 3.11 or later (3.13 for LocalStack), make, curl, Perl, a C++ compiler and the package registries. Everything else is installed
# by the targets that need it, locked, into $(NAAS_CACHE); CARGO_TARGET_DIR may point anywhere.

export NAAS_CACHE ?= $(HOME)/.cache/naas
CARGO ?= cargo
PYTHON ?= python3
TARGET := $(or $(CARGO_TARGET_DIR),target)

.DEFAULT_GOAL := help
.PHONY: help demo test lint unit fuzz judges localstack localstack-demo chaos chaos-short package deny template direction

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## The main job on this machine: two simulated switches, one call, one hand change put right
	@$(CARGO) build --quiet --package naas-cli --package eos-sim
	@$(PYTHON) -m demo embedded --programs $(TARGET)/debug

test: lint unit fuzz judges demo localstack chaos-short ## Everything: lints, unit, property, fuzz, simulator, judges' and LocalStack tests, the demo, and chaos

lint: direction deny template ## Formatting, clippy, rustdoc, licences, direction of dependencies, the SAM template
	$(CARGO) fmt --all --check
	$(CARGO) clippy --quiet --workspace --all-targets -- -D warnings
	$(CARGO) clippy --quiet --package eapi --package adapters --package eos-sim --all-targets --features adapters/legacy-tls-vendored,eos-sim/legacy-tls-vendored -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --workspace --no-deps

unit: ## Unit, property and simulator tests, and every example in the docs
	$(CARGO) test --workspace --features adapters/legacy-tls-vendored,eos-sim/legacy-tls-vendored

fuzz: ## Each fuzz target for ten seconds; `tools/fuzz config 3600` for longer
	tools/fuzz

judges: ## NAPALM, pyeapi, ANTA's asynceapi and Ansible against the simulator, and Python's Jinja2 against the templates
	$(CARGO) build --quiet --package eos-sim --features legacy-tls-vendored
	$(CARGO) build --quiet --package intent --example render_folder
	NAAS_PROGRAMS="$(abspath $(TARGET))/debug" "$$(tools/venv judges)/bin/python" -m unittest discover --start-directory judges/tests --top-level-directory .

localstack: package ## Both functions in LocalStack and in Lambda's own emulator
	$(CARGO) build --quiet --package eos-sim
	NAAS_PROGRAMS="$(abspath $(TARGET))/debug" tools/localstack-python -m unittest discover --start-directory localstack/tests --top-level-directory localstack

localstack-demo: package ## The demo through LocalStack: API Gateway, Secrets Manager, SQS, S3 and both functions
	@$(CARGO) build --quiet --package eos-sim
	@tools/localstack-python -m demo localstack --programs $(TARGET)/debug

chaos: package ## 200 switches, 60 kills and more device faults, on one machine and in LocalStack: the table of the README
	@$(CARGO) build --quiet --package naas-cli --package eos-sim
	@$(PYTHON) -m chaos embedded --programs $(TARGET)/debug
	@tools/localstack-python -m chaos localstack --programs $(TARGET)/debug

chaos-short: package ## The same for a minute or two, and the tests of what it concludes
	@$(CARGO) build --quiet --package naas-cli --package eos-sim
	$(PYTHON) -m unittest discover --start-directory chaos/tests --top-level-directory .
	@$(PYTHON) -m chaos embedded --short --programs $(TARGET)/debug
	@tools/localstack-python -m chaos localstack --short --programs $(TARGET)/debug

package: ## The functions' zips, as AWS gets them, in build/lambda
	tools/package

deny: ## Licences, sources and bans; security advisories where their database can be reached
	tools/deny

template: ## template.yaml by SAM's own linter
	AWS_DEFAULT_REGION=us-east-1 tools/sam validate --lint

direction: ## The domain knows neither AWS nor HTTP; the simulator knows only wire types
	tools/direction
