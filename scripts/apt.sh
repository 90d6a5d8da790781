# shellcheck shell=bash
# Installing Debian packages: sourced after say.sh, never run.

# `apt_install LOG_DIR PACKAGE…`: installs them without asking and without recommended extras. One at a time on this machine,
# and patient with an apt that somebody else runs.
apt_install() {
  local logs=$1 name
  shift
  command -v apt-get >/dev/null || {
    fail "$* cannot be installed: this is not Debian or Ubuntu"
    return 1
  }
  mkdir -p "$logs"
  name=$(tr -c 'a-z0-9\n' - <<<"$1")
  (
    exec 7>>"${TMPDIR:-/tmp}/avtomatika-apt-$(id -u).lock"
    flock 7
    export DEBIAN_FRONTEND=noninteractive
    # Package lists of a fresh machine are often absent or too old to install from. Some lists may fail, the rest still serve.
    step "package lists read" "$logs/apt-update.log" apt-get update 7>&- ||
      warn "apt-get update had errors; trying with the lists that are there"
    step "installed $*" "$logs/apt-$name.log" \
      apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" 7>&-
  )
}
