#!/usr/bin/env bash
# Makes sure the Python image that bots are built on exists: avtomatika/python-base:3.11.
#
# Where a registry answers it is python:3.11-slim with uv added; where none does, a Debian 12 root is made from the
# package mirror this host's apt already uses and imported. Both carry the host's CA bundle, so that pip and uv work
# behind a proxy that re-signs TLS, and a user `bot` (uid 10001). Nothing else of the host goes in: no index URL, no
# proxy, no credential. The image says in its labels which recipe and which CA bundle it was made from, and is made
# anew only when one of the two differs. Safe to run again and twice at once.
#
#   scripts/base-image.sh            make sure the image is there
#   scripts/base-image.sh --check    and that pip reaches an index from a container, even if it did the last time
set -euo pipefail
cd "$(dirname "$0")/.."
SAY_TOPIC=image
# shellcheck source=scripts/say.sh
. scripts/say.sh
# shellcheck source=scripts/apt.sh
. scripts/apt.sh

# Where Debian keeps debootstrap and chroot, and a root shell by `su` does not look.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
IMAGE=${AVTOMATIKA_BASE_IMAGE:-avtomatika/python-base:3.11}
# The same root before the CA bundle: a new bundle is one small layer, not a new debootstrap.
ROOT_IMAGE=${IMAGE}-root
# What is pulled where there is a registry; "none" builds from Debian packages at once.
REGISTRY_IMAGE=${AVTOMATIKA_BASE_FROM:-python:3.11-slim}
REGISTRY_ANSWER_TIMEOUT_S=8
REGISTRY_PULL_TIMEOUT_S=300
# Raise the number when the steps below change what ends up in the image.
RECIPE=1-uv$(cat scripts/uv-version)
SUITE=bookworm
CACHE_DIR=$PWD/.cache/base-image
HOST_CA=/etc/ssl/certs/ca-certificates.crt
IMAGE_CA=/etc/ssl/certs/ca-certificates.crt
PIP_CHECK_TIMEOUT_S=60

WORK_DIR=''
clean_up() {
  [ -z "$WORK_DIR" ] || {
    mountpoint -q "$WORK_DIR/root/proc" 2>/dev/null && umount "$WORK_DIR/root/proc"
    rm -rf --one-file-system "$WORK_DIR"
  }
}
trap clean_up EXIT

label() { docker image inspect --format "{{index .Config.Labels \"$2\"}}" "$1" 2>/dev/null || true; }

ca_digest() {
  if [ -s "$HOST_CA" ]; then sha256sum "$HOST_CA" | cut -c1-16; else echo none; fi
}

# The index settings of this host's pip, for the build's own steps and the check only.
pip_settings() {
  local name
  for name in PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [ -z "${!name:-}" ] || echo "$name=${!name}"
  done
  if [ -z "${PIP_INDEX_URL:-}" ] && command -v pip >/dev/null; then
    pip config list 2>/dev/null | sed -n "s/^global\.index-url='\(.*\)'\$/PIP_INDEX_URL=\1/p"
  fi
}

# --- from a registry ------------------------------------------------------------------------------------------------

# Starts a pull and gives it REGISTRY_ANSWER_TIMEOUT_S to show that a registry is there at all.
pull_from_registry() {
  [ "$REGISTRY_IMAGE" != none ] || return 1
  local log=$CACHE_DIR/pull.log start pull
  start=$(now_ms)
  : >"$log"
  docker pull "$REGISTRY_IMAGE" >"$log" 2>&1 9>&- &
  pull=$!
  until grep -q 'Pulling from' "$log"; do
    if ! kill -0 "$pull" 2>/dev/null; then
      wait "$pull" && break
      say "no registry has $REGISTRY_IMAGE for us ($(since_s "$start")): making the image from Debian packages"
      return 1
    fi
    if [ $(($(now_ms) - start)) -gt $((REGISTRY_ANSWER_TIMEOUT_S * 1000)) ]; then
      kill "$pull" 2>/dev/null || true
      wait "$pull" 2>/dev/null || true
      say "no registry answered in ${REGISTRY_ANSWER_TIMEOUT_S}s: making the image from Debian packages"
      return 1
    fi
    sleep 0.1
  done
  while kill -0 "$pull" 2>/dev/null; do
    if [ $(($(now_ms) - start)) -gt $((REGISTRY_PULL_TIMEOUT_S * 1000)) ]; then
      kill "$pull" 2>/dev/null || true
      warn "$REGISTRY_IMAGE did not arrive in ${REGISTRY_PULL_TIMEOUT_S}s: making the image from Debian packages"
      return 1
    fi
    sleep 0.2
  done
  wait "$pull" || return 1
  ok "pulled $REGISTRY_IMAGE  $(since_s "$start")"
}

