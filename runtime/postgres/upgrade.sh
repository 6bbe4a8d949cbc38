#!/bin/sh
# Brings a database to a higher major version: two jobs, while nobody serves it.
#
#   upgrade.sh dump    with the server of the old version: writes everything to cdktf-django.upgrade in the volume
#   upgrade.sh load    with that of the new one: makes a directory from it, compares the counts, and switches by writing the marker
#
# The directory of the old version stays as it is; its marker is kept beside the new one, for the way back (README). Either job has nothing to do on a fresh volume, and
# when it is done already.
set -eu
umask 077
. "${0%/*}/marker.sh"
. "${0%/*}/cluster.sh"
. "${0%/*}/counts.sh"

superuser_password_file=${DATABASE_SUPERUSER_PASSWORD_FILE:?}
from=${UPGRADE_FROM:?}
to=${UPGRADE_TO:?}
dump="$volume/cdktf-django.upgrade"
jobs=${UPGRADE_JOBS:-2}

dump() {
  end_if_nothing_to_do
  require_fitting_server
  take_lock
  rm -rf "$dump" "$dump.unfinished"
  mkdir "$dump.unfinished"
  rm -f "$data/postmaster.pid"
  echo "dumping the database of Postgres $major"
  # What was not written to the directory when it was last served, the server finishes first.
  start_private_server "$data" 600 -c max_connections=20 -c autovacuum=off
  as_superuser pg_dumpall --globals-only --no-tablespaces >"$dump.unfinished/globals.all"
  # The one that initdb makes; its attributes follow in another statement.
  grep -v '^CREATE ROLE postgres;$' "$dump.unfinished/globals.all" >"$dump.unfinished/globals.sql"
  rm "$dump.unfinished/globals.all"
  query postgres "SELECT oid FROM pg_database WHERE datallowconn AND datname <> 'template1' ORDER BY oid" >"$dump.unfinished/databases"
  while read -r oid; do
    query postgres "SELECT datname FROM pg_database WHERE oid = $oid" >"$dump.unfinished/$oid.name"
    dump_database "$oid"
  done <"$dump.unfinished/databases"
  counts "$dump.unfinished" >"$dump.unfinished/counts"
  stop_private_server
  state_of_old >"$dump.unfinished/state"
  sync "$dump.unfinished"/* "$dump.unfinished"
  mv -T "$dump.unfinished" "$dump"
  sync "$volume"
  echo "dumped: $(du -sh "$dump" | cut -f1), $(wc -l <"$dump/counts") tables and large objects counted"
}

load() {
  end_if_nothing_to_do
  [ "$(marker_value major)" = "$from" ] ||
    fail "The volume holds a database of Postgres $(marker_value major), and upgradeFrom says $from. Nothing was changed: set upgradeFrom to $(marker_value major)."
  [ -e "$dump/state" ] || fail "There is no dump of the old database, though the job before this one makes it. Nothing was changed: deploy again."
  take_lock
  [ "$(state_of_old)" = "$(cat "$dump/state")" ] ||
    fail "The database of Postgres $from was served after it was dumped. Nothing was changed: remove the container of the job UpgradeDump (docker rm), which has it made anew, and deploy again."
  rm -rf "$volume/$major"/docker.unfinished-*
  attempt="$data.unfinished-$(cat /proc/sys/kernel/random/uuid)"
  mkdir -p "$volume/$major"
  run_initdb "$attempt"
  start_private_server "$attempt" 60 -c max_connections=20 -c autovacuum=off -c maintenance_work_mem=128MB -c max_wal_size=4GB -c wal_level=minimal -c max_wal_senders=0
  as_superuser psql --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --dbname=postgres --file="$dump/globals.sql"
  while read -r oid; do
    load_database "$oid"
  done <"$dump/databases"
  query postgres 'REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC'
  counts "$dump" >"$attempt.counts"
  if ! diff "$dump/counts" "$attempt.counts" >&2; then
    fail "The counts differ: <: in Postgres $from, >: in Postgres $major (database, table, rows). The database was not switched. That of Postgres $from is as it was:" \
      "set version back to it, leave upgradeFrom out, and deploy."
  fi
  rm "$attempt.counts"
  as_superuser vacuumdb --all --analyze-only --quiet --jobs="$jobs" --maintenance-db=postgres
  stop_private_server
  switch
  echo "the database is one of Postgres $major now; all $(wc -l <"$dump/counts") counts of tables and large objects are equal"
  rm -rf "$dump"
  echo "that of Postgres $from stays in $from/docker of the volume until it is removed by hand: $(du -sh "$volume/$from/docker" | cut -f1)"
}

# The new directory gets its place, then the volume its marker. What was there under the name, from an attempt that was given up, is kept.
switch() {
  write_marker "$(marker_value id)" "$(marker_value database)" "$(marker_value owner)" "$(marker_value user)" >"$attempt/${marker##*/}"
  sync "$attempt/${marker##*/}" "$attempt"
  if [ -e "$data" ]; then
    mv -T "$data" "$data.before-${attempt##*-}"
    echo "a directory of Postgres $major from before was kept as ${data##*/}.before-${attempt##*-}"
  fi
  mv -T "$attempt" "$data"
  sync "$volume/$major"
  cp "$marker" "$marker.$from.new"
  mv -T "$marker.$from.new" "$marker.$from"
  publish_marker
}

end_if_nothing_to_do() {
  if ! [ -f "$marker" ]; then
    echo "there is no database yet: nothing to upgrade"
    exit 0
  fi
  if [ "$(marker_value major)" = "$to" ]; then
    echo "the database is one of Postgres $to already"
    exit 0
  fi
}

# The old server holds it until the deploy has stopped it.
take_lock() {
  exec 9>>"$lock"
  flock --timeout 180 9 || fail "The database is still served after 180 s: another stack's PostgresDb may have the volume. Nothing was changed."
}

# Changes with every start of a server on it.
state_of_old() {
  sha256sum <"$volume/$from/docker/global/pg_control"
}

as_superuser() {
  PGPASSWORD=$(cat "$superuser_password_file") PGHOST=$socket PGUSER=postgres "$@"
}

# query DATABASE SQL: one value a line. Nothing in the database stands before what Postgres has: a function of a user's would be the superuser's.
query() {
  PGOPTIONS='-c search_path=pg_catalog' as_superuser psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$(connection "$1")" --command="$2"
}

dump_database() {
  as_superuser pg_dump --format=directory --jobs="$jobs" --compress="${UPGRADE_COMPRESSION:-1}" --no-sync --create --file="$dump.unfinished/$1" \
    --dbname="$(connection "$(cat "$dump.unfinished/$1.name")")"
}

load_database() {
  if [ "$(cat "$dump/$1.name")" = postgres ]; then
    as_superuser pg_restore --exit-on-error --dbname=postgres "$dump/$1"
  else
    # Made by a connection to another one, and with its own settings and privileges.
    as_superuser pg_restore --exit-on-error --create --jobs="$jobs" --dbname=postgres "$dump/$1"
  fi
}

# counts FOLDER: rows of every table, but for those of extensions, and large objects, of each database that the folder names
counts() {
  while read -r oid; do
    counted=$(query "$(cat "$1/$oid.name")" "$COUNT")
    printf '%s\n' "$counted" | sed "s/^/$oid /"
  done <"$1/databases"
}

case ${1-} in
  dump | load) "$1" ;;
  *) fail "upgrade.sh dump or upgrade.sh load, got ${1-nothing}" ;;
esac
