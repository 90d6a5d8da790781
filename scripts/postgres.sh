#!/usr/bin/env bash
# Makes sure the PostgreSQL server of the tests answers: installs Debian's package where there is none and starts a private server,
# on a port of its own, with its data in a temporary folder. It touches no server that was there before.
#
#   scripts/postgres.sh         start it, if it does not run; .cache/postgres/url says where
#   scripts/postgres.sh stop    stop it and delete its data
# Safe to run again and twice at once.
set -euo pipefail
cd "$(dirname "$0")/.."
SAY_TOPIC=postgres
# shellcheck source=scripts/say.sh
. scripts/say.sh
# shellcheck source=scripts/apt.sh
. scripts/apt.sh
# shellcheck source=scripts/ports.sh
. scripts/ports.sh

CACHE_DIR=$PWD/.cache/postgres
# Where the server is, for tests: readable by the owner only, since the password is in it.
URL_FILE=$CACHE_DIR/url
# Its data. Not in this folder, which the user `postgres` may not be able to look into.
DIR_FILE=$CACHE_DIR/dir

# The newest installed server's programs.
find_bin() {
  local candidate
  for candidate in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) "$(dirname "$(command -v postgres || true)")"; do
    if [ -x "$candidate/initdb" ] && [ -x "$candidate/postgres" ]; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

install_package() {
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null ||
    die "the tests need a PostgreSQL server's programs (Debian: apt-get install postgresql)"
  # The package would start a server of its own.
  RUNLEVEL=1 apt_install "$CACHE_DIR" postgresql
}

# The server refuses to run as root.
as_server() { if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

# The process id of our server, if it runs.
server_pid() {
  local dir pid
  dir=$(cat "$DIR_FILE" 2>/dev/null) || return 1
  pid=$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null) || return 1
  # The file can outlive its process and the number be somebody else's by now.
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = postgres ] || return 1
  echo "$pid"
}

stop_server() {
  local pid dir start
  start=$(now_ms)
  if pid=$(server_pid); then
    # SIGINT: connections are cut, data is flushed.
    kill -INT "$pid"
    while kill -0 "$pid" 2>/dev/null; do
      [ $(($(now_ms) - start)) -lt 30000 ] || die "the server ($pid) still runs after 30 s"
      sleep 0.1
    done
    ok "server stopped  $(since_s "$start")"
  fi
  if dir=$(cat "$DIR_FILE" 2>/dev/null) && [[ $dir == */avtomatika-postgres.* ]]; then rm -rf "$dir"; fi
  rm -f "$URL_FILE" "$DIR_FILE"
}

make_cluster() {
  # A password out of the kernel's random numbers: others on this machine may connect, too.
  local password=$3
  # The folder belongs to the server's user, the file with the password only to who may read it.
  (umask 077 && printf '%s\n' "$password" >"$2/password")
  [ "$(id -u)" -ne 0 ] || chown postgres "$2/password"
  as_server "$1/initdb" -D "$2/data" -U tests --auth=scram-sha-256 --pwfile="$2/password" \
    --locale=C.UTF-8 --encoding=UTF8 --no-sync
  rm -f "$2/password"
}

start_server() {
  # No flush to the disk: what a power loss would take is a test's.
  as_server "$1/pg_ctl" -D "$2/data" -l "$2/server.log" -w -t 60 \
    -o "-c listen_addresses=127.0.0.1 -p $3 -c unix_socket_directories='' -c fsync=off -c max_connections=400" start 9>&-
}

main() {
  local bin dir port password start
  start=$(now_ms)
  mkdir -p "$CACHE_DIR"
  serialise postgres
  if [ "${1:-}" = stop ]; then
    stop_server
    return
  fi
  if server_pid >/dev/null && [ -s "$URL_FILE" ]; then
    ok "server answers on port $(sed 's/.*:\([0-9]*\)\/.*/\1/' "$URL_FILE")"
    return
  fi
  stop_server
  bin=$(find_bin) || { install_package && bin=$(find_bin); } || die "no usable PostgreSQL after installing it"
  dir=$(mktemp -d "${TMPDIR:-/tmp}/avtomatika-postgres.XXXXXX")
  echo "$dir" >"$DIR_FILE"
  [ "$(id -u)" -ne 0 ] || chown postgres "$dir"
  port=$(free_port POSTGRES_PORT "${POSTGRES_PORT:-55432}" "${POSTGRES_PORT:-}")
  password=$(od -An -N 16 -tx1 /dev/urandom | tr -d ' \n')
  step "cluster made" "$CACHE_DIR/initdb.log" make_cluster "$bin" "$dir" "$password"
  step "$("$bin/postgres" --version) started on port $port" "$CACHE_DIR/start.log" start_server "$bin" "$dir" "$port" ||
    die "see $dir/server.log"
  (umask 077 && echo "postgres://tests:$password@127.0.0.1:$port/postgres" >"$URL_FILE.new")
  mv "$URL_FILE.new" "$URL_FILE"
  ok "server ready  $(since_s "$start")"
}

main "$@"
