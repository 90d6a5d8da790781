#!/usr/bin/env bash
# Makes sure a Docker Engine answers: uses the one that is there, else installs Debian's `docker.io` and starts it.
#
# Safe to run again and twice at once. An engine this script starts itself leaves its process id in
# .cache/docker/dockerd.pid, and only such an engine is ever stopped by docker-down.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
SAY_TOPIC=docker
# shellcheck source=scripts/say.sh
. scripts/say.sh
# shellcheck source=scripts/apt.sh
. scripts/apt.sh

# Where Debian keeps dockerd and iptables, and a root shell by `su` does not look.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
CACHE_DIR=$PWD/.cache/docker
PID_FILE=$CACHE_DIR/dockerd.pid
LOG_FILE=$CACHE_DIR/dockerd.log
START_TIMEOUT_S=${DOCKER_START_TIMEOUT_S:-60}

# The engine's version when one answers; asked through the client, or of the socket itself where there is no client yet.
engine_version() {
  if command -v docker >/dev/null; then
    timeout 5 docker version --format '{{.Server.Version}}' 2>/dev/null
  elif [ -S /var/run/docker.sock ] && command -v curl >/dev/null; then
    curl -fsS -m 5 --unix-socket /var/run/docker.sock http://docker/version 2>/dev/null |
      sed -n 's/.*"Version":"\([^"]*\)".*/\1/p' | head -n 1
  fi
}

engine_answers() { [ -n "$(engine_version || true)" ]; }

endpoint() { echo "${DOCKER_HOST:-unix:///var/run/docker.sock}"; }

report() { ok "engine $(engine_version) answers at $(endpoint)  $1"; }

install_packages() {
  local missing=()
  command -v dockerd >/dev/null && command -v docker >/dev/null || missing+=(docker.io)
  command -v iptables >/dev/null || missing+=(iptables)
  [ ${#missing[@]} -gt 0 ] || return 0
  # The package would start a service of its own under some inits; we start the engine ourselves, once.
  RUNLEVEL=1 apt_install "$CACHE_DIR" "${missing[@]}"
  # Newer releases have the client in a package of its own.
  command -v docker >/dev/null || apt_install "$CACHE_DIR" docker-cli
}

# What dockerd needs from the kernel and some minimal machines have not mounted.
mount_missing() {
  [ -d /sys/fs/cgroup ] || return 0
  if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
    # Not a cgroup v2 machine: every v1 controller the kernel offers gets its hierarchy.
    mountpoint -q /sys/fs/cgroup || mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
    local controller
    while read -r controller _ _ enabled; do
      [ "${enabled:-0}" = 1 ] || continue
      mountpoint -q "/sys/fs/cgroup/$controller" && continue
      grep -qE " cgroup .*[ ,]$controller([, ]|$)" /proc/mounts && continue
      mkdir -p "/sys/fs/cgroup/$controller"
      mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" 2>/dev/null ||
        rmdir "/sys/fs/cgroup/$controller" 2>/dev/null || true
    done < <(tail -n +2 /proc/cgroups)
  fi
  mountpoint -q /dev/shm || { mkdir -p /dev/shm && mount -t tmpfs shm /dev/shm; }
}

# The default bridge takes the uplink's MTU, or large answers stall behind a tunnel.
mtu_flag() {
  local uplink mtu
  uplink=$(awk '$2 == "00000000" { print $1; exit }' /proc/net/route)
  [ -n "$uplink" ] && mtu=$(cat "/sys/class/net/$uplink/mtu" 2>/dev/null) || return 0
  [ "$mtu" -ge 1500 ] || echo "--mtu=$mtu"
}

wait_until_it_answers() {
  local waited_ms start
  start=$(now_ms)
  until engine_answers; do
    waited_ms=$(($(now_ms) - start))
    if [ -n "${1:-}" ] && ! kill -0 "$1" 2>/dev/null; then return 1; fi
    [ "$waited_ms" -lt $((START_TIMEOUT_S * 1000)) ] || return 1
    sleep 0.2
  done
}

start_by_systemd() {
  systemctl start docker && wait_until_it_answers ''
}

# `forget_dead PID_FILE NAME`: an engine that was killed, or a machine that was, leaves pid files behind. The next engine
# waits in vain for the process such a file names, once the number is somebody else's.
forget_dead() {
  local pid
  pid=$(cat "$1" 2>/dev/null) || return 0
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] || rm -f "$1"
}

start_by_hand() {
  mount_missing
  forget_dead "$PID_FILE" dockerd
  forget_dead /var/run/docker.pid dockerd
  forget_dead /var/run/docker/containerd/containerd.pid containerd
  # shellcheck disable=SC2046 # no flag at all when the MTU is the usual one
  setsid dockerd --pidfile "$PID_FILE" $(mtu_flag) >>"$LOG_FILE" 2>&1 </dev/null 9>&- &
  wait_until_it_answers $!
}

main() {
  local start
  start=$(now_ms)
  if engine_answers; then
    report ''
    return
  fi
  if [ -n "${DOCKER_HOST:-}" ] && [ "$DOCKER_HOST" != unix:///var/run/docker.sock ]; then
    die "no engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST to let this script start one"
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
      die "/var/run/docker.sock is there but $(id -un) may not use it: sudo usermod -aG docker $(id -un), then log in again"
    fi
    die "no Docker Engine answers, and only root can install and start one: sudo $0"
  fi
  mkdir -p "$CACHE_DIR"
  serialise docker
  # Whoever held the lock before us may have started it.
  if engine_answers; then
    report ''
    return
  fi
  if ! command -v dockerd >/dev/null || ! command -v iptables >/dev/null; then
    command -v apt-get >/dev/null ||
      die "no Docker Engine here and this is not Debian or Ubuntu: install one by hand, then run this again"
    install_packages || die "could not install the Docker Engine"
  fi
  if [ -d /run/systemd/system ]; then
    start_by_systemd || die "systemd could not start docker: see journalctl -u docker"
  elif ! start_by_hand; then
    fail "dockerd did not come up ($(since_s "$start")); the last lines of $LOG_FILE:"
    tail -n 20 "$LOG_FILE" | sed 's/^/      /' >&2
    exit 1
  fi
  report "$(since_s "$start")"
}

main "$@"
