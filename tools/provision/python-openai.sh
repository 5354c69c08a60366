#!/usr/bin/env bash
# Makes a Python environment with the official OpenAI SDK, for the tests that use it as a client; prints its interpreter.
#
#   tools/provision/python-openai.sh provide
#
# Safe to run again and twice at once. PYTHON names another interpreter (3.9 or later).
set -euo pipefail
# shellcheck source=cache.sh
. "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

version=3.54.0
venv="$CACHE/python-openai-$version"

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    [ -n "$candidate" ] && "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2> /dev/null &&
      { echo "$candidate"; return; }
  done
  missing 'Python 3.9 or later with venv (Debian and Ubuntu: apt install python3-venv)'
}

[ "${1:-}" = provide ] || { echo "usage: $0 provide" >&2; exit 2; }
lock python-openai
if ! [ -f "$venv/complete" ]; then
  python=$(find_python)
  rm -rf "$venv"
  say "installing openai $version for Python"
  "$python" -m venv "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check "openai==$version" >&2
  touch "$venv/complete"
fi
echo "$venv/bin/python"
