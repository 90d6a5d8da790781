#!/usr/bin/env bash
# Measures everything in one run: ours, a bare server of the same framework, the published Python system. Sets the Python
# system up first; without it the rest is measured all the same.
#
#   scripts/bench.sh            the usual sizes
#   scripts/bench.sh --quick    a smaller run, about three minutes
#   scripts/bench.sh --full     every size the bounds are set for; writes docs/benchmarks.{md,svg,json}
#   more words go to `avtomatika bench`
set -euo pipefail
cd "$(dirname "$0")/.."
SAY_TOPIC=bench
# shellcheck source=scripts/say.sh
. scripts/say.sh

# BENCH_PROFILE=dist: as it is shipped, which takes long to build.
profile=${BENCH_PROFILE:-release}
target=${CARGO_TARGET_DIR:-target}

scripts/bench-peers.sh --set-up || warn "the Python system could not be set up; the rest is measured without it"
step "building avtomatika" .cache/bench/build.log cargo build --profile "$profile" --locked -p avtomatika
data=$target/bench-data
rm -rf "$data"
docs=()
case " $* " in *" --full "*) docs=(--docs docs) ;; esac
exec "$target/$profile/avtomatika" bench --data-dir "$data" --peers .cache/python "${docs[@]}" "$@"
