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
settle=${PROXY_SETTLE:-0.5}
keep=${PROXY_KEEP:-5}
drain=${PROXY_DRAIN:-5}
program=$(dirname "$0")
work=${PROXY_WORK:-/tmp/work}
refusal_log=/tmp/refusal.log
nginx_pid=
stuck=

refused_moment=

say() { echo "supervisor: $*" >&2; }


# ---- nginx ----

start_nginx() {
  # Descriptor 9 is the lock on the volume, which must not outlive this program.
  nginx -e stderr -c "$state/live/nginx.conf" -g 'daemon off;' 9>&- &
  nginx_pid=$!
}

test_nginx() { nginx -e stderr -q -t -c "$1/nginx.conf" 2>"$work.test" 9>&-; }

reload_nginx() {
  : >"$refusal_log"
  kill -HUP "$nginx_pid" 2>/dev/null
}

end_nginx() {
  if [ -n "$nginx_pid" ] && kill -QUIT "$nginx_pid" 2>/dev/null; then
    # The door is closed from here on. Idle connections, which a reload spares, would keep it so for as long as they may be idle.
    { sleep "$drain" && kill -TERM "$nginx_pid"; } 9>&- &
    wait "$nginx_pid"
  fi
}

nginx_runs() {
  state_of_nginx=Z
  read -r _ _ state_of_nginx _ 2>/dev/null <"/proc/$nginx_pid/stat"
  [ "$state_of_nginx" != Z ]
}

stop() {
  trap '' TERM INT QUIT
  say "stopping"
  end_nginx
  exit 0
}

. "$program/tls.sh"
if [ -n "${PROXY_KEPT-}" ]; then . "$program/kept.sh"; fi

point() { # point NAME FOLDER: a symbolic link, changed in one step
  ln -sfn "$2" "$state/$1.new" && mv -T "$state/$1.new" "$state/$1"
}

answered() { curl -s --noproxy '*' --max-time 2 "http://127.0.0.1:$local_port/generation" 9>&-; }

# Makes nginx run a generation, and returns once new workers answer for it. Otherwise the one before is back, and $work.refusal has the reason.
activate() {
  before=$(readlink "$state/live")
  point live "generations/$1"
  reload_nginx || return 1
  tries=0
  while [ "$tries" -lt 300 ]; do
    if [ "$(answered)" = "$1" ]; then return 0; fi
    if grep -q '\[emerg\]' "$refusal_log"; then break; fi
    nginx_runs || break
    sleep 0.05
    tries=$((tries + 1))
  done
  { echo "nginx refused to reload:"; grep -v '^$' "$refusal_log" || echo "no new worker answered within 15 s"; } >"$work.refusal"
  point live "$before"
  # A reload that was only late is undone by the next one.
  reload_nginx
  return 1
}

# Folders for what nginx writes. Where a keeper ran before, they are links to those of its workers.
make_folders() {
  for name in temporary files; do
    if [ -L "$cache/$name" ]; then rm "$cache/$name"; fi
    mkdir -p "$cache/$name"
  done
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
    case "$host" in _.*) host="*${host#_}" ;; esac
    echo "server_name $host;" >>"$1/names.conf"
  done
}

# compose NAME OWNER FOLDER: a generation that is the good one with this owner's fragments, or without the owner where FOLDER is empty
compose() {
  new=$state/generations/$1
  rm -rf "$new"
  mkdir -p "$new/owners"
  if [ -e "$state/good" ]; then cp -R "$state/good/owners/." "$new/owners/"; fi
  rm -rf "$new/owners/$2"
  if [ -n "$3" ]; then cp -R "$3" "$new/owners/$2"; fi
  cp "$new/owners/$owner_of_settings/nginx.conf" "$new/nginx.conf"
  echo "return 200 $1;" >"$new/generation.conf"
  seen=
  # A server without a name would be that of requests without a host.
  echo "server_name names.invalid;" >"$new/names.conf"
  compose_servers "$new" >"$new/servers.conf"
  compose_moment "$new" "$new"
  link_certificates "$new"
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
  find "$state/withdrawn" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} +
}

# ---- changes ----

