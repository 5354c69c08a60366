#!/usr/bin/env bash
# An Apache Pulsar whose parts are processes of their own, on loopback, so that each can die alone: one ZooKeeper, three
# bookies that fsync, and one broker with the WebSocket service. Every entry is on two bookies, and both have to answer.
#   pulsar-cluster.sh start|stop|kill [PART]      PART: zookeeper, bookie-1, bookie-2, bookie-3, broker; default all
# Environment (default):
#   DIR             $CACHE/pulsar-cluster   data, logs and configuration
#   BROKER_PORT 6650  WEB_PORT 8080 (admin REST and WebSocket)  ZK_PORT 2181  BOOKIE_PORTS '3181 3182 3183'
#   FAR_PORT '' FAR_ADVERTISED ''   a second port of the broker; who comes by it is sent to host:port FAR_ADVERTISED, as
#                                   behind a proxy
#   READY_SECONDS 150
set -euo pipefail
. "$(dirname "$0")/cache.sh"
DIR=${DIR:-$CACHE/pulsar-cluster}
BROKER_PORT=${BROKER_PORT:-6650} WEB_PORT=${WEB_PORT:-8080} ZK_PORT=${ZK_PORT:-2181}
BOOKIE_PORTS=${BOOKIE_PORTS:-3181 3182 3183} FAR_PORT=${FAR_PORT:-} FAR_ADVERTISED=${FAR_ADVERTISED:-}
READY_SECONDS=${READY_SECONDS:-150}
PARTS=(zookeeper bookie-1 bookie-2 bookie-3 broker)
# enough for one machine's experiments
declare -A MEMORY=([zookeeper]='-Xms32m -Xmx128m' [bookie]='-Xms64m -Xmx192m -XX:MaxDirectMemorySize=192m'
  [broker]='-Xms128m -Xmx384m -XX:MaxDirectMemorySize=256m')
JVM+=' -Dio.netty.leakDetectionLevel=disabled'

pid_file() { printf '%s/%s.pid' "$DIR" "$1"; }
log_file() { printf '%s/%s.log' "$DIR" "$1"; }
bookie_port() { cut -d ' ' -f "${1#bookie-}" <<< "$BOOKIE_PORTS"; }

# with_lines CONF: the shipped file, with the lines of standard input instead of its own. Of two lines with one key it is not
# certain which one counts.
with_lines() {
  awk -F = 'NR == FNR { if (/^[^#=]+=/) { given[$1] = 1; lines = lines $0 "\n" } next } !($1 in given) { print }
    END { printf "%s", lines }' - "$PULSAR_HOME/conf/$1"
}

zookeeper_conf() {
  # short ticks, so that who died is known to be gone within seconds
  with_lines zookeeper.conf << LINES
dataDir=$DIR/zookeeper
clientPort=$ZK_PORT
clientPortAddress=127.0.0.1
tickTime=500
admin.enableServer=false
metricsProvider.className=org.apache.zookeeper.metrics.impl.DefaultMetricsProvider
LINES
}

bookie_conf() {
  with_lines bookkeeper.conf << LINES
bookiePort=$(bookie_port "$1")
journalDirectory=$DIR/$1/journal
ledgerDirectories=$DIR/$1/ledgers
advertisedAddress=127.0.0.1
listeningInterface=lo
allowLoopback=true
metadataServiceUri=metadata-store:zk:127.0.0.1:$ZK_PORT
zkServers=127.0.0.1:$ZK_PORT
zkTimeout=8000
autoRecoveryDaemonEnabled=false
useV2WireProtocol=false
statsProviderClass=org.apache.bookkeeper.stats.NullStatsProvider
numReadWorkerThreads=2
numHighPriorityWorkerThreads=2
numJournalCallbackThreads=2
serverNumIOThreads=2
logSizeLimit=67108864
journalMaxSizeMB=64
dbStorage_writeCacheMaxSizeMb=16
dbStorage_readAheadCacheMaxSizeMb=16
dbStorage_rocksDB_blockCacheSize=8388608
LINES
}

broker_conf() {
  local listeners=near:pulsar://127.0.0.1:$BROKER_PORT
  [ -z "$FAR_PORT" ] || listeners=$listeners,far:pulsar://$FAR_ADVERTISED
  with_lines broker.conf << LINES
clusterName=cluster
metadataStoreUrl=zk:127.0.0.1:$ZK_PORT
configurationMetadataStoreUrl=zk:127.0.0.1:$ZK_PORT
metadataStoreSessionTimeoutMillis=8000
brokerServicePort=$BROKER_PORT
webServicePort=$WEB_PORT
bindAddress=127.0.0.1
advertisedListeners=$listeners
internalListenerName=near
$( [ -z "$FAR_PORT" ] || printf 'bindAddresses=far:pulsar://127.0.0.1:%s' "$FAR_PORT" )
webSocketServiceEnabled=true
webSocketNumIoThreads=2
webSocketConnectionsPerBroker=2
webSocketSessionIdleTimeoutMillis=60000
numIOThreads=2
numHttpServerThreads=8
loadBalancerEnabled=false
managedLedgerDefaultEnsembleSize=2
managedLedgerDefaultWriteQuorum=2
managedLedgerDefaultAckQuorum=2
managedLedgerCacheSizeMB=32
bookkeeperNumberOfChannelsPerBookie=2
bookkeeperUseV2WireProtocol=false
bookkeeperExplicitLacIntervalInMills=200
brokerDeleteInactiveTopicsEnabled=false
LINES
}

