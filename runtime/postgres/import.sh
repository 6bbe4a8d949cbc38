#!/bin/sh
# Dumps one database of a volume that another server made, which is stopped, for the first start of a PostgresDb (initialize.sh). The volume's files are left as a
# clean stop of its server leaves them. Has nothing to do when the dump is there.
set -eu
umask 027
. "${0%/*}/marker.sh"
. "${0%/*}/cluster.sh"
. "${0%/*}/counts.sh"

source=/run/cdktf-django-source
target=/run/cdktf-django-import
database=${IMPORT_DATABASE:?}
export PGUSER="${IMPORT_USER:?}" PGHOST="$socket" PGOPTIONS='-c search_path=pg_catalog'

main() {
  if [ -e "$target/database.dump" ]; then
    echo "the dump of database $database is there: $(du -h "$target/database.dump" | cut -f1)"
    exit 0
  fi
  find_directory
  echo 'local all all trust' >/tmp/pg_hba.conf
  start_private_server "$directory" 600 -c hba_file=/tmp/pg_hba.conf -c max_connections=20 -c autovacuum=off -c archive_mode=off -c ssl=off -c logging_collector=off
  psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$(connection "$database")" --command="$COUNT" >"$target/counts"
  pg_dump --format=custom --no-sync --file="$target/database.unfinished" --dbname="$(connection "$database")"
  stop_private_server
  sync "$target"/*
  mv "$target/database.unfinished" "$target/database.dump"
  sync "$target"
  echo "database $database was dumped: $(du -h "$target/database.dump" | cut -f1), $(wc -l <"$target/counts") tables and large objects counted"
}

# Where the images of Postgres put it: at the root of the volume before 18, in 18/docker, or in a folder that PGDATA names.
find_directory() {
  local owner found
  owner=$(stat -c %u "$source")
  [ -r "$source" ] && [ -x "$source" ] ||
    fail "The volume belongs to user $owner, and is read as user $(id -u). Nothing was changed: set userId of importFrom to $owner."
  found=$(find "$source" -maxdepth 4 -name pg_control -path '*/global/pg_control' 2>/dev/null | head -n 2)
  case $found in
    '')
      [ -n "$(ls -A "$source")" ] || fail "The volume is empty: docker volume ls says how the one that is meant is called, and this one may be removed."
      fail "The volume has no data directory of Postgres that user $(id -u) can read. It has: $(ls -A "$source" | head -n 20 | tr '\n' ' ')" ;;
    *'
'*) fail "The volume has several data directories of Postgres:" "$found" "Nothing was changed: copy the one that is wanted into a volume of its own." ;;
  esac
  directory=${found%/global/pg_control}
  owner=$(stat -c %u "$directory")
  [ "$owner" = "$(id -u)" ] || fail "The data directory belongs to user $owner, and is served as user $(id -u). Nothing was changed: set userId of importFrom to $owner."
  found=$(cat "$directory/PG_VERSION")
  [ "$found" = "$major" ] || fail "The volume holds a database of Postgres $found, and version of importFrom says $major. Nothing was changed: set it to $found."
  [ ! -e "$directory/postmaster.pid" ] ||
    fail "A server has the volume in use, or was killed in it: $directory/postmaster.pid is there. Nothing was changed." \
      "Stop that server, and leave it stopped (docker compose stop); if it was killed, start it once more and stop it. Then deploy again."
}

main
