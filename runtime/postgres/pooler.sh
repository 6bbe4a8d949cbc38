#!/bin/sh
# PgBouncer with the login of its clients, which is the one that it logs in with itself. The password is read from the secret's file into one in memory, the only form in which PgBouncer
# takes a password that it has to send on.
#
# PgBouncer does not look the server's address up by itself: its resolver goes on with an old one for as long as the answer said (c-ares keeps it, whatever dns_max_ttl is; the engine says ten
# minutes), or for ever (pgbouncer/pgbouncer#1583). A server that is made anew may have another one. So the C library is asked every second, and PgBouncer told.
set -eu
umask 077

folder=${POOLER_FOLDER:?}
files=${POOLER_FILES:?}
user=${DATABASE_USER:?}
password_file=${DATABASE_PASSWORD_FILE:?}
host=${DATABASE_HOST:?}
port=${DATABASE_PORT:?}
database=${DATABASE_NAME:?}

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# A field of PgBouncer's auth_file, from standard input.
field() {
  printf '"'
  tr -d '\n' | sed 's/"/""/g' | tr -d '\n'
  printf '"'
}

require_secret() {
  [ -r "$1" ] || fail "The secret $1 cannot be read by user $(id -u) with groups $(id -G)."
  [ "$(head -n 1 "$1" | wc -c)" -gt 1 ] || fail "The secret $1 is empty, or begins with an empty line."
  [ "$(tail -n +2 "$1" | wc -c)" -eq 0 ] || fail "The secret $1 has more than one line."
  if grep -qE '^(md5[0-9a-f]{32}|SCRAM-SHA-256\$.*:.*)$' "$1"; then
    fail "The secret $1 has the form of a hash, for which PgBouncer would take it. Give the database another password."
  fi
}

require_secret "$password_file"
mkdir -p "$folder"
{
  printf %s "$user" | field
  printf ' '
  field <"$password_file"
  echo
} >"$folder/users"

# The addresses of the server, a line each, or nothing. Those of IPv4 if there are any: not every host has a way for the others.
addresses() {
  if [ "${POOLER_RESOLVES:?}" = no ]; then
    echo "$host"
  else
    { getent ahostsv4 "$host" || getent hosts "$host"; } 2>/dev/null | awk '{ print $1 }'
  fi
}

# write_databases ADDRESS
write_databases() {
  printf "[databases]\n%s = host='%s' port=%s dbname='%s'\n" "$database" "$1" "$port" "$database" >"$folder/databases.ini.new"
  mv "$folder/databases.ini.new" "$folder/databases.ini"
}

# follow ADDRESS PROCESS: of several addresses, which come in any order, one is as good as another
follow() {
  local known=$1 now
  while sleep 1 && kill -0 "$2" 2>/dev/null; do
    now=$(addresses)
    if [ -n "$now" ] && ! printf '%s\n' "$now" | grep -qxF "$known"; then
      now=$(printf '%s\n' "$now" | head -n 1)
      echo "pooler: $host is at $now, and no longer at $known"
      write_databases "$now"
      kill -HUP "$2"
      known=$now
    fi
  done
}

found=$(addresses | head -n 1)
[ -n "$found" ] || echo "pooler: waiting for the address of $host"
while [ -z "$found" ]; do
  sleep 1
  found=$(addresses | head -n 1)
done
write_databases "$found"

# Each connection is a file.
limit=$(ulimit -n)
if [ "$limit" != unlimited ] && [ "$limit" -lt "$files" ]; then
  (ulimit -n "$files") 2>/dev/null ||
    fail "The engine lets a container open $(ulimit -Hn) files, and $files are needed." \
      "Either lower maxClientConnections, or raise the engine's limit (default-ulimits in /etc/docker/daemon.json)."
  ulimit -n "$files"
fi
[ "$POOLER_RESOLVES" = no ] || follow "$found" $$ &
exec pgbouncer "${0%/*}/pgbouncer.ini"
