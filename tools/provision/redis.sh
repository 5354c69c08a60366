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

start() {
  install
  mkdir -p "$DIR"
  lock "redis-$(printf '%s' "$DIR" | cksum | cut -d ' ' -f 1)"
  if alive "$PID_FILE"; then say "already up, pid $(cat "$PID_FILE")"; return 0; fi
  redis-server --bind 127.0.0.1 --port "$PORT" --dir "$DIR" --appendonly yes --appendfsync "$FSYNC" --save '' \
    > "$DIR/redis.log" 2>&1 < /dev/null 9>&- &
  echo $! > "$PID_FILE"
  disown
  wait_for 20 "$PID_FILE" "$DIR/redis.log" ready || { stop_pid "$PID_FILE" 5; return 1; }
  say "Redis is up: redis://127.0.0.1:$PORT, appendfsync $FSYNC"
}

case ${1:-} in
  install) install ;;
  start) start ;;
  stop) stop_pid "$PID_FILE" 10 ;;
  status) if alive "$PID_FILE"; then echo "up, pid $(cat "$PID_FILE")"; else echo down; exit 1; fi ;;
  *) sed -n '2,4p' "$0"; exit 2 ;;
esac
