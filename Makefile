# Every target needs Go and bash and nothing else.
SHELL    := bash
FUZZTIME ?= 30s
BENCH    ?=
SEEDS    ?= 10000
FROM     ?= 1
KILLS    ?= 200
DIST_TARGETS ?=
DIST_URL     ?=

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the main job, against the built-in emulator: links from testdata, results in a temporary folder
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	go run ./cmd/delink run testdata/campaign-leads.csv --emulator --yes \
		--results "$$folder/campaign-leads.results.csv" \
		--failures "$$folder/campaign-leads.failures.csv" \
		--summary "$$folder/campaign-leads.summary.json" && \
	echo && echo "the first results:" && head -4 "$$folder/campaign-leads.results.csv"

build: ## bin/delink
	go build -trimpath -o bin/delink ./cmd/delink

dist: ## a release in dist/: archives, packages, images, sums; DIST_TARGETS=linux/amd64,… and DIST_URL for less, and where it will lie
	go run ./packaging/dist $(if $(DIST_TARGETS),-targets "$(DIST_TARGETS)") $(if $(DIST_URL),-url "$(DIST_URL)")

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

soak: ## whole runs simulated: SEEDS (10000) of them, from FROM (1); seeds that break a rule are named
	DELINK_SEEDS=$(SEEDS) go test ./pkg/job/simulation -run 'Simulation$$' -timeout 0 -from $(FROM)

soak-kill: ## the program killed KILLS (200) times with SIGKILL, and run again until it is done
	go test ./pkg/job/simulation -run Kills -timeout 0 -count 1 -v -kills $(KILLS)

.PHONY: help demo build dist test check lint bench fuzz soak soak-kill
.DEFAULT_GOAL := help
