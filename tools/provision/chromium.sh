#!/usr/bin/env bash
# A Chromium for the tests of the page.
#   chromium.sh install|path
# Prints where its binary is: CHROMIUM_PATH, else one that is installed, else (as root, on Debian and its kin) the
# system's package, installed now.
set -euo pipefail
. "$(dirname "$0")/cache.sh"

works() { "$1" --version > /dev/null 2>&1; }

find_it() {
  local name found
  if [ -n "${CHROMIUM_PATH:-}" ]; then
    works "$CHROMIUM_PATH" || missing "a Chromium that runs; CHROMIUM_PATH is $CHROMIUM_PATH, which does not"
    printf '%s\n' "$CHROMIUM_PATH"
    return 0
  fi
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    # a snap's wrapper is there but may not run: ask it
    if found=$(command -v "$name") && works "$found"; then
      printf '%s\n' "$found"
      return 0
    fi
  done
  return 1
}

install() {
  find_it > /dev/null && return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null 2>&1; then
    missing 'Chromium or Chrome; install one (Debian: apt-get install chromium) or name it in CHROMIUM_PATH'
  fi
  lock chromium-install
  find_it > /dev/null && return 0
  say 'installing chromium from the system packages (100 MB, once)'
  apt-get update -q >&2 || missing 'the system packages (apt-get update failed), or CHROMIUM_PATH'
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >&2 ||
    missing 'Chromium: apt-get could not install it'
  find_it > /dev/null || missing 'a Chromium that runs; the one of the system packages does not'
  exec 9>&-
}

case ${1:-} in
  install | path) install && find_it ;;
  *) sed -n '2,5p' "$0"; exit 2 ;;
esac
