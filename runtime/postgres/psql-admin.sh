#!/bin/sh
# psql as the superuser, inside the server's container, with the given options of psql:
#   sh /run/cdktf-django/psql-admin.sh -c 'SELECT version()'
set -eu
. "${0%/*}/marker.sh"
PGPASSWORD=$(cat "${DATABASE_SUPERUSER_PASSWORD_FILE:?}")
PGDATABASE=${PGDATABASE:-$(marker_value database)}
export PGPASSWORD PGDATABASE
exec psql --host=/run/postgresql --username=postgres "$@"
