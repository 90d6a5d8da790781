#!/usr/bin/env bash
# Everything a change has to pass: installs what the tests need, then formatting, dependency rules, clippy, documentation,
# tests, doctests, requests made from the OpenAPI document.
#
# All gates run even when an earlier one fails, so that one run tells everything. The last line is the tests' total.
#   SKIP_SETUP=1   the engine, the image, the Python environments and the database are there: do not look
#   NEXTEST_ARGS   more words for cargo nextest, e.g. NEXTEST_ARGS='-p avtomatika-engine'
#   V=1            show every tool's output
set -uo pipefail
cd "$(dirname "$0")/.." || exit
# shellcheck source=scripts/say.sh
. scripts/say.sh

LOGS=.cache/test
START=$(now_ms)
PASSED=0 FAILED=0 SKIPPED=0
BROKEN=()
mkdir -p "$LOGS"

# `gate NAME COMMAND…`: runs it and remembers the name when it fails.
gate() {
  local name=$1
  shift
  "$@" || BROKEN+=("$name")
}

set_up() {
  scripts/compiler.sh && scripts/docker-up.sh && scripts/base-image.sh && scripts/python-peers.sh && scripts/postgres.sh
}

format() { step "cargo fmt --check" "$LOGS/fmt.log" cargo fmt --all --check -- --color never; }

clippy() {
  compile "cargo clippy, warnings denied" "$LOGS/clippy.log" \
    cargo clippy --locked --workspace --all-targets -- -D warnings
}

python() {
  step "example bots and test peers are valid Python" "$LOGS/python.log" .cache/python/aiogram/bin/python -c '
import ast, pathlib
for folder in ("examples", "tests/python", "tests/openapi", "scripts"):
    for path in pathlib.Path(folder).rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), str(path))'
}

docs() {
  RUSTDOCFLAGS='-D warnings' compile "documentation, warnings denied" "$LOGS/docs.log" \
    cargo doc --locked --workspace --no-deps
}

# The first number before WORD in the text, else 0.
number_before() { grep -oE "[0-9]+ $2" <<<"$1" | head -n 1 | grep -oE '^[0-9]+' || echo 0; }

nextest() {
  local code summary
  compile "tests built" "$LOGS/build.log" cargo nextest run --locked --workspace --no-run || {
    FAILED=$((FAILED + 1))
    return 1
  }
  # shellcheck disable=SC2086 # several words are meant
  cargo nextest run --locked --workspace --no-tests=warn ${NEXTEST_ARGS:-} 2>&1 | tee "$LOGS/nextest.log"
  code=${PIPESTATUS[0]}
  summary=$(sed 's/\x1b\[[0-9;]*m//g' "$LOGS/nextest.log" | grep -E '^ +Summary ' | tail -n 1)
  PASSED=$((PASSED + $(number_before "$summary" passed)))
  FAILED=$((FAILED + $(number_before "$summary" failed) + $(number_before "$summary" 'timed out')))
  SKIPPED=$((SKIPPED + $(number_before "$summary" skipped)))
  return "$code"
}

# The lines cargo test closes each binary with, added up.
count_cargo_test() {
  local line
  while read -r line; do
    PASSED=$((PASSED + $(number_before "$line" passed)))
    FAILED=$((FAILED + $(number_before "$line" failed)))
    SKIPPED=$((SKIPPED + $(number_before "$line" ignored)))
  done < <(grep -E '^test result: ' "$1")
}

cargo_test() {
  say "cargo-nextest is not installed: running cargo test instead"
  local code=0
  compile "tests by cargo test" "$LOGS/cargo-test.log" \
    cargo test --locked --workspace --lib --bins --tests --no-fail-fast || code=$?
  count_cargo_test "$LOGS/cargo-test.log"
  return "$code"
}

tests() {
  if cargo nextest --version >/dev/null 2>&1; then nextest; else cargo_test; fi
}

doctests() {
  local code=0
  compile "doctests" "$LOGS/doctests.log" cargo test --locked --workspace --doc --no-fail-fast || code=$?
  count_cargo_test "$LOGS/doctests.log"
  return "$code"
}

# The program is there: the tests were built with it.
openapi() {
  local program=${CARGO_TARGET_DIR:-target}/debug/avtomatika
  [ -x "$program" ] || program=''
  SAY_TOPIC='test' AVTOMATIKA=$program scripts/schemathesis.sh
}

title "Avtomatika: all tests"
[ -n "${SKIP_SETUP:-}" ] || SAY_TOPIC=setup gate setup set_up
SAY_TOPIC=check
gate fmt format
gate deny scripts/deny.sh
gate python python
gate clippy clippy
gate docs docs
SAY_TOPIC='test'
gate tests tests
gate doctests doctests
gate openapi openapi

SAY_TOPIC=''
if [ ${#BROKEN[@]} -eq 0 ]; then ok "everything passed  $(since_s "$START")"; else fail "failed: ${BROKEN[*]}  $(since_s "$START")"; fi
echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
[ ${#BROKEN[@]} -eq 0 ]
