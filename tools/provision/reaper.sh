#!/usr/bin/env bash
# Waits until no process uses a component any more, however its users ended, and then stops it. A shell, because one
# of these runs beside every component.
#   reaper.sh LEASES COMMAND…
# Environment (default): GENFLEET_LINGER_SECONDS 10, so that a run that follows soon finds the component still there
set -u
leases=$1
shift
linger=${GENFLEET_LINGER_SECONDS:-10}

# As leases.ts has it: when the process started, the 20th word after its name.
start_of() { sed 's/.*) //' "/proc/$1/stat" 2> /dev/null | cut -d ' ' -f 20; }

is_leased() {
  local lease start
  for lease in "$leases"/*; do
    [ -e "$lease" ] || continue
    start=$(start_of "${lease##*/}")
    [ -n "$start" ] && [ "$start" = "$(cat "$lease")" ] && return 0
    rm -f "$lease"
  done
  return 1
}

idle_since=$SECONDS
while :; do
  sleep 2
  is_leased && idle_since=$SECONDS
  [ $((SECONDS - idle_since)) -ge "$linger" ] || continue
  "$@"
  # somebody may have come while it was being stopped, and then it was not
  is_leased || break
done
