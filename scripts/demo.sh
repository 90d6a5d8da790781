#!/usr/bin/env bash
# The demo: everything on this machine, a real aiogram bot in its own container, a Telegram that lives here too.
#
#   scripts/demo.sh            start the stack, deploy the bot, talk to it, leave it all up   (make demo)
#   scripts/demo.sh stop       stop the bot and the server                                    (make demo-stop)
#   scripts/demo.sh forget     after that, remove the server's state                          (make clean-demo)
#
# ONCE=1            stop everything again at the end; the exit code says whether every answer was right
# API_PORT, SIM_PORT   8080 and 8081 unless set; a default that is taken gives way to the next free port
# AVTOMATIKA_DATA   where the server keeps its state: avtomatika-data unless set
set -euo pipefail
cd "$(dirname "$0")/.."
SAY_TOPIC=demo
# shellcheck source=scripts/say.sh
. scripts/say.sh
# shellcheck source=scripts/ports.sh
. scripts/ports.sh

SERVER=${CARGO_TARGET_DIR:-target}/release/avtomatika
CLI=${CARGO_TARGET_DIR:-target}/release/avtomatika-bot
DATA=${AVTOMATIKA_DATA:-avtomatika-data}
LOG=$DATA/server.log
PID_FILE=$DATA/server.pid
BOT=demo-bot
BOT_TOKEN=123456:DEMO-TOKEN
BOT_NUMBER=123456
READY_TIMEOUT_S=30
STOP_TIMEOUT_S=40
ANSWER_TIMEOUT_S=60

started_server=''

server_pid() {
  local pid
  pid=$(cat "$PID_FILE" 2>/dev/null) || return 1
  # The number may be another process's by now.
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = avtomatika ] && echo "$pid"
}

# Makes avtomatika-bot talk to this demo's server and no other: it finds avtomatika-data/client.toml by itself, another
# folder's has to be handed to it.
point_the_cli_here() {
  unset AVTOMATIKA_URL AVTOMATIKA_TOKEN
  [ "$DATA" != avtomatika-data ] && [ -r "$DATA/client.toml" ] || return 0
  AVTOMATIKA_URL=$(sed -n 's/^ *url *= *"\(.*\)" *$/\1/p' "$DATA/client.toml")
  AVTOMATIKA_TOKEN=$(sed -n 's/^ *token *= *"\(.*\)" *$/\1/p' "$DATA/client.toml")
  export AVTOMATIKA_URL AVTOMATIKA_TOKEN
}

# The output of a program, set off from our own lines.
shown() { sed 's/^/    │ /'; }

