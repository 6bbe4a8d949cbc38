# Sourced by jobs that work with the server as its superuser, from beside it.

host=${DATABASE_HOST:?}
port=${DATABASE_PORT:?}
superuser_password_file=${DATABASE_SUPERUSER_PASSWORD_FILE:?}
patience=${DATABASE_PATIENCE:-120}

fail() {
  printf '%s\n' "$@" >&2
  exit 1
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

# psql as the superuser with a program on its standard input, and with the given options. A server that is stopped in the middle is waited for: all
# programs may be run twice. No statement gets into a log or into statistics, whatever the server's parameters are: some have passwords.
admin() {
  local program status tries=0
  program=$(cat)
  while :; do
    status=0
    printf '%s\n' "$program" | PGPASSWORD=$(cat "$superuser_password_file") \
      PGOPTIONS='-c log_statement=none -c log_duration=off -c log_min_duration_statement=-1 -c log_min_duration_sample=-1 -c log_transaction_sample_rate=0 -c log_min_error_statement=panic -c track_activities=off -c pg_stat_statements.track=none -c client_min_messages=warning' \
      psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --set=VERBOSITY=terse --host="$host" --port="$port" \
      --username=postgres --dbname=postgres "$@" || status=$?
    # 2: the connection was lost, or there was none.
    [ "$status" = 2 ] || return "$status"
    tries=$((tries + 1))
    [ "$tries" -lt 5 ] || fail "The server $host cannot be worked with as its superuser; the reason is above."
    sleep 1
    wait_for_server
  done
}
