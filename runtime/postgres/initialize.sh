#!/bin/sh
# Makes the database: directory, owner, marker. Does nothing when it is there, and starts afresh when it was interrupted. The role that clients log in as
# is made by logins.sh.
set -eu
umask 077
. "${0%/*}/marker.sh"
. "${0%/*}/image.sh"
. "${0%/*}/init-files.sh"

database=${DATABASE_NAME:?}
owner=${DATABASE_OWNER:?}
user=${DATABASE_USER:?}
superuser_password_file=${DATABASE_SUPERUSER_PASSWORD_FILE:?}
socket=/run/postgresql

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
  write_marker "$attempt/${marker##*/}"
  sync "$attempt"
  mv -T "$attempt" "$data"
  sync "$volume/$major" "$volume"
}

# The order of text is that of code points, the same on every distribution and in every version: an index made here is right
# everywhere. For a natural order ask for it by COLLATE "und-x-icu".
run_initdb() {
  set -- --pgdata="$1"
  # Postgres's own, and no longer the C library's, from 17 on.
  [ "$major" -lt 17 ] || set -- "$@" --locale-provider=builtin --builtin-locale=C.UTF-8
  name_this_user
  initdb "$@" --locale=C.UTF-8 --encoding=UTF8 --data-checksums --username=postgres --pwfile="$superuser_password_file" \
    --auth=scram-sha-256 --no-instructions
  unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
}

# initdb wants an entry in /etc/passwd; the official images bring a library that feigns one.
name_this_user() {
  getent passwd "$(id -u)" >/dev/null && return 0
  local library
  for library in /usr/lib/*/libnss_wrapper.so /usr/lib/libnss_wrapper.so; do
    [ -f "$library" ] || continue
    printf 'postgres:x:%s:%s:PostgreSQL:%s:/bin/false\n' "$(id -u)" "$(id -g)" "$volume" >/tmp/passwd
    printf 'postgres:x:%s:\n' "$(id -g)" >/tmp/group
    export LD_PRELOAD="$library" NSS_WRAPPER_PASSWD=/tmp/passwd NSS_WRAPPER_GROUP=/tmp/group
    return 0
  done
  fail "The image has no libnss_wrapper.so, which initdb needs under a numeric user. Use an official Debian image of Postgres, or one made from it."
}

# A server that only this container reaches, by its socket, and by password there too.
create_database() {
  local server tries=0
  postgres -D "$1" -c listen_addresses= -c unix_socket_directories="$socket" -c max_connections=10 -c shared_buffers=32MB -c autovacuum=off \
    -c shared_preload_libraries="${DATABASE_PRELOAD:-}" &
  server=$!
  until pg_isready --quiet --host="$socket" --username=postgres --dbname=postgres; do
    kill -0 "$server" 2>/dev/null || fail "The server ended while its database was to be made; its reason is above."
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || fail "The server did not answer within 60 s."
    sleep 0.1
  done
  PGPASSWORD=$(cat "$superuser_password_file")
  export PGPASSWORD
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=database="$database" --set=owner="$owner" \
    --host="$socket" --username=postgres --dbname=postgres <<'SQL'
CREATE ROLE :"owner" NOLOGIN;
CREATE DATABASE :"database" OWNER :"owner";
REVOKE ALL ON DATABASE :"database", postgres, template1 FROM PUBLIC;
SQL
  run_init_files "$1.init"
  unset PGPASSWORD
  kill -INT "$server"
  wait "$server" || fail "The server did not end well after its database was made; its reason is above."
}

# write_marker FILE
write_marker() {
  cat >"$1" <<END
format=1
id=$id
major=$major
codename=$codename
database=$database
owner=$owner
user=$user
END
  sync "$1"
}

publish_marker() {
  cp "$data/${marker##*/}" "$marker.new"
  sync "$marker.new"
  mv -T "$marker.new" "$marker"
  sync "$volume"
}

main
