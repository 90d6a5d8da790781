# The commands of the project. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help demo demo-stop clean-demo setup test lint fmt docs bench soak

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  make demo ONCE=1         stop everything again at the end (for CI)'
	@echo '  make demo API_PORT=9000  other ports than 8080 and 8081 (SIM_PORT)'
	@echo '  make test V=1            show what every tool prints'

demo: ## install what is missing, build, start everything, deploy a bot and talk to it
	@scripts/docker-up.sh
	@scripts/base-image.sh
	@scripts/build-demo.sh
	@scripts/demo.sh

demo-stop: ## stop the demo's bot and server
	@scripts/demo.sh stop

clean-demo: ## stop the demo and forget its data
	@scripts/demo.sh stop
	@scripts/demo.sh forget

setup: ## install what the tests need: Docker Engine, base image, Python environments, PostgreSQL
	@scripts/docker-up.sh
	@scripts/base-image.sh
	@scripts/python-peers.sh
	@scripts/postgres.sh

test: ## install what the tests need and run all of them
	@scripts/test.sh

lint: ## clippy with warnings denied, formatting, dependency rules
	@cargo fmt --all --check
	@scripts/deny.sh
	@cargo clippy --locked --workspace --all-targets -- -D warnings

fmt: ## format all code
	@cargo fmt --all

docs: ## build the API documentation, warnings denied
	@RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps

bench: ## speed, latency, memory and start, beside a bare server and the Python system (ARGS=--quick or --full)
	@scripts/bench.sh $(ARGS)

soak: ## the long tests that `make test` leaves out
	@scripts/docker-up.sh
	@scripts/base-image.sh
	@scripts/python-peers.sh
	@scripts/postgres.sh
	@cargo nextest run --locked --workspace --profile soak --run-ignored ignored-only --no-tests=warn
	@scripts/schemathesis.sh long
	@scripts/fuzz.sh 300
