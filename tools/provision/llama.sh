#!/usr/bin/env bash
# llama.cpp's server, out of the wheel of xllamacpp that carries it compiled, on a tiny model of random weights called
# `tiny`: a real server of OpenAI's API for tests.
#   llama.sh install|start|stop|status
# Environment (default): DIR $CACHE/llama/default  PORT 8090  PYTHON python3 (3.10 or later)
set -euo pipefail
. "$(dirname "$0")/cache.sh"
DIR=${DIR:-$CACHE/llama/default} PORT=${PORT:-8090} PYTHON=${PYTHON:-python3}
PID_FILE=$DIR/llama.pid
VENV=$CACHE/llama-server
PACKAGES=(xllamacpp==2026.10.11549 gguf==0.19.0 numpy==2.4.6)

install() {
  need "$PYTHON" 'to run llama.cpp' 'install Python 3.10 or later'
  local stamp
  stamp="$("$PYTHON" -V) ${PACKAGES[*]} $(cksum < "$HERE/llama/tiny_gguf.py")"
  [ "$(cat "$VENV/stamp" 2> /dev/null)" = "$stamp" ] && return 0
  "$PYTHON" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2> /dev/null ||
    missing 'Python 3.10 or later with venv; install it (Debian: apt-get install python3-venv)'
  lock llama-install
  [ "$(cat "$VENV/stamp" 2> /dev/null)" = "$stamp" ] && { exec 9>&-; return 0; }
  say 'installing llama.cpp (once, 120 MB)'
  rm -rf "$VENV"
  "$PYTHON" -m venv "$VENV"
  "$VENV/bin/python" -m pip install -q --no-cache-dir --disable-pip-version-check "${PACKAGES[@]}" >&2
  "$VENV/bin/python" "$HERE/llama/tiny_gguf.py" "$VENV/tiny.gguf"
  echo "$stamp" > "$VENV/stamp"
  exec 9>&-
}

ready() { curl -sf "http://127.0.0.1:$PORT/health"; }

serve() { exec "$VENV/bin/python" "$HERE/llama/serve.py" "$VENV/tiny.gguf" "$PORT"; }

start() {
  install
  need curl 'to see when the server is ready' 'install curl'
  launch llama 30 "llama.cpp is up: http://127.0.0.1:$PORT/v1"
}

verbs 5 "$@"
