#!/usr/bin/env bash
# Measures the published Python system beside ours: makes its environments, installs a Redis where there is none, and has
# `avtomatika bench` run them on loopback ports of their own. Everything it starts it ends by its handle.
#
#   .cache/python/peer-server        avtomatika 1.0b30      its newest server
#   .cache/python/peer-worker        avtomatika-worker 1.0b20, which can't share an environment with it
#   .cache/python/peer-seed-server   avtomatika 1.0b6       the seed era's server
#   .cache/python/worker             avtomatika-worker 1.0b3, the seed era's worker
#
#   scripts/bench-peers.sh             set up and measure the Python system only
#   scripts/bench-peers.sh --set-up    set up
#   more words go to `avtomatika bench`
set -euo pipefail
cd "$(dirname "$0")/.."
SAY_TOPIC=peers
# shellcheck source=scripts/say.sh
. scripts/say.sh
# shellcheck source=scripts/apt.sh
. scripts/apt.sh

set_up() {
  scripts/python-peers.sh peer-server peer-worker peer-seed-server worker
  command -v redis-server >/dev/null && return
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || {
    warn "no redis-server here, and only root of a Debian can install it: the Python system is measured in memory only"
    return
  }
  apt_install .cache/bench redis-server
  # The package starts one for everybody; the bench runs its own.
  if [ -d /run/systemd/system ]; then systemctl disable --now redis-server >/dev/null 2>&1 || true; fi
}

set_up
[ "${1:-}" = --set-up ] && exit
cargo build --release --locked -p avtomatika
exec "${CARGO_TARGET_DIR:-target}/release/avtomatika" bench --only peers --peers .cache/python "$@"
