# Sourced by what brings a database from one server to another: whether all of it arrived.

# One line for the rows of every table, but for those of extensions, and one for the large objects of a database.
COUNT="
SELECT line FROM (
  SELECT format('%I.%I ', nspname, relname) || (xpath('/row/count/text()', query_to_xml(format('SELECT count(*) FROM ONLY %I.%I', nspname, relname), false, true, '')))[1]
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
  WHERE relkind = 'r' AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
  UNION ALL
  SELECT 'large objects ' || count(*) FROM pg_largeobject_metadata
) AS counted (line)
ORDER BY line COLLATE \"C\""

# connection DATABASE: as a connection string, in which any name can be quoted
connection() {
  printf "dbname='%s'" "$(printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g")"
}
