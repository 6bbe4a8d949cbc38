#!/bin/sh
# Valkey (or Redis) with the password of its clients. The password is read from the secret's file into a configuration in memory, so that it is in no argument and no variable.
set -eu
umask 077

password_file=${REDIS_PASSWORD_FILE:?}
configuration=/tmp/server.conf

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

[ -r "$password_file" ] || fail "The secret $password_file cannot be read by user $(id -u) with groups $(id -G)."
[ "$(head -n 1 "$password_file" | wc -c)" -gt 1 ] || fail "The secret $password_file is empty, or begins with an empty line."
[ "$(tail -n +2 "$password_file" | wc -c)" -eq 0 ] || fail "The secret $password_file has more than one line."

# In double quotes a backslash and a quote want a backslash.
{
  cat "${0%/*}/redis.conf"
  printf 'requirepass "'
  tr -d '\n' <"$password_file" | sed 's/[\\"]/\\&/g' | tr -d '\n'
  printf '"\n'
} >"$configuration"

# Process ids tell nothing about another container. The descriptor stays open in the server: the lock is held until it has ended.
exec 9>>"${REDIS_FOLDER:?}/cdktf-django.lock"
tries=0
until flock -n 9; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || fail "Another process has the data in $REDIS_FOLDER open; two servers on one directory would destroy it. Trying again."
  sleep 0.5
done

for server in valkey-server redis-server; do
  if command -v "$server" >/dev/null; then exec "$server" "$configuration"; fi
done
fail "The image has neither valkey-server nor redis-server."
