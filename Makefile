# Every target needs Go and bash and nothing else.
SHELL    := bash
FUZZTIME ?= 30s
BENCH    ?=

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the main job, against the built-in emulator: links from testdata, results in a temporary folder
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	go run ./cmd/delink run testdata/campaign-leads.csv --emulator --yes \
		--results "$$folder/campaign-leads.results.csv" \
		--failures "$$folder/campaign-leads.failures.csv" \
		--summary "$$folder/campaign-leads.summary.json" && \
	echo && echo "the first results:" && head -4 "$$folder/campaign-leads.results.csv"

build: ## bin/delink
	go build -trimpath -o bin/delink ./cmd/delink

test: ## the tests, with the race detector
	go test -race ./...

check: ## what has to hold before a change goes in: format, vet, lint, tidy go.mod, tests
	.ci/run

lint: ## what check does beside the tests
	.ci/lint

bench: ## measure calls, slots, memory, CPU and throttling; BENCH=-help lists the sizes
	go run ./bench $(BENCH)

fuzz: ## every fuzz target for FUZZTIME (30s)
	FUZZTIME=$(FUZZTIME) .ci/fuzz

.PHONY: help demo build test check lint bench fuzz
.DEFAULT_GOAL := help
