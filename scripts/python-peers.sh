#!/usr/bin/env bash
# Makes the Python environments that tests run foreign programs in: the published worker SDK, aiogram and Schemathesis.
#
#   .cache/python/worker/bin/python    avtomatika-worker 1.0b3
#   .cache/python/aiogram/bin/python   aiogram 3
#   .cache/python/schemathesis/bin/schemathesis
# With arguments it makes those named, for example what `scripts/bench-peers.sh` needs:
#   .cache/python/peer-server/bin/python   avtomatika 1.0b30
#   .cache/python/peer-worker/bin/python   avtomatika-worker 1.0b20
# An environment is made anew only when its requirements file changed. Safe to run again and twice at once.
set -euo pipefail
cd "$(dirname "$0")/.."
SAY_TOPIC=python
# shellcheck source=scripts/say.sh
. scripts/say.sh
# shellcheck source=scripts/apt.sh
. scripts/apt.sh

CACHE_DIR=$PWD/.cache/python

# A Python of at least 3.11 that can make an environment with pip in it.
find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
    command -v "$candidate" >/dev/null || continue
    "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    command -v "$candidate"
    return
  done
  return 1
}

install_python() {
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null ||
    die "the tests need Python 3.11 or newer with venv (Debian: apt-get install python3 python3-venv)"
  apt_install "$CACHE_DIR" python3 python3-venv ca-certificates
}

fill() {
  rm -rf "$2" && "$1" -m venv "$2" && "$2/bin/python" -m pip install --disable-pip-version-check -r "$3"
}

# `environment NAME`: .cache/python/NAME from tests/python/requirements-NAME.txt.
environment() {
  local dir=$CACHE_DIR/$1 requirements=tests/python/requirements-$1.txt wanted
  # The interpreter is part of the key: an environment dies with the Python it was made from.
  wanted=$(cat "$requirements" <("$PYTHON3" -VV) <(echo "$PYTHON3") | sha256sum | cut -c1-16)
  if [ "$(cat "$dir/made-from" 2>/dev/null)" = "$wanted" ] && "$dir/bin/python" -c '' 2>/dev/null; then
    ok "environment $1 is there"
    return
  fi
  step "environment $1: $(grep -v '^#' "$requirements" | tr '\n' ' ')" "$CACHE_DIR/$1.log" fill "$PYTHON3" "$dir" "$requirements"
  echo "$wanted" >"$dir/made-from"
}

serialise python-peers
PYTHON3=$(find_python) || { install_python && PYTHON3=$(find_python); } || die "no usable Python after installing it"
[ $# -gt 0 ] || set -- worker aiogram schemathesis
for name in "$@"; do environment "$name"; done
