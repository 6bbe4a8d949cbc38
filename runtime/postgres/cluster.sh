# Sourced by the jobs that make a data directory: after marker.sh, and with superuser_password_file set.

socket=/run/postgresql

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

# start_private_server DIRECTORY SECONDS OPTION...: a server that only this container reaches, by its socket
start_private_server() {
  local directory=$1 patience=$2
  shift 2
  postgres -D "$directory" -c listen_addresses= -c unix_socket_directories="$socket" "$@" &
  private_server=$!
  local tries=0
  until pg_isready --quiet --host="$socket" --username=postgres --dbname=postgres; do
    kill -0 "$private_server" 2>/dev/null || fail "The server ended before it could be used; its reason is above."
    tries=$((tries + 1))
    [ "$tries" -lt $((patience * 10)) ] || fail "The server did not answer within $patience s."
    sleep 0.1
  done
}

stop_private_server() {
  kill -INT "$private_server"
  wait "$private_server" || fail "The server did not end well after it was used; its reason is above."
}

# write_marker ID DATABASE OWNER USER
write_marker() {
  cat <<END
format=1
id=$1
major=$major
codename=$codename
database=$2
owner=$3
user=$4
END
}

# What is inside the data directory is put in front of all others: from then on the volume has this database.
publish_marker() {
  cp "$data/${marker##*/}" "$marker.new"
  sync "$marker.new"
  mv -T "$marker.new" "$marker"
  sync "$volume"
}
