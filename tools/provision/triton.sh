#!/usr/bin/env bash
# NVIDIA Triton on the CPU, on loopback, without a container: the server and its Python backend out of the
# nvidia-pytriton wheel (Triton 2.51), in a Python environment of its own.
#   triton.sh install|start|stop|kill|status|wipe      install prints the environment's folder last
# Environment (default): DIR $CACHE/triton/default  GRPC_PORT 8001  HTTP_PORT 8000  METRICS_PORT 8002
#   REPOSITORIES services/model-triton/models, folders of models with colons between them
#   PYTHON another interpreter: 3.10 to 3.12 with its shared library
# Linux with glibc 2.35 or later (Debian 12, Ubuntu 22.04), x86-64 or arm64. About 300 MB.
set -euo pipefail
. "$(dirname "$0")/cache.sh"
DIR=${DIR:-$CACHE/triton/default}
GRPC_PORT=${GRPC_PORT:-8001} HTTP_PORT=${HTTP_PORT:-8000} METRICS_PORT=${METRICS_PORT:-8002}
REPOSITORIES=${REPOSITORIES:-$(cd "$HERE/../../services/model-triton" && pwd)/models}
PID_FILE=$DIR/triton.pid
VENV=$CACHE/triton/python
START_SECONDS=120

packages=(nvidia-pytriton==0.7.0 numpy==1.26.4 tokenizers==0.23.3 ruff==0.17.6)
recipe=1 # raise it when the steps below change, so that old environments are made anew

# Prints the interpreter and the folder of its libpython: Triton's Python backend is linked against it.
find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.12 python3.11 python3.10; do
    [ -n "$candidate" ] && "$candidate" - 2> /dev/null << 'PYTHON' && return 0
import ensurepip, pathlib, sys, sysconfig, venv
name = sysconfig.get_config_var("INSTSONAME")
folders = [sysconfig.get_config_var(key) for key in ("LIBDIR", "LIBPL")]
multiarch = sysconfig.get_config_var("MULTIARCH")
folders += [f"/usr/lib/{multiarch}"] if multiarch else []
found = [f for f in folders if f and name.startswith("libpython") and ".so" in name and (pathlib.Path(f) / name).exists()]
if not (3, 10) <= sys.version_info[:2] <= (3, 12) or not found:
    sys.exit(1)
print(sys.executable, found[0], f"{sys.version_info[0]}.{sys.version_info[1]}", sep="\n")
PYTHON
  done
  missing 'Python 3.10 to 3.12 with venv and its shared library (Debian: apt-get install python3-venv libpython3.11)'
}

check_machine() {
  local glibc
  [ "$(uname -s)" = Linux ] || missing 'Linux; Triton comes for no other system'
  glibc=$(getconf GNU_LIBC_VERSION 2> /dev/null | cut -d ' ' -f 2)
  [ "$(printf '2.35\n%s\n' "$glibc" | sort -V | head -n 1)" = 2.35 ] || missing "glibc 2.35 or later; this is ${glibc:-another libc}"
}

install() {
  local found base library version stamp server
  check_machine
  need setsid 'to start it in a session of its own' 'install util-linux'
  lock triton-install
  found=$(find_python)
  { read -r base; read -r library; read -r version; } <<< "$found"
  stamp="recipe $recipe ${packages[*]} $base $version $library"
  if [ "$(cat "$VENV/stamp" 2> /dev/null)" != "$stamp" ]; then
    say "making $VENV (a minute, 300 MB)"
    rm -rf "$VENV"
    "$base" -m venv "$VENV"
    # without dependencies: what they need beyond these is the training side and a web framework
    "$VENV/bin/python" -m pip install -q --no-deps --no-compile --disable-pip-version-check "${packages[@]}" >&2
    server=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/pytriton/tritonserver
    cp "$server/python_backend_stubs/$version/triton_python_backend_stub" "$server/backends/python/"
    ln -sfn "$server" "$VENV/tritonserver"
    echo "$library" > "$VENV/library"
    echo "$stamp" > "$VENV/stamp"
  fi
  exec 9>&-
}

# A shell's own TCP; no client to install. The server listens once its models are loaded.
ready() { exec 8<> "/dev/tcp/127.0.0.1/$HTTP_PORT" && printf 'GET /v2/health/ready HTTP/1.0\r\n\r\n' >&8 && head -n 1 <&8 | grep -q ' 200'; }
is_ready() { (ready) 2> /dev/null; }

# halt SECONDS: with everything that belongs to it. Killed, it leaves the processes of its models behind, which wait
# for it for ever, and its shared memory.
halt() {
  local pid stub memory
  pid=$(cat "$PID_FILE" 2> /dev/null) || return 0
  memory=$(grep -hoE '/dev/shm/triton_python_backend_shm_region_[0-9a-f-]+' "/proc/$pid/maps" 2> /dev/null | sort -u || true)
  stop_pid "$PID_FILE" "$1"
  for stub in /proc/[0-9]*; do
    [ "$(sed 's/.*) //' "$stub/stat" 2> /dev/null | cut -d ' ' -f 3)" = "$pid" ] || continue
    grep -q triton_python_backend_stub "$stub/cmdline" 2> /dev/null && kill -9 "${stub#/proc/}" 2> /dev/null
  done
  for stub in $memory; do rm -f "$stub"; done
}

start() {
  local repositories=() folder
  install
  mkdir -p "$DIR"
  lock "triton-$(printf '%s' "$DIR" | cksum | cut -d ' ' -f 1)"
  if alive "$PID_FILE"; then say "already up, pid $(cat "$PID_FILE")"; return 0; fi
  IFS=: read -ra folders <<< "$REPOSITORIES"
  for folder in "${folders[@]}"; do repositories+=("--model-repository=$folder"); done
  # The backend looks for its Python by PATH and for libpython by LD_LIBRARY_PATH, and would take the system's.
  # Headers reach the models as parameters of the request, so that they can follow a trace.
  # A session of its own, so that its models' processes can be told from those of another one.
  env PATH="$VENV/bin:$PATH" VIRTUAL_ENV="$VENV" LD_LIBRARY_PATH="$(cat "$VENV/library")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
    PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 \
    setsid "$VENV/tritonserver/bin/tritonserver" "${repositories[@]}" --backend-directory="$VENV/tritonserver/backends" \
    --model-control-mode=explicit '--load-model=*' --exit-on-error=false --strict-readiness=false \
    --http-address=127.0.0.1 --grpc-address=127.0.0.1 --metrics-address=127.0.0.1 \
    --http-port="$HTTP_PORT" --grpc-port="$GRPC_PORT" --metrics-port="$METRICS_PORT" \
    --grpc-header-forward-pattern=traceparent --allow-gpu-metrics=false --exit-timeout-secs=5 \
    > "$DIR/triton.log" 2>&1 < /dev/null 9>&- &
  echo $! > "$PID_FILE"
  disown
  wait_for $START_SECONDS "$PID_FILE" "$DIR/triton.log" is_ready || { halt 5; return 1; }
  say "Triton is up: triton://127.0.0.1:$GRPC_PORT, models of $REPOSITORIES"
}

case ${1:-} in
  install) install; echo "$VENV" ;;
  start) start ;;
  stop) halt 15 ;;
  kill) halt 0 ;;
  status) if alive "$PID_FILE"; then echo "up, pid $(cat "$PID_FILE")"; else echo down; exit 1; fi ;;
  wipe)
    if alive "$PID_FILE"; then say 'it is running: stop it first'; exit 1; fi
    rm -rf "$DIR" ;;
  *) sed -n '2,8p' "$0"; exit 2 ;;
esac