# A port that is taken by whoever is to listen there.
listens() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

ready() {
  case $1 in
    zookeeper) listens "$ZK_PORT" ;;
    bookie-*) listens "$(bookie_port "$1")" ;;
    broker)
      curl -fsS -m 5 "http://127.0.0.1:$WEB_PORT/admin/v2/brokers/ready" \
        && curl -fsS -m 5 "http://127.0.0.1:$WEB_PORT/admin/v2/namespaces/public" | grep -q public/default ;;
  esac
}

# run_pulsar MEMORY WORDS: ends in exec, so that the process has the number of the shell that called it.
run_pulsar() {
  export PULSAR_MEM=$1 BOOKIE_MEM=$1 PULSAR_GC=$JVM BOOKIE_GC=$JVM PULSAR_GC_LOG=-Xlog:disable BOOKIE_GC_LOG=-Xlog:disable
  export PULSAR_LOG_DIR=$DIR/logs PULSAR_LOG_LEVEL=warn PULSAR_LOG_ROOT_LEVEL=warn
  shift
  exec "$PULSAR_HOME/bin/pulsar" "$@"
}

# What the metadata need before the first bookie and broker; a file says that it was done.
initialize() {
  [ -f "$DIR/initialized" ] && return 0
  (run_pulsar -Xmx128m initialize-cluster-metadata --cluster cluster \
    --metadata-store "zk:127.0.0.1:$ZK_PORT" --configuration-metadata-store "zk:127.0.0.1:$ZK_PORT" \
    --web-service-url "http://127.0.0.1:$WEB_PORT" --broker-service-url "pulsar://127.0.0.1:$BROKER_PORT") \
    > "$(log_file initialize)" 2>&1 9>&- || { tail -n 20 "$(log_file initialize)" >&2; return 1; }
  touch "$DIR/initialized"
}

# Starts one part in the background.
launch_part() {
  local part=$1 command=${1%-*} conf=$DIR/$1.conf
  alive "$(pid_file "$part")" && return 0
  mkdir -p "$DIR/$part"
  "${command}_conf" "$part" > "$conf"
  (
    cd "$DIR/$part"
    export PULSAR_ZK_CONF=$conf PULSAR_BOOKKEEPER_CONF=$conf PULSAR_BROKER_CONF=$conf
    run_pulsar "${MEMORY[$command]}" "$command"
  ) > "$(log_file "$part")" 2>&1 < /dev/null 9>&- &
  echo $! > "$(pid_file "$part")"
  disown
}

await_part() {
  wait_for "$READY_SECONDS" "$(pid_file "$1")" "$(log_file "$1")" ready "$1" || { stop_pid "$(pid_file "$1")" 5; return 1; }
}

# One after the other where one needs the other; bookies side by side.
start() {
  local part
  need curl 'to see whether Pulsar is ready' 'install curl'
  PULSAR_HOME=$(bash "$HERE/pulsar.sh" home)
  mkdir -p "$DIR/logs"
  for part in "$@"; do
    [ "$part" != broker ] || await_parts "${@/broker/}"
    launch_part "$part"
    [ "$part" != zookeeper ] || { await_part zookeeper && initialize; }
  done
  await_parts "$@"
}

await_parts() {
  local part
  for part in "$@"; do [ -z "$part" ] || await_part "$part"; done
}

kill_part() {
  local file pid
  file=$(pid_file "$1")
  if alive "$file"; then
    pid=$(cat "$file")
    kill -9 "$pid"
    while kill -0 "$pid" 2> /dev/null; do sleep 0.02; done
  fi
  rm -f "$file"
}

verb=${1:-}
shift || true
all=$#
[ "$all" -gt 0 ] || set -- "${PARTS[@]}"
case $verb in
  start) start "$@" ;;
  stop)
    # the broker first: it writes its cursors down
    [ "$all" -gt 0 ] || set -- broker bookie-1 bookie-2 bookie-3 zookeeper
    for part in "$@"; do stop_pid "$(pid_file "$part")" 20; done ;;
  kill) for part in "$@"; do kill_part "$part"; done ;;
  *) sed -n '2,/^[^#]/{/^#/p}' "$0"; exit 2 ;;
esac
