#!/bin/sh
# Until it has had an answer from the server once, PgBouncer is asked for one: a release with a wrong password, or without a server, does not go live. Later it is about PgBouncer alone: an outage of
# the server, or clients in line, make no ill pooler. That is seldom of interest, so such a probe waits first: a release sees within a moment that a new pooler is well, and yet
# probes begin no more often.
set -eu

proven=/tmp/proven
export PGCONNECT_TIMEOUT=4

ask() {
  psql --no-psqlrc --quiet --tuples-only --no-align --port="${POOLER_PORT:?}" "$@" >/dev/null
}

if [ -e "$proven" ]; then
  sleep "${POOLER_HEALTH_PAUSE:-9}"
  ask --host="${POOLER_FOLDER:?}" --username=pgbouncer --dbname=pgbouncer --command='SHOW VERSION'
else
  PGPASSWORD=$(cat "${DATABASE_PASSWORD_FILE:?}")
  export PGPASSWORD
  ask --host=127.0.0.1 --username="${DATABASE_USER:?}" --dbname="${DATABASE_NAME:?}" --command='SELECT 1'
  : >"$proven"
fi
