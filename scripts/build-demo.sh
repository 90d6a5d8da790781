#!/usr/bin/env bash
# Builds the two programs the demo runs, with one line of progress; the compiler's own words are in .cache/demo/build.log.
set -euo pipefail
cd "$(dirname "$0")/.."
SAY_TOPIC=build
# shellcheck source=scripts/say.sh
. scripts/say.sh

scripts/compiler.sh
compile "avtomatika and avtomatika-bot, release" .cache/demo/build.log \
  cargo build --release --locked --bins -p avtomatika -p avtomatika-bot
