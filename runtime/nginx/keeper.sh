#!/bin/sh
# Root's part in a proxy with TLS, so that keys are for nginx's master alone: it reads them as root, and its workers, which are what the world talks to, are another
# user. Everything else is the supervisor's (supervise.sh), as the user of the configuration. It asks this program for what only root can do, through pipes that have
# no name any more when the first worker starts.
set -u

state=${PROXY_STATE:-/var/lib/proxy}
cache=${PROXY_CACHE:-/var/cache/proxy}
supervisor_user=${PROXY_USER:-10101}
# The one of the image, since nginx takes a name.
worker_user=nginx
program=$(dirname "$0")
folder=/tmp/keeper
supervisor_folder=/tmp/supervisor
stand_in=$folder/stand-in
refusal_log=/tmp/refusal.log
nginx_pid=
interrupted=

say() { echo "keeper: $*" >&2; }

as() { # as USER COMMAND...
  user=$1
  shift
  setpriv --reuid "$user" --regid "$user" --clear-groups -- "$@"
}

# Folders for what workers write, in the place of those that were the supervisor's without TLS. Nobody here may give files away.
make_folders() {
  as "$supervisor_user" mkdir -m 0700 "$supervisor_folder"
  as "$supervisor_user" sh -c '
    mkdir -p "$0/workers" && chmod 1777 "$0/workers"
    for name in files temporary; do
      [ -L "$0/$name" ] || rm -rf "${0:?}/$name"
      ln -sfn "workers/$name" "$0/$name"
    done' "$cache"
  # The master looks for the inner ones, and is not of their user.
  as "$worker_user" sh -c 'cd "$0/workers" && mkdir -p temporary && mkdir -p -m 0700 files && cd temporary && mkdir -p -m 0700 body proxy fastcgi uwsgi scgi' "$cache"
}

# A certificate for as long as there is no other, so that nginx always starts. No client trusts it.
make_stand_in() {
  mkdir -m 0700 "$stand_in"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 3650 -subj '/CN=not certified yet' \
    -keyout "$stand_in/privkey.pem" -out "$stand_in/fullchain.pem" 2>"$folder/openssl" || cat "$folder/openssl" >&2
}

answer() { # answer VERDICT COMMAND DETAIL
  echo "$*" >&6
}

# One of the configurations, by its place in the volume.
known() {
  case "$1" in *[!A-Za-z0-9/-]* | */*/*) return 1 ;; live | good | generations/*) return 0 ;; esac
  return 1
}

carry_out() { # carry_out COMMAND ARGUMENT
  case "$1" in
    start)
      nginx -e stderr -c "$state/live/nginx.conf" -g "daemon off; user $worker_user;" 5<&- 6>&- &
      nginx_pid=$!
      answer ok start "$nginx_pid"
      ;;
    test)
      if known "$2" && nginx -e stderr -q -t -c "$state/$2/nginx.conf" -g "user $worker_user;" 2>"$folder/test" 5<&- 6>&-; then
        answer ok test
      else
        answer failed test
      fi
      ;;
    reload)
      : >"$refusal_log"
      if kill -HUP "$nginx_pid" 2>/dev/null; then answer ok reload; else answer failed reload; fi
      ;;
    stop)
      if [ -n "$nginx_pid" ] && kill -QUIT "$nginx_pid" 2>/dev/null; then
        { sleep "$2" && kill -TERM "$nginx_pid"; } 5<&- 6>&- &
        wait "$nginx_pid"
      fi
      answer ok stop
      ;;
    *) answer failed "$1" ;;
  esac
}

umask 022
# Each client takes two: its own connection and the one to the app.
ulimit -n "$(ulimit -Hn)"
# What a container that is started again has left.
rm -rf "$folder" "$refusal_log"
as "$supervisor_user" rm -rf "$supervisor_folder"
mkdir -m 0755 "$folder"
make_folders
make_stand_in
mkfifo -m 0600 "$folder/requests" "$folder/answers"
export PROXY_KEPT=$folder PROXY_WORK=$supervisor_folder/work
# Not by a function, whose process would be another one between.
setpriv --reuid "$supervisor_user" --regid "$supervisor_user" --clear-groups -- sh "$program/supervise.sh" 3>"$folder/requests" 4<"$folder/answers" &
supervisor=$!
exec 5<"$folder/requests" 6>"$folder/answers"
rm "$folder/requests" "$folder/answers"
trap 'interrupted=1; kill -TERM "$supervisor"' TERM INT QUIT

# Until the supervisor has ended. A signal interrupts the reading.
while :; do
  if read -r command argument <&5; then
    carry_out "$command" "${argument:-}"
  elif [ -n "$interrupted" ]; then
    interrupted=
  else
    break
  fi
done
[ -z "$nginx_pid" ] || kill -TERM "$nginx_pid" 2>/dev/null
wait "$supervisor"
exit $?
