#!/usr/bin/env bash
# The part of the official entrypoint that a plain `docker run postgres` meets: a first start initialises PGDATA from
# POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD (and their _FILE forms),
# runs /docker-entrypoint-initdb.d, then serves. Anything but `postgres ...` is run as it is.
set -Eeo pipefail

if [ "${1:0:1}" = '-' ]; then set -- postgres "$@"; fi
if [ "$1" != postgres ]; then exec "$@"; fi

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
  find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  exec gosu postgres "$BASH_SOURCE" "$@"
fi

# value NAME DEFAULT: $NAME, or the content of the file $NAME_FILE; both is an error.
value() {
  local file="$1_FILE"
  if [ -n "${!1:-}" ] && [ -n "${!file:-}" ]; then
    echo >&2 "error: both $1 and $file are set"
    exit 1
  fi
  if [ -n "${!file:-}" ]; then cat "${!file}"; else printf '%s' "${!1:-$2}"; fi
}

mkdir -p "$PGDATA"
chmod 00700 "$PGDATA" || :
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  password="$(value POSTGRES_PASSWORD '')"
  user="$(value POSTGRES_USER postgres)"
  database="$(value POSTGRES_DB "$user")"
  arguments="$(value POSTGRES_INITDB_ARGS '')"
  if [ -z "$password" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    echo >&2 'error: the database is not initialised, and POSTGRES_PASSWORD is not set'
    exit 1
  fi
  eval "initdb --username=\"\$user\" --pwfile=<(printf '%s\n' \"\$password\") $arguments"
  method="${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption)}"
  printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
  # Over its socket alone until it is ready.
  PGUSER="$user" pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p 5432" -w start
  export PGHOST=/var/run/postgresql PGUSER="$user" PGPASSWORD="$password"
  if [ "$database" != postgres ]; then
    psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc --dbname postgres --set db="$database" <<< 'CREATE DATABASE :"db";'
  fi
  for file in /docker-entrypoint-initdb.d/*; do
    run=(psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc --dbname "$database")
    case "$file" in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) "${run[@]}" -f "$file" ;;
      *.sql.gz) gunzip -c "$file" | "${run[@]}" ;;
      *.sql.xz) xzcat "$file" | "${run[@]}" ;;
      *.sql.zst) zstd -dc "$file" | "${run[@]}" ;;
    esac
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGHOST PGUSER PGPASSWORD password
fi

exec "$@"
