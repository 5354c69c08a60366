#!/usr/bin/env bash
# k6, which drives the load tests.
#   k6.sh install|path
# `path` prints where its binary is, built now if it is not there. K6_PATH names one of your own.
set -euo pipefail
. "$(dirname "$0")/cache.sh"
MODULE=go.k6.io/k6/v2 VERSION=v2.2.0
BINARY=${K6_PATH:-$CACHE/bin/k6-${VERSION#v}}

# In the module's own folder, so that its go.sum says what every dependency has to be; `go install` would ask the
# module's home, which package registries stand in for, whether it is deprecated.
build() {
  need go 'to build k6' 'install Go 1.25 or later'
  say "building k6 $VERSION (once, two minutes and 0.7 GB of memory)"
  local source
  source=$(go mod download -json "$MODULE@$VERSION" | sed -n 's/^.*"Dir": "\(.*\)",$/\1/p')
  (cd "$source" && GOFLAGS='-buildvcs=false -modcacherw -mod=readonly -p=2' nice -n 5 go build -ldflags '-s -w' -o "$BINARY.new" . >&2)
  mv "$BINARY.new" "$BINARY"
}

install() {
  [ ! -x "$BINARY" ] || return 0
  [ -z "${K6_PATH:-}" ] || missing "k6; K6_PATH is $K6_PATH, which cannot be run"
  lock k6-install
  [ -x "$BINARY" ] || build
  exec 9>&-
}

case ${1:-} in
  install) install ;;
  path)
    install
    printf '%s\n' "$BINARY" ;;
  *) sed -n '2,4p' "$0"; exit 2 ;;
esac
