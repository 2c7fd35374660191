# Every target can be run again, installs what it needs and is missing, and is quiet about what is there.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Where the demonstration lives, and programs that only tests need; both ignored by git.
DEMO := demo
TOOLS := $(CURDIR)/.tools
CDX := target/release/cdx

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: need-build need-fuse web ## Builds cdx, makes a sample workspace, mounts and serves it in the background and says what to try
	@cargo build --release --locked --quiet
	@$(CDX) demo $(DEMO)

.PHONY: demo-stop
demo-stop: ## Ends it; the files stay
	@if [ -x $(CDX) ]; then $(CDX) demo --stop $(DEMO); else echo "no demo was ever started here"; fi

.PHONY: build
build: need-build web ## The release binary, target/release/cdx, with the web UI in it
	@cargo build --release --locked

# What npm installs is named by a file that is newer; what is built, by the sources that are newer than the page.
WEB_MODULES := web/node_modules/.package-lock.json
WEB_SOURCES := $(shell find web/src web/public web/scripts -type f ! -name schema.d.ts 2>/dev/null) \
	web/index.html web/package.json web/vite.config.ts web/tsconfig.json $(wildcard tests/it/api/snapshots/*openapi.snap)
# Where this machine's node is too old, one of npm's registry is used (.ci/need-node).
NODE_PATHS := $(TOOLS)/node/node_modules/.bin:$$PATH

.PHONY: web
web: web/dist/index.html ## The web UI, into web/dist, from where cargo embeds it

web/dist/index.html: $(WEB_MODULES) $(WEB_SOURCES)
	@PATH="$(NODE_PATHS)"; cd web; npm run --silent build -- --logLevel warn
	@touch $@

$(WEB_MODULES): web/package.json web/package-lock.json
	@.ci/need-node
	@PATH="$(NODE_PATHS)"; cd web; npm ci --no-audit --no-fund --loglevel error

.PHONY: web-test
web-test: need-build need-fuse web ## Tests of the web UI: logic, size of what is loaded, and flows in Chromium on a real server and mount
	@.ci/need chromium=chromium
	@cargo build --locked --quiet
	@export PATH="$(NODE_PATHS)"; cd web; npm run --silent test; npm run --silent size; npm run --silent e2e -- $(ARGS)

.PHONY: web-figures
web-figures: need-build need-fuse web ## What the page takes on 10,000 notes, a board of 5,000 cards and a note of 1 MB
	@.ci/need chromium=chromium
	@cargo build --release --locked --quiet
	@export PATH="$(NODE_PATHS)" CODEX_FIGURES=1 CODEX_BIN=$(CURDIR)/$(CDX); cd web; npm run --silent e2e -- figures --project desktop

.PHONY: web-lighthouse
web-lighthouse: need-build need-fuse web $(TOOLS)/lighthouse/.installed ## Google's Lighthouse on a sign-in page, a note and a folder, on a desktop and a phone; fails under 95
	@.ci/need chromium=chromium
	@cargo build --release --locked --quiet
	@export PATH="$(NODE_PATHS)" CODEX_LIGHTHOUSE=$(TOOLS)/lighthouse CODEX_BIN=$(CURDIR)/$(CDX); cd web; npm run --silent e2e -- lighthouse --project desktop

# With what it needs it is 185 MB: no part of what the page is built with.
# The last one for Node 20.
LIGHTHOUSE := 12.8.2
$(TOOLS)/lighthouse/.installed:
	@.ci/need-node
	@echo "installing Lighthouse into .tools (once)"
	@mkdir -p $(@D)
	@PATH="$(NODE_PATHS)"; npm install --prefix $(@D) --no-audit --no-fund --loglevel error lighthouse@$(LIGHTHOUSE)
	@touch $@

.PHONY: screenshots
screenshots: need-build need-fuse web ## Pictures of the main screens, light and dark, into docs/screenshots
	@.ci/need chromium=chromium
	@cargo build --locked --quiet
	@export PATH="$(NODE_PATHS)" CODEX_SCREENSHOTS=$(CURDIR)/docs/screenshots; cd web; npm run --silent e2e -- screenshots --project desktop

.PHONY: test
test: need-build need-fuse need-test web ## All tests: unit, real mounts, real programs, conformance, the web UI
	@export PATH="$(TOOLS)/bin:$$PATH"; \
	cargo build --locked --quiet; \
	if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --locked; else cargo test --locked --lib --tests; fi; \
	cargo test --locked --doc --quiet
	@$(MAKE) web-test

.PHONY: race
race: need-build need-test ## Folders swapped for links under load of the API, for a minute (FOR=60)
	@CDX_RACE_SECONDS=$${FOR:-60} cargo nextest run --locked --no-capture --test it 'api::paths::'

.PHONY: schemathesis
schemathesis: need-build need-fuse need-test ## Requests made up from the description of the API, as two people (FOR=600 SEED=7)
	@CDX_SCHEMATHESIS_SECONDS=$${FOR:-600} CDX_SCHEMATHESIS_SEED=$${SEED:-$$RANDOM} \
	CDX_SCHEMATHESIS_EXAMPLES=$${EXAMPLES:-50} CDX_SCHEMATHESIS_PHASES=examples,coverage,fuzzing,stateful \
	cargo nextest run --locked --no-capture --no-tests=fail --test it 'api::schemathesis::'

.PHONY: model
model: need-build need-fuse ## Random operations on a real mount beside a model of it (SEQUENCES=10000 SEED=1)
	@CDX_MODEL_SEQUENCES=$${SEQUENCES:-10000} CDX_MODEL_SEED=$${SEED:-1} cargo nextest run --locked --no-capture --test it 'fs::model::'

.PHONY: reliability
reliability: need-build need-fuse need-test ## Crash loops, suites, faults at full length, as a table (ARGS='crash --short')
	@export PATH="$(TOOLS)/bin:$$PATH"; cargo test --locked --quiet --test reliability -- $(ARGS)

.PHONY: bench
bench: need-build need-fuse bench-tools ## The table of targets: ours, the peer's, met or not (ARGS='--quick history')
	@cargo bench --locked --quiet --bench targets -- $(ARGS)

# The peers that Codex is measured beside, and what measures.
.PHONY: bench-tools
bench-tools:
	@.ci/need fio=fio bindfs=bindfs mergerfs=mergerfs rg=ripgrep hyperfine=hyperfine python3=python3 git=git \
		mkfs.ext4=e2fsprogs setpriv=util-linux wrk=wrk

.PHONY: lint
lint: $(WEB_MODULES) ## Formatting, lints, types, documentation: no warning
	@cargo fmt --check
	@cargo clippy --locked --all-targets --quiet -- -D warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet
	@PATH="$(NODE_PATHS)"; cd web; npm run --silent check; npm run --silent lint

.PHONY: audit
audit: $(TOOLS)/bin/cargo-deny ## Advisories, licences and sources of the dependencies (deny.toml)
	@PATH="$(TOOLS)/bin:$$PATH" cargo deny --locked check

.PHONY: need-build
need-build:
	@.ci/need cc=build-essential
	@command -v cargo >/dev/null || { \
		echo "cargo is missing: install Rust with https://rustup.rs, or apt-get install rustup" >&2; exit 1; }

.PHONY: need-fuse
need-fuse:
	@.ci/need fusermount3=fuse3
	@.ci/need-fuse

.PHONY: tools
tools: $(TOOLS)/bin/pjdfstest $(TOOLS)/bin/fsx ## Conformance suites of filesystems, into .tools

.PHONY: python
python: $(TOOLS)/python/.installed ## Clients of the server that tests drive it with (tests/requirements.txt), into .tools

# The file says that all went well, and when. Debian has what makes an environment in a package of its own.
$(TOOLS)/python/.installed: tests/requirements.txt
	@.ci/need python3=python3
	@python3 -c 'import ensurepip' 2>/dev/null || .ci/need ensurepip=python3-venv
	@echo "installing the packages of $< into .tools (once)"
	@python3 -m venv --clear $(TOOLS)/python
	@$(TOOLS)/python/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# Programs that the tests drive on a mount, and clients that they drive the server with.
.PHONY: need-test
need-test: tools python
	@.ci/need git=git rsync=rsync rg=ripgrep perl=perl python3=python3 setfacl=acl setfattr=attr \
		vim=vim nano=nano emacs=emacs-nox sqlite3=sqlite3 script=bsdutils patch=patch useradd=passwd stress-ng=stress-ng prlimit=util-linux \
		curl=curl jq=jq openssl=openssl

$(TOOLS)/bin/pjdfstest $(TOOLS)/bin/fsx $(TOOLS)/bin/cargo-deny: $(TOOLS)/bin/%:
	@echo "installing $* into .tools (once)"
	@cargo install --locked --quiet --root $(TOOLS) $*
