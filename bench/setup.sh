#!/usr/bin/env bash
# Installs the programs that the benches compare with, apart from the workspace: nobody who only uses Genfleet should
# have to download them.
#   bash bench/setup.sh [node] [litellm] [celery] [bentoml] [ray] [temporal]     without a name: all of them
# Those for Node are in package.json here. LiteLLM (740 MB), Celery (70 MB), BentoML (60 MB) and Ray Serve (380 MB), both
# over the service's own torch, get a Python environment each in the cache; Temporal's server is built there, which takes
# seven minutes of CPU.
# Redis comes by tools/provision/redis.sh when it is asked for.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cache=${GENFLEET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/genfleet}

# environment NAME STAMP PYTHON PIP-ARGUMENT…: made anew when the stamp changes.
environment() {
  local venv=$cache/$1 stamp=$2 python=$3 site
  shift 3
  [ "$(cat "$venv/stamp" 2> /dev/null)" != "$stamp" ] || return 0
  rm -rf "$venv"
  "$python" -m venv "$venv"
  if [ -n "${LIBRARIES_OF:-}" ]; then
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    "$LIBRARIES_OF/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$site/libraries.pth"
  fi
  "$venv/bin/python" -m pip install -q --no-cache-dir --disable-pip-version-check "$@"
  echo "$stamp" > "$venv/stamp"
}

pinned() { cksum < "$root/bench/peers/$1/requirements.txt"; }

for peer in "${@:-node litellm celery bentoml ray temporal}"; do
  # unquoted, so that the list of all is one too
  for name in $peer; do
    case $name in
      node) node "$root/tools/pnpm.mjs" --dir "$root/bench" install --ignore-scripts --frozen-lockfile ;;
      litellm) environment litellm 1.106.0 "${PYTHON:-python3}" 'litellm[proxy]==1.106.0' ;;
      celery) environment celery "$(pinned celery)" "${PYTHON:-python3}" -r "$root/bench/peers/celery/requirements.txt" ;;
      bentoml | ray)
        torch=$(bash "$root/tools/provision/python-torch.sh" | tail -n 1)
        # torch takes 2 GB: it is found where the service has it
        LIBRARIES_OF=$torch environment "$name" "$(pinned "$name")" "$torch/bin/python" -r "$root/bench/peers/$name/requirements.txt"
        ;;
      temporal) bash "$root/tools/provision/temporal.sh" install ;;
      *) echo "there is no peer '$name'" >&2; exit 2 ;;
    esac
  done
done
