"""
Brings a backup back, in two steps, so that a failure of the first changes nothing that is in use:

    prepare   checks all checksums, makes the roles that are missing, and restores into a database beside the others
    swap      ends all sessions, and lets the two change names; the one before stays, under another name

The database is made with the properties, privileges and settings that it had when it was backed up.
"""

import json
import re
import time

from postgres import identifier, literal, server_of
from sets import open_store
from settings import BackupError, log, say

PREPARED = "cdktf_restore_"
LONGEST = 63

# The roles that are missing, with what they may, without passwords. A login role of PostgresDb is opened by the next deploy.
MAKE_ROLES = """
CREATE TEMP TABLE wanted AS SELECT one AS r, one ->> 'name' AS name FROM jsonb_array_elements(%s::jsonb) AS one;
CREATE TEMP TABLE missing AS SELECT * FROM wanted WHERE name NOT IN (SELECT rolname FROM pg_roles);
SELECT format('CREATE ROLE %%I WITH %%s %%s %%s %%s %%s %%s %%s CONNECTION LIMIT %%s', name,
    CASE WHEN (r ->> 'super')::bool THEN 'SUPERUSER' ELSE 'NOSUPERUSER' END,
    CASE WHEN (r ->> 'inherit')::bool THEN 'INHERIT' ELSE 'NOINHERIT' END,
    CASE WHEN (r ->> 'createrole')::bool THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END,
    CASE WHEN (r ->> 'createdb')::bool THEN 'CREATEDB' ELSE 'NOCREATEDB' END,
    CASE WHEN (r ->> 'login')::bool AND coalesce(r ->> 'comment', '') NOT LIKE 'cdktf-django: password version %%' THEN 'LOGIN' ELSE 'NOLOGIN' END,
    CASE WHEN (r ->> 'replication')::bool THEN 'REPLICATION' ELSE 'NOREPLICATION' END,
    CASE WHEN (r ->> 'bypassrls')::bool THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END, r ->> 'limit')
  || CASE WHEN r ->> 'until' IS NULL THEN '' ELSE format(' VALID UNTIL %%L', r ->> 'until') END
FROM missing \\gexec
SELECT format('COMMENT ON ROLE %%I IS %%L', name, r ->> 'comment') FROM missing WHERE r ->> 'comment' IS NOT NULL \\gexec
SELECT format('GRANT %%I TO %%I', g ->> 'role', name)
  || CASE WHEN current_setting('server_version_num')::int < 160000
       THEN CASE WHEN (g -> 'options' ->> 'admin_option')::bool THEN ' WITH ADMIN OPTION' ELSE '' END
       ELSE format(' WITH ADMIN %%s, INHERIT %%s, SET %%s', g -> 'options' ->> 'admin_option',
         coalesce(g -> 'options' ->> 'inherit_option', r ->> 'inherit'), coalesce(g -> 'options' ->> 'set_option', 'true')) END
FROM wanted, jsonb_array_elements(CASE jsonb_typeof(r -> 'memberOf') WHEN 'array' THEN r -> 'memberOf' ELSE '[]' END) AS g
WHERE name IN (SELECT name FROM missing) OR g ->> 'role' IN (SELECT name FROM missing) \\gexec
"""

CREATE = """
SELECT format('CREATE DATABASE %%I TEMPLATE template0 OWNER %%I ENCODING %%L LC_COLLATE %%L LC_CTYPE %%L LOCALE_PROVIDER %%s CONNECTION LIMIT %%s',
    %(name)s, d ->> 'owner', d ->> 'encoding', d ->> 'collate', d ->> 'ctype',
    CASE d ->> 'provider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END, d ->> 'limit')
  || CASE d ->> 'provider' WHEN 'i' THEN format(' ICU_LOCALE %%L', d ->> 'locale')
       WHEN 'b' THEN format(' BUILTIN_LOCALE %%L', d ->> 'locale') ELSE '' END
  || CASE WHEN d ->> 'icuRules' IS NULL THEN '' ELSE format(' ICU_RULES %%L', d ->> 'icuRules') END
FROM (SELECT %(database)s::jsonb AS d) AS given \\gexec
"""

