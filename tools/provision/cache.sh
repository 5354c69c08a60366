# Sourced by the provisioning scripts: where things are kept, and how two runs at once stay out of each other's way.
# shellcheck shell=bash
CACHE=${GENFLEET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/genfleet}
HERE=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
# A JVM that lives for minutes on few cores does half the work without its optimising compiler and its parallel collector;
# a measurement of what it serves may want others: JVM=-XX:+UseG1GC.
JVM=${JVM:-'-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+PerfDisableSharedMem'}
mkdir -p "$CACHE/bin" "$CACHE/dl" "$CACHE/locks"

say() { printf 'provision: %s\n' "$*" >&2; }

# Exit code 3 says that this machine lacks something, rather than that something broke; components.ts reads it.
missing() { printf 'missing: %s\n' "$*" >&2; exit 3; }

# need COMMAND WHAT-IT-IS-FOR HOW-TO-GET-IT
need() { command -v "$1" > /dev/null 2>&1 || missing "$1 ($2); $3"; }

# lock NAME: held until this script ends. Close descriptor 9 (9>&-) in whatever outlives the script.
lock() {
  need flock 'so that two runs do not build the same thing at once' 'install util-linux'
  exec 9> "$CACHE/locks/$1"
  flock 9
}

alive() { [ -f "$1" ] && kill -0 "$(cat "$1")" 2> /dev/null; }

# stop_pid PIDFILE SECONDS: a polite signal, then kill -9.
stop_pid() {
  local pid
  if alive "$1"; then
    pid=$(cat "$1")
    kill "$pid" 2> /dev/null || true
    for _ in $(seq $(($2 * 5))); do kill -0 "$pid" 2> /dev/null || break; sleep 0.2; done
    kill -9 "$pid" 2> /dev/null || true
  fi
  rm -f "$1"
}

# wait_for SECONDS PIDFILE LOGFILE COMMAND…: until the command succeeds, or the process dies.
wait_for() {
  local seconds=$1 pid_file=$2 log=$3
  shift 3
  for _ in $(seq $((seconds * 5))); do
    alive "$pid_file" || { say "it ended while starting:"; tail -n 20 "$log" >&2; return 1; }
    "$@" > /dev/null 2>&1 && return 0
    sleep 0.2
  done
  say "not ready in $seconds s:"
  tail -n 20 "$log" >&2
  return 1
}

# launch NAME SECONDS WORDS: unless it is up, runs the script's `serve`, which ends in exec, with $DIR/NAME.log and waits
# until its `ready` succeeds. Says the words then.
launch() {
  local name=$1 seconds=$2 words=$3
  mkdir -p "$DIR"
  lock "$name-$(printf '%s' "$DIR" | cksum | cut -d ' ' -f 1)"
  if alive "$PID_FILE"; then say "already up, pid $(cat "$PID_FILE")"; return 0; fi
  serve > "$DIR/$name.log" 2>&1 < /dev/null 9>&- &
  echo $! > "$PID_FILE"
  disown
  wait_for "$seconds" "$PID_FILE" "$DIR/$name.log" ready || { stop_pid "$PID_FILE" 5; return 1; }
  say "$words"
}

# Whether what runs is of use, or says why it is not: a script whose server needs another one has its own.
of_use() { :; }

status() {
  alive "$PID_FILE" || { echo down; return 1; }
  of_use || return 1
  echo "up, pid $(cat "$PID_FILE")"
}

# verbs STOP-SECONDS VERB: what every script of a server can be told. Explains itself by the comment at its head.
verbs() {
  case ${2:-} in
    install) install ;;
    start) start ;;
    stop) stop_pid "$PID_FILE" "$1" ;;
    kill) if alive "$PID_FILE"; then kill -9 "$(cat "$PID_FILE")"; fi; rm -f "$PID_FILE" ;;
    status) status ;;
    *) sed -n '2,/^[^#]/{/^#/p}' "$0"; exit 2 ;;
  esac
}

# maven_copy ARTIFACT FOLDER: one file of a Maven repository, `group:name:version:kind`.
maven_copy() {
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy "-Dartifact=$1" "-DoutputDirectory=$2" >&2
}

# go_install BINARY MODULE-PACKAGE@VERSION: builds a Go program once into $CACHE/bin/BINARY.
go_install() {
  local binary=$1 package=$2 built
  [ -x "$CACHE/bin/$binary" ] && return 0
  need go "to build $binary" 'install Go 1.24 or later'
  say "building $package (once, a minute or two)"
  built=$(mktemp -d "$CACHE/build.XXXXXX")
  GOBIN=$built GOFLAGS='-buildvcs=false -modcacherw -p=2' nice -n 5 go install "$package" >&2
  mv "$built"/* "$CACHE/bin/$binary"
  rmdir "$built"
}