# A program's output that may hold the tokens the server shows once, without them.
without_tokens() {
  local script='' token
  while read -r token; do
    [ ${#token} -lt 8 ] || script+="s/$(sed 's/[][\/.*^$]/\\&/g' <<<"$token")/***/g;"
  done < <(sed -n 's/^ *[a-z_]*token[a-z_]* *= *"\(.*\)" *$/\1/p' "$DATA"/*.toml 2>/dev/null)
  sed "$script"
}

# Every bot of the demo's user, also those started by hand while the stack was up.
bots() { "$CLI" list --json 2>/dev/null | grep -oE '"bot_id": *"[^"]+"' | sed 's/.*"\([^"]*\)"$/\1/' | sort -u; }

stop_bots() {
  local bot start code=0
  for bot in $(bots || true); do
    start=$(now_ms)
    if "$CLI" stop "$bot" >"$DATA/stop.log" 2>&1; then
      ok "$bot stopped  $(since_s "$start")"
    else
      fail "$bot could not be stopped:"
      shown <"$DATA/stop.log" >&2
      code=1
    fi
  done
  return "$code"
}

stop_server() {
  local pid start
  pid=$(server_pid) || {
    rm -f "$PID_FILE"
    return 0
  }
  start=$(now_ms)
  kill -TERM "$pid"
  while kill -0 "$pid" 2>/dev/null; do
    if [ $(($(now_ms) - start)) -gt $((STOP_TIMEOUT_S * 1000)) ]; then
      kill -KILL "$pid"
      rm -f "$PID_FILE"
      fail "the server did not stop within ${STOP_TIMEOUT_S}s and was killed"
      return 1
    fi
    sleep 0.1
  done
  rm -f "$PID_FILE"
  ok "server stopped  $(since_s "$start")"
}

# A server that was killed leaves its bots running: they are only named here, for they may be another server's.
bots_left() {
  local left
  left=$(docker ps --filter label=bot_runner=true --format '{{.Names}}' 2>/dev/null | tr '\n' ' ' || true)
  [ -z "$left" ] || warn "bots still run in containers: ${left}(a server started on their data takes them over; docker rm -f ends them)"
}

stop_all() {
  local code=0
  if server_pid >/dev/null; then
    stop_bots || code=1
    stop_server || code=1
  else
    rm -f "$PID_FILE"
    say "the server is not running"
    bots_left
  fi
  return "$code"
}

# A demo that failed leaves nothing behind but its log.
on_exit() {
  local code=$?
  [ "$code" -ne 0 ] || return 0
  if [ -s "$LOG" ] && [ -n "$started_server" ]; then
    fail "the demo failed; the server's last lines ($LOG):"
    tail -n 30 "$LOG" | without_tokens | shown >&2
  fi
  [ -z "$started_server" ] || stop_bots || true
  [ -z "$started_server" ] || stop_server || true
  exit "$code"
}

start_server() {
  local start pid
  start=$(now_ms)
  mkdir -p "$DATA"
  # Its first lines hold the tokens: nobody else's to read.
  (umask 077 && : >"$LOG")
  # The simulator listens on all addresses: a bot reaches it at the gateway of its own network.
  setsid "$SERVER" up --listen "127.0.0.1:$API_PORT" --data-dir "$DATA" \
    --telegram-sim --telegram-sim-listen "0.0.0.0:$SIM_PORT" >>"$LOG" 2>&1 </dev/null 9>&- &
  pid=$!
  echo "$pid" >"$PID_FILE"
  started_server=yes
  until [ "$(http_status "$API_PORT" /_public/status)" = 200 ]; do
    kill -0 "$pid" 2>/dev/null || die "the server ended while starting"
    [ $(($(now_ms) - start)) -lt $((READY_TIMEOUT_S * 1000)) ] || die "the server did not answer within ${READY_TIMEOUT_S}s"
    sleep 0.05
  done
  ok "server on http://127.0.0.1:$API_PORT, Telegram on http://127.0.0.1:$SIM_PORT  $(since_s "$start")"
}

deploy() {
  local start
  start=$(now_ms)
  say "\$ avtomatika-bot start $BOT --simple examples/bots/echo_bot.py -e BOT_TOKEN=…"
  "$CLI" start "$BOT" --simple examples/bots/echo_bot.py -e "BOT_TOKEN=$BOT_TOKEN" 2>&1 | shown
  ok "bot deployed  $(since_s "$start")"
}

# `ask TEXT EXPECTED…`: sends it as a person would, prints the answer, fails unless each EXPECTED is in it.
ask() {
  local text=$1 start answer expected
  shift
  start=$(now_ms)
  say "\$ avtomatika telegram-sim send --bot $BOT_NUMBER '$text'"
  answer=$(timeout "$ANSWER_TIMEOUT_S" "$SERVER" telegram-sim send \
    --url "http://127.0.0.1:$SIM_PORT" --bot "$BOT_NUMBER" --user Анна --wait 20s "$text") || {
    shown <<<"$answer"
    die "no answer to $text"
  }
  shown <<<"$answer"
  for expected in "$@"; do
    grep -qF -- "$expected" <<<"$answer" || die "the answer to '$text' lacks '$expected'"
  done
  ok "answered  $(since_s "$start")"
}

look() {
  say "\$ avtomatika-bot $*"
  "$CLI" "$@" 2>&1 | shown
}

up() {
  local start answers_start
  start=$(now_ms)
  [ -x "$SERVER" ] && [ -x "$CLI" ] || die "not built yet: run make demo"
  if server_pid >/dev/null; then
    say "an earlier demo is still up: stopping it first"
    point_the_cli_here
    stop_all
  fi
  API_PORT=$(free_port API_PORT "${API_PORT:-8080}" "${API_PORT:-}")
  SIM_PORT=$(free_port SIM_PORT "${SIM_PORT:-8081}" "${SIM_PORT:-}" "$API_PORT")
  trap on_exit EXIT

  start_server
  point_the_cli_here
  deploy
  answers_start=$(now_ms)
  ask /start '👋 Привет, ' 'Я Echo-бот. Отправь мне любое сообщение, и я его повторю.'
  ask /ping 'pong, '
  ask 'Раз, два, три' 'Раз, два, три'
  ok "three questions, three right answers  $(since_s "$answers_start")"
  look list
  look status "$BOT"
  look logs "$BOT" -n 10

  if [ -n "${ONCE:-}" ]; then
    stop_bots
    stop_server
    started_server=''
    ok "the whole demo  $(since_s "$start")"
    return
  fi
  ok "the whole demo  $(since_s "$start"); the stack stays up"
  cat <<TEXT

  Talk to the bot:      $SERVER telegram-sim chat --url http://127.0.0.1:$SIM_PORT --bot $BOT_NUMBER
  Watch its log:        $CLI logs $BOT -f
  Give it new code:     $CLI update $BOT --simple examples/bots/echo_bot_v2.py
  See one crash:        $CLI start error-bot --simple examples/bots/error_bot.py; $CLI status error-bot
  The server's log:     $LOG
  Stop everything:      make demo-stop      (and forget it: make clean-demo)
TEXT
}

forget() {
  [ -d "$DATA" ] || return 0
  ! server_pid >/dev/null || die "the server still runs: stop it first"
  # Only what a server of ours has written in: a mistyped AVTOMATIKA_DATA must not cost anybody a folder.
  [ -e "$LOG" ] || [ -e "$DATA/client.toml" ] || die "$DATA does not look like a server's data: not removing it"
  rm -rf -- "$DATA"
  ok "$DATA removed"
}

case "${1:-up}" in
  up) up ;;
  stop)
    point_the_cli_here
    stop_all
    ;;
  forget) forget ;;
  *) die "usage: $0 [up|stop|forget]" ;;
esac
