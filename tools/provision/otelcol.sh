#!/usr/bin/env bash
# A small OpenTelemetry collector (otelcol-min/): OTLP in, everything received written to its log.
#   otelcol.sh install|start|stop|status
# Environment (default):
#   DIR $CACHE/otelcol/default   GRPC_PORT 4317   HTTP_PORT 4318
#   FORWARD_TO ''   an OTLP/HTTP address that gets everything as well
set -euo pipefail
. "$(dirname "$0")/cache.sh"
DIR=${DIR:-$CACHE/otelcol/default} GRPC_PORT=${GRPC_PORT:-4317} HTTP_PORT=${HTTP_PORT:-4318} FORWARD_TO=${FORWARD_TO:-}
PID_FILE=$DIR/otelcol.pid
BINARY=$CACHE/bin/otelcol-min-$(cat "$HERE"/otelcol-min/* | cksum | cut -d ' ' -f 1)

install() {
  lock otelcol-install
  if [ ! -x "$BINARY" ]; then
    need go 'to build the OpenTelemetry collector' 'install Go 1.24 or later'
    say 'building the OpenTelemetry collector (once, two to four minutes)'
    (cd "$HERE/otelcol-min" && GOFLAGS='-buildvcs=false -modcacherw -mod=readonly -p=2' nice -n 5 go build -ldflags '-s -w' -o "$BINARY.new" . >&2)
    mv "$BINARY.new" "$BINARY"
  fi
  exec 9>&-
}

configuration() {
  local exporters=debug
  echo 'receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:'"$GRPC_PORT"'"}, http: {endpoint: "127.0.0.1:'"$HTTP_PORT"'"}}}}'
  echo 'exporters:'
  echo '  debug: {verbosity: detailed}'
  if [ -n "$FORWARD_TO" ]; then
    exporters='debug, otlphttp'
    echo '  otlphttp: {endpoint: "'"$FORWARD_TO"'", compression: none}'
  fi
  echo 'service:'
  echo '  telemetry: {metrics: {level: none}}'
  echo '  pipelines:'
  for signal in traces metrics logs; do echo "    $signal: {receivers: [otlp], exporters: [$exporters]}"; done
}

# A GET on the traces path is refused with 405 as soon as it listens.
ready() { curl -sS -m 2 -o /dev/null "http://127.0.0.1:$HTTP_PORT/v1/traces"; }

serve() {
  configuration > "$DIR/config.yaml"
  exec "$BINARY" --config "file:$DIR/config.yaml"
}

start() {
  install
  need curl 'to see whether it is ready' 'install curl'
  launch otelcol 30 "the collector is up: OTLP/HTTP http://127.0.0.1:$HTTP_PORT, gRPC 127.0.0.1:$GRPC_PORT, log $DIR/otelcol.log"
}

verbs 5 "$@"
