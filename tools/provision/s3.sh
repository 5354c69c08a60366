#!/usr/bin/env bash
# versitygw: an S3 server over a folder, on loopback. Content types and checksums are kept in extended attributes,
# which change together with the data; its other ways of keeping them lose the types or are not atomic.
#   s3.sh install|start|stop|status|wipe
# Environment (default): DIR $CACHE/s3/default  PORT 9000  ACCESS_KEY genfleet  SECRET_KEY genfleet-secret  REGION us-east-1
set -euo pipefail
. "$(dirname "$0")/cache.sh"
DIR=${DIR:-$CACHE/s3/default} PORT=${PORT:-9000} REGION=${REGION:-us-east-1}
ACCESS_KEY=${ACCESS_KEY:-genfleet} SECRET_KEY=${SECRET_KEY:-genfleet-secret}
PID_FILE=$DIR/s3.pid

install() {
  lock s3-install
  go_install versitygw github.com/versity/versitygw/cmd/versitygw@v1.8.0
  exec 9>&-
}

# Any answer will do: without a signature it is 403.
ready() { curl -sS -m 2 -o /dev/null "http://127.0.0.1:$PORT/"; }

serve() {
  mkdir -p "$DIR/data" "$DIR/iam"
  export ROOT_ACCESS_KEY=$ACCESS_KEY ROOT_SECRET_KEY=$SECRET_KEY
  exec "$CACHE/bin/versitygw" --region "$REGION" --port "127.0.0.1:$PORT" posix "$DIR/data"
}

start() {
  install
  need curl 'to see whether it is ready' 'install curl'
  launch s3 20 "S3 is up: http://127.0.0.1:$PORT, region $REGION, data in $DIR/data"
}

wipe() {
  if alive "$PID_FILE"; then say 'it is running: stop it first'; exit 1; fi
  rm -rf "$DIR"
}

if [ "${1:-}" = wipe ]; then wipe; else verbs 10 "$@"; fi