PRIVILEGES = """
CREATE TEMP TABLE given AS SELECT %(database)s::jsonb AS d;
SELECT format(statement, %(name)s, d ->> 'owner')
FROM given, unnest(ARRAY['REVOKE ALL ON DATABASE %%1$I FROM PUBLIC', 'REVOKE ALL ON DATABASE %%1$I FROM %%2$I']) AS statement
WHERE jsonb_typeof(d -> 'acl') = 'array' \\gexec
SELECT format('GRANT %%s ON DATABASE %%I TO %%s%%s', a ->> 'privilege', %(name)s,
  CASE WHEN a ->> 'grantee' IS NULL THEN 'PUBLIC' ELSE quote_ident(a ->> 'grantee') END,
  CASE WHEN (a ->> 'grantable')::bool THEN ' WITH GRANT OPTION' ELSE '' END)
FROM given, jsonb_array_elements(CASE jsonb_typeof(d -> 'acl') WHEN 'array' THEN d -> 'acl' ELSE '[]' END) AS a \\gexec
SELECT format('COMMENT ON DATABASE %%I IS %%L', %(name)s, d ->> 'comment') FROM given WHERE d ->> 'comment' IS NOT NULL \\gexec
"""

# By set_config, since only the server knows which of its parameters are lists, whose text is quoted already.
SETTINGS = """
CREATE TEMP TABLE wanted_settings AS
SELECT s ->> 'target' AS target, split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value
FROM jsonb_array_elements(%s::jsonb) AS s, jsonb_array_elements_text(s -> 'config') AS c;
DO $do$
DECLARE one record; quoted text;
BEGIN
  FOR one IN SELECT * FROM pg_temp.wanted_settings LOOP
    quoted := (SELECT string_agg(quote_ident(part), '.') FROM unnest(string_to_array(one.name, '.')) AS part);
    BEGIN
      PERFORM set_config(one.name, one.value, true);
      EXECUTE format('ALTER %%s SET %%s FROM CURRENT', one.target, quoted);
    EXCEPTION WHEN others THEN
      EXECUTE format('ALTER %%s SET %%s TO %%L', one.target, quoted, one.value);
    END;
  END LOOP;
END
$do$;
"""


def make_roles(server, roles):
    there = set(server.ask("SELECT json_agg(rolname) FROM pg_roles"))
    missing = [role["name"] for role in roles if role["name"] not in there]
    server.sql(MAKE_ROLES % literal(json.dumps(roles)), "postgres", what="making the roles")
    configured = [
        {"target": f"ROLE {identifier(role['name'])}", "config": role["settings"]} for role in roles if role["name"] in missing and role["settings"]
    ]
    if configured:
        server.sql(SETTINGS % literal(json.dumps(configured)), "postgres", what="the settings of roles")
    return missing


def make_database(server, name, database):
    given = {"name": literal(name), "database": literal(json.dumps(database))}
    server.sql(CREATE % given, "postgres", what="making the database")


def finish_database(server, name, database):
    given = {"name": literal(name), "database": literal(json.dumps(database))}
    server.sql(PRIVILEGES % given, "postgres", what="the privileges of the database")
    settings = [
        {
            "target": f"DATABASE {identifier(name)}" if one["role"] is None else f"ROLE {identifier(one['role'])} IN DATABASE {identifier(name)}",
            "config": one["config"],
        }
        for one in database["settings"]
    ]
    if settings:
        server.sql(SETTINGS % literal(json.dumps(settings)), "postgres", what="the settings of the database")


