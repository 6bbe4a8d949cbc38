# What the proxy's supervisor (supervise.sh) does for TLS: it is about what changes without a request, which is certificates and the age of HSTS.

# Mounted where the proxy has TLS, and only there.
certificates=${PROXY_CERTIFICATES:-/var/lib/certificates}
stand_in=${PROXY_KEPT-}/stand-in

has_tls() { [ -d "$certificates" ]; }

# Where each certificate that a configuration names is now: in a folder that never changes.
list_certificates() { # list_certificates FOLDER
  for file in "$1"/owners/*/certificates/*; do
    [ -e "$file" ] || continue
    name=${file#"$1/owners/"}
    name=${name%%/*}/${name##*/}
    place=$certificates/$name/$(readlink "$certificates/$name/current")
    if [ -e "$place/privkey.pem" ]; then echo "$name $place"; else echo "$name $stand_in"; fi
  done
}

# The header that HSTS has at its age, as nginx's directive. Each line of the file: from which age, in seconds, and the value.
hsts_directive() { # hsts_directive FOLDER
  steps=$1/owners/$owner_of_settings/hsts
  [ -e "$steps" ] || return
  now=$(date +%s)
  age=$((now - $(cat "$state/hsts-since" 2>/dev/null || echo "$now")))
  value=
  while read -r from text; do
    if [ "$age" -ge "$from" ]; then value=$text; fi
  done <"$steps"
  echo "add_header Strict-Transport-Security \"$value\" always;"
}

# What depends on the moment, in a folder: the part of a generation that is not what somebody has handed in.
compose_moment() { # compose_moment FROM TO
  has_tls || return
  list_certificates "$1" >"$2/certificates.list"
  { echo "# Written by the supervisor."; hsts_directive "$1"; } >"$2/hsts.conf"
}

# Names of certificates lead to where they were found.
link_certificates() { # link_certificates FOLDER
  has_tls || return
  while read -r name place; do
    mkdir -p "$1/certificates/${name%/*}"
    ln -sfn "$place" "$1/certificates/$name"
  done <"$1/certificates.list"
}

# The age of HSTS counts from the first configuration with it that was in use, and anew after one without.
note_hsts() {
  if [ ! -e "$state/good/owners/$owner_of_settings/hsts" ]; then
    rm -f "$state/hsts-since"
  elif [ ! -e "$state/hsts-since" ]; then
    date +%s >"$state/hsts-since.new" && mv "$state/hsts-since.new" "$state/hsts-since"
  fi
}

# The good configuration as it is at this moment, before nginx starts: a certificate that it had may be gone.
bring_up_to_date() {
  if ! has_tls || [ ! -e "$state/good/nginx.conf" ]; then return; fi
  compose_moment "$state/good" "$state/good"
  link_certificates "$state/good"
}

# Makes nginx use another certificate, or another HSTS header, when there is one. A change that it refuses is not tried again.
refresh() {
  if ! has_tls || [ "$(readlink "$state/live")" != "$(readlink "$state/good")" ]; then return; fi
  mkdir -p "$work.moment"
  compose_moment "$state/good" "$work.moment"
  same=1
  for file in certificates.list hsts.conf; do
    cmp -s "$work.moment/$file" "$state/good/$file" || same=0
  done
  if [ "$same" = 1 ] || [ "$(cat "$work.moment"/*)" = "$refused_moment" ]; then return; fi
  if change "$owner_of_settings" "$state/good/owners/$owner_of_settings"; then
    say "nginx has the certificates and headers of this moment"
  else
    refused_moment=$(cat "$work.moment"/*)
    say "cannot renew certificates or headers; those before stay in use:"
    cat "$work.refused" >&2
  fi
}
