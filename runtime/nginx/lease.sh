#!/bin/sh
# Holds the lease on the routes that a stack has at another stack's proxy. When it is stopped, which is what happens before the servers of a destroyed app are
# removed, the proxy withdraws the routes. Its successor in a release takes the lease over first, so that they stay.
set -u

state=${PROXY_STATE:-/var/lib/proxy}
owner=$PROXY_OWNER
patience=${PROXY_PATIENCE:-20}
lease=$state/leases/$owner

leave() {
  trap '' TERM INT QUIT
  # Whoever else wrote it holds it now.
  [ "$(cat "$lease" 2>/dev/null)" = "$HOSTNAME" ] || exit 0
  rm -f "$lease"
  tries=$((patience * 5))
  while [ -e "$state/good/owners/$owner" ] && [ "$tries" -gt 0 ]; do
    sleep 0.2
    tries=$((tries - 1))
  done
  # A proxy that does not run now withdraws them when it starts.
  exit 0
}

trap leave TERM INT QUIT
mkdir -p "$state/leases"
# The name of the container, which it keeps for as long as it is there.
echo "$HOSTNAME" >"$lease.$HOSTNAME"
mv "$lease.$HOSTNAME" "$lease"
while :; do
  sleep 3600 &
  wait $!
done
