#!/usr/bin/env bash
# One Apache Pulsar standalone (broker, bookie, WebSocket service) on loopback, as production runs it: with fsync.
#   pulsar.sh install|home|start|stop|status|wipe|token [SUBJECT]     home: where the distribution is
# Environment (default):
#   DIR             $CACHE/pulsar/default   data, logs and the configuration made from it
#   BROKER_PORT 6650  WEB_PORT 8080 (admin REST and WebSocket)  BOOKIE_PORT 3181  ZK_PORT 2181
#   AUTH            ''       'token': every call needs a token; `pulsar.sh token` prints the super-user's
#   HEAP 512m       DIRECT 512m
#   FSYNC true      false answers before the disk did (Pulsar's own default in standalone mode is false)
#   ZK 1            ZooKeeper metadata and the settings of BookKeeper's client that Trino's connector needs; '' for none
#   EXTRA_CONF ''   key=value lines over standalone.conf
#   READY_SECONDS 150
#   PULSAR_TARBALL  a pulsar-server-distribution already downloaded, where there is no Maven
set -euo pipefail
. "$(dirname "$0")/cache.sh"
VERSION=4.0.8
PULSAR_HOME=$CACHE/apache-pulsar-$VERSION
DIR=${DIR:-$CACHE/pulsar/default}
BROKER_PORT=${BROKER_PORT:-6650} WEB_PORT=${WEB_PORT:-8080} BOOKIE_PORT=${BOOKIE_PORT:-3181} ZK_PORT=${ZK_PORT:-2181}
AUTH=${AUTH:-} HEAP=${HEAP:-512m} DIRECT=${DIRECT:-512m} FSYNC=${FSYNC:-true} ZK=${ZK-1} EXTRA_CONF=${EXTRA_CONF:-}
READY_SECONDS=${READY_SECONDS:-150}
PID_FILE=$DIR/pulsar.pid
CONF=$DIR/conf/standalone.conf
LOG=$DIR/logs/stdout.log

