# Sourced by the other scripts: where things are in the data volume, and whether what is there is ours and fits.
#
#   cdktf-django.database   the marker: written last by initialize.sh; without it nothing is served
#   cdktf-django.lock       whoever opens a data directory holds an exclusive flock on it
#   18/docker               the data directory, by major version
#   18/docker.unfinished-*  an initialisation that did not come to its end
#   cdktf-django.upgrade    a dump, while the database is brought to a higher major version
#   cdktf-django.database.17  the marker of that version, after it was brought to a higher one

volume=${DATABASE_VOLUME:?}
major=${DATABASE_MAJOR:?}
codename=${DATABASE_CODENAME:?}
data="$volume/$major/docker"
marker="$volume/cdktf-django.database"
lock="$volume/cdktf-django.lock"

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# marker_value KEY
marker_value() {
  sed -n "s/^$1=//p" "$marker"
}

# A server of another major version cannot read the directory, and one of another distribution may sort text otherwise than
# the indexes on disk (docker-library/postgres#1099), which loses rows without a word.
require_fitting_server() {
  local made_major made_codename
  made_major=$(marker_value major)
  made_codename=$(marker_value codename)
  if [ "$made_major" != "$major" ]; then
    fail "The volume holds a database of Postgres $made_major, and this is Postgres $major. Nothing was changed." \
      "Either set version back to $made_major in the stack," \
      "or, to a higher version, set upgradeFrom: PostgresVersion.V$made_major (README, Upgrades)."
  fi
  if [ "$made_codename" != "$codename" ]; then
    fail "The volume holds a database made on Debian $made_codename, and this image stands on $codename, which may sort text otherwise" \
      "than the indexes on disk. Nothing was changed." \
      "Either keep the distribution: PostgresVersion.of($major, 'postgres:$major.<minor>-$made_codename')," \
      "or declare a second PostgresDb on $codename beside this one, and move the data by pg_dump and pg_restore."
  fi
  [ -f "$data/PG_VERSION" ] || fail "The volume has our marker, but no database in $data. Restore the volume from a backup." \
    "If its data is not wanted any more, remove the volume and deploy again."
}
