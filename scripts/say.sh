# shellcheck shell=bash
# Progress lines for the scripts beside this file: sourced, never run.
#
# One line a step, with the seconds it took; everything long goes to a log file whose tail is shown
# when the step fails. Colour only on a terminal and without NO_COLOR.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  SAY_BOLD=$'\e[1m' SAY_DIM=$'\e[2m' SAY_GREEN=$'\e[32m' SAY_YELLOW=$'\e[33m' SAY_RED=$'\e[31m' SAY_OFF=$'\e[0m'
else
  SAY_BOLD='' SAY_DIM='' SAY_GREEN='' SAY_YELLOW='' SAY_RED='' SAY_OFF=''
fi

# Milliseconds since the epoch.
now_ms() { echo $(($(date +%s%N) / 1000000)); }

# `since_s START_MS`: seconds since then with one decimal, as "12.3s".
since_s() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%ds' $((ms / 1000)) $((ms % 1000 / 100))
}

SAY_TOPIC=${SAY_TOPIC:-}

# `title TEXT`: what a whole script or target is about to do.
title() { printf '%s%s%s\n' "$SAY_BOLD" "$*" "$SAY_OFF"; }

say() { printf '  %-8s %s\n' "$SAY_TOPIC" "$*"; }
ok() { printf '  %-8s %s✓%s %s\n' "$SAY_TOPIC" "$SAY_GREEN" "$SAY_OFF" "$*"; }
warn() { printf '  %-8s %s! %s%s\n' "$SAY_TOPIC" "$SAY_YELLOW" "$*" "$SAY_OFF" >&2; }
fail() { printf '  %-8s %s✗ %s%s\n' "$SAY_TOPIC" "$SAY_RED" "$*" "$SAY_OFF" >&2; }
die() {
  fail "$@"
  exit 1
}

# `step TEXT LOG COMMAND…`: runs COMMAND with its output in LOG, prints TEXT and the time it took. With V=1
# the output is shown as well. On failure shows the tail of the log and answers the command's code.
step() {
  local text=$1 log=$2 start code=0
  shift 2
  start=$(now_ms)
  mkdir -p "$(dirname "$log")"
  if [ -n "${V:-}" ]; then
    say "$text …"
    "$@" 2>&1 | tee "$log"
    code=${PIPESTATUS[0]}
  else
    if [ -t 1 ]; then printf '  %-8s %s… %s%s\r' "$SAY_TOPIC" "$SAY_DIM" "$text" "$SAY_OFF"; fi
    "$@" >"$log" 2>&1 || code=$?
    if [ -t 1 ]; then printf '\e[K'; fi
  fi
  if [ "$code" -eq 0 ]; then
    ok "$text  $(since_s "$start")"
  else
    fail "$text: exit code $code after $(since_s "$start"); the last lines of $log:"
    tail -n "${SAY_TAIL_LINES:-20}" "$log" | sed 's/^/      /' >&2
  fi
  return "$code"
}

# `serialise NAME`: waits until no other process of this machine is inside the same section. The lock is held until
# the script ends; children that outlive it must be started with `9>&-`.
serialise() {
  local dir=/run/lock
  [ -w "$dir" ] || dir=${TMPDIR:-/tmp}
  exec 9>>"$dir/avtomatika-$1-$(id -u).lock"
  if ! flock -n 9; then
    say "another run is at it; waiting for it"
    flock 9
  fi
}

# `compile TEXT LOG COMMAND…`: a `step` for cargo: says while it runs how many crates are done, on one line of a terminal
# and every 30 s elsewhere.
compile() {
  local text=$1 log=$2 start pid code=0 done_crates last_line_s=0 now_s
  shift 2
  if [ -n "${V:-}" ]; then
    step "$text" "$log" "$@"
    return
  fi
  start=$(now_ms)
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    done_crates=$(grep -cE '^ *(Compiling|Checking) ' "$log" || true)
    now_s=$((($(now_ms) - start) / 1000))
    if [ -t 1 ]; then
      printf '  %-8s %s… %s: %s crates, %ss%s\e[K\r' "$SAY_TOPIC" "$SAY_DIM" "$text" "$done_crates" "$now_s" "$SAY_OFF"
    elif [ $((now_s - last_line_s)) -ge 30 ]; then
      last_line_s=$now_s
      say "… $text: $done_crates crates, ${now_s}s"
    fi
    sleep 0.3
  done
  wait "$pid" || code=$?
  if [ -t 1 ]; then printf '\e[K'; fi
  if [ "$code" -eq 0 ]; then
    ok "$text ($(grep -cE '^ *(Compiling|Checking) ' "$log" || true) crates)  $(since_s "$start")"
  else
    fail "$text: exit code $code after $(since_s "$start"); the last lines of $log:"
    tail -n "${SAY_TAIL_LINES:-40}" "$log" | sed 's/^/      /' >&2
  fi
  return "$code"
}
