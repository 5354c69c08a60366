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

serve() { exec "$CACHE/bin/toxiproxy-server" -host 127.0.0.1 -port "$PORT"; }

start() {
  install
  need curl 'to see whether it is ready' 'install curl'
  launch toxiproxy 20 "Toxiproxy is up: http://127.0.0.1:$PORT"
}

verbs 5 "$@"
