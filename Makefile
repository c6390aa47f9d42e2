# `make run` and `make test` need cargo (by rustup), python3 with venv, a C compiler and make; they fetch everything
# else.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:

VENV := .venv/.ready
LOCAL := .venv/bin/python tests/local_stack.py
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1

.PHONY: help run stop test lint tools

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV) ## build, deploy to a local emulator, play the story through it, leave it up
	@$(LOCAL) --name run up deploy sandbox
	@target/debug/story .local/run/stack.json
	@$(LOCAL) --name run status
	@echo "make stop ends it"

stop: ## end what make run left up
	@python3 tests/local_stack.py --name run down

test: $(VENV) ## all tests, on a stack of their own that is stopped at the end
	@trap '$(LOCAL) --name test down' EXIT; \
	$(LOCAL) --name test up deploy && \
	SWITCHBOARD_STACK="$(CURDIR)/.local/test/stack.json" cargo test --locked --workspace

lint: $(VENV) ## formatting, clippy, the template
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	.venv/bin/sam validate --lint

# Reports what is missing and how to get it, before a long build fails on it.
tools:
	@missing=0; \
	need() { echo "missing: $$1. $$2" >&2; missing=1; }; \
	command -v cargo >/dev/null || need "cargo" "Install Rust with rustup, https://rustup.rs"; \
	command -v cc >/dev/null || need "cc, a C compiler" "Debian and Ubuntu: apt-get install build-essential; macOS: xcode-select --install"; \
	if ! command -v python3 >/dev/null; then need "python3" "Debian and Ubuntu: apt-get install python3 python3-venv"; \
	elif ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then need "python3 of 3.10 or newer" "Found: $$(python3 --version)"; \
	elif ! python3 -c 'import venv, ensurepip' 2>/dev/null; then need "python3's venv" "Debian and Ubuntu: apt-get install python3-venv"; fi; \
	exit $$missing

# Built again when the pinned tools change.
$(VENV): requirements.txt | tools
	@echo "installing the tools of requirements.txt into .venv (about a minute)"
	@rm -rf .venv
	@python3 -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r requirements.txt
	@.venv/bin/pip check --quiet
	@touch $@
