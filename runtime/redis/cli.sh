#!/bin/sh
# The console of the server, with its password; what follows is a command: `INFO memory`. The password goes by the environment of this process, which nobody but its user sees.
set -eu
REDISCLI_AUTH=$(cat "${REDIS_PASSWORD_FILE:?}")
export REDISCLI_AUTH
VALKEYCLI_AUTH=$REDISCLI_AUTH
export VALKEYCLI_AUTH
cli=$(command -v valkey-cli || command -v redis-cli)
exec "$cli" -h 127.0.0.1 -p 6379 --no-auth-warning "$@"
