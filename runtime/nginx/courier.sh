#!/bin/sh
# Brings a certificate and its key to the proxy: from where they are renewed into the volume that the proxy reads, whenever they change. README.md beside this file
# has the layout of the volume.
#
# Only a pair that nginx can serve gets there. What is wrong with another one is in the log of this container, and the one before stays in use.
# Without patterns: the names of hosts have stars.
set -uf

place=${COURIER_VOLUME:-/var/lib/certificates}/$COURIER_NAME
certificate=${COURIER_CERTIFICATE-}
key=${COURIER_KEY-}
# What the certificate is for: names and addresses between commas.
hosts=${COURIER_HOSTS-}
interval=${COURIER_INTERVAL:-5}
keep=${COURIER_KEEP:-3}
work=${COURIER_WORK:-/tmp/courier}
healthy=${COURIER_HEALTHY:-/tmp/healthy}
# Days before its end at which a certificate of our own is made anew, and at which one from elsewhere is overdue.
self_signed_days=365
early=30
overdue=14

say() { echo "courier: $*" >&2; }

ends() { openssl x509 -noout -enddate -in "$1" | sed 's/^notAfter=//'; }

lasts() { openssl x509 -noout -checkend "$(($2 * 86400))" -in "$1" >/dev/null 2>&1; }

public_key() { openssl pkey -pubout -passin pass: -in "$1" 2>/dev/null; }

# What is wrong with the pair in the work folder, if something is.
judge() {
  if [ -s "$work/error" ]; then
    paste -sd ';' "$work/error" | sed -e 's#/source/##g' -e 's/cat: /cannot read /g'
  elif ! openssl x509 -noout -in "$work/fullchain.pem" 2>/dev/null; then
    echo "there is no certificate in PEM form in ${certificate#/source/}"
  elif [ -z "$(public_key "$work/privkey.pem")" ]; then
    echo "there is no private key in PEM form, without a password, in ${key#/source/}"
  elif [ "$(public_key "$work/privkey.pem")" != "$(openssl x509 -noout -pubkey -in "$work/fullchain.pem")" ]; then
    echo "the private key is not that of the first certificate in ${certificate#/source/}"
  elif ! lasts "$work/fullchain.pem" 0; then
    echo "the certificate ended on $(ends "$work/fullchain.pem")"
  fi
}

# Hosts that clients will refuse the certificate for. That is no reason to keep an older one.
say_missing_hosts() {
  for host in $(echo "$hosts" | tr ',' ' ' | sed 's/\*\./any./g'); do
    case "$host" in *[!0-9.]*) option=-checkhost ;; *) option=-checkip ;; esac
    openssl x509 -noout "$option" "$host" -in "$work/fullchain.pem" | grep -q 'does match' || say "the certificate is not for $host"
  done
}

# Puts the pair of the work folder into a folder that never changes, and lets "current" lead there, in one step.
bring() { # bring DIGEST
  folder=$place/$1
  draft=$place/.$1.$HOSTNAME
  mkdir -p "$place"
  if [ ! -e "$folder" ]; then
    rm -rf "$draft"
    mkdir "$draft"
    cp "$work/fullchain.pem" "$work/privkey.pem" "$draft/"
    chmod 0444 "$draft/fullchain.pem"
    chmod 0400 "$draft/privkey.pem"
    sync "$draft/fullchain.pem" "$draft/privkey.pem" "$draft"
    # A courier that is just taking over may have been faster.
    mv -T "$draft" "$folder" 2>/dev/null || rm -rf "$draft"
  fi
  touch "$folder"
  ln -sfn "$1" "$place/.current.$HOSTNAME"
  mv -T "$place/.current.$HOSTNAME" "$place/current"
  for old in $(ls -t "$place" | grep -vx current | tail -n "+$((keep + 1))"); do rm -rf "${place:?}/$old"; done
  say "brought a certificate for $COURIER_NAME that ends on $(ends "$work/fullchain.pem")"
}

digest() { cat "$work/fullchain.pem" "$work/privkey.pem" | sha256sum | cut -c 1-16; }

check_health() {
  if lasts "$place/current/fullchain.pem" 0; then : >"$healthy"; else rm -f "$healthy"; fi
}

# ---- from files ----

# Taken as they are now, so that what is judged is what is brought.
take() {
  cat "$certificate" 2>"$work/error" >"$work/fullchain.pem"
  cat "$key" 2>>"$work/error" >"$work/privkey.pem"
}

look() {
  take
  now=$(digest)
  [ "$now" = "$settled" ] && return
  problem=$(judge)
  if [ -z "$problem" ]; then
    if [ "$(readlink "$place/current")" != "$now" ]; then bring "$now"; fi
    say_missing_hosts
    settled=$now
    check_health
  elif [ "$now" = "$doubted" ]; then
    say "$problem"
    settled=$now
  else
    # The two files are renewed one after the other: what is wrong for a moment is not worth a word.
    doubted=$now
  fi
}

remind() {
  if [ ! -e "$place/current" ]; then
    say "no good certificate yet: $(judge)"
  elif ! lasts "$place/current/fullchain.pem" "$overdue"; then
    say "the certificate in use ends on $(ends "$place/current/fullchain.pem"), and there is no newer one"
  fi
}

follow_files() {
  settled=
  doubted=
  rounds=0
  while :; do
    look
    if [ $((rounds * interval % 60)) -lt "$interval" ]; then check_health; fi
    rounds=$((rounds + 1))
    if [ $((rounds * interval % 3600)) -lt "$interval" ]; then remind; fi
    pause "$interval"
  done
}

# ---- made here ----

alternative_names() {
  for host in $(echo "${hosts:-localhost}" | tr ',' ' '); do
    case "$host" in *[!0-9.]*) echo "DNS:$host" ;; *) echo "IP:$host" ;; esac
  done | paste -sd , -
}

make_self_signed() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days "$self_signed_days" -subj '/CN=self-signed by cdktf-django' \
    -addext "subjectAltName=$(alternative_names)" -addext 'keyUsage=critical,digitalSignature' -addext 'extendedKeyUsage=serverAuth' \
    -keyout "$work/privkey.pem" -out "$work/fullchain.pem" 2>"$work/error" || { cat "$work/error" >&2; exit 1; }
}

names_of() { openssl x509 -noout -ext subjectAltName -in "$1" 2>/dev/null | sed -n 's/^ *//; s/IP Address:/IP:/g; s/, /,/g; 2p'; }

be_self_signed() {
  while :; do
    if [ "$(names_of "$place/current/fullchain.pem")" != "$(alternative_names)" ] || ! lasts "$place/current/fullchain.pem" "$early"; then
      make_self_signed
      bring "$(digest)"
    fi
    check_health
    pause 3600
  done
}

# ---- main ----

# So that a signal is heard while it sleeps.
pause() {
  sleep "$1" &
  wait $!
}

trap 'exit 0' TERM INT QUIT
umask 022
rm -rf "$healthy" "$work"
mkdir -m 0700 "$work"
if [ -n "$certificate" ]; then follow_files; else be_self_signed; fi
