#!/bin/sh
# Hands a candidate to the proxy's supervisor by way of the configuration volume, and waits for what becomes of it.
set -eu

state=${PROXY_STATE:-/var/lib/proxy}
owner=${PROXY_OWNER:-proxy}
candidate=${PROXY_CANDIDATE:-/candidate}
patience=${PROXY_PATIENCE:-90}

if ! [ -w "$state" ]; then
  echo "The routes are not published: this volume has no configuration of a proxy. Does configurationVolumeName name the one of a proxy that is deployed?" >&2
  exit 1
fi

# A proxy whose TLS this very deploy turns on is about to be replaced by one that has it.
tries=$((patience * 5))
while [ "${PROXY_TLS-}" = yes ] && [ "$(cat "$state/serves" 2>/dev/null)" != tls ]; do
  if [ "$tries" -le 0 ]; then
    echo "The routes are not published: no proxy with TLS is running (waited $patience s). See the log of its container." >&2
    exit 1
  fi
  tries=$((tries - 1))
  sleep 0.2
done

nonce=$(cat /proc/sys/kernel/random/uuid)
draft=$state/inbox/.$nonce
request=$state/inbox/$nonce
outcome=$state/outbox/$nonce

withdraw() { rm -rf "$draft"; mv "$request" "$draft" 2>/dev/null && rm -rf "$draft"; }
trap 'withdraw || true; exit 143' TERM INT QUIT

mkdir -p "$state/inbox" "$state/outbox" "$draft/candidate"
cp -R "$candidate/." "$draft/candidate/"
# The servers of each group: its name in the first line, and what its file has in the others.
number=0
while eval "text=\${PROXY_SERVERS_$number-}" && [ -n "$text" ]; do
  name=$(printf '%s\n' "$text" | head -n 1)
  printf '%s\n' "$text" | sed -e 1d -e '/^$/d' >"$draft/candidate/upstreams/$name.servers"
  number=$((number + 1))
done
echo "$owner" >"$draft/owner"
# Held for as long as somebody waits: a request that nobody waits for must not change routes later.
exec 8>"$draft/alive"
flock 8
mv "$draft" "$request"

wait_for_outcome() { # wait_for_outcome SECONDS
  tries=$(($1 * 20))
  until [ -e "$outcome" ]; do
    [ "$tries" -gt 0 ] || return 1
    tries=$((tries - 1))
    sleep 0.05
  done
}

if ! wait_for_outcome "$patience"; then
  if withdraw; then
    # The supervisor holds this lock for as long as it runs.
    if flock -n "$state/lock" true; then
      echo "The routes are not published: the proxy is not running (waited $patience s). See the log of its container." >&2
    else
      echo "The routes are not published: the proxy is busy with other requests (waited $patience s). Deploy again." >&2
    fi
    exit 1
  fi
  # It is being worked on.
  if ! wait_for_outcome 60; then
    echo "The routes may not be published: the proxy took the request and did not answer. See the log of its container." >&2
    exit 1
  fi
fi

status=$(head -n 1 "$outcome")
message=$(tail -n +2 "$outcome")
rm -f "$outcome"
case "$status" in
  published) echo "The routes are published ($message)." ;;
  unchanged) echo "The routes are published already." ;;
  *)
    echo "The routes are not published; the proxy goes on with those that it has."
    echo "$message"
    exit 1
    ;;
esac
