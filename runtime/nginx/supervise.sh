#!/bin/sh
# Runs nginx, and changes its configuration on request. README.md beside this file has the layout of the volume.
#
# Whatever fails, nginx goes on with the last configuration that it is known to have accepted ("good"). A test by "nginx -t" does not show that a
# reload is accepted, nor does the signal; only new workers that answer with the new generation's name do.
set -u

state=${PROXY_STATE:-/var/lib/proxy}
cache=${PROXY_CACHE:-/var/cache/proxy}
owner_of_settings=${PROXY_OWNER:-proxy}
local_port=${PROXY_LOCAL_PORT:-8081}
settle=${PROXY_SETTLE:-1}
keep=${PROXY_KEEP:-5}
program=$(dirname "$0")
work=/tmp/work
refusal_log=/tmp/refusal.log
nginx_pid=

say() { echo "supervisor: $*" >&2; }

# ---- nginx ----

start_nginx() {
  # Descriptor 9 is the lock on the volume, which must not outlive this program.
  nginx -e stderr -c "$state/live/nginx.conf" -g 'daemon off;' 9>&- &
  nginx_pid=$!
}

test_nginx() { nginx -e stderr -q -t -c "$1/nginx.conf" 2>"$work.test" 9>&-; }

stop() {
  trap '' TERM INT QUIT
  say "stopping"
  if [ -n "$nginx_pid" ] && kill -QUIT "$nginx_pid" 2>/dev/null; then wait "$nginx_pid"; fi
  exit 0
}

point() { # point NAME FOLDER: a symbolic link, changed in one step
  ln -sfn "$2" "$state/$1.new" && mv -T "$state/$1.new" "$state/$1"
}

answered() { curl -s --noproxy '*' --max-time 2 "http://127.0.0.1:$local_port/generation" 9>&-; }

# Makes nginx run a generation, and returns once new workers answer for it. Otherwise the one before is back, and $work.refusal has the reason.
activate() {
  before=$(readlink "$state/live")
  : >"$refusal_log"
  point live "generations/$1"
  kill -HUP "$nginx_pid" || return 1
  tries=0
  while [ "$tries" -lt 150 ]; do
    if [ "$(answered)" = "$1" ]; then return 0; fi
    if grep -q '\[emerg\]' "$refusal_log"; then break; fi
    kill -0 "$nginx_pid" 2>/dev/null || break
    sleep 0.1
    tries=$((tries + 1))
  done
  { echo "nginx refused to reload:"; grep -v '^$' "$refusal_log" || echo "no new worker answered within 15 s"; } >"$work.refusal"
  point live "$before"
  # A reload that was only late is undone by the next one.
  kill -HUP "$nginx_pid" 2>/dev/null
  return 1
}

# ---- generations ----

# The servers of the hosts: each host once, from the first owner that has it; the locations come from all.
compose_servers() {
  for folder in "$1"/owners/*/servers/*/; do
    [ -e "$folder/server.conf" ] || continue
    host=$(basename "$folder")
    path=${folder#"$1/"}
    case " $seen " in *" $host "*) continue ;; esac
    seen="$seen $host"
    echo "include ${path}server.conf;"
  done
}

# compose NAME OWNER FOLDER: a generation that is the good one with this owner's fragments
compose() {
  new=$state/generations/$1
  rm -rf "$new"
  mkdir -p "$new/owners"
  if [ -e "$state/good" ]; then cp -R "$state/good/owners/." "$new/owners/"; fi
  rm -rf "$new/owners/$2"
  cp -R "$3" "$new/owners/$2"
  cp "$new/owners/$owner_of_settings/nginx.conf" "$new/nginx.conf"
  echo "return 200 $1;" >"$new/generation.conf"
  seen=
  compose_servers "$new" >"$new/servers.conf"
}

