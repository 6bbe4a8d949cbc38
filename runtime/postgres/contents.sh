# Sourced by logins.sh: brings what is declared in the server beside its first database. Nothing that is there is ever dropped; what is declared no more is
# reported. DATABASE_CONTENTS has one declaration a line, in the order in which they are brought:
#
#   database NAME OWNER
#   extension DATABASE NAME VERSION                     "-": the one that the image brings
#   access GROUP DATABASE read-only|read-write|monitor|none OWNER
#   login LOGIN OTHER VERSION PASSWORD_FILE owner|member GROUP DATABASE LIMIT
#
# What is ours has a comment that says so: owners of databases, groups that have access, login roles.
. "${0%/*}/image.sh"

# Before anything is changed. Not before the server is replaced: a job that fails then would leave none.
require_contents() {
  require_image $(printf '%s\n' "${DATABASE_CONTENTS:-}" | sed -n 's/^extension [^ ]* \([^ ]*\) .*/\1/p')
}

bring_contents() {
  local kind a b c d e f g h
  [ -z "${DATABASE_PRELOAD:-}" ] || wait_for_libraries
  while read -r kind a b c d e f g h <&3; do
    case $kind in
      database) bring_database "$a" "$b" ;;
      extension) bring_extension "$a" "$b" "$c" ;;
      access) bring_access "$a" "$b" "$c" "$d" ;;
      login)
        open_login "$a" '' "$c" "$d" "$e" "$f" "$g"
        admin --set=login="$a" --set=limit="$h" <<'SQL'
ALTER ROLE :"login" CONNECTION LIMIT :limit;
SQL
        ;;
    esac
  done 3<<END
${DATABASE_CONTENTS:-}
END
  report_undeclared
}

# The server may be replaced in this very deploy by the one that has them.
wait_for_libraries() {
  local found tries=0
  while :; do
    found=$(
      admin <<'SQL'
SHOW shared_preload_libraries;
SQL
    )
    [ "$found" != "$DATABASE_PRELOAD" ] || return 0
    tries=$((tries + 1))
    [ "$tries" -lt $((patience * 3)) ] ||
      fail "The server $host has shared_preload_libraries '$found' and not '$DATABASE_PRELOAD'. Its log says why: docker logs $host"
    sleep 1
  done
}

# bring_database NAME OWNER
bring_database() {
  local state
  state=$(
    admin --set=database="$1" --set=owner="$2" <<'SQL'
SELECT coalesce((
    SELECT CASE WHEN shobj_description(oid, 'pg_authid') = 'cdktf-django: owner of database ' || :'database' THEN 'ours' ELSE 'foreign' END
    FROM pg_roles WHERE rolname = :'owner'), 'none')
  || ' ' || coalesce((
    SELECT CASE WHEN pg_get_userbyid(datdba) = :'owner' THEN 'ours' ELSE 'foreign' END
    FROM pg_database WHERE datname = :'database'), 'none');
SQL
  )
  case $state in
    'ours ours') ;;
    foreign*)
      fail "Role $2 is there, and PostgresDb did not make it. Nothing was changed." \
        "Either give the database $1 another name in the stack, or rename that role: ALTER ROLE \"$2\" RENAME TO ..."
      ;;
    *foreign)
      fail "Database $1 is there, and PostgresDb did not make it. Nothing was changed." \
        "Either give addDatabase another name, or rename that database: ALTER DATABASE \"$1\" RENAME TO ..."
      ;;
  esac
  # Not all in one transaction: a database cannot be made in one.
  admin --set=database="$1" --set=owner="$2" --set=comment="cdktf-django: owner of database $1" <<'SQL'
BEGIN;
SELECT format('CREATE ROLE %I NOLOGIN', :'owner') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'owner') \gexec
COMMENT ON ROLE :"owner" IS :'comment';
COMMIT;
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0', :'database', :'owner')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
  if [ "$state" = 'ours ours' ]; then echo "database $1 is there"; else echo "database $1 was made: owner $2"; fi
}

