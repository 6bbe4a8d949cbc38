#!/bin/sh
# A server that reads its file in, or whose disk is full, does not answer PONG: it says why.
answer=$(sh "${0%/*}/cli.sh" PING 2>&1)
[ "$answer" = PONG ] || { echo "unhealthy: $answer"; exit 1; }