# first_phase OWNER CANDIDATE FOLDER: what the owner has now, with the servers of the candidate beside its own. New names are resolved before a request
# needs them, and requests that are under way find the old ones.
first_phase() {
  rm -rf "$3"
  if [ -e "$state/good/owners/$1" ]; then
    cp -R "$state/good/owners/$1" "$3"
  else
    mkdir -p "$3"
    if [ -e "$2/nginx.conf" ]; then cp -R "$2/." "$3/"; rm -rf "$3/servers"; fi
  fi
  mkdir -p "$3/upstreams"
  for file in "$2"/upstreams/*.servers; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .servers)
    old=$3/upstreams/$name.servers
    if [ -e "$old" ]; then grep -vxF -f "$file" "$old" >"$work.old"; else : >"$work.old"; fi
    cat "$file" "$work.old" >"$old.new"
    mv -f "$old.new" "$old"
    cp -f "$2/upstreams/$name.conf" "$3/upstreams/$name.conf"
  done
}

# New names of servers: the workers ask for them at once; an answer may take a moment.
wait_for_names() {
  tries=0
  for name in $(cat "$1"/upstreams/*.servers 2>/dev/null | sed -n 's/^ *server "\{0,1\}\([^": ]*\):[0-9].*$/\1/p' | sort -u); do
    until getent ahostsv4 "$name" >/dev/null 9>&-; do
      tries=$((tries + 1))
      [ "$tries" -lt 25 ] || return 0
      sleep 0.2
    done
  done
}

# Old generations, but the last few and those in use. Their names begin with the time.
prune() {
  for name in $(ls "$state/generations" | sort -r | tail -n "+$((keep + 1))"); do
    case "generations/$name" in "$(readlink "$state/good")" | "$(readlink "$state/live")") continue ;; esac
    rm -rf "$state/generations/$name"
  done
  find "$state/outbox" -type f -mmin +60 -exec rm -f {} +
}

# ---- requests ----

answer() { # answer NONCE STATUS < message
  { echo "$2"; cat; } >"$state/outbox/.$1"
  mv "$state/outbox/.$1" "$state/outbox/$1"
}

refuse() { # refuse NONCE < message
  cat >"$work.message"
  say "refused a configuration of $owner:"
  cat "$work.message" >&2
  answer "$1" refused <"$work.message"
}

# What nginx says, with the names of files as the stack knows them.
words_of() { sed -e "s#$state/generations/[^/ ]*/owners/##g" -e "s#$state/generations/[^/ ]*/##g" -e 's/^nginx: //' "$1"; }

handle() { # handle NONCE, in working/
  request=$state/working/$1
  candidate=$request/candidate
  owner=$(cat "$request/owner")
  case "$owner" in '' | *[!a-z0-9-]*)
    echo "the owner's name must be of lower-case letters, digits and dashes" | refuse "$1"
    return
    ;;
  esac
  if flock -n "$request/alive" true; then
    say "dropped a request of $owner whose publisher is gone"
    return
  fi
  if [ -e "$candidate/nginx.conf" ] && [ "$owner" != "$owner_of_settings" ]; then
    echo "only the proxy's own stack may hand in nginx.conf" | refuse "$1"
    return
  fi
  if [ ! -e "$candidate/nginx.conf" ] && [ "$owner" = "$owner_of_settings" ]; then
    echo "nginx.conf is missing" | refuse "$1"
    return
  fi
  if [ "$owner" != "$owner_of_settings" ] && [ ! -e "$state/good/owners/$owner_of_settings/nginx.conf" ]; then
    echo "the proxy has no settings yet; deploy its own stack first" | refuse "$1"
    return
  fi
  for file in "$candidate"/servers/*/locations/*.conf; do
    for other in "$state"/good/owners/*/"${file#"$candidate/"}"; do
      [ -e "$other" ] || continue
      holder=${other#"$state/good/owners/"}
      holder=${holder%%/*}
      [ "$holder" = "$owner" ] && continue
      echo "${file#"$candidate/"} belongs to $holder" | refuse "$1"
      return
    done
  done
  if [ -e "$state/good" ] && [ "$(readlink "$state/live")" = "$(readlink "$state/good")" ] \
    && diff -r "$state/good/owners/$owner" "$candidate" >/dev/null 2>&1; then
    answer "$1" unchanged </dev/null
    return
  fi
  publish "$1"
}

publish() {
  stamp=$(date +%Y%m%d%H%M%S)-${1%%-*}
  compose "$stamp-2" "$owner" "$candidate"
  if ! test_nginx "$state/generations/$stamp-2"; then
    { echo "nginx does not accept the configuration:"; words_of "$work.test"; } | refuse "$1"
    rm -rf "$state/generations/$stamp-2"
    return
  fi
  first_phase "$owner" "$candidate" "$work.first"
  if ! diff -r "$state/good/owners/$owner/upstreams" "$work.first/upstreams" >/dev/null 2>&1; then
    compose "$stamp-1" "$owner" "$work.first"
    # Old locations with new settings may not go together: then the new ones have to do without the first phase's help.
    if test_nginx "$state/generations/$stamp-1" && activate "$stamp-1"; then
      wait_for_names "$work.first"
      sleep "$settle"
    else
      say "went on without the first phase"
      cat "$work.test" >&2
    fi
  fi
  if activate "$stamp-2"; then
    point good "generations/$stamp-2"
    say "published $stamp-2 of $owner"
    echo "generation $stamp-2" | answer "$1" published
  else
    words_of "$work.refusal" | refuse "$1"
    if [ -e "$state/good" ]; then restore; fi
    rm -rf "$state/generations/$stamp-1" "$state/generations/$stamp-2"
  fi
  prune
}

# Back to the good generation, after a first phase that nothing came of.
restore() {
  good=$(readlink "$state/good")
  [ "$(readlink "$state/live")" = "$good" ] && return
  activate "${good#generations/}" || say "the last good configuration is not accepted either"
}

# ---- main ----

umask 022
# Each client takes two: its own connection and the one to the app.
ulimit -n "$(ulimit -Hn)"
trap stop TERM INT QUIT
exec 9>>"$state/lock"
until flock -n 9; do sleep 0.2; done
mkdir -p "$state/inbox" "$state/working" "$state/outbox" "$state/generations" "$cache/temporary" "$cache/files"
rm -rf "$state"/outbox/.[!.]*
# What a predecessor did not finish is done again, or dropped where nobody waits for it any more.
for request in "$state"/working/*; do
  [ -d "$request" ] && mv "$request" "$state/inbox/"
done

rm -f /tmp/degraded
if [ ! -e "$state/good/nginx.conf" ]; then
  point live "$program/bootstrap"
  say "no configuration yet, every host is unknown"
elif test_nginx "$state/good"; then
  point live "$(readlink "$state/good")"
else
  : >/tmp/degraded
  say "nginx does not accept the last good configuration any more; every host is unknown until another one is published:"
  cat "$work.test" >&2
  point live "$program/bootstrap"
fi
start_nginx

while kill -0 "$nginx_pid" 2>/dev/null; do
  for nonce in $(ls -tr "$state/inbox"); do
    mv "$state/inbox/$nonce" "$state/working/$nonce" 2>/dev/null || continue
    handle "$nonce"
    rm -rf "$state/working/$nonce"
    if [ "$(readlink "$state/live")" = "$(readlink "$state/good")" ]; then rm -f /tmp/degraded; fi
  done
  sleep 0.2
done
wait "$nginx_pid"
say "nginx ended with code $?"
exit 1
