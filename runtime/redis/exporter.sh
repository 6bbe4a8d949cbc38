#!/bin/sh
# Starts the exporter with the password in its own environment, and nowhere else.
set -eu
REDIS_PASSWORD=$(cat "${SERVER_PASSWORD_FILE:?}")
export REDIS_PASSWORD
exec /redis_exporter "$@"
