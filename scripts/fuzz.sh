#!/usr/bin/env bash
# Fuzzes blueprint files, job bodies and result bodies, one after the other, so many seconds each.
#
#   scripts/fuzz.sh [SECONDS] [TARGET...]      300 seconds and all targets if nothing is said
#
# libFuzzer and rustc's own coverage counters: neither nightly nor cargo-fuzz is needed, though
# `cargo +nightly fuzz run TARGET` works on the same folder. What is found is kept in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/say.sh
. scripts/say.sh

SECONDS_EACH=${1:-300}
shift || true
TARGETS=("$@")
[ ${#TARGETS[@]} -gt 0 ] || TARGETS=(blueprint_file job_body result_body)
HOST=$(rustc -vV | sed -n 's/^host: //p')
HOME_DIR=$PWD/.cache/fuzz

# With a target named, build scripts and macros are built without counters.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares" \
  cargo build --quiet --release --locked --manifest-path fuzz/Cargo.toml --target "$HOST" --target-dir "$HOME_DIR/target"

mkdir -p fuzz/artifacts
for target in "${TARGETS[@]}"; do
  corpus=$HOME_DIR/corpus/$target
  mkdir -p "$corpus" "fuzz/artifacts/$target"
  seeds=("fuzz/seeds/$target")
  [ "$target" != blueprint_file ] || seeds=(examples/blueprints crates/blueprint/tests/bad)
  "$HOME_DIR/target/$HOST/release/$target" "$corpus" "${seeds[@]}" -max_total_time="$SECONDS_EACH" -max_len=8192 \
    -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="fuzz/artifacts/$target/" \
    >"$HOME_DIR/$target.log" 2>&1 || {
    tail -n 30 "$HOME_DIR/$target.log" >&2
    fail "$target: see fuzz/artifacts/$target"
    exit 1
  }
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$HOME_DIR/$target.log")
  rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$HOME_DIR/$target.log")
  ok "$target: $runs executions, $rate/s, nothing found"
done