# conflict OWNER FOLDER: which of its routes belongs to somebody else, if one does
conflict() {
  for file in "$2"/servers/*/locations/*.conf "$2"/servers/*/certificate.conf; do
    for other in "$state"/good/owners/*/"${file#"$2/"}"; do
      [ -e "$other" ] || continue
      holder=${other#"$state/good/owners/"}
      holder=${holder%%/*}
      [ "$holder" = "$1" ] && continue
      route=$(sed -n '1s/^# //p' "$other")
      echo "${route:-${file#"$2/"}} belongs to $holder: remove it there first, or use another host or path here"
      return
    done
  done
}

# change OWNER FOLDER: makes these fragments the owner's; without a FOLDER the owner leaves. If that fails, $work.refused says why, and all is as before.
change() {
  stamp=$(date +%Y%m%d%H%M%S)-$(cut -c 1-8 /proc/sys/kernel/random/uuid)
  compose "$stamp-2" "$1" "$2"
  if ! test_nginx "$state/generations/$stamp-2"; then
    { echo "nginx does not accept the configuration:"; words_of "$work.test"; } >"$work.refused"
    rm -rf "$state/generations/$stamp-2"
    return 1
  fi
  if [ -n "$2" ]; then prepare "$stamp-1" "$1" "$2"; fi
  if activate "$stamp-2"; then
    point good "generations/$stamp-2"
    note_hsts
    prune
    return 0
  fi
  words_of "$work.refusal" >"$work.refused"
  if [ -e "$state/good" ]; then restore; fi
  rm -rf "$state/generations/$stamp-1" "$state/generations/$stamp-2"
  return 1
}

# prepare NAME OWNER FOLDER: the first phase, where servers come or go
prepare() {
  first_phase "$2" "$3" "$work.first"
  if diff -r "$state/good/owners/$2/upstreams" "$work.first/upstreams" >/dev/null 2>&1; then return; fi
  compose "$1" "$2" "$work.first"
  # Old locations with new settings may not go together: then the new ones have to do without the first phase's help.
  if test_nginx "$state/generations/$1" && activate "$1"; then
    wait_for_names "$work.first"
    sleep "$settle"
  else
    say "went on without the first phase"
    cat "$work.test" >&2
  fi
}

# Back to the good generation, after a first phase that nothing came of.
restore() {
  good=$(readlink "$state/good")
  [ "$(readlink "$state/live")" = "$good" ] && return
  activate "${good#generations/}" || say "the last good configuration is not accepted either"
}

# ---- leases ----

# Owners other than the proxy's own stack hold a lease: a file that a container of theirs (lease.sh) writes when it starts and removes when it is stopped. Routes
# without one are withdrawn, and are back when it is: a stack that is destroyed leaves none, one whose host is rebooted has them again.
reconcile() {
  for routes in "$state"/good/owners/*; do
    lessee=${routes##*/}
    if [ "$lessee" = "$owner_of_settings" ] || [ -e "$state/leases/$lessee" ] || [ ! -d "$routes" ]; then continue; fi
    case " $stuck " in *" $lessee "*) continue ;; esac
    rm -rf "$state/withdrawn/$lessee"
    cp -R "$routes" "$state/withdrawn/$lessee"
    if change "$lessee" ""; then
      say "withdrew the routes of $lessee"
    else
      stuck="$stuck $lessee"
      say "cannot withdraw the routes of $lessee:"
      cat "$work.refused" >&2
    fi
  done
  for routes in "$state"/withdrawn/*; do
    lessee=${routes##*/}
    [ -e "$state/leases/$lessee" ] || continue
    if [ ! -e "$state/good/owners/$lessee" ]; then
      conflict "$lessee" "$routes" >"$work.refused"
      if [ ! -s "$work.refused" ] && change "$lessee" "$routes"; then
        say "the routes of $lessee are back"
      else
        say "the routes of $lessee are not back:"
        cat "$work.refused" >&2
      fi
    fi
    rm -rf "$state/withdrawn/$lessee"
  done
}

# ---- requests ----

answer() { # answer NONCE STATUS < message
  { echo "$2"; cat; } >"$state/outbox/.$1"
  mv "$state/outbox/.$1" "$state/outbox/$1"
}

refuse() { # refuse NONCE < message
  cat >"$work.reason"
  say "refused a configuration of $owner:"
  cat "$work.reason" >&2
  answer "$1" refused <"$work.reason"
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
  if [ -e "$candidate/certificates" ] && ! has_tls; then
    echo "the proxy has no TLS, and this configuration has certificates; give the NginxProxy its tls first" | refuse "$1"
    return
  fi
  conflict "$owner" "$candidate" >"$work.message"
  if [ -s "$work.message" ]; then
    refuse "$1" <"$work.message"
    return
  fi
  if [ -e "$state/good" ] && [ "$(readlink "$state/live")" = "$(readlink "$state/good")" ] \
    && diff -r "$state/good/owners/$owner" "$candidate" >/dev/null 2>&1; then
    lease
    answer "$1" unchanged </dev/null
    return
  fi
  publish "$1"
}

publish() {
  if ! change "$owner" "$candidate"; then
    refuse "$1" <"$work.refused"
    return
  fi
  lease
  stuck=
  say "published $stamp-2 of $owner"
  echo "generation $stamp-2" | answer "$1" published
}

# Routes that have just been asked for are wanted, although the container that holds the lease starts after them.
lease() {
  rm -rf "$state/withdrawn/$owner"
  [ -e "$state/leases/$owner" ] || echo published >"$state/leases/$owner"
}

# ---- main ----

umask 022
# Each client takes two: its own connection and the one to the app.
ulimit -n "$(ulimit -Hn)"
trap stop TERM INT QUIT
exec 9>>"$state/lock"
until flock -n 9; do sleep 0.2; done
mkdir -p "$state/inbox" "$state/working" "$state/outbox" "$state/generations" "$state/leases" "$state/withdrawn"
rm -rf "$state"/outbox/.[!.]*
# What a predecessor did not finish is done again, or dropped where nobody waits for it any more.
for request in "$state"/working/*; do
  [ -d "$request" ] && mv "$request" "$state/inbox/"
done

# Where nginx tells its figures, whose master may be root without rights over others' files. It would not start over a socket that a killed one has left.
mkdir -p "$cache/status" && chmod 1777 "$cache/status"
rm -f "$cache/status/nginx.sock"

# What publishers may count on.
if has_tls; then echo tls; else echo plain; fi >"$state/serves"
if ! has_tls; then make_folders; fi
bring_up_to_date

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
rounds=0

while nginx_runs; do
  for nonce in $(ls -tr "$state/inbox"); do
    mv "$state/inbox/$nonce" "$state/working/$nonce" 2>/dev/null || continue
    handle "$nonce"
    rm -rf "$state/working/$nonce"
    if [ "$(readlink "$state/live")" = "$(readlink "$state/good")" ]; then rm -f /tmp/degraded; fi
  done
  reconcile
  rounds=$((rounds + 1))
  if [ $((rounds % 10)) = 0 ]; then refresh; fi
  sleep 0.2
done
say "nginx has ended"
exit 1
