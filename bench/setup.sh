#!/usr/bin/env bash
# Installs the programs that the benches compare with (package.json here), apart from the workspace: nobody who
# only uses Genfleet should have to download them. Redis comes by tools/provision/redis.sh when it is asked for.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
exec node "$root/tools/pnpm.mjs" --dir "$root/bench" --ignore-workspace install --ignore-scripts --frozen-lockfile "$@"
