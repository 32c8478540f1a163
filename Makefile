# The verbs of the project. `make` lists them.
#
# Needed: Rust, Python 3.11 or later (3.13 for LocalStack), make, curl, Perl, a C++ compiler and the package registries.
# Everything else is installed by the targets that need it, locked, into $(NAAS_CACHE). CARGO_TARGET_DIR may point anywhere.

export NAAS_CACHE ?= $(HOME)/.cache/naas
CARGO ?= cargo
PYTHON ?= python3
TARGET := $(or $(CARGO_TARGET_DIR),target)
BENCH_PROFILE := $(if $(BENCH_QUICK),,--release)
BENCH_OPTIONS := $(if $(BENCH_QUICK),--short --into build/bench)

.DEFAULT_GOAL := help
.PHONY: help demo test checks lint unit fuzz judges localstack localstack-demo chaos chaos-short docs package bench
.PHONY: deny machete template workflows direction tools

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## The main job on this machine: two simulated switches, one call, one hand change put right
	@$(CARGO) build --quiet --package naas-cli --package eos-sim
	@$(PYTHON) -m demo embedded --programs $(TARGET)/debug

test: ## All checks, then the number of tests that passed, failed and were skipped
	@tools/tally $(MAKE) --no-print-directory checks

checks: lint docs unit fuzz judges demo localstack chaos-short ## All checks, without counting

lint: direction deny machete template workflows tools ## Formatting, clippy, rustdoc, dependencies, templates, tools
	$(CARGO) fmt --all --check
	$(CARGO) clippy --quiet --workspace --all-targets -- -D warnings
	$(CARGO) clippy --quiet --package eapi --package adapters --package eos-sim --all-targets --features adapters/legacy-tls-vendored,eos-sim/legacy-tls-vendored -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --workspace --no-deps

docs: ## The documentation as a site in build/site; a broken link is an error
	NO_MKDOCS_2_WARNING=1 "$$(tools/venv checks)/bin/mkdocs" build --strict

unit: ## Unit, property and simulator tests, and every example in the docs
	$(CARGO) test --workspace --features adapters/legacy-tls-vendored,eos-sim/legacy-tls-vendored -- --show-output

fuzz: ## Each fuzz target for ten seconds; `tools/fuzz config 3600` for longer
	tools/fuzz

judges: ## NAPALM, pyeapi, ANTA's asynceapi and Ansible against the simulator, and Python's Jinja2 against the templates
	$(CARGO) build --quiet --package eos-sim --features legacy-tls-vendored
	$(CARGO) build --quiet --package intent --example render_folder
	NAAS_PROGRAMS="$(abspath $(TARGET))/debug" "$$(tools/venv judges)/bin/python" -m unittest discover --start-directory judges/tests --top-level-directory .

localstack: package ## Both functions in LocalStack and in Lambda's own emulator
	$(CARGO) build --quiet --package eos-sim
	$(CARGO) build --quiet --package adapters --example store_contract
	NAAS_PROGRAMS="$(abspath $(TARGET))/debug" tools/localstack-python -m unittest discover --start-directory localstack/tests --top-level-directory localstack

localstack-demo: package ## The demo through LocalStack: API Gateway, Secrets Manager, SQS, S3 and both functions
	@$(CARGO) build --quiet --package eos-sim
	@tools/localstack-python -m demo localstack --programs $(TARGET)/debug

chaos: package ## 200 switches, 60 kills, more device faults, on one machine and in LocalStack: see docs/reliability.md
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

bench: $(if $(BENCH_QUICK),,package) ## naas beside Nornir + NAPALM, asynceapi and a bare loop: docs/performance.md; BENCH_QUICK=1 only tries it out
	$(CARGO) build $(BENCH_PROFILE) --quiet --package naas-cli --package eos-sim --bins
	$(CARGO) build $(BENCH_PROFILE) --quiet --package eapi --package intent --examples
	$(CARGO) build $(BENCH_PROFILE) --quiet --package naas --features fakes --example schedule_devices
	"$$(tools/venv bench)/bin/python" -m bench --programs "$(abspath $(TARGET))/$(if $(BENCH_QUICK),debug,release)" $(BENCH_OPTIONS)

machete: ## Dependencies that nothing uses
	tools/machete

tools: ## Tests of tools/, and the numbered facts about EOS against the code that cites them
	$(PYTHON) -m unittest discover --start-directory tools/tests --top-level-directory .

deny: ## Licences, sources and bans; security advisories where their database can be reached
	tools/deny

template: ## template.yaml by SAM's own linter
	AWS_DEFAULT_REGION=us-east-1 tools/sam validate --lint

workflows: ## Holes in .github: actions without a commit's hash, too many permissions, injections
	"$$(tools/venv checks)/bin/zizmor" --quiet --offline --no-progress .github

direction: ## The domain knows neither AWS nor HTTP; the simulator knows only wire types
	tools/direction
