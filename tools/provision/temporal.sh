#!/usr/bin/env bash
# Temporal's server, for comparisons: all its services in one process, its state in one SQLite file.
#   temporal.sh install|start|stop|status
# Environment (default): DIR $CACHE/temporal/default  PORT 7233 (gRPC)  PORTS the seven after it (its services' own)
set -euo pipefail
. "$(dirname "$0")/cache.sh"
# later ones ask for a newer Go than most machines have
MODULE=go.temporal.io/server VERSION=v1.32.1
DIR=${DIR:-$CACHE/temporal/default} PORT=${PORT:-7233}
PORTS=${PORTS:-$(seq -s ' ' $((PORT + 1)) $((PORT + 7)))}
BINARY=$CACHE/bin/temporal-server-${VERSION#v}
PID_FILE=$DIR/temporal.pid

# In the module's own folder, so that its go.sum says what every dependency has to be.
build() {
  need go 'to build the Temporal server' 'install Go 1.26 or later'
  say "building Temporal $VERSION (once, seven minutes of CPU)"
  local source
  source=$(go mod download -json "$MODULE@$VERSION" | sed -n 's/^.*"Dir": "\(.*\)",$/\1/p')
  (cd "$source" && GOFLAGS='-buildvcs=false -modcacherw -mod=readonly -p=2' nice -n 15 go build -ldflags '-s -w' -o "$BINARY.new" ./cmd/server >&2)
  mv "$BINARY.new" "$BINARY"
}

install() {
  [ ! -x "$BINARY" ] || return 0
  lock temporal-install
  [ -x "$BINARY" ] || build
  exec 9>&-
}

# A store as Temporal's own development configuration has it: one connection, a write is durable when it returns.
store() {
  cat << YAML
    $1:
      sql:
        pluginName: sqlite
        databaseName: $DIR/temporal.db
        connectAddr: localhost
        connectProtocol: tcp
        connectAttributes: { cache: private, setup: true, journal_mode: wal, synchronous: 2 }
        maxConns: 1
        maxIdleConns: 1
YAML
}

service() {
  echo "  $1: { rpc: { grpcPort: $2, membershipPort: $3, bindOnLocalHost: true } }"
}

configure() {
  local ports
  read -ra ports <<< "$PORTS"
  {
    echo 'log: { stdout: true, level: warn }'
    echo 'persistence:'
    echo '  defaultStore: main'
    echo '  visibilityStore: visibility'
    echo '  numHistoryShards: 1'
    echo '  datastores:'
    store main
    store visibility
    echo 'global: { membership: { maxJoinDuration: 30s, broadcastAddress: 127.0.0.1 } }'
    echo 'services:'
    service frontend "$PORT" "${ports[0]}"
    service history "${ports[1]}" "${ports[2]}"
    service matching "${ports[3]}" "${ports[4]}"
    service worker "${ports[5]}" "${ports[6]}"
    cat << YAML
clusterMetadata:
  enableGlobalNamespace: false
  failoverVersionIncrement: 10
  masterClusterName: active
  currentClusterName: active
  clusterInformation:
    active: { enabled: true, initialFailoverVersion: 1, rpcName: frontend, rpcAddress: '127.0.0.1:$PORT' }
dcRedirectionPolicy: { policy: noop }
YAML
  } > "$DIR/temporal.yaml"
}

ready() { (exec 3<> "/dev/tcp/127.0.0.1/$PORT"); }

serve() { exec "$BINARY" --config-file "$DIR/temporal.yaml" --allow-no-auth start; }

start() {
  install
  mkdir -p "$DIR"
  configure
  launch temporal 60 "Temporal is up: 127.0.0.1:$PORT"
}

verbs 10 "$@"
