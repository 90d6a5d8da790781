# shellcheck shell=bash
# Which TCP port is free and who has a taken one: sourced, never run. Reads /proc only, so that nothing has to be installed.

# `port_is_taken PORT`: whether anything on this host listens on it, on whichever address.
port_is_taken() {
  local hex
  hex=$(printf '%04X' "$1")
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}

# `port_owner PORT`: "name, process 123" of the listener when this user may see it, else nothing.
port_owner() {
  local hex inode link pid
  hex=$(printf '%04X' "$1")
  for inode in $(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v port=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }'); do
    link=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | head -n 1)
    [ -n "$link" ] || continue
    pid=${link#/proc/}
    pid=${pid%%/*}
    echo "$(cat "/proc/$pid/comm" 2>/dev/null), process $pid"
    return
  done
}

# `free_port NAME WANTED CHOSEN_BY_USER [NOT_THIS]`: prints the port to use. A default that is taken gives way to the next free one, with
# a word about who has it; a port the user asked for does not.
free_port() {
  local name=$1 port=$2 by_user=$3 not_this=${4:-} owner
  if port_is_taken "$port"; then
    owner=$(port_owner "$port")
    [ -z "$by_user" ] || die "$name=$port is taken${owner:+ by $owner}"
    while port_is_taken "$port" || [ "$port" = "$not_this" ]; do port=$((port + 1)); done
    say "port $2 is taken${owner:+ by $owner}: using $port ($name=… to choose)" >&2
  elif [ "$port" = "$not_this" ]; then
    port=$(free_port "$name" $((port + 1)) '' "$not_this")
  fi
  echo "$port"
}

# `http_status PORT PATH`: the status code 127.0.0.1 answers a GET with, or nothing.
http_status() {
  local line=''
  {
    exec 8<>"/dev/tcp/127.0.0.1/$1" || return 0
  } 2>/dev/null
  printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&8
  read -r -t 5 -u 8 line || true
  exec 8>&-
  sed -n 's/^HTTP\/[0-9.]* \([0-9]*\).*/\1/p' <<<"$line"
}
