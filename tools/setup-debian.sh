#!/usr/bin/env bash
# Installs the peers that tests compare with, on Debian and its kin: only what is missing, asking nothing.
# Without the right to install, or on another system, it says so and succeeds: the tests that need a peer
# name it when they are skipped. Services that a package would start stay off: tests start their own.
set -euo pipefail

declare -A provides=(
  [redis-server]='command -v redis-server'
  [redis-tools]='command -v redis-cli && command -v redis-benchmark'
  [python3-redis]='/usr/bin/python3 -c "import redis"'
  [lua5.1]='command -v lua5.1'
  [openssl]='command -v openssl'
  [nginx-light]='command -v nginx'
  [libnginx-mod-stream]='test -e /usr/lib/nginx/modules/ngx_stream_module.so'
  [haproxy]='command -v haproxy'
  [varnish]='command -v varnishd'
  [wrk]='command -v wrk'
  [nghttp2-client]='command -v nghttp && command -v h2load'
  [python3-h2]='/usr/bin/python3 -c "import h2"'
  [curl]='command -v curl'
  [awscli]='test -x /usr/bin/aws'
  [s3cmd]='command -v s3cmd'
  [rclone]='command -v rclone'
  [python3-boto3]='/usr/bin/python3 -c "import boto3"'
  [python3-fsspec]='/usr/bin/python3 -c "import fsspec"'
  [python3-requests]='/usr/bin/python3 -c "import requests"'
  [pebble]='command -v pebble && command -v pebble-challtestsrv'
  [bind9-dnsutils]='command -v dig'
  [knot-dnsutils]='command -v kdig'
  [knot]='test -x /usr/sbin/knotd'
  [dnsperf]='command -v dnsperf'
)

missing=()
for package in redis-server redis-tools python3-redis lua5.1 openssl \
  nginx-light libnginx-mod-stream haproxy varnish wrk nghttp2-client python3-h2 curl \
  awscli s3cmd rclone python3-boto3 python3-fsspec python3-requests pebble \
  bind9-dnsutils knot-dnsutils knot dnsperf; do
  eval "${provides[$package]}" >/dev/null 2>&1 || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then
  echo "Every peer is here."
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "Missing peers: ${missing[*]}. This is no Debian; install them by hand."
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "Missing peers: ${missing[*]}. To install them: sudo bash tools/setup-debian.sh"
  exit 0
fi

echo "Installing ${missing[*]}"
# 101: "action forbidden by policy" (invoke-rc.d), so that no service is started by being installed.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
output=$(mktemp)
install() {
  apt-get install -qq -y --no-install-recommends "${missing[@]}" >"$output" 2>&1
}
# The package lists of a fresh image are empty or old: then they are fetched and the install is tried again.
if ! install; then
  if ! { apt-get update -qq >>"$output" 2>&1 && install; }; then
    cat "$output" >&2
    echo "The peers could not be installed: ${missing[*]}" >&2
    exit 1
  fi
fi
rm -f "$output"
if command -v systemctl >/dev/null; then
  for package in "${missing[@]}"; do
    case "$package" in
      redis-server | haproxy | knot) systemctl disable --quiet "$package" >/dev/null 2>&1 || true ;;
      varnish) systemctl disable --quiet varnish varnishncsa >/dev/null 2>&1 || true ;;
      nginx-light) systemctl disable --quiet nginx >/dev/null 2>&1 || true ;;
    esac
  done
fi
