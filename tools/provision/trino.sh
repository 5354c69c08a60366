#!/usr/bin/env bash
# One Trino 368 on loopback with Pulsar's connector 3.1.3, the newest that there is, which reads the topics out of
# BookKeeper. Its Pulsar must run with ZK=1 (see pulsar.sh).
#   trino.sh install|start|stop|kill|status
# Environment (default):
#   DIR                      $CACHE/trino/default   configuration, log and data
#   PORT 8090                HTTPS_PORT ''          with it HTTPS too, its certificate being $DIR/etc/ca.pem
#   PULSAR_ADMIN_URL         http://127.0.0.1:8080
#   PULSAR_URL               pulsar://127.0.0.1:6650
#   PULSAR_METADATA_URL      zk:127.0.0.1:2181
#   LEDGER_PASSWORD ''       with HTTPS_PORT: over HTTPS the users `genfleet`, who may read, and `admin` need it
#   INSECURE true            false: no query without a password, so none over HTTP
#   S3_ENDPOINT ''           with it a catalog `archive` over an archive of Parquet in its buckets, by Hive's connector
#   S3_REGION us-east-1      S3_ACCESS_KEY, S3_SECRET_KEY
#   HEAP 1G
#   READY_SECONDS 180        until a query ran; it is started up to three times
#   TRINO_HOME               lib and plugin folders already there, where there is no Maven
set -euo pipefail
. "$(dirname "$0")/cache.sh"
. "$(dirname "$0")/trino-server.sh"
VERSION=368 CONNECTOR=3.1.3
HOME_DIR=${TRINO_HOME:-$CACHE/trino-$VERSION}
DIR=${DIR:-$CACHE/trino/default}
PORT=${PORT:-8090} HTTPS_PORT=${HTTPS_PORT:-} INSECURE=${INSECURE:-true} LEDGER_PASSWORD=${LEDGER_PASSWORD:-}
PULSAR_ADMIN_URL=${PULSAR_ADMIN_URL:-http://127.0.0.1:8080} PULSAR_URL=${PULSAR_URL:-pulsar://127.0.0.1:6650}
PULSAR_METADATA_URL=${PULSAR_METADATA_URL:-zk:127.0.0.1:2181}
S3_ENDPOINT=${S3_ENDPOINT:-} S3_REGION=${S3_REGION:-us-east-1}
S3_ACCESS_KEY=${S3_ACCESS_KEY:-genfleet} S3_SECRET_KEY=${S3_SECRET_KEY:-genfleet-secret}
HEAP=${HEAP:-1G} READY_SECONDS=${READY_SECONDS:-180}
PID_FILE=$DIR/trino.pid
HIVE=trino-hive-hadoop2

download() {
  need mvn 'to fetch Trino' 'install Maven, or set TRINO_HOME to a folder with its lib and plugin folders'
  local staged
  say "fetching Trino $VERSION and Pulsar's connector $CONNECTOR (250 MB, once)"
  staged=$(mktemp -d "$CACHE/dl/trino.XXXXXX")
  cat > "$staged/pom.xml" << POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>genfleet</groupId><artifactId>trino</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>io.trino</groupId><artifactId>trino-server-main</artifactId><version>$VERSION</version>
  </dependency></dependencies>
</project>
POM
  (cd "$staged" && mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$staged/home/lib" >&2)
  maven_copy "org.apache.pulsar:pulsar-presto-connector:$CONNECTOR:tar.gz" "$staged"
  maven_copy "io.trino:trino-password-authenticators:$VERSION:zip" "$staged"
  mkdir -p "$staged/home/plugin"
  tar xzf "$staged/pulsar-presto-connector-$CONNECTOR.tar.gz" -C "$staged/home/plugin"
  (cd "$staged/home/plugin" && unzip -q "$staged/trino-password-authenticators-$VERSION.zip")
  mv "$staged/home" "$HOME_DIR"
  rm -rf "$staged"
}

install() {
  need java 'to run Trino' 'install a Java 17 runtime'
  local major
  major=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
  [ "${major:-0}" -ge 17 ] || missing "Java 17 (this is ${major:-unknown})"
  need curl 'to see whether Trino is ready' 'install curl'
  [ -d "$HOME_DIR/plugin" ] && ! lacks_hive && return 0
  need unzip "to unpack Trino's plugins" 'install unzip'
  lock trino-install
  [ -d "$HOME_DIR/plugin" ] || download
  if lacks_hive; then download_hive; fi
  exec 9>&-
}

lacks_hive() { [ -n "$S3_ENDPOINT" ] && [ ! -d "$HOME_DIR/plugin/$HIVE-$VERSION" ]; }

# Hive's connector, for an archive: as much again as all the rest.
download_hive() {
  need mvn "to fetch Hive's connector" "install Maven, or put $HIVE-$VERSION into the plugin folder of TRINO_HOME"
  local staged
  say "fetching Hive's connector for Trino $VERSION (180 MB, once)"
  staged=$(mktemp -d "$CACHE/dl/trino.XXXXXX")
  maven_copy "io.trino:$HIVE:$VERSION:zip" "$staged"
  (cd "$staged" && unzip -q "$HIVE-$VERSION.zip" && mv "$HIVE-$VERSION" "$HOME_DIR/plugin/")
  rm -rf "$staged"
}

configure() {
  mkdir -p "$DIR/etc/catalog" "$DIR/data"
  cat > "$DIR/etc/config.properties" << LINES
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port=$PORT
node.internal-address=127.0.0.1
discovery.uri=http://127.0.0.1:$PORT
query.max-memory=384MB
query.max-total-memory=512MB
query.max-memory-per-node=384MB
query.max-total-memory-per-node=512MB
memory.heap-headroom-per-node=128MB
query.max-execution-time=10m
query.max-history=200
catalog.config-dir=$DIR/etc/catalog
access-control.config-files=$DIR/etc/access-control.properties
$( [ -z "$HTTPS_PORT" ] || https_lines )
LINES
  cat > "$DIR/etc/access-control.properties" << LINES
access-control.name=file
security.config-file=$HERE/trino-access-rules.json
LINES
  # the two lines about BookKeeper's protocol are what makes the newest messages visible
  cat > "$DIR/etc/catalog/pulsar.properties" << LINES
connector.name=pulsar
pulsar.web-service-url=$PULSAR_ADMIN_URL
pulsar.broker-binary-service-url=$PULSAR_URL
pulsar.metadata-url=$PULSAR_METADATA_URL
pulsar.bookkeeper-use-v2-protocol=false
pulsar.bookkeeper-explicit-interval=200
pulsar.target-num-splits=${SPLITS:-2}
pulsar.max-entry-read-batch-size=100
pulsar.max-split-message-queue-size=10000
pulsar.max-split-entry-queue-size=1000
pulsar.max-message-size=5242880
pulsar.bookkeeper-throttle-value=0
pulsar.bookkeeper-num-io-threads=2
pulsar.bookkeeper-num-worker-threads=2
pulsar.managed-ledger-cache-size-MB=0
pulsar.nar-extraction-directory=$DIR/data/nar
LINES
  rm -f "$DIR/etc/catalog/archive.properties"
  if [ -n "$S3_ENDPOINT" ]; then archive_lines; fi
  echo 'io.trino=WARN' > "$DIR/etc/log.properties"
}

# recursive: the hours are folders, and a new one needs no announcement
archive_lines() {
  mkdir -p "$DIR/tables"
  (umask 077 && cat > "$DIR/etc/catalog/archive.properties") << LINES
connector.name=hive
hive.metastore=file
hive.metastore.catalog.dir=file://$DIR/tables
hive.recursive-directories=true
hive.storage-format=PARQUET
hive.parquet.use-column-names=true
hive.parquet.time-zone=UTC
hive.s3.endpoint=$S3_ENDPOINT
hive.s3.path-style-access=true
hive.s3.ssl.enabled=false
hive.s3.max-error-retries=3
hive.s3.max-client-retries=3
hive.s3.max-retry-time=10s
hive.s3.aws-access-key=$S3_ACCESS_KEY
hive.s3.aws-secret-key=$S3_SECRET_KEY
LINES
}

# Prints the lines, and makes the certificate and the password file that they name.
https_lines() {
  local keys=$DIR/etc/keys.p12 user
  if [ ! -s "$DIR/etc/ca.pem" ]; then
    keytool -genkeypair -alias trino -keyalg RSA -keysize 2048 -validity 825 -dname CN=localhost \
      -ext san=dns:localhost,ip:127.0.0.1 -keystore "$keys" -storetype PKCS12 -storepass changeit 2> /dev/null
    keytool -exportcert -rfc -alias trino -keystore "$keys" -storepass changeit > "$DIR/etc/ca.pem" 2> /dev/null
  fi
  cat << LINES
http-server.https.enabled=true
http-server.https.port=$HTTPS_PORT
http-server.https.keystore.path=$keys
http-server.https.keystore.key=changeit
LINES
  [ -n "$LEDGER_PASSWORD" ] || return 0
  for user in genfleet admin; do password_line "$user"; done > "$DIR/etc/password.db"
  local escaped=${LEDGER_PASSWORD//\\/\\\\}
  (umask 077 && printf 'user = "genfleet:%s"\n' "${escaped//\"/\\\"}" > "$DIR/etc/curl")
  printf 'password-authenticator.name=file\nfile.password-file=%s\n' "$DIR/etc/password.db" \
    > "$DIR/etc/password-authenticator.properties"
  cat << LINES
http-server.authentication.type=PASSWORD
http-server.authentication.allow-insecure-over-http=$INSECURE
internal-communication.shared-secret=$(openssl rand -base64 32)
password-authenticator.config-files=$DIR/etc/password-authenticator.properties
LINES
}

# user:iterations:salt:hash, PBKDF2 with SHA-1, one of the two forms that Trino reads. Node, which is always there:
# the password comes by the environment and not as an argument, where others could see it.
password_line() {
  LEDGER_USER=$1 LEDGER_PASSWORD=$LEDGER_PASSWORD node -e '
    const { pbkdf2Sync, randomBytes } = require("node:crypto");
    const { LEDGER_USER, LEDGER_PASSWORD } = process.env;
    const salt = randomBytes(16);
    const hash = pbkdf2Sync(LEDGER_PASSWORD, salt, 65536, 32, "sha1");
    console.log([LEDGER_USER, 65536, salt.toString("hex"), hash.toString("hex")].join(":"));'
}

ready() {
  local with=(-H 'X-Trino-User: genfleet') url=http://127.0.0.1:$PORT
  if [ "$INSECURE" = false ]; then
    url=https://127.0.0.1:$HTTPS_PORT
    with=(--cacert "$DIR/etc/ca.pem" --config "$DIR/etc/curl")
  fi
  answers "$url" "${with[@]}"
}

serve() {
  configure
  run_trino java -XX:MaxDirectMemorySize=512M -Djdk.nio.maxCachedBufferSize=2000000
}

start() {
  install
  local try words
  words="Trino is up: http://127.0.0.1:$PORT${HTTPS_PORT:+, https://127.0.0.1:$HTTPS_PORT}, log $DIR/trino.log"
  for try in 1 2 3; do
    launch trino "$READY_SECONDS" "$words" && return 0
    # once in many starts its parts are wired in an order that does not work (AnnouncementHttpServerInfo is null)
    grep -q AnnouncementHttpServerInfo "$DIR/trino.log" || return 1
    say "Trino did not come up at try $try"
  done
  return 1
}

# A Trino whose Pulsar is gone, or was started again elsewhere, is of no use to anybody.
of_use() {
  local admin
  admin=$(setting pulsar pulsar.web-service-url)
  # an answer of any kind: a Pulsar with tokens refuses
  is_there "$admin/admin/v2/clusters" || { echo "up, but its Pulsar at $admin is not"; return 1; }
}

verbs 10 "$@"
