#!/usr/bin/env bash
# Makes the Python environment in which services/model-diffusers runs and its tests pass:
# torch, diffusers, transformers and the service's requirements.
#
#   tools/provision/python-torch.sh              prints the environment's folder last
#   tools/provision/python-torch.sh --training   adds what trains and exports the demo model
#
# The folder is ${GENFLEET_CACHE:-~/.cache/genfleet}/python-torch; its interpreter is bin/python.
# On Linux x86-64 without an NVIDIA device the CUDA libraries are not downloaded (about
# 2.5 GB less); stand-ins take their place, see torch-cuda-stubs.sh. Elsewhere, or with
# GENFLEET_TORCH=plain, torch is installed as it comes.
# Safe to run again and twice at once. PYTHON names another interpreter (3.11 or later).
set -euo pipefail

torch_version=2.15.0
cudart_spec='nvidia-cuda-runtime>=13.2,<13.3'
training_packages=(onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.31.1)
recipe=1 # raise it when the steps below change, so that old environments are made anew

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
service="$here/../../services/model-diffusers"
cache=${GENFLEET_CACHE:-$HOME/.cache/genfleet}
venv="$cache/python-torch"
training=no
case "${1:-}" in
  '') ;;
  --training) training=yes ;;
  *) echo "usage: $0 [--training]" >&2; exit 2 ;;
esac

say() { echo "python-torch: $*" >&2; }

# flock holds until the process ends, however it ends; a Mac has none, so mkdir stands in there.
lock() {
  mkdir -p "$cache"
  if command -v flock >/dev/null; then
    exec 9>"$cache/python-torch.lock"
    flock -n 9 || { say 'another run is at work, waiting for it'; flock 9; }
  else
    until mkdir "$cache/python-torch.lock.d" 2>/dev/null; do sleep 1; done
    trap 'rmdir "$cache/python-torch.lock.d"' EXIT
  fi
}

wants_stand_ins() {
  [ "${GENFLEET_TORCH:-}" != plain ] && [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] &&
    command -v gcc >/dev/null && command -v nm >/dev/null &&
    ! [ -e /dev/nvidiactl ] && ! command -v nvidia-smi >/dev/null
}

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    if [ -n "$candidate" ] && "$candidate" -c \
      'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  echo 'missing: Python 3.11 or later with venv (Debian and Ubuntu: apt install python3-venv)' >&2
  return 3
}

pip() { "$venv/bin/python" -m pip install -q --no-cache-dir --no-compile --disable-pip-version-check "$@"; }

install_torch_without_cuda() {
  local site
  say "installing torch $torch_version without the CUDA libraries"
  pip --no-deps "torch==$torch_version" "$cudart_spec"
  site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  # pip trusts METADATA: left as it is, the next install would fetch what was just avoided.
  sed -i -E '/^Requires-Dist: (nvidia-|cuda-|triton)/d' "$site/torch-$torch_version.dist-info/METADATA"
  say 'building stand-ins for the CUDA libraries'
  bash "$here/torch-cuda-stubs.sh" "$site"
}

main() {
  local base python_stamp packages_stamp packages=(-r "$service/requirements-dev.txt")
  lock
  base=$(find_python)
  python_stamp="recipe $recipe torch $torch_version $("$base" -V) $base ${GENFLEET_TORCH:-auto}"
  if [ "$(cat "$venv/torch.stamp" 2>/dev/null)" != "$python_stamp" ]; then
    say "making $venv (a few minutes, 2 GB)"
    rm -rf "$venv"
    "$base" -m venv "$venv"
    if wants_stand_ins; then install_torch_without_cuda; else
      say "installing torch $torch_version as it comes"
      pip "torch==$torch_version"
    fi
    echo "$python_stamp" >"$venv/torch.stamp"
  fi
  if [ $training = yes ] || [ -e "$venv/training" ]; then packages+=("${training_packages[@]}"); touch "$venv/training"; fi
  packages_stamp=$(cat "$service"/requirements*.txt; echo "${packages[*]:2}")
  if [ "$(cat "$venv/packages.stamp" 2>/dev/null)" != "$packages_stamp" ]; then
    say 'installing the service'\''s requirements'
    # torch is named so that pip completes what --no-deps left out and may not replace it.
    pip "torch==$torch_version" "${packages[@]}"
    "$venv/bin/python" -c 'import torch, diffusers, transformers; torch.ones(2) @ torch.ones(2)'
    echo "$packages_stamp" >"$venv/packages.stamp"
  fi
  say "ready: torch $torch_version in $venv"
  echo "$venv"
}

main
