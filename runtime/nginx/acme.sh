#!/bin/sh
# Has a certificate issued and renewed by an ACME server, with lego, in the image of lego. A courier (courier.sh) takes it from here.
#
# The server asks for a file at /.well-known/acme-challenge/ of each host, which nginx serves from the volume that this program writes it to.
set -uf

data=${ACME_DATA:-/var/lib/acme}
webroot=${ACME_WEBROOT:-/var/lib/certificates/.challenges}
lego=${ACME_CLIENT:-/lego}
# Names between commas; the first one is that of the files.
hosts=$ACME_HOSTS
# Seconds from one look at whether it is time to the next one.
interval=${ACME_INTERVAL:-43200}
healthy=${ACME_HEALTHY:-/tmp/healthy}
# After a failure: Let's Encrypt allows five for each host in an hour.
first_pause=300

say() { echo "acme: $*" >&2; }

run_client() { # run_client COMMAND OPTION...
  set -- --path "$data" --email "$ACME_EMAIL" --server "$ACME_DIRECTORY" --accept-tos --key-type ec256 --http --http.webroot "$webroot" \
    $(echo "$hosts" | tr ',' '\n' | sed 's/^/--domains /') "$@"
  "$lego" "$@"
}

# By the client's own judgement: a third of the time is left, or the server says that it is time.
ensure() {
  if [ -e "$data/certificates/${hosts%%,*}.crt" ]; then
    run_client renew --dynamic --force-cert-domains --no-random-sleep
  else
    run_client run
  fi
}

# So that a signal is heard while it sleeps.
pause() {
  sleep "$1" &
  wait $!
}

trap 'exit 0' TERM INT QUIT
umask 022
rm -f "$healthy"
mkdir -p "$webroot"
if [ -z "$hosts" ]; then
  say "there is no host that needs a certificate"
  : >"$healthy"
  while :; do pause 3600; done
fi
wait_for=$first_pause
while :; do
  if ensure; then
    : >"$healthy"
    wait_for=$first_pause
    pause "$interval"
  else
    rm -f "$healthy"
    [ "$wait_for" -le "$interval" ] || wait_for=$interval
    say "no certificate for $hosts: the reason is above. The one before stays in use; the next try is in $wait_for s"
    pause "$wait_for"
    wait_for=$((wait_for * 2))
    [ "$wait_for" -le 3600 ] || wait_for=3600
  fi
done