# bring_extension DATABASE NAME VERSION
bring_extension() {
  local found brought installed default tries=0
  brought=$(image_version "$2")
  while :; do
    found=$(
      admin --dbname="$1" --set=name="$2" <<'SQL'
SELECT default_version || ' ' || coalesce(installed_version, '-') FROM pg_available_extensions WHERE name = :'name';
SQL
    )
    default=${found% *}
    installed=${found#* }
    if [ -z "$brought" ]; then
      [ -n "$found" ] && break
      refuse_image "extension $2" "$(package_of "$2")"
    fi
    # Another one: the server with the image of this job is still to come.
    [ "$default" != "$brought" ] || break
    tries=$((tries + 1))
    [ "$tries" -lt $((patience * 3)) ] || fail "The server $host does not have extension $2 as this image has it: version $brought. Its log says why: docker logs $host"
    sleep 1
  done
  if [ "$installed" = - ]; then
    admin --dbname="$1" --set=name="$2" --set=version="${3#-}" --set=asked="$([ "$3" = - ] && echo off || echo on)" <<'SQL' || refuse_extension "$1" "$2"
\if :asked
CREATE EXTENSION :"name" VERSION :'version';
\else
CREATE EXTENSION :"name";
\endif
SQL
    if [ "$3" = - ]; then installed=$default; else installed=$3; fi
    echo "extension $2 $installed was made in database $1"
  elif [ "$3" != - ] && [ "$3" != "$installed" ]; then
    admin --dbname="$1" --set=name="$2" --set=version="$3" <<'SQL' || refuse_extension "$1" "$2"
ALTER EXTENSION :"name" UPDATE TO :'version';
SQL
    echo "extension $2 in database $1 was updated from $installed to $3"
  elif [ "$3" = - ] && [ "$installed" != "$default" ]; then
    echo "extension $2 in database $1 is at version $installed, and the image brings $default: give the version in the stack to update it"
  else
    echo "extension $2 $installed is in database $1"
  fi
}

# refuse_extension DATABASE NAME
refuse_extension() {
  local versions
  versions=$(
    admin --dbname="$1" --set=name="$2" <<'SQL'
SELECT string_agg(version, ', ' ORDER BY version) FROM pg_available_extension_versions WHERE name = :'name';
SQL
  )
  fail "Extension $2 was not brought into database $1; the reason is above. The image has versions $versions." \
    "An extension that it requires has to be declared before it."
}

# bring_access GROUP DATABASE ACCESS OWNER: GROUP is what login roles are members of. It gets what ACCESS says on all that OWNER has and will have in DATABASE.
bring_access() {
  local state name=${1%_access} changed=off reads=off writes=off monitors=off
  state=$(
    admin --set=group="$1" <<'SQL'
SELECT coalesce(substring(shobj_description(oid, 'pg_authid') FROM '^cdktf-django: access (.+)$'), 'foreign') FROM pg_roles WHERE rolname = :'group';
SQL
  )
  case $state in
    foreign)
      fail "Role $1 is there, and PostgresDb did not make it. Nothing was changed." \
        "Either give role $name another name in the stack, or rename that role: ALTER ROLE \"$1\" RENAME TO ..."
      ;;
    '' | "$3 to database $2") ;;
    *" to database $2") changed=on ;;
    *)
      fail "Role $name has access to database ${state##* }, and the stack says $2. Nothing was changed." \
        "Either declare it for database ${state##* } again, or declare another one for $2, under a name of its own."
      ;;
  esac
  case $3 in
    read-only) reads=on ;;
    read-write) reads=on writes=on ;;
    monitor) monitors=on ;;
  esac
  # What another access gave is taken in the same transaction. Grants of others are left alone as long as the access is the same.
  admin --dbname="$2" --set=database="$2" --set=group="$1" --set=owner="$4" --set=changed=$changed --set=reads=$reads --set=writes=$writes --set=monitors=$monitors \
    --set=comment="cdktf-django: access $3 to database $2" <<'SQL'
BEGIN;
SELECT format('CREATE ROLE %I NOLOGIN', :'group') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'group') \gexec
COMMENT ON ROLE :"group" IS :'comment';
GRANT CONNECT ON DATABASE :"database" TO :"group";
\if :changed
SELECT format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', nspname, :'group'),
  format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM %I', nspname, :'group'),
  format('REVOKE ALL ON SCHEMA %I FROM %I', nspname, :'group')
FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' \gexec
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" REVOKE ALL ON SCHEMAS FROM :"group";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" REVOKE ALL ON TABLES FROM :"group";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" REVOKE ALL ON SEQUENCES FROM :"group";
SELECT format('REVOKE pg_monitor FROM %I', :'group') WHERE pg_has_role(:'group', 'pg_monitor', 'MEMBER') \gexec
\endif
\if :reads
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT USAGE ON SCHEMAS TO :"group";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT ON TABLES TO :"group";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT ON SEQUENCES TO :"group";
SELECT format('GRANT USAGE ON SCHEMA %I TO %I', nspname, :'group') FROM pg_namespace
WHERE pg_get_userbyid(nspowner) IN (:'owner', 'pg_database_owner') AND NOT has_schema_privilege(:'group', oid, 'USAGE') \gexec
SELECT format('GRANT SELECT ON %s %I.%I TO %I', CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, nspname, relname, :'group')
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND pg_get_userbyid(relowner) = :'owner'
  AND nspname !~ '^pg_' AND NOT has_table_privilege(:'group', pg_class.oid, 'SELECT') \gexec
\endif
\if :monitors
GRANT pg_monitor TO :"group";
\endif
\if :writes
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT INSERT, UPDATE, DELETE ON TABLES TO :"group";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT USAGE, UPDATE ON SEQUENCES TO :"group";
SELECT format(CASE relkind WHEN 'S' THEN 'GRANT USAGE, UPDATE ON SEQUENCE %I.%I TO %I' ELSE 'GRANT INSERT, UPDATE, DELETE ON TABLE %I.%I TO %I' END,
  nspname, relname, :'group')
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND pg_get_userbyid(relowner) = :'owner' AND nspname !~ '^pg_' \gexec
\endif
COMMIT;
SQL
  if [ "$3" = none ]; then
    echo "role $name may connect to database $2, and has what is granted to role $1"
  else
    echo "role $name has $3 access to database $2"
  fi
}

# What is ours and declared no more, or what the superuser made by hand. A database that was never declared is nobody's business.
report_undeclared() {
  local databases roles database extensions
  databases=$(printf '%s\n' "${DATABASE_CONTENTS:-}" | sed -n 's/^database \([^ ]*\) .*/\1/p' | tr '\n' ' ')
  roles=$(printf '%s\n' "${DATABASE_CONTENTS:-}" | sed -n 's/^login \([^ ]*\) \([^ ]*\) .*/\1 \2/p' | tr '\n' ' ')
  admin --set=databases="$databases" --set=roles="$login $other $roles" <<'SQL'
-- report
SELECT format('role %s is declared no more. It was left as it is and can log in. To close it: ALTER ROLE %I NOLOGIN;', rolname, rolname)
FROM pg_roles
WHERE rolcanlogin AND shobj_description(oid, 'pg_authid') ~ '^cdktf-django: password version [0-9]+$' AND rolname <> ALL (string_to_array(:'roles', ' '))
ORDER BY rolname;
SELECT format('database %s is declared no more. It was left as it is, with its data. To remove it for good: DROP DATABASE %I;', datname, datname)
FROM pg_database
WHERE shobj_description(datdba, 'pg_authid') = 'cdktf-django: owner of database ' || datname AND datname <> ALL (string_to_array(:'databases', ' '))
ORDER BY datname;
SQL
  for database in "${DATABASE_NAME:?}" $databases; do
    extensions=$(printf '%s\n' "${DATABASE_CONTENTS:-}" | sed -n "s/^extension $database \([^ ]*\) .*/\1/p" | tr '\n' ' ')
    # Those of the superuser: what an app makes by a migration is its own.
    admin --dbname="$database" --set=database="$database" --set=extensions="plpgsql $extensions" <<'SQL'
-- report
SELECT format('extension %s is in database %s and not declared. It was left as it is. To remove it: DROP EXTENSION %I;', extname, :'database', extname)
FROM pg_extension WHERE extowner = 10 AND extname <> ALL (string_to_array(:'extensions', ' ')) ORDER BY extname;
SQL
  done
}
