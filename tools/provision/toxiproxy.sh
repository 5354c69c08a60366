#!/usr/bin/env bash
# Toxiproxy: a TCP proxy that cuts, slows and resets connections on request.
#   toxiproxy.sh install|start|stop|status
# Environment (default): DIR $CACHE/toxiproxy/default  PORT 8474 (its HTTP API; proxies open ports of their own)
set -euo pipefail
. "$(dirname "$0")/cache.sh"
DIR=${DIR:-$CACHE/toxiproxy/default} PORT=${PORT:-8474}
PID_FILE=$DIR/toxiproxy.pid

install() {
  lock toxiproxy-install
  go_install toxiproxy-server github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0
  exec 9>&-
}

ready() { curl -fsS -m 2 "http://127.0.0.1:$PORT/version"; }

start() {
  install
  need curl 'to see whether it is ready' 'install curl'
  mkdir -p "$DIR"
  lock "toxiproxy-$(printf '%s' "$DIR" | cksum | cut -d ' ' -f 1)"
  if alive "$PID_FILE"; then say "already up, pid $(cat "$PID_FILE")"; return 0; fi
  "$CACHE/bin/toxiproxy-server" -host 127.0.0.1 -port "$PORT" > "$DIR/toxiproxy.log" 2>&1 < /dev/null 9>&- &
  echo $! > "$PID_FILE"
  disown
  wait_for 20 "$PID_FILE" "$DIR/toxiproxy.log" ready || { stop_pid "$PID_FILE" 5; return 1; }
  say "Toxiproxy is up: http://127.0.0.1:$PORT"
}

case ${1:-} in
  install) install ;;
  start) start ;;
  stop) stop_pid "$PID_FILE" 5 ;;
  status) if alive "$PID_FILE"; then echo "up, pid $(cat "$PID_FILE")"; else echo down; exit 1; fi ;;
  *) sed -n '2,4p' "$0"; exit 2 ;;
esac
