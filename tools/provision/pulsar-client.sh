#!/usr/bin/env bash
# Builds the native addon of the npm package `pulsar-client` from what package registries hold, and puts it where
# the workspace's copy looks for it. The package's own install script would download a binary from a download
# site; it is switched off in pnpm-workspace.yaml. Here instead:
#   the addon's C++ sources and node-addon-api   from the npm package, as installed
#   Node's headers                               from the npm package `node`
#   libpulsar, the client proper                 from the PyPI wheel of the same C++ client version
#   declarations of libpulsar                    from pulsar-client-include/, written by hand, as no package has them
# Kept in the cache and only copied when node_modules is fresh. glibc on x86-64 only.
#   pulsar-client.sh [install|status]
set -euo pipefail
. "$(dirname "$0")/cache.sh"
WHEEL_VERSION=3.13.0 # carries C++ client 4.2.0, the one that pulsar-client 1.18.0 is written against
ROOT=$(cd "$HERE/../.." && pwd)

# npm or pnpm may have put it anywhere; Node knows.
package_dir() { (cd "$ROOT/packages/bus-pulsar" && node -p "require('path').dirname(require.resolve('$1/package.json', {paths: ['$2']}))"); }

PACKAGE=$(package_dir pulsar-client . 2> /dev/null) || missing 'the npm package pulsar-client; run npm start or npm test once to install'
NODE_ADDON_API=$(package_dir node-addon-api "$PACKAGE")
NODE_PACKAGE=$(cd "$ROOT" && node -p "require('path').dirname(require.resolve('node/package.json'))")
HEADERS=$(find "$NODE_PACKAGE"/ "$(dirname "$NODE_PACKAGE")" -path '*/include/node/node_api.h' -print -quit | xargs -r dirname)
VERSION=$(node -p "require('$PACKAGE/package.json').version")
# What it is built from is in the name, so that a change of any of it builds anew.
INPUTS=$(cat "$PACKAGE"/src/*.cc "$HERE"/pulsar-client-include/pulsar/*.hpp "$HERE"/pulsar-client-include/pulsar/c/shim.h "$0" | cksum | cut -d ' ' -f 1)
BUILT=$CACHE/pulsar-client/$VERSION-$WHEEL_VERSION-$INPUTS
BINDING=$PACKAGE/lib/binding

fetch_library() {
  need python3 'whose pip fetches the wheel that carries libpulsar' 'install Python 3 with pip'
  python3 -m pip --version > /dev/null 2>&1 || missing 'pip for python3'
  say "fetching libpulsar (wheel pulsar-client $WHEEL_VERSION)"
  # The wheel's Python version does not matter: only the shared library in it is used.
  python3 -m pip download -q --no-deps --only-binary=:all: --python-version 3.12 --platform manylinux2014_x86_64 \
    --platform manylinux_2_28_x86_64 --dest "$1/wheel" "pulsar-client==$WHEEL_VERSION" >&2
  python3 -m zipfile -e "$1"/wheel/pulsar_client-*.whl "$1/wheel/unpacked"
  cp "$1"/wheel/unpacked/pulsar_client.libs/libpulsar-*.so "$1/"
  rm -r "$1/wheel"
}

compile() {
  local work=$1 sources=(addon Message MessageId Authentication Client SchemaInfo Producer ProducerConfig Consumer ConsumerConfig Reader ReaderConfig ThreadSafeDeferred CryptoKeyReader)
  local flags=(-std=gnu++17 -O1 -fPIC -fvisibility=hidden -pthread -DNAPI_VERSION=4 -DNODE_GYP_MODULE_NAME=pulsar -DBUILDING_NODE_EXTENSION
    -I "$HERE/pulsar-client-include" -I "$HEADERS" -I "$NODE_ADDON_API")
  say "compiling the addon of pulsar-client $VERSION (once, about a minute)"
  # The soname in the library is the file's own name, which $ORIGIN finds beside the addon.
  printf '%s\n' "${sources[@]}" | nice -n 5 xargs -P 2 -I '{}' g++ "${flags[@]}" -c "$PACKAGE/src/{}.cc" -o "$work/{}.o"
  g++ -shared -pthread -o "$work/pulsar.node" "$work"/*.o "$work"/libpulsar-*.so -Wl,-rpath,'$ORIGIN' -Wl,--exclude-libs,ALL
  rm "$work"/*.o
}

build() {
  [ "$(uname -sm)" = 'Linux x86_64' ] || missing "a build of the native client for $(uname -sm); use a pulsar+ws:// address"
  need g++ 'to compile the addon' 'install g++'
  [ -n "$HEADERS" ] || missing "Node's headers in the npm package node"
  local work
  work=$(mktemp -d "$CACHE/pulsar-client.XXXXXX")
  fetch_library "$work"
  compile "$work"
  mkdir -p "$(dirname "$BUILT")"
  rm -rf "$BUILT"
  mv "$work" "$BUILT"
}

loads() { (cd "$ROOT/packages/bus-pulsar" && node -e "require('pulsar-client')") > /dev/null 2>&1; }

install() {
  lock pulsar-client
  [ -f "$BUILT/pulsar.node" ] || build
  if ! cmp -s "$BUILT/pulsar.node" "$BINDING/pulsar.node"; then
    local staged
    # Removed first: the package manager may have linked one file into several places.
    mkdir -p "$PACKAGE/lib"
    staged=$(mktemp -d "$PACKAGE/lib/binding.XXXXXX")
    chmod 755 "$staged"
    cp "$BUILT"/libpulsar-*.so "$BUILT/pulsar.node" "$staged/"
    rm -rf "$BINDING"
    mv "$staged" "$BINDING"
  fi
  # The certificates that TLS trusts, which the package's install script would have written beside its code.
  [ -f "$PACKAGE/src/cert.pem" ] || (cd "$PACKAGE" && node GenCertFile.js)
  loads || { say "it does not load:"; (cd "$ROOT/packages/bus-pulsar" && node -e "require('pulsar-client')"); return 1; }
  say "pulsar-client $VERSION loads from $BINDING"
}

case ${1:-install} in
  install) install ;;
  status) if loads; then echo "loads, $BINDING"; else echo 'not built'; exit 1; fi ;;
  *) sed -n '2,11p' "$0"; exit 2 ;;
esac
