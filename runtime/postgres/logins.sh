#!/bin/sh
# The role that clients log in as. Two of them take turns, so that a new password is there before the old one goes:
#
#   logins.sh open    before the clients of a deploy: their role can log in, with their password
#   logins.sh close   after the last of them: the role of the clients before can log in no more, and its sessions are ended
#
# A role's comment says which version of the password it has. The first role of a database made before there were versions has none.
set -eu
umask 077

host=${DATABASE_HOST:?}
port=${DATABASE_PORT:?}
database=${DATABASE_NAME:?}
owner=${DATABASE_OWNER:?}
base=${DATABASE_USER:?}
login=${DATABASE_LOGIN:?}
other=${DATABASE_OTHER_LOGIN:?}
version=${DATABASE_LOGIN_VERSION:?}
superuser_password_file=${DATABASE_SUPERUSER_PASSWORD_FILE:?}
patience=${DATABASE_PATIENCE:-120}

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

main() {
  case ${1:-} in
    open) open_login "${DATABASE_PASSWORD_FILE:?}" ;;
    close) close_other "${DATABASE_GRACE_SECONDS:?}" ;;
    *) fail "usage: logins.sh open|close" ;;
  esac
}

# open_login PASSWORD_FILE
open_login() {
  local state
  require_secret "$1"
  wait_for_server
  state=$(state_of "$login")
  case $state in
    *' foreign')
      fail "Role $login is there, and PostgresDb did not make it. Nothing was changed." \
        "Either give PostgresDb another user in the stack, or rename that role: ALTER ROLE \"$login\" RENAME TO ..."
      ;;
    "true $version")
      require_password "$1"
      echo "role $login can log in with password version $version"
      ;;
    'true '*)
      fail "Role $login still logs in with password version ${state#true }, and its clients would lose it to version $version. Nothing was changed." \
        "Two roles take turns, version by version: set passwordVersion to $((${state#true } + 1)) first and deploy that to its end, which closes role $login;" \
        "then deploy version $version."
      ;;
    *)
      PASSWORD_FILE=$1 admin --set=comment="cdktf-django: password version $version" <<'SQL'
\set password `cat "$PASSWORD_FILE"`
BEGIN;
SELECT format('CREATE ROLE %I NOLOGIN', :'login') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') \gexec
GRANT :"owner" TO :"login";
-- What a login role makes belongs to the owner, so that the other login role can take its place.
ALTER ROLE :"login" SET role TO :"owner";
ALTER ROLE :"login" LOGIN PASSWORD :'password';
COMMENT ON ROLE :"login" IS :'comment';
COMMIT;
SQL
      echo "role $login was opened with password version $version"
      ;;
  esac
}

# close_other SECONDS: requests that are under way on old servers have as long as a release gives them
close_other() {
  local left tries=0
  wait_for_server
  [ "$(state_of "$login")" = "true $version" ] ||
    fail "Role $login does not log in with password version $version, so role $other stays open. Deploy again."
  case $(state_of "$other") in
    true*' foreign')
      echo "role $other was not made by PostgresDb and stays as it is"
      return 0
      ;;
    true*) ;;
    *)
      echo "role $login is the only one that can log in"
      return 0
      ;;
  esac
  sleep "$1"
  while :; do
    left=$(
      admin <<'SQL'
ALTER ROLE :"other" NOLOGIN PASSWORD NULL;
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = :'other';
SQL
    )
    [ "$left" != 0 ] || break
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || fail "Role $other can log in no more, and $left of its sessions do not end."
    sleep 0.5
  done
  echo "role $other was closed, and its sessions are ended"
}

# state_of ROLE: whether it can log in, and its version; nothing if there is no such role
state_of() {
  admin --set=role="$1" --set=base="$base" <<'SQL'
SELECT rolcanlogin || ' ' || coalesce(
  substring(shobj_description(oid, 'pg_authid') FROM '^cdktf-django: password version ([0-9]+)$'),
  CASE WHEN rolname = :'base' THEN '1' ELSE 'foreign' END)
FROM pg_roles WHERE rolname = :'role';
SQL
}

# A value that was changed where it comes from must not go to clients before the database knows it.
require_password() {
  local answer
  answer=$(PGPASSWORD=$(cat "$1") psql --no-psqlrc --quiet --host="$host" --port="$port" --username="$login" --dbname="$database" --command='SELECT' 2>&1 >/dev/null) &&
    return 0
  case $answer in
    *'authentication failed'*)
      fail "The password that the stack has for version $version is not the one of role $login: its source was changed, or a generated one was lost and made anew." \
        "Nothing was changed: servers that run go on with the old one until they start again." \
        "Set passwordVersion to $((version + 1)), whatever the source: the other login role gets the new password before any client does."
      ;;
    *) fail "Role $login cannot log in: $answer" ;;
  esac
}

require_secret() {
  [ -r "$1" ] || fail "The secret $1 cannot be read by user $(id -u) with groups $(id -G)."
  [ "$(head -n 1 "$1" | wc -c)" -gt 1 ] || fail "The secret $1 is empty, or begins with an empty line."
  [ "$(tail -n +2 "$1" | wc -c)" -eq 0 ] || fail "The secret $1 has more than one line."
}

# It may be in its first start, or be replaced in this very deploy.
wait_for_server() {
  local tries=0
  until pg_isready --quiet --host="$host" --port="$port" --username=postgres --dbname=postgres; do
    tries=$((tries + 1))
    [ "$tries" -lt $((patience * 2)) ] || fail "The server $host did not answer within $patience s. Its log says why: docker logs $host"
    sleep 0.5
  done
}

# psql as the superuser with a program on its standard input. A server that is stopped in the middle is waited for: all programs may be run twice. No
# statement gets into a log or into statistics, whatever the server's parameters are: one has the password.
admin() {
  local program status tries=0
  program=$(cat)
  while :; do
    status=0
    printf '%s\n' "$program" | PGPASSWORD=$(cat "$superuser_password_file") \
      PGOPTIONS='-c log_statement=none -c log_duration=off -c log_min_duration_statement=-1 -c log_min_duration_sample=-1 -c log_transaction_sample_rate=0 -c log_min_error_statement=panic -c track_activities=off -c pg_stat_statements.track=none -c client_min_messages=warning' \
      psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=VERBOSITY=terse --set=owner="$owner" --set=login="$login" \
      --set=other="$other" "$@" --host="$host" --port="$port" --username=postgres --dbname=postgres || status=$?
    # 2: the connection was lost, or there was none.
    [ "$status" = 2 ] || return "$status"
    tries=$((tries + 1))
    [ "$tries" -lt 5 ] || fail "The server $host cannot be worked with as its superuser; the reason is above."
    sleep 1
    wait_for_server
  done
}

main "$@"
