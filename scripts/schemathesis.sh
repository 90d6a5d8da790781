#!/usr/bin/env bash
# Holds the server to its own OpenAPI document: Schemathesis makes requests of it, right ones and wrong ones, and no
# answer may be a 5xx or anything the document does not say. What it is told, and which check is left out where and why,
# is in tests/openapi/schemathesis.toml.
#
#   scripts/schemathesis.sh           a minute, always the same requests, for make test
#   scripts/schemathesis.sh long      a quarter of an hour, each time other requests, for make soak
#
# EXAMPLES=N        about so many random requests for each operation, beside those that are made of its limits
# LIMIT_S=N         a run that takes longer has failed
# SEED=N            which requests; a run's log names its seed
# AVTOMATIKA=FILE   the server's program; built if it is not given
set -euo pipefail
cd "$(dirname "$0")/.."
SAY_TOPIC=${SAY_TOPIC:-openapi}
# shellcheck source=scripts/say.sh
. scripts/say.sh

if [ "${1:-}" = long ]; then
  EXAMPLES=${EXAMPLES:-200} LIMIT_S=${LIMIT_S:-3600} SEED=${SEED:-$RANDOM}
fi
EXAMPLES=${EXAMPLES:-20} LIMIT_S=${LIMIT_S:-600} SEED=${SEED:-1}
LOGS=$PWD/.cache/schemathesis
BIN=$PWD/.cache/python/schemathesis/bin
ADMIN=123456:TEST-TOKEN-ADMIN
USUAL=123456:TEST-TOKEN-USUAL
export WORKER=123456:TEST-TOKEN-WORKER

scripts/python-peers.sh schemathesis >/dev/null
if [ -z "${AVTOMATIKA:-}" ]; then
  cargo build --quiet --locked -p avtomatika
  AVTOMATIKA=${CARGO_TARGET_DIR:-target}/debug/avtomatika
fi

DATA=$(mktemp -d)
SERVER_PID=''
finish() {
  if [ -n "$SERVER_PID" ]; then
    kill "$SERVER_PID" 2>/dev/null || true
    wait "$SERVER_PID" 2>/dev/null || true
  fi
  rm -rf "$DATA"
}
trap finish EXIT

# Jobs go nowhere but to the worker inside: no bots, no Docker.
start_server() {
  local inputs=$PWD/tests/openapi
  env -u AVTOMATIKA_HISTORY -u OTEL_EXPORTER_OTLP_ENDPOINT CLIENT_TOKEN=123456:TEST-TOKEN-OWN GLOBAL_WORKER_TOKEN="$WORKER" \
    "$AVTOMATIKA" up --listen 127.0.0.1:0 --data-dir "$DATA/server" --blueprints examples/blueprints \
    --clients "$inputs/clients.toml" --workers "$inputs/workers.toml" --schedules "$inputs/schedules.toml" \
    --no-bot-runner --echo-worker >"$LOGS/server.log" 2>&1 &
  SERVER_PID=$!
  URL=''
  for _ in $(seq 1 200); do
    URL=$(sed -n 's|^Avtomatika is up: \(http://[0-9.:]*\).*|\1|p' "$LOGS/server.log")
    [ -z "$URL" ] || return 0
    kill -0 "$SERVER_PID" 2>/dev/null || break
    sleep 0.1
  done
  die "the server did not start: $LOGS/server.log"
}

# `run NAME TOKEN WORD…`: one run with a client's token. In a folder of its own: what it leaves there goes with it.
run() {
  local name=$1
  export CLIENT=$2
  shift 2
  mkdir -p "$DATA/$name"
  cp tests/openapi/{schemathesis.toml,hooks.py} "$DATA/jobs.dict" "$DATA/$name"
  (
    cd "$DATA/$name"
    timeout "$LIMIT_S" "$BIN/schemathesis" --config-file "$DATA/$name/schemathesis.toml" run "$URL/_public/openapi.json" \
      --max-examples "$EXAMPLES" --seed "$SEED" --output-sanitize false --no-color "$@"
  ) >"$LOGS/$name.log" 2>&1
}

# `total NAME PATTERN`: the number before a word in a run's log, else 0.
total() { grep -oE "$2" "$LOGS/$1.log" | tail -n 1 | grep -oE '[0-9]+' | head -n 1 || echo 0; }

mkdir -p "$LOGS"
start=$(now_ms)
start_server
"$BIN/python" tests/openapi/seed.py "$URL" "$USUAL" "$WORKER" >"$DATA/jobs.dict"

broken=()
run usual "$USUAL" --exclude-tag admin || broken+=(usual)
run admin "$ADMIN" --include-tag admin || broken+=(admin)

# A run that left an operation out has shown nothing of it.
for name in usual admin; do
  [ "$(total "$name" 'Selected: [0-9]+')" -eq "$(total "$name" 'Tested: [0-9]+')" ] || broken+=("$name, which left operations out")
done
cases=$(($(total usual '[0-9]+ generated') + $(total admin '[0-9]+ generated')))
operations=$(($(total usual 'Tested: [0-9]+') + $(total admin 'Tested: [0-9]+')))
for name in "${broken[@]}"; do
  fail "Schemathesis as $name: from $LOGS/${name%%,*}.log"
  sed -n '/= \(ERRORS\|FAILURES\|SUMMARY\) =/,$p' "$LOGS/${name%%,*}.log" | head -n "${SAY_TAIL_LINES:-120}" >&2
done
# The server must have come through: the same process, no panic, and it answers.
kill -0 "$SERVER_PID" 2>/dev/null || die "the server is gone: $LOGS/server.log"
! grep -q 'panicked at' "$LOGS/server.log" || die "the server panicked: $LOGS/server.log"
"$BIN/python" - "$URL" <<'PYTHON' || die "the server answers no more: $LOGS/server.log"
import json, sys, urllib.request
with urllib.request.urlopen(sys.argv[1] + "/_public/status", timeout=10) as answer:
    sys.exit(json.load(answer)["status"] != "ok")
PYTHON
[ ${#broken[@]} -eq 0 ] || die "the server and its document differ (SEED=$SEED)"
ok "Schemathesis: $operations operations, $cases requests, each answered as described (seed $SEED)  $(since_s "$start")"
