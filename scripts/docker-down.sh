#!/usr/bin/env bash
# Stops the Docker Engine that docker-up.sh started, and no other: the pid file says which one that is.
set -euo pipefail
cd "$(dirname "$0")/.."
SAY_TOPIC=docker
# shellcheck source=scripts/say.sh
. scripts/say.sh

PID_FILE=$PWD/.cache/docker/dockerd.pid
STOP_TIMEOUT_S=${DOCKER_STOP_TIMEOUT_S:-60}

if [ ! -f "$PID_FILE" ]; then
  say "no engine was started by docker-up.sh: nothing to stop"
  exit 0
fi
pid=$(cat "$PID_FILE")
# A pid file can outlive its process and the number be somebody else's by now.
if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != dockerd ]; then
  rm -f "$PID_FILE"
  say "the engine docker-up.sh started is not running any more"
  exit 0
fi
serialise docker
start=$(now_ms)
kill -TERM "$pid"
while kill -0 "$pid" 2>/dev/null; do
  [ $(($(now_ms) - start)) -lt $((STOP_TIMEOUT_S * 1000)) ] || die "dockerd ($pid) still runs after ${STOP_TIMEOUT_S}s"
  sleep 0.2
done
rm -f "$PID_FILE"
ok "engine stopped  $(since_s "$start")"
