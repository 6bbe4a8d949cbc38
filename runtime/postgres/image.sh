# Sourced by what runs in the server's own image: what it brings, looked for where Debian's packages put it. An image that has it elsewhere is not judged
# here; its server is asked later.

extension_folder=/usr/share/postgresql/${DATABASE_MAJOR:-}/extension
library_folder=/usr/lib/postgresql/${DATABASE_MAJOR:-}/lib

# image_version EXTENSION: its default version; nothing where it is not known
image_version() {
  [ -f "$extension_folder/$1.control" ] || return 0
  sed -n "s/^default_version *= *'\([^']*\)'.*/\1/p" "$extension_folder/$1.control"
}

# package_of EXTENSION: the Debian package of the PostgreSQL project's archive (apt.postgresql.org), which the official images take theirs from
package_of() {
  local name=
  case $1 in
    vector) name=pgvector ;;
    postgis*) name=postgis-3 ;;
    pg_cron | pg_partman | pg_repack) name=${1#pg_} ;;
    pg_hint_plan | pg_qualstats | pg_stat_kcache | pg_wait_sampling) name=$(printf %s "$1" | tr _ -) ;;
    age | hll | hypopg | ip4r | orafce | pgaudit | pgrouting | prefix | rum | timescaledb) name=$1 ;;
  esac
  [ -z "$name" ] || printf 'postgresql-%s-%s' "$DATABASE_MAJOR" "$name"
}

# has_library NAME: whether the server finds it. A path says itself where the library is.
has_library() {
  case $1 in */*) return 0 ;; esac
  [ ! -d "$library_folder" ] || [ -f "$library_folder/$1.so" ]
}

# require_image EXTENSION...: that the image has them, and the libraries that are to be loaded
require_image() {
  local name
  for name in "$@"; do
    [ ! -d "$extension_folder" ] || [ -f "$extension_folder/$name.control" ] || refuse_image "extension $name" "$(package_of "$name")"
  done
  for name in $(printf %s "${DATABASE_PRELOAD:-}" | tr , ' '); do
    has_library "$name" || refuse_image "library $name, which shared_preload_libraries names" "$(package_of "$name")"
  done
}

# refuse_image WHAT PACKAGE: how to come to an image that has what this one has not
refuse_image() {
  fail "The image of this server (Postgres $DATABASE_MAJOR) has no $1. Nothing was changed in its databases." \
    "Either take it out of the stack, or make an image from the one that you have, with ${2:-the Debian package that has it}:" \
    "  RUN apt-get update && apt-get install --yes --no-install-recommends ${2:-PACKAGE}" \
    "and give PostgresVersion.of($DATABASE_MAJOR, 'registry.example.com/postgres:...') with the same tag."
}
