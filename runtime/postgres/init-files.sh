# Sourced by initialize.sh: files of the user's that fill a database in its first start, before the marker is written. Whatever goes wrong with them, the
# next run begins afresh.
#
#   /run/cdktf-django-init/order   the names in the order in which they are run, one a line
#   /run/cdktf-django-init/N       the content of the Nth, as base64

init_folder=/run/cdktf-django-init
import_folder=/run/cdktf-django-import
# What the files were when the database was made, or when it was said that they are other ones now.
init_mark="$volume/cdktf-django.init"

init_hash() {
  if [ -f "$init_folder/order" ]; then
    cat "$init_folder"/* | sha256sum | cut -c 1-64
  else
    echo none
  fi
}

remember_init_files() {
  init_hash >"$init_mark.new"
  sync "$init_mark.new"
  mv -T "$init_mark.new" "$init_mark"
}

# Once for each change.
report_init_files() {
  local before=none
  [ ! -f "$init_mark" ] || before=$(cat "$init_mark")
  [ "$(init_hash)" != "$before" ] || return 0
  remember_init_files
  echo "initFiles are other ones than those that database $database was made with. They are for the first start alone and were not run."
}

require_init_extensions() {
  local name names=
  for name in ${DATABASE_FIRST_EXTENSIONS:-}; do names="$names ${name%%=*}"; done
  require_image $names
}

# Files may need them, and the owner may not make all of them.
make_first_extensions() {
  local name
  for name in ${DATABASE_FIRST_EXTENSIONS:-}; do
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=VERBOSITY=terse --set=name="${name%%=*}" --set=version="${name#*=}" \
      --set=asked="$([ "${name#*=}" = - ] && echo off || echo on)" --host="$socket" --username=postgres --dbname="$database" <<'SQL'
\if :asked
CREATE EXTENSION :"name" VERSION :'version';
\else
CREATE EXTENSION :"name";
\endif
SQL
  done
}

# What import.sh dumped of another server's volume, with all counts compared. What belonged to any role is the owner's.
run_import() {
  [ -f "$import_folder/database.dump" ] || return 0
  echo "filling the database from the volume of the other server"
  run_init_file "$import_folder/database.dump" || fail "The dump could not be restored; the reason is above. The database was not made. An extension that the owner may not make is declared with addExtension()."
  psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --host="$socket" --username=postgres --dbname="$database" --command="SET search_path = pg_catalog; $COUNT" >/tmp/counts
  diff "$import_folder/counts" /tmp/counts >&2 || fail "The counts differ: <: in the volume of the other server, >: here (table, rows). The database was not made."
  echo "all $(wc -l <"$import_folder/counts") counts of tables and large objects are equal"
}

# run_init_files FOLDER: as the owner, so that all that they make is the owner's. FOLDER has them while they are run: messages name them as the stack does.
run_init_files() {
  local name number=0
  [ -f "$init_folder/order" ] || return 0
  mkdir "$1"
  cd "$1"
  while read -r name <&3; do
    base64 -d "$init_folder/$number" >"$name"
    number=$((number + 1))
    echo "running $name"
    run_init_file "$name" || fail "$name failed; the reason is above. The database was not made: mend the file and deploy again, which begins afresh."
    rm "$name"
  done 3<"$init_folder/order"
  cd /
  rm -r "$1"
}

run_init_file() {
  case $1 in
    *.sql.gz)
      gunzip "$1" || return 1
      run_statements "${1%.gz}" && rm "${1%.gz}" && touch "$1"
      ;;
    *.sql) run_statements "$1" ;;
    *)
      PGOPTIONS='-c client_min_messages=warning' pg_restore --exit-on-error --no-owner --no-privileges --no-comments --role="$owner" \
        --host="$socket" --username=postgres --dbname="$database" "$1"
      ;;
  esac
}

run_statements() {
  PGOPTIONS="-c role=$owner -c client_min_messages=warning" psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host="$socket" --username=postgres \
    --dbname="$database" --output=/dev/null --file="$1"
}
