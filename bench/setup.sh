#!/usr/bin/env bash
# Installs the programs that the benches compare with, apart from the workspace: nobody who only uses Genfleet should
# have to download them. Those for Node are in package.json here; LiteLLM gets a Python environment in the cache
# (740 MB). Redis comes by tools/provision/redis.sh when it is asked for.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
litellm_version=1.106.0
cache=${GENFLEET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/genfleet}
venv=$cache/litellm

node "$root/tools/pnpm.mjs" --dir "$root/bench" install --ignore-scripts --frozen-lockfile "$@"
if [ "$(cat "$venv/stamp" 2> /dev/null)" != "$litellm_version" ]; then
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/python" -m pip install -q --no-cache-dir --disable-pip-version-check "litellm[proxy]==$litellm_version"
  echo "$litellm_version" > "$venv/stamp"
fi
