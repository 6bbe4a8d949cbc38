#!/bin/sh
# Makes the database: directory, owner, marker. Does nothing when it is there, and starts afresh when it was interrupted. The role that clients log in as
# is made by logins.sh.
set -eu
umask 077
. "${0%/*}/marker.sh"
. "${0%/*}/cluster.sh"
. "${0%/*}/image.sh"
. "${0%/*}/counts.sh"
. "${0%/*}/init-files.sh"

database=${DATABASE_NAME:?}
owner=${DATABASE_OWNER:?}
user=${DATABASE_USER:?}
superuser_password_file=${DATABASE_SUPERUSER_PASSWORD_FILE:?}

main() {
  # A server holds the lock as long as it runs, and has no need to be stopped for this.
  end_if_initialized
  require_secret "$superuser_password_file"
  exec 9>>"$lock"
  flock --timeout 60 9 || fail "Another process has worked on this volume for 60 s. Deploy again when it has ended."
  end_if_initialized
  remove_unfinished
  if [ -f "$data/${marker##*/}" ]; then
    echo "an earlier run was interrupted in its last step, which is done now"
    publish_marker
    end_if_initialized
  fi
  require_empty_volume
  require_init_extensions
  remember_init_files
  make_directory
  publish_marker
  echo "database $database is ready: owner $owner"
}

end_if_initialized() {
  [ -f "$marker" ] || return 0
  require_fitting_server
  require_same databaseName "$(marker_value database)" "$database"
  require_same user "$(marker_value user)" "$user"
  echo "database $database is there (id $(marker_value id))"
  report_init_files
  exit 0
}

# require_same PROP FOUND WANTED
require_same() {
  [ "$2" = "$3" ] && return 0
  fail "The volume was initialised with $1 '$2', and the stack says '$3'. Nothing was changed: what is there is never renamed or emptied." \
    "Either set $1: '$2' in the stack," \
    "or declare a second PostgresDb with $1 '$3' beside this one, and move the data by pg_dump and pg_restore."
}

require_secret() {
  [ -r "$1" ] || fail "The secret $1 cannot be read by user $(id -u) with groups $(id -G)."
  [ "$(head -n 1 "$1" | wc -c)" -gt 1 ] || fail "The secret $1 is empty, or begins with an empty line."
  [ "$(tail -n +2 "$1" | wc -c)" -eq 0 ] || fail "The secret $1 has more than one line."
}

# Only what has the name of our own attempts, and only while there is no marker.
remove_unfinished() {
  for attempt in "$volume"/*/docker.unfinished-*; do
    [ -d "$attempt" ] || continue
    echo "removing an earlier run that was interrupted: $attempt"
    rm -rf "$attempt"
    rmdir "${attempt%/*}" 2>/dev/null || true
  done
  # Empty ones stay behind when a run is stopped before its first file.
  rmdir "$volume/$major" 2>/dev/null || true
}

require_empty_volume() {
  local entry
  for entry in "$volume"/* "$volume"/.[!.]*; do
    case ${entry##*/} in
      cdktf-django.* | lost+found | '*' | '.[!.]*') ;;
      *)
        fail "The volume holds something that PostgresDb did not make: ${entry##*/}. Nothing was changed." \
          "Either give PostgresDb a volume that is empty or that a PostgresDb made (volumeName)," \
          "or, to take over another server's data, dump it there (pg_dump) and restore it into a fresh PostgresDb."
        ;;
    esac
  done
}

make_directory() {
  local attempt version
  version=$(postgres --version | sed 's/^[^0-9]*//')
  case $version in
    "$major".* | "$major"[a-z]*) ;;
    *) fail "The image's server is Postgres $version, and the stack says $major. Give PostgresVersion.of the image's own major version." ;;
  esac
  id=$(cat /proc/sys/kernel/random/uuid)
  attempt="$data.unfinished-$id"
  mkdir -p "$volume/$major"
  run_initdb "$attempt"
  create_database "$attempt"
  # The marker goes inside first: the rename makes a directory that is complete and says so, or none.
  write_marker "$id" "$database" "$owner" "$user" >"$attempt/${marker##*/}"
  sync "$attempt/${marker##*/}"
  sync "$attempt"
  mv -T "$attempt" "$data"
  sync "$volume/$major" "$volume"
}

# A server that only this container reaches, by its socket, and by password there too.
create_database() {
  start_private_server "$1" 60 -c max_connections=10 -c shared_buffers=32MB -c autovacuum=off -c shared_preload_libraries="${DATABASE_PRELOAD:-}"
  PGPASSWORD=$(cat "$superuser_password_file")
  export PGPASSWORD
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=database="$database" --set=owner="$owner" \
    --host="$socket" --username=postgres --dbname=postgres <<'SQL'
CREATE ROLE :"owner" NOLOGIN;
CREATE DATABASE :"database" OWNER :"owner";
REVOKE ALL ON DATABASE :"database", postgres, template1 FROM PUBLIC;
SQL
  make_first_extensions
  run_import
  run_init_files "$1.init"
  unset PGPASSWORD
  stop_private_server
}

main