download() {
  local tarball=$CACHE/dl/pulsar-server-distribution-$VERSION-bin.tar.gz staged
  if [ -n "${PULSAR_TARBALL:-}" ]; then tarball=$PULSAR_TARBALL; fi
  if [ ! -f "$tarball" ]; then
    need mvn 'to fetch Pulsar' 'install Maven, or set PULSAR_TARBALL to pulsar-server-distribution-'"$VERSION"'-bin.tar.gz'
    say "fetching Pulsar $VERSION (245 MB, once)"
    staged=$(mktemp -d "$CACHE/dl/pulsar.XXXXXX")
    mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
      "-Dartifact=org.apache.pulsar:pulsar-server-distribution:$VERSION:tar.gz:bin" "-DoutputDirectory=$staged" >&2
    mv "$staged"/*.tar.gz "$tarball"
    rmdir "$staged"
  fi
  say "unpacking Pulsar $VERSION"
  staged=$(mktemp -d "$CACHE/pulsar-unpack.XXXXXX")
  tar xzf "$tarball" -C "$staged"
  mv "$staged/apache-pulsar-$VERSION" "$PULSAR_HOME"
  rmdir "$staged"
  [ -n "${PULSAR_TARBALL:-}" ] || rm "$tarball"
}

install() {
  need java 'to run Pulsar' 'install a Java 17 or later runtime'
  local major
  major=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
  [ "${major:-0}" -ge 17 ] || missing "Java 17 or later (this is ${major:-unknown})"
  need curl 'to see whether Pulsar is ready' 'install curl'
  [ -d "$PULSAR_HOME" ] && return 0
  lock pulsar-install
  [ -d "$PULSAR_HOME" ] || download
  exec 9>&-
}

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# An HS256 token for SUBJECT, as `bin/pulsar tokens create` makes it, without waiting for a JVM.
token() {
  [ -f "$DIR/secret.key" ] || { say "no token authentication in $DIR"; return 1; }
  local body key
  body=$(printf '{"alg":"HS256"}' | base64url).$(printf '{"sub":"%s"}' "$1" | base64url)
  key=$(od -An -v -tx1 "$DIR/secret.key" | tr -d ' \n')
  printf '%s.%s\n' "$body" "$(printf '%s' "$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64url)"
}

# Replaces in place: of two lines with one key it is not certain that the later wins.
set_key() {
  if grep -q "^$1=" "$CONF"; then sed -i "s|^$1=.*|$1=$2|" "$CONF"; else printf '%s=%s\n' "$1" "$2" >> "$CONF"; fi
}

configure() {
  mkdir -p "$DIR/conf" "$DIR/logs" "$DIR/data"
  cp "$PULSAR_HOME/conf/standalone.conf" "$CONF"
  echo >> "$CONF" # the shipped file has no final newline, so that appending would corrupt its last key
  local line
  while IFS= read -r line; do
    case $line in ?*=*) set_key "${line%%=*}" "${line#*=}" ;; esac
  done << LINES
brokerServicePort=$BROKER_PORT
webServicePort=$WEB_PORT
bindAddress=127.0.0.1
listeningInterface=lo
advertisedAddress=127.0.0.1
allowLoopback=true
webSocketServiceEnabled=true
journalSyncData=$FSYNC
numIOThreads=2
numHttpServerThreads=8
webSocketNumIoThreads=2
webSocketConnectionsPerBroker=2
managedLedgerCacheSizeMB=64
dbStorage_writeCacheMaxSizeMb=32
dbStorage_readAheadCacheMaxSizeMb=32
dbStorage_rocksDB_blockCacheSize=16777216
$( [ -z "$ZK" ] || printf '%s\n' bookkeeperUseV2WireProtocol=false bookkeeperExplicitLacIntervalInMills=200 )
$( [ "$AUTH" != token ] || authentication )
$EXTRA_CONF
LINES
}

authentication() {
  local secret
  if [ ! -s "$DIR/secret.key" ]; then # a file that lost its content in a crash counts as none
    secret=$(mktemp "$DIR/secret.XXXXXX")
    openssl rand 48 > "$secret"
    mv "$secret" "$DIR/secret.key"
  fi
  cat << LINES
authenticationEnabled=true
authorizationEnabled=true
superUserRoles=admin
authenticationProviders=org.apache.pulsar.broker.authentication.AuthenticationProviderToken
tokenSecretKey=file://$DIR/secret.key
brokerClientAuthenticationPlugin=org.apache.pulsar.client.impl.auth.AuthenticationToken
brokerClientAuthenticationParameters=token:$(token admin)
LINES
}

# Ready is when the namespace that standalone makes last is there.
ready() {
  local header=()
  [ "$AUTH" = token ] && header=(-H "Authorization: Bearer $(token admin)")
  curl -fsS -m 5 "${header[@]}" "http://127.0.0.1:$WEB_PORT/admin/v2/brokers/ready" \
    && curl -fsS -m 5 "${header[@]}" "http://127.0.0.1:$WEB_PORT/admin/v2/namespaces/public" | grep -q public/default
}

start() {
  install
  mkdir -p "$DIR"
  lock "pulsar-$(printf '%s' "$DIR" | cksum | cut -d ' ' -f 1)"
  if alive "$PID_FILE"; then say "already up, pid $(cat "$PID_FILE")"; return 0; fi
  configure
  local zookeeper=()
  if [ -n "$ZK" ]; then
    export PULSAR_STANDALONE_USE_ZOOKEEPER=1
    zookeeper=(--zookeeper-port "$ZK_PORT" --zookeeper-dir "$DIR/data/zookeeper")
  fi
  export PULSAR_MEM="-Xms$HEAP -Xmx$HEAP -XX:MaxDirectMemorySize=$DIRECT"
  export PULSAR_GC=$JVM PULSAR_GC_LOG="-Xlog:disable"
  export PULSAR_EXTRA_OPTS="-Dpulsar.allocator.exit_on_oom=true -Dio.netty.leakDetectionLevel=disabled"
  export PULSAR_STANDALONE_CONF=$CONF PULSAR_LOG_DIR=$DIR/logs PULSAR_LOG_ROOT_LEVEL=warn PULSAR_LOG_LEVEL=warn
  cd "$DIR"
  "$PULSAR_HOME/bin/pulsar" standalone -nfw -nss --advertised-address 127.0.0.1 "${zookeeper[@]}" \
    --bookkeeper-port "$BOOKIE_PORT" --bookkeeper-dir "$DIR/data/bookkeeper" --metadata-dir "$DIR/data/metadata" \
    > "$LOG" 2>&1 < /dev/null 9>&- &
  echo $! > "$PID_FILE"
  disown
  wait_for "$READY_SECONDS" "$PID_FILE" "$LOG" ready || { stop_pid "$PID_FILE" 10; return 1; }
  say "Pulsar is up: pulsar://127.0.0.1:$BROKER_PORT, admin and WebSocket http://127.0.0.1:$WEB_PORT, fsync $FSYNC, pid $(cat "$PID_FILE")"
}

case ${1:-} in
  install) install ;;
  home) install && echo "$PULSAR_HOME" ;;
  start) start ;;
  stop) stop_pid "$PID_FILE" 30 ;;
  status) if alive "$PID_FILE"; then echo "up, pid $(cat "$PID_FILE")"; else echo down; exit 1; fi ;;
  wipe)
    if alive "$PID_FILE"; then say 'it is running: stop it first'; exit 1; fi
    rm -rf "$DIR" ;;
  token) token "${2:-admin}" ;;
  *) sed -n '2,15p' "$0"; exit 2 ;;
esac
