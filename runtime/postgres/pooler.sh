#!/bin/sh
# PgBouncer with the login of its clients, which is the one that it logs in with itself. The password is read from the secret's file into one in memory, the only form in which PgBouncer
# takes a password that it has to send on.
set -eu
umask 077

folder=${POOLER_FOLDER:?}
files=${POOLER_FILES:?}
user=${DATABASE_USER:?}
password_file=${DATABASE_PASSWORD_FILE:?}

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
{
  printf %s "$user" | field
  printf ' '
  field <"$password_file"
  echo
} >"$folder/users"

# Each connection is a file.
limit=$(ulimit -n)
if [ "$limit" != unlimited ] && [ "$limit" -lt "$files" ]; then
  (ulimit -n "$files") 2>/dev/null ||
    fail "The engine lets a container open $(ulimit -Hn) files, and $files are needed." \
      "Either lower maxClientConnections, or raise the engine's limit (default-ulimits in /etc/docker/daemon.json)."
  ulimit -n "$files"
fi
exec pgbouncer "${0%/*}/pgbouncer.ini"
