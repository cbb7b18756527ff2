# make demo   installs what is needed, learns a map of the 3,786 emoji pictures and serves it
# make test   installs what is needed and runs every check: lint, types, tests
# make lint   formatting, lint rules (with the arrows between rooms) and types
# make bench  measures speed and memory; takes a while, wants a quiet machine

.DEFAULT_GOAL := help
# A build that failed half-way is not taken for one.
.DELETE_ON_ERROR:
.PHONY: help demo test lint bench build

# Files of tests that run at once; Node takes one fewer by itself.
CORES = $(shell node -p 'os.availableParallelism()')
NODE_TS := node --import ./tests/support/typescript.mjs

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

node_modules/.package-lock.json: package.json package-lock.json .npmrc
	npm ci --no-audit --no-fund
	@touch $@

SOURCES := $(shell find cli models serving training web-demo -type f -not -path '*/trained/*')

dist/cli/tsimcne.js: node_modules/.package-lock.json tsconfig.json tsconfig.build.json $(SOURCES)
	npm run --silent build

build: dist/cli/tsimcne.js

build/emoji.csv: node_modules/.package-lock.json scripts/emoji-manifest.ts
	$(NODE_TS) scripts/emoji-manifest.ts --out $@

demo: dist/cli/tsimcne.js build/emoji.csv
	rm -rf models/trained/emoji models/trained/emoji.unfinished
	node dist/cli/tsimcne.js train build/emoji.csv --preset quick --out models/trained/emoji
	@echo "Its picture: models/trained/emoji/map.png; scores and loss curves: models/trained/emoji/report.html"
	node dist/cli/tsimcne.js serve models/trained/emoji --log-level warn

lint: node_modules/.package-lock.json
	npm run --silent lint
	npm run --silent typecheck

test: lint dist/cli/tsimcne.js build/emoji.csv
	scripts/install-test-tools.sh
	$(NODE_TS) --test --test-concurrency=$(CORES) --test-reporter=spec $$(find tests -name '*.test.ts')

bench: dist/cli/tsimcne.js build/emoji.csv
	@for file in $$(find tests/benchmarks -name '*.bench.ts' | sort); do echo "== $$file"; $(NODE_TS) $$file || exit 1; done
