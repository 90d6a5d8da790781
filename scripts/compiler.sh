#!/usr/bin/env bash
# Makes sure the project can be built: cargo has to be there, the C compiler it links with is installed when missing.
set -euo pipefail
cd "$(dirname "$0")/.."
SAY_TOPIC=${SAY_TOPIC:-build}
# shellcheck source=scripts/say.sh
. scripts/say.sh
# shellcheck source=scripts/apt.sh
. scripts/apt.sh

LOGS=.cache/compiler

command -v cargo >/dev/null || die "no cargo here: Avtomatika is built by a Rust toolchain of 1.95 or newer (https://rustup.rs)"
if ! command -v cc >/dev/null; then
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || die "a C compiler is needed (Debian: apt-get install gcc libc6-dev)"
  apt_install "$LOGS" gcc libc6-dev
fi
