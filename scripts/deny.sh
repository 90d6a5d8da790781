#!/usr/bin/env bash
# Checks the rules for dependencies in deny.toml: licences, banned crates, one version of each crate, sources.
#
# By cargo-deny where it is installed; building it costs minutes on two cores, so elsewhere deny.py checks the same file.
#   scripts/deny.sh --install   builds cargo-deny first
set -euo pipefail
cd "$(dirname "$0")/.."
SAY_TOPIC=${SAY_TOPIC:-check}
# shellcheck source=scripts/say.sh
. scripts/say.sh

LOGS=.cache/test

if [ "${1:-}" = --install ] && ! command -v cargo-deny >/dev/null; then
  compile "cargo-deny installed" "$LOGS/deny-install.log" cargo install cargo-deny --locked --no-default-features
fi

if command -v cargo-deny >/dev/null; then
  step "dependency rules, by cargo-deny" "$LOGS/deny.log" cargo deny check bans licenses sources
else
  # Any Python with tomllib will do; without one the gate says it did not run instead of passing silently.
  for python in python3 python3.13 python3.12 python3.11 .cache/python/worker/bin/python; do
    if "$python" -c 'import tomllib' 2>/dev/null; then
      step "dependency rules, by scripts/deny.py (cargo-deny is not installed)" "$LOGS/deny.log" "$python" scripts/deny.py
      exit
    fi
  done
  warn "dependency rules NOT checked: neither cargo-deny nor a Python of 3.11 or newer is here"
fi