# uv and the bot user on top of the pulled image, by the same steps the Debian root takes.
extend_pulled_image() {
  local container settings
  # Settings go in as a file that is removed again: what is given by -e would be committed with the image.
  settings=$(mktemp "$CACHE_DIR/settings.XXXXXX")
  pip_settings | sed "s/'/'\\\\''/g; s/^\([A-Za-z_]*\)=\(.*\)$/export \1='\2'/" >"$settings"
  chmod 644 "$settings"
  container=$(docker create "$REGISTRY_IMAGE" sh -ec '
    . /tmp/settings
    [ ! -s /tmp/host-ca.crt ] || export PIP_CERT=/tmp/host-ca.crt
    pip install --quiet --no-cache-dir --root-user-action=ignore --target /tmp/uv "uv=='"$(cat scripts/uv-version)"'"
    install -m 755 /tmp/uv/bin/uv /usr/local/bin/uv
    useradd --uid 10001 --create-home --shell /usr/sbin/nologin bot
    rm -rf /tmp/uv /tmp/host-ca.crt /tmp/settings')
  { [ ! -s "$HOST_CA" ] || docker cp -L "$HOST_CA" "$container:/tmp/host-ca.crt"; } &&
    docker cp "$settings" "$container:/tmp/settings" &&
    docker start -a "$container" &&
    docker commit --change 'CMD ["python3"]' --change 'ENV LANG=C.UTF-8' \
      --change "LABEL avtomatika.base.recipe=$RECIPE" "$container" "$ROOT_IMAGE" ||
    {
      docker rm -f "$container" >/dev/null
      rm -f "$settings"
      return 1
    }
  docker rm "$container" >/dev/null
  rm -f "$settings"
}

# --- from Debian packages -------------------------------------------------------------------------------------------

debian_mirror() {
  local mirror
  # A Debian host's own mirror, whichever syntax its sources are written in; another distribution's mirror has no Debian.
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk -v suite="$SUITE" '$2 == suite && $3 == "main" { print $1; exit }')
  echo "${mirror:-http://deb.debian.org/debian}"
}

apt_proxy() {
  local proxy=''
  eval "$(apt-config shell proxy Acquire::http::Proxy 2>/dev/null)"
  echo "${proxy:-${http_proxy:-}}"
}

install_debootstrap() {
  command -v debootstrap >/dev/null && [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] && return
  apt_install "$CACHE_DIR" debootstrap debian-archive-keyring
}

bootstrap() {
  local proxy
  proxy=$(apt_proxy)
  [ -z "$proxy" ] || export http_proxy=$proxy
  mkdir -p "$CACHE_DIR/debs"
  debootstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
    --cache-dir="$CACHE_DIR/debs" \
    --include=ca-certificates,git,python3,python3-pip,python3-venv \
    "$SUITE" "$WORK_DIR/root" "$(debian_mirror)"
}

# Makes the Debian root look to a bot as the official image does: `python`, pip that installs, uv, an ordinary user.
furnish() {
  local root=$WORK_DIR/root setting args=()
  while read -r setting; do args+=("$setting"); done < <(pip_settings)
  ln -sf python3 "$root/usr/bin/python"
  # The image is ours as a whole: no distribution's packages to protect from pip.
  rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
  chroot "$root" useradd --uid 10001 --create-home --shell /usr/sbin/nologin bot
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  if [ -s "$HOST_CA" ]; then cp "$HOST_CA" "$root/tmp/host-ca.crt"; fi
  mount -t proc proc "$root/proc"
  [ ! -s "$root/tmp/host-ca.crt" ] || args+=(PIP_CERT=/tmp/host-ca.crt)
  # A clean environment: the host's pip settings name paths that are not in there.
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp "${args[@]}" chroot "$root" \
    python3 -m pip install --quiet --no-cache-dir --root-user-action=ignore --disable-pip-version-check \
    --target /tmp/uv "uv==$(cat scripts/uv-version)"
  umount "$root/proc"
  install -m 755 "$root/tmp/uv/bin/uv" "$root/usr/local/bin/uv"
}

# What no bot ever reads. The standard library's byte code stays: the bot's root is read-only, and without it
# every start would compile what it imports.
slim_down() {
  local root=$WORK_DIR/root
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/tmp/* "$root"/var/cache/debconf/*-old \
    "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/info/* "$root"/usr/share/lintian \
    "$root"/usr/share/bash-completion "$root"/usr/share/perl5/Git* "$root"/usr/lib/python3*/idlelib \
    "$root"/usr/lib/python3*/turtledemo "$root"/usr/lib/python3*/test "$root"/usr/lib/git-core/git-shell
  find "$root/usr/share/locale" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
  find "$root/usr/share/i18n" -type f -delete 2>/dev/null || true
  : >"$root/etc/resolv.conf"
  : >"$root/etc/hostname"
  rm -f "$root/etc/machine-id"
}

import_root() {
  tar -C "$WORK_DIR/root" --numeric-owner -cf - . |
    docker import --change 'CMD ["python3"]' --change 'ENV LANG=C.UTF-8' \
      --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
      --change "LABEL avtomatika.base.recipe=$RECIPE" - "$ROOT_IMAGE"
}

