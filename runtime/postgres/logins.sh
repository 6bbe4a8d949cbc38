#!/bin/sh
# The roles that clients log in as. Two of them take turns, so that a new password is there before the old one goes:
#
#   logins.sh open    before the clients of a deploy: their roles can log in, with their passwords; what else is declared in the server is there
#   logins.sh close   after the last of them: the roles of the clients before can log in no more, and their sessions are ended
#
# A role's comment says which version of the password it has. The first role of a database made before there were versions has none.
set -eu
umask 077
. "${0%/*}/superuser.sh"
. "${0%/*}/contents.sh"

database=${DATABASE_NAME:?}
owner=${DATABASE_OWNER:?}
base=${DATABASE_USER:?}
login=${DATABASE_LOGIN:?}
other=${DATABASE_OTHER_LOGIN:?}
version=${DATABASE_LOGIN_VERSION:?}

main() {
  case ${1:-} in
    open)
      require_secret "${DATABASE_PASSWORD_FILE:?}"
      require_contents
      wait_for_server
      open_login "$login" "$base" "$version" "$DATABASE_PASSWORD_FILE" owner "$owner" "$database"
      bring_contents
      ;;
    close)
      wait_for_server
      slept=
      close_other "$login" "$base" "$version" "$other" "${DATABASE_GRACE_SECONDS:?}"
      while read -r next next_version next_other <&3; do
        [ -z "$next" ] || close_other "$next" '' "$next_version" "$next_other" "$DATABASE_GRACE_SECONDS"
      done 3<<END
${DATABASE_LOGINS:-}
END
      ;;
    *) fail "usage: logins.sh open|close" ;;
  esac
}

# open_login LOGIN BASE VERSION PASSWORD_FILE KIND GROUP DATABASE: LOGIN is a member of GROUP, and with KIND "owner" acts as GROUP. A role that is called
# BASE is ours without a comment, too.
open_login() {
  local state
  require_secret "$4"
  state=$(state_of "$1" "$2")
  case $state in
    *' foreign')
      fail "Role $1 is there, and PostgresDb did not make it. Nothing was changed." \
        "Either give PostgresDb another user in the stack, or rename that role: ALTER ROLE \"$1\" RENAME TO ..."
      ;;
    "true $3")
      require_password "$1" "$3" "$4" "$7"
      echo "role $1 can log in with password version $3"
      ;;
    'true '*)
      fail "Role $1 still logs in with password version ${state#true }, and its clients would lose it to version $3. Nothing was changed." \
        "Two roles take turns, version by version: set passwordVersion to $((${state#true } + 1)) first and deploy that to its end, which closes role $1;" \
        "then deploy version $3."
      ;;
    *)
      PASSWORD_FILE=$4 admin --set=login="$1" --set=group="$6" --set=acts="$([ "$5" = owner ] && echo on || echo off)" \
        --set=comment="cdktf-django: password version $3" <<'SQL'
\set password `cat "$PASSWORD_FILE"`
BEGIN;
SELECT format('CREATE ROLE %I NOLOGIN', :'login') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') \gexec
GRANT :"group" TO :"login";
\if :acts
-- What a login role makes belongs to the owner, so that the other login role can take its place.
ALTER ROLE :"login" SET role TO :"group";
\endif
ALTER ROLE :"login" LOGIN PASSWORD :'password';
COMMENT ON ROLE :"login" IS :'comment';
COMMIT;
SQL
      echo "role $1 was opened with password version $3"
      ;;
  esac
}

# close_other LOGIN BASE VERSION OTHER SECONDS: requests that are under way on old servers have as long as a release gives them
close_other() {
  local left tries=0
  [ "$(state_of "$1" "$2")" = "true $3" ] || fail "Role $1 does not log in with password version $3, so role $4 stays open. Deploy again."
  case $(state_of "$4" "$2") in
    true*' foreign')
      echo "role $4 was not made by PostgresDb and stays as it is"
      return 0
      ;;
    true*) ;;
    *)
      echo "role $1 is the only one that can log in"
      return 0
      ;;
  esac
  [ -n "$slept" ] || sleep "$5"
  slept=yes
  while :; do
    left=$(
      admin --set=other="$4" <<'SQL'
ALTER ROLE :"other" NOLOGIN PASSWORD NULL;
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = :'other';
SQL
    )
    [ "$left" != 0 ] || break
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || fail "Role $4 can log in no more, and $left of its sessions do not end."
    sleep 0.5
  done
  echo "role $4 was closed, and its sessions are ended"
}

# state_of ROLE BASE: whether it can log in, and its version; nothing if there is no such role
state_of() {
  admin --set=role="$1" --set=base="$2" <<'SQL'
SELECT rolcanlogin || ' ' || coalesce(
  substring(shobj_description(oid, 'pg_authid') FROM '^cdktf-django: password version ([0-9]+)$'),
  CASE WHEN rolname = :'base' THEN '1' ELSE 'foreign' END)
FROM pg_roles WHERE rolname = :'role';
SQL
}

# require_password LOGIN VERSION PASSWORD_FILE DATABASE: a value that was changed where it comes from must not go to clients before the database knows it
require_password() {
  local answer
  answer=$(PGPASSWORD=$(cat "$3") psql --no-psqlrc --quiet --host="$host" --port="$port" --username="$1" --dbname="$4" --command='SELECT' 2>&1 >/dev/null) &&
    return 0
  case $answer in
    *'authentication failed'*)
      fail "The password that the stack has for version $2 is not the one of role $1: its source was changed, or a generated one was lost and made anew." \
        "Nothing was changed: servers that run go on with the old one until they start again." \
        "Set passwordVersion to $(($2 + 1)), whatever the source: the other login role gets the new password before any client does."
      ;;
    # It was let in, and found no place.
    *'too many connections for role'*) ;;
    *) fail "Role $1 cannot log in: $answer" ;;
  esac
}

main "$@"
