#!/bin/sh
# What an image that builds on the official one counts on: scripts in /docker-entrypoint.d run before nginx does.
# Not like it: no scripts of its own (templates, IPv6, tuning of workers).
set -e
case "$1" in
  nginx | nginx-debug)
    for script in /docker-entrypoint.d/*; do
      case "$script" in
        *.envsh) if [ -x "$script" ]; then . "$script"; fi ;;
        *.sh) if [ -x "$script" ]; then "$script"; fi ;;
      esac
    done
    ;;
esac
exec "$@"
