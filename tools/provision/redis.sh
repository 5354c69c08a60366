#!/usr/bin/env bash
# Redis from the system's packages, for the cache of auth answers, rate limits, and comparisons.
#   redis.sh install|start|stop|status
# Environment (default): DIR $CACHE/redis/default  PORT 6379  FSYNC always (appendfsync: always, everysec or no)
set -euo pipefail
. "$(dirname "$0")/cache.sh"
DIR=${DIR:-$CACHE/redis/default} PORT=${PORT:-6379} FSYNC=${FSYNC:-always}
PID_FILE=$DIR/redis.pid

install() {
  command -v redis-server > /dev/null 2>&1 && return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null 2>&1; then
    missing 'redis-server; install it (Debian: apt-get install redis-server)'
  fi
  lock redis-install
  say 'installing redis-server from the system packages'
  apt-get update -q >&2
  # The package would start a service on its default port.
  printf '#!/bin/sh\nexit 101\n' > "$CACHE/policy-rc.d" && chmod +x "$CACHE/policy-rc.d"
  [ -e /usr/sbin/policy-rc.d ] || { ln -s "$CACHE/policy-rc.d" /usr/sbin/policy-rc.d; trap 'rm -f /usr/sbin/policy-rc.d' EXIT; }
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends redis-server >&2
  exec 9>&-
}

ready() { redis-cli -h 127.0.0.1 -p "$PORT" ping; }

serve() {
  exec redis-server --bind 127.0.0.1 --port "$PORT" --dir "$DIR" --appendonly yes --appendfsync "$FSYNC" --save ''
}

start() {
  install
  launch redis 20 "Redis is up: redis://127.0.0.1:$PORT, appendfsync $FSYNC"
}

verbs 10 "$@"