build_from_debian() {
  [ "$(id -u)" -eq 0 ] || die "making the image from Debian packages needs root: sudo $0"
  command -v apt-get >/dev/null || die "no registry answers and this is not Debian or Ubuntu: pull or load $IMAGE by hand"
  install_debootstrap
  WORK_DIR=$(mktemp -d "$CACHE_DIR/work.XXXXXX")
  step "Debian $SUITE with Python and git, from $(debian_mirror)" "$CACHE_DIR/debootstrap.log" bootstrap
  step "uv, the bot user, pip settings" "$CACHE_DIR/furnish.log" furnish
  local before after
  before=$(du -sm "$WORK_DIR/root" | cut -f1)
  slim_down
  after=$(du -sm "$WORK_DIR/root" | cut -f1)
  step "imported into the engine ($before MB, $after MB without docs and locales)" "$CACHE_DIR/import.log" import_root
  clean_up
  WORK_DIR=''
}

# --- both -----------------------------------------------------------------------------------------------------------

# The root with this host's CA bundle in it and every client told to trust it.
add_ca_bundle() {
  local container changes=(
    --change "LABEL avtomatika.base.recipe=$RECIPE"
    --change "LABEL avtomatika.base.ca=$(ca_digest)"
    --change 'ENV PYTHONUNBUFFERED=1'
    --change 'ENV PIP_DISABLE_PIP_VERSION_CHECK=1'
    --change 'ENV PIP_ROOT_USER_ACTION=ignore'
    --change "ENV PIP_CERT=$IMAGE_CA"
    --change "ENV SSL_CERT_FILE=$IMAGE_CA"
    --change "ENV REQUESTS_CA_BUNDLE=$IMAGE_CA"
    --change "ENV GIT_SSL_CAINFO=$IMAGE_CA"
    --change 'ENV UV_SYSTEM_CERTS=1'
    --change 'CMD ["python3"]'
  )
  container=$(docker create "$ROOT_IMAGE" true)
  # The bundle is copied following links: on some hosts the file is one.
  { [ ! -s "$HOST_CA" ] || docker cp -L "$HOST_CA" "$container:$IMAGE_CA"; } &&
    docker commit "${changes[@]}" "$container" "$IMAGE" ||
    {
      docker rm -f "$container" >/dev/null
      return 1
    }
  docker rm "$container" >/dev/null
}

# Installs one small package by pip and by uv inside a container on the default bridge, as a bot's dependencies will be.
pip_check() {
  local setting args=()
  while read -r setting; do args+=(-e "$setting"); done < <(pip_settings)
  timeout "$PIP_CHECK_TIMEOUT_S" docker run --rm "${args[@]}" "$IMAGE" sh -ec '
    pip install --quiet --no-cache-dir --retries 1 --timeout 15 --target /tmp/by-pip iniconfig==2.0.0
    uv pip install --quiet --no-cache --target /tmp/by-uv iniconfig==2.0.0'
}

check_index() {
  # Once per image and machine is enough: it costs some seconds.
  local id stamp=$CACHE_DIR/pip-works
  id=$(docker image inspect --format '{{.Id}}' "$IMAGE")
  if [ "${1:-}" != --check ] && [ "$(cat "$stamp" 2>/dev/null)" = "$id" ]; then return; fi
  if step "pip and uv reach their index from a container" "$CACHE_DIR/pip-check.log" pip_check; then
    echo "$id" >"$stamp"
  else
    warn "bots with requirements will not start until pip works in a container on the default bridge. Usual causes:"
    warn "no route or DNS from the bridge; a TLS proxy whose CA is not in $HOST_CA; an index only this host's settings know"
  fi
}

main() {
  local start
  start=$(now_ms)
  [ -n "$(docker version --format '{{.Server.Version}}' 2>/dev/null)" ] ||
    die "no Docker Engine answers: run scripts/docker-up.sh first"
  mkdir -p "$CACHE_DIR"
  serialise base-image
  if [ "$(label "$IMAGE" avtomatika.base.recipe)" = "$RECIPE" ] && [ "$(label "$IMAGE" avtomatika.base.ca)" = "$(ca_digest)" ]; then
    ok "$IMAGE is there (recipe $RECIPE)  $(since_s "$start")"
  else
    if [ "$(label "$ROOT_IMAGE" avtomatika.base.recipe)" != "$RECIPE" ]; then
      if pull_from_registry; then
        step "uv and the bot user added" "$CACHE_DIR/extend.log" extend_pulled_image
      else
        build_from_debian
      fi
    fi
    step "this host's CA bundle added" "$CACHE_DIR/ca.log" add_ca_bundle
    ok "$IMAGE made, $(($(docker image inspect --format '{{.Size}}' "$IMAGE") / 1000000)) MB  $(since_s "$start")"
  fi
  check_index "${1:-}"
}

main "$@"