def load(server, name, one):
    """Restores a set, which was checked, into a database that is made for it."""
    with open(one.path("globals.json"), encoding="utf-8") as file:
        globals_ = json.load(file)
    missing = make_roles(server, globals_["roles"])
    make_database(server, name, globals_["database"])
    try:
        server.run("pg_restore", "--exit-on-error", "--no-password", "--dbname", conninfo(name), one.path("database.dump"))
        finish_database(server, name, globals_["database"])
        # Plans are bad without it until autovacuum comes by.
        server.sql("ANALYZE;", name, what="ANALYZE")
    except BaseException:
        drop(server, name)
        raise
    return missing


def conninfo(name):
    """A name that holds = or a scheme would be taken for a connection string."""
    return "dbname='" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"


def drop(server, name):
    server.sql(f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE);", "postgres", what=f"dropping {name}")


def checked_name(into):
    if into is not None and not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", into):
        raise BackupError(f"the name of a database must be made of lower-case letters, digits and _, at most 63, got {into!r}")


def prepare(settings, name=None, into=None):
    """Restores a backup beside the live database. Gives what was done."""
    checked_name(into)
    store = open_store(settings)
    with store.running(), store.opened(name) as one:
        say(f"backup {one.name}: all checksums are right")
        return {"backup": one.name, **bring_back(server_of(settings), one, into)}


def bring_back(server, one, into):
    """Gives the name of the database that is restored, which is the wanted one if there is one."""
    server.wait()
    databases = server.ask("SELECT json_agg(datname) FROM pg_database", "postgres")
    if into in databases:
        raise BackupError(f"there is a database {into} already; give another name")
    for left in databases:
        if left.startswith(PREPARED):
            say(f"removing what a restore left that was interrupted: {left}")
            drop(server, left)
    made = PREPARED + time.strftime("%Y%m%dt%H%M%Sz", time.gmtime())
    say(f"restoring {one.manifest['databaseBytes'] >> 20} MiB beside the other databases")
    begun = time.monotonic()
    missing = load(server, made, one)
    if into is not None:
        server.sql(f"ALTER DATABASE {identifier(made)} RENAME TO {identifier(into)};", "postgres", what="naming the database")
    return {"database": into or made, "seconds": round(time.monotonic() - begun, 3), "rolesMade": missing}


def swap(settings, prepared):
    store = open_store(settings)
    server = server_of(settings)
    if not prepared.startswith(PREPARED):
        raise BackupError(f"{prepared!r} is no database that a restore made")
    live = server.database
    aside = f"{live[: LONGEST - 25]}_before_{time.strftime('%Y%m%dt%H%M%Sz', time.gmtime())}"
    with store.running():
        there = live in server.ask("SELECT json_agg(datname) FROM pg_database", "postgres")
        if there:
            server.sql(closing(live), "postgres", what="ending the sessions of the database")
        try:
            server.sql(
                "BEGIN;\n"
                + (f"ALTER DATABASE {identifier(live)} RENAME TO {identifier(aside)};\n" if there else "")
                + f"ALTER DATABASE {identifier(prepared)} RENAME TO {identifier(live)};\nCOMMIT;\n",
                "postgres",
                what="changing the names",
            )
        finally:
            names = server.ask("SELECT json_agg(datname) FROM pg_database", "postgres")
            for name in (live, aside):
                if name in names:
                    server.sql(f"ALTER DATABASE {identifier(name)} ALLOW_CONNECTIONS true;", "postgres", what="opening the database")
    log("restored", database=live, before=aside if there else None)
    return {"database": live, "before": aside if there else None}


def closing(name):
    """Nobody comes in any more, and who is in is asked to leave, until nobody is."""
    return f"""
ALTER DATABASE {identifier(name)} ALLOW_CONNECTIONS false;
DO $do$
BEGIN
  FOR tries IN 1..100 LOOP
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {literal(name)};
    PERFORM pg_stat_clear_snapshot();
    EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = {literal(name)});
    PERFORM pg_sleep(0.1);
  END LOOP;
END
$do$;
"""
