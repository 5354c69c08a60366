# Sourced by the scripts of both Trinos, after cache.sh: how one is run, and what is asked of one that runs.
# shellcheck shell=bash

# run_trino JAVA FLAGS…: becomes the server, whose heap is $HEAP.
run_trino() {
  local java=$1
  shift
  cd "$DIR/data"
  # shellcheck disable=SC2086  # several words
  exec "$java" -server "-Xmx$HEAP" $JVM "$@" -XX:+ExitOnOutOfMemoryError -XX:ReservedCodeCacheSize=256M \
    -Djdk.attach.allowAttachSelf=true -Dfile.encoding=UTF-8 -Dnode.environment=genfleet -Dnode.id=genfleet-1 \
    "-Dnode.data-dir=$DIR/data" "-Dplugin.dir=$HOME_DIR/plugin" "-Dconfig=$DIR/etc/config.properties" \
    "-Dlog.levels-file=$DIR/etc/log.properties" -cp "$HOME_DIR/lib/*" io.trino.server.TrinoServer
}

# answers URL CURL-ARGUMENTS…: `/v1/info` says that it started before a query can run, so ready is when one ran.
answers() {
  local url=$1 answer next
  shift
  curl -fsS -m 5 "http://127.0.0.1:$PORT/v1/info" | grep -q '"starting":false' || return 1
  answer=$(curl -fsS -m 30 "$@" -d 'show schemas from pulsar' "$url/v1/statement") || return 1
  while :; do
    grep -q '"error":' <<< "$answer" && return 1
    next=$(grep -o '"nextUri":"[^"]*"' <<< "$answer" | cut -d '"' -f 4) || true
    [ -n "$next" ] || return 0
    answer=$(curl -fsS -m 30 "$@" "$next") || return 1
  done
}

# setting CATALOG KEY: of the server as it was configured.
setting() { sed -n "s/^$2=//p" "$DIR/etc/catalog/$1.properties"; }

# is_there URL: with an answer of any kind.
is_there() { curl -sS -m 10 -o /dev/null "$1"; }
