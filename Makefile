# make demo   installs what is needed and learns a map of the 3,786 emoji pictures: models/trained/emoji
# make test   installs what is needed and runs every check: lint, types, tests
# make lint   formatting, lint rules (with the arrows between rooms) and types
# make bench  measures speed and memory; takes a while, wants a quiet machine

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench build

NODE_TS := node --import ./tests/support/typescript.mjs

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

node_modules/.package-lock.json: package.json package-lock.json .npmrc
	npm ci --no-audit --no-fund
	@touch $@

dist/cli/main.js: node_modules/.package-lock.json tsconfig.json tsconfig.build.json $(shell find cli models training -name '*.ts' -not -path '*/trained/*')
	npm run --silent build

build: dist/cli/main.js

build/emoji.csv: node_modules/.package-lock.json scripts/emoji-manifest.ts
	$(NODE_TS) scripts/emoji-manifest.ts --out $@

demo: dist/cli/main.js build/emoji.csv
	rm -rf models/trained/emoji models/trained/emoji.unfinished
	node dist/cli/main.js train build/emoji.csv --preset quick --out models/trained/emoji
	@echo "See models/trained/emoji/map.png and models/trained/emoji/report.html"

lint: node_modules/.package-lock.json
	npm run --silent lint
	npm run --silent typecheck

test: lint dist/cli/main.js build/emoji.csv
	$(NODE_TS) --test --test-reporter=spec $$(find tests -name '*.test.ts' | sort)

bench: dist/cli/main.js build/emoji.csv
	@for file in $$(find tests/benchmarks -name '*.bench.ts' | sort); do echo "== $$file"; $(NODE_TS) $$file || exit 1; done
