#!/bin/sh
# Serves an initialised data directory, with the given options of postgres, as the only process that has it open.
set -eu
umask 077
. "${0%/*}/marker.sh"
. "${0%/*}/image.sh"

[ -f "$marker" ] || fail "The volume holds no initialised database: $marker is missing. The job Initialize makes one and writes it last;" \
  "deploy again to run it."
require_fitting_server

# Postgres's own lock file knows process ids, and two containers may each have a process 7 that is a server. The descriptor
# stays open in postgres and all its children: the lock is held until the last of them has ended.
exec 9>>"$lock"
if ! flock --timeout "${LOCK_TIMEOUT:-30}" 9; then
  fail "Another process has the database in $data open; two servers on one directory would destroy it. Trying again."
fi
# Left by a server that was killed. That none is alive is proven by the lock.
rm -f "$data/postmaster.pid"
# A library that the image has not would keep the server from starting. The deploy fails for it, in the job that opens logins.
libraries=
for name in $(printf %s "${DATABASE_PRELOAD:-}" | tr , ' '); do
  if has_library "$name"; then
    libraries="$libraries${libraries:+,}$name"
  else
    echo "The image has no library $name, which shared_preload_libraries names: the server starts without it." >&2
  fi
done
[ -z "${DATABASE_PRELOAD:-}" ] || set -- "$@" -c "shared_preload_libraries=$libraries"
# For incremental base backups. What the stack says of it comes later, and wins.
[ -z "${DATABASE_SUMMARIZE_WAL:-}" ] || set -- -c "summarize_wal=$DATABASE_SUMMARIZE_WAL" "$@"
exec postgres -D "$data" "$@"
